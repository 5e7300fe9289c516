//! What holds for every order of versions: it is an order, it takes any text, it takes any
//! length, and it agrees with the tool of its ecosystem where that is on the machine.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::cmp::Ordering;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_advisory::versions::{EventRef, Scheme, compare_nevra, evaluate};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;

/// Versions as they occur, close enough together that many are equal in part.
fn alphabet(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Apk => {
            r"[0-2]{1,2}(\.[0-2]{1,2}){0,2}[ab]?(_(alpha|beta|pre|rc|p|git)[0-2]?){0,2}(-r[0-2])?"
        }
        Scheme::Cran => r"[0-2](\.[0-2]{1,2}){1,3}(-[0-2])?",
        Scheme::Dpkg => r"([0-1]:)?[0-2][0-2a~+.]{0,4}(-[0-2a~+.]{1,3})?",
        Scheme::Gem => r"[0-2](\.([0-2]|a|b|rc)){0,4}(-[ab][0-2])?",
        Scheme::Go => {
            r"v[0-2]\.[0-2]\.[0-2](-(rc|[0-2]|0\.20[12]0)(\.[0-2a]){0,2})?(\+incompatible)?"
        }
        Scheme::Hackage => r"[0-2](\.[0-2]{1,2}){0,3}",
        // Not every version: Maven's order of all of them has cycles.
        Scheme::Maven => {
            r"[0-2](\.[0-2]){0,3}(-(alpha|beta|rc|SNAPSHOT|sp|final|jre)(-?[0-2])?){0,1}"
        }
        Scheme::Nuget => r"[0-2](\.[0-2]){1,3}(-(a|B|rc)(\.[0-2a]){0,2})?(\+x)?",
        Scheme::Packagist => r"v?[0-2](\.[0-2]){0,2}([-.](dev|alpha|b|RC|pl|x|#)\.?[0-2]?){0,2}",
        Scheme::Pep440 => {
            r"([0-1]!)?[0-2](\.[0-2]){0,2}(\.?(a|b|rc)[0-2])?(\.post[0-2]|-[0-2])?(\.dev[0-2])?(\+[a1]\.[0-2])?|[0-2]-[a-c]|(pre|final|dev)[-.][0-2]"
        }
        Scheme::Portage => {
            r"[0-2]{1,2}(\.[0-2]{1,2}){0,2}[ab]?(_(alpha|beta|pre|rc|p)[0-2]?){0,2}(-r[0-2])?"
        }
        Scheme::Rpm => r"([0-1]:)?[0-2a][0-2a~^.]{0,4}(-[0-2a~^.]{1,3})?",
        _ => r"[0-2](\.[0-2]){2}(-(alpha|rc|[0-2])(\.[0-2a]){0,2})?(\+[ab1])?",
    }
}

fn not_after(order: Ordering) -> bool {
    order.is_le()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_order_is_total(triples in all_schemes_triples()) {
        for (scheme, [a, b, c]) in triples {
            let compare = |x: &str, y: &str| scheme.compare(x, y).unwrap();
            let (ab, bc, ac) = (compare(&a, &b), compare(&b, &c), compare(&a, &c));
            prop_assert_eq!(ab.reverse(), compare(&b, &a), "{:?} {} {}", scheme, a, b);
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
            if not_after(ab) && not_after(bc) {
                prop_assert!(not_after(ac), "{:?}: {} {} {}", scheme, a, b, c);
            }
            if ab.is_eq() {
                prop_assert_eq!(ac, bc, "{:?}: {} = {}, but not to {}", scheme, a, b, c);
            }
        }
    }

    #[test]
    fn any_text_can_be_given(a in "\\PC{0,40}", b in "[0-9a-z.~^*<>=|,()\\[\\] v_+:#!-]{0,40}") {
        prop_assert_eq!(compare_nevra(&a, &b).reverse(), compare_nevra(&b, &a));
        for &scheme in Scheme::ALL {
            for (version, bound) in [(&a, &b), (&b, &a), (&b, &b)] {
                let order = scheme.compare(version, bound).ok();
                let back = scheme.compare(bound, version).ok();
                prop_assert_eq!(order.map(Ordering::reverse), back);
                let _ = scheme.satisfies(version, bound);
                let _ = scheme.is_valid(version);
                let events = [EventRef::Introduced(version), EventRef::LastAffected(bound)];
                let _ = evaluate(scheme, version, events).map(|answer| answer.words(version));
            }
        }
    }
}

fn all_schemes_triples() -> impl Strategy<Value = Vec<(Scheme, [String; 3])>> {
    Scheme::ALL
        .iter()
        .map(|&scheme| {
            let version = || string_regex(alphabet(scheme)).unwrap();
            (Just(scheme), [version(), version(), version()])
        })
        .collect::<Vec<_>>()
}

