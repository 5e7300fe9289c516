//! Times how many versions a second can be checked against a range, on one core.
//!
//! The versions are those of the corpora (`PLIMSOLL_SHARED`): each is checked against a range
//! which its neighbour ends, as a scan checks each package against each advisory of its name.

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use plimsoll_advisory::versions::{EventRef, Scheme, evaluate};

const CHECKS: usize = 2_000_000;

const SCHEMES: [(&str, Scheme); 9] = [
    ("apk", Scheme::Apk),
    ("dpkg", Scheme::Dpkg),
    ("gem", Scheme::Gem),
    ("go", Scheme::Go),
    ("maven", Scheme::Maven),
    ("packagist", Scheme::Packagist),
    ("pep440", Scheme::Pep440),
    ("rpm", Scheme::Rpm),
    ("semver-lenient", Scheme::SemverLenient),
];

/// Pairs for where the corpora are absent.
const FALLBACK: [(&str, &str); 3] = [("1.2.3", "1.2.4"), ("1.10.0", "2.0.0"), ("0.9.1", "0.9")];

fn pairs(name: &str) -> Vec<(String, String)> {
    let root = std::env::var_os("PLIMSOLL_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let file = root.join("data/versions/compare").join(name).with_extension("jsonl");
    let text = fs::read_to_string(file).unwrap_or_default();
    let field = |row: &serde_json::Value, name: &str| row.get(name)?.as_str().map(str::to_owned);
    let pairs: Vec<_> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter_map(|row: serde_json::Value| Some((field(&row, "a")?, field(&row, "b")?)))
        .collect();
    if pairs.is_empty() {
        return FALLBACK.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect();
    }
    pairs
}

fn main() {
    let mut total = (0, 0.0, 0);
    for (name, scheme) in SCHEMES {
        let pairs = pairs(name);
        let begun = Instant::now();
        let mut affected: usize = 0;
        for (version, bound) in pairs.iter().cycle().take(CHECKS / SCHEMES.len()) {
            let events = [EventRef::Introduced("0"), EventRef::Fixed(bound)];
            let answer = evaluate(scheme, black_box(version), events);
            affected += usize::from(answer.is_ok_and(|answer| answer.affected));
        }
        let checks = CHECKS / SCHEMES.len();
        let seconds = begun.elapsed().as_secs_f64();
        total = (total.0 + checks, total.1 + seconds, total.2 + affected);
        print_rate(name, checks, seconds, affected);
    }
    print_rate("all", total.0, total.1, total.2);
}

fn print_rate(name: &str, checks: usize, seconds: f64, affected: usize) {
    let nanoseconds = seconds * 1e9 / f64::from(u32::try_from(checks).unwrap_or(u32::MAX));
    println!(
        "{name:15} {:>6.2} M checks/s  {nanoseconds:>5.0} ns each  {affected} affected",
        1e3 / nanoseconds
    );
}