#[test]
fn a_version_of_a_megabyte_takes_no_more_than_its_length() {
    let parts =
        ["0", "1.", "0.", "-", "1a", "1-0.", "_p", "~", "[1,", "||", ",1", ".x", "rc1.", "é"];
    for part in parts {
        let mut long = "1.0".to_owned();
        long.push_str(&part.repeat(1_000_000 / part.len()));
        let longer = format!("{long}1");
        let constraint = part.repeat(100_000 / part.len());
        for &scheme in Scheme::ALL {
            let begun = Instant::now();
            let _ = scheme.compare(&long, &longer);
            let _ = scheme.is_valid(&long);
            let _ = scheme.satisfies("1.0", &constraint);
            let _ = scheme.satisfies(&long, &constraint);
            let took = begun.elapsed();
            assert!(took < Duration::from_mins(1), "{scheme:?} {part:?}: {took:?}");
        }
    }
}

/// Some hundred pairs of a scheme's versions, always the same ones.
fn pairs(scheme: Scheme) -> Vec<(String, String)> {
    let mut runner = TestRunner::deterministic();
    let version = string_regex(alphabet(scheme)).unwrap();
    let mut sample = || version.new_tree(&mut runner).unwrap().current();
    (0..300).map(|_| (sample(), sample())).collect()
}

/// Gives pairs to a program, a line each with a tab between, which answers with a line each;
/// nothing where the program is not there or does not do it.
fn answers(pairs: &[(String, String)], command: &mut Command) -> Option<Vec<String>> {
    let program = command.get_program().to_owned();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else {
        println!("skipped: no {}", program.display());
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let lines = pairs.iter().fold(String::new(), |lines, (a, b)| lines + a + "\t" + b + "\n");
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join();
    if !output.status.success() {
        println!("skipped: {} does not do it", program.display());
        return None;
    }
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<String> = answers.lines().take(pairs.len()).map(str::to_owned).collect();
    assert_eq!(answers.len(), pairs.len());
    Some(answers)
}

/// Compares with a program that answers `-1`, `0` or `1`, or nothing where it takes no such pair.
fn agrees(scheme: Scheme, pairs: &[(String, String)], command: &mut Command) {
    let Some(answers) = answers(pairs, command) else { return };
    let mut asked = 0;
    let mut wrong = Vec::new();
    for ((a, b), answer) in pairs.iter().zip(answers) {
        let expected = match answer.trim() {
            "-1" => Ordering::Less,
            "0" => Ordering::Equal,
            "1" => Ordering::Greater,
            _ => continue,
        };
        asked += 1;
        let found = scheme.compare(a, b);
        if found != Ok(expected) {
            wrong.push(format!("{a} {b}: {expected:?}, but {found:?}"));
        }
    }
    println!("{scheme:?}: {asked} pairs as the reference has them");
    assert!(asked > 0 && wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Compares what lies in ranges with a program that answers `true` or `false`, or nothing.
fn ranges_agree(scheme: Scheme, range: &str, command: &mut Command) {
    let mut runner = TestRunner::deterministic();
    let (version, range) = (string_regex(alphabet(scheme)).unwrap(), string_regex(range).unwrap());
    let mut pairs = Vec::new();
    for _ in 0..600 {
        let range = range.new_tree(&mut runner).unwrap().current();
        pairs.push((version.new_tree(&mut runner).unwrap().current(), range));
    }
    let Some(answers) = answers(&pairs, command) else { return };
    let mut asked = 0;
    let mut wrong = Vec::new();
    for ((version, range), answer) in pairs.iter().zip(answers) {
        let Ok(expected) = answer.trim().parse::<bool>() else { continue };
        asked += 1;
        let found = scheme.satisfies(version, range);
        if found != Ok(expected) {
            wrong.push(format!("{version} in {range}: {expected}, but {found:?}"));
        }
    }
    println!("{scheme:?}: {asked} ranges as the reference has them");
    assert!(asked > 0 && wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn dpkg_agrees() {
    const SCRIPT: &str = r#"
        command -v dpkg > /dev/null || exit 1
        while read -r a b; do
            if dpkg --compare-versions "$a" lt "$b"; then echo -1
            elif dpkg --compare-versions "$a" eq "$b"; then echo 0
            else echo 1; fi
        done"#;
    let pairs = pairs(Scheme::Dpkg);
    agrees(Scheme::Dpkg, &pairs[..150], Command::new("sh").args(["-c", SCRIPT]));
}

#[test]
fn packaging_agrees() {
    const SCRIPT: &str = r#"
import sys
from packaging.version import Version, InvalidVersion
for line in sys.stdin:
    a, b = line.split()
    try:
        a, b = Version(a), Version(b)
        print((a > b) - (a < b))
    except InvalidVersion:
        print("")
"#;
    let mut python = Command::new("python3");
    agrees(Scheme::Pep440, &pairs(Scheme::Pep440), python.args(["-c", SCRIPT]));
}

#[test]
fn packaging_agrees_on_specifiers() {
    const SCRIPT: &str = r#"
import sys
from packaging.specifiers import SpecifierSet, InvalidSpecifier
from packaging.version import Version, InvalidVersion
for line in sys.stdin:
    version, specifier = line.rstrip("\n").split("\t")
    try:
        inside = SpecifierSet(specifier).contains(Version(version), prereleases=True)
        print("true" if inside else "false")
    except (InvalidSpecifier, InvalidVersion):
        print("")
"#;
    let range = r"((>=|<=|>|<|==|!=|~=) ?[0-2](\.[0-2]){0,2}(a[0-2]|rc1)?(\.post[0-2])?(\.dev[0-2])?)(, ?(<|!=)[0-2]\.[0-2](\.\*)?)?";
    let mut python = Command::new("python3");
    ranges_agree(Scheme::Pep440, range, python.args(["-c", SCRIPT]));
}

/// Finds node-semver, which npm brings with it.
const NODE_SEMVER: &str = r#"
const places = ["semver", "/usr/lib/node_modules/npm/node_modules/semver",
    "/usr/local/lib/node_modules/npm/node_modules/semver", "/usr/share/nodejs/semver"];
let semver;
for (const place of places) { try { semver = require(place); break } catch { } }
if (!semver) process.exit(1);
const answer = (ask) => {
    for (const line of require("fs").readFileSync(0, "utf8").trimEnd().split("\n")) {
        const [a, b] = line.split("\t");
        try { console.log(ask(a, b)) } catch { console.log("") }
    }
}
"#;

#[test]
fn node_semver_agrees() {
    let script = format!("{NODE_SEMVER} answer((a, b) => semver.compare(a, b))");
    for scheme in [Scheme::Npm, Scheme::Semver] {
        agrees(scheme, &pairs(scheme), Command::new("node").args(["-e", &script]));
    }
}

#[test]
fn node_semver_agrees_on_ranges() {
    let ask = "new semver.Range(range, {loose: true}).test(version)";
    let script = format!("{NODE_SEMVER} answer((version, range) => {ask})");
    let range = r"([~^]|>=|<=|>|<|=|~>|)( ?)([0-2](\.[0-2](\.[0-2x])?)?|x|[0-2]\.x(\.x)?)(( | \|\| |  )(>=|<|\^|~)[0-2](\.[0-2](\.[0-2](-(rc|alpha)(\.[0-2])?)?)?)?)?|[0-2](\.[0-2]){0,2} - [0-2](\.[0-2]){0,2}";
    ranges_agree(Scheme::Npm, range, Command::new("node").args(["-e", &script]));
}

#[test]
fn rpm_agrees() {
    const SCRIPT: &str = "%{lua: for line in io.lines('/dev/stdin') do \
        local a, b = line:match('^(%S+)%s(%S+)$'); \
        local known, order = pcall(rpm.vercmp, a, b); print((known and order or '') .. '\\n') end}";
    // rpm takes a release that is missing for any release.
    let pairs: Vec<_> = pairs(Scheme::Rpm)
        .into_iter()
        .filter(|(a, b)| a.contains('-') == b.contains('-') && !a.contains(':') && !b.contains(':'))
        .collect();
    agrees(Scheme::Rpm, &pairs, Command::new("rpm").args(["--eval", SCRIPT]));
}

#[test]
fn maven_agrees() {
    const JARS: &str = "/usr/share/maven/lib/*";
    if !Path::new("/usr/share/maven/lib").exists() {
        println!("skipped: no Maven");
        return;
    }
    // The class compares each of its arguments with the next.
    let pairs = pairs(Scheme::Maven);
    let versions: Vec<&str> = pairs.iter().flat_map(|(a, b)| [a.as_str(), b.as_str()]).collect();
    let class = "org.apache.maven.artifact.versioning.ComparableVersion";
    let output = Command::new("java").args(["-cp", JARS, class]).args(&versions).output();
    let Ok(output) = output.map(|output| String::from_utf8(output.stdout).unwrap()) else {
        println!("skipped: no java");
        return;
    };
    let mut asked = 0;
    for line in output.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [a, sign @ ("<" | "==" | ">"), b] = words[..] else { continue };
        let expected = match sign {
            "<" => Ordering::Less,
            ">" => Ordering::Greater,
            _ => Ordering::Equal,
        };
        asked += 1;
        assert_eq!(Scheme::Maven.compare(a, b), Ok(expected), "{line}");
    }
    println!("Maven: {asked} pairs as ComparableVersion has them");
}
