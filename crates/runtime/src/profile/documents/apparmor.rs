//! A profile of `AppArmor`: apparmor.d(5).
//!
//! What the kernel itself reads to start a program, such as its loader, no capture has: that is
//! what `abstractions/base` is for. Programs stay in the profile (`ix`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use crate::profile::{Access, Deed, Judge, Kind, Observed, Verdict};
use crate::syscall::SystemCall;

pub(super) const KIND: Kind =
    Kind { name: "apparmor", file: "apparmor.profile", what: "AppArmor profile", write, read };

/// Families of sockets by their numbers, in the words of `network` rules.
const FAMILIES: [(u64, &str); 5] =
    [(1, "unix"), (2, "inet"), (10, "inet6"), (16, "netlink"), (17, "packet")];
const TYPES: [(u64, &str); 4] = [(1, "stream"), (2, "dgram"), (3, "raw"), (5, "seqpacket")];
/// What means something else in a path.
const SPECIAL: [char; 9] = ['*', '?', '[', ']', '{', '}', '^', '"', '\\'];
/// What a program's own file is needed for.
const EXECUTION: [char; 3] = ['m', 'r', 'x'];

fn letter(access: Access) -> char {
    match access {
        Access::Read => 'r',
        Access::Write | Access::Change => 'w',
        Access::Map => 'm',
    }
}

/// What an event needs, each as a rule would grant it.
fn needs(deed: &Deed) -> Vec<String> {
    let mut needs = Vec::new();
    if let Some(path) = deed.executes.as_ref().filter(|path| path.starts_with('/')) {
        needs.extend(EXECUTION.iter().map(|letter| format!("{letter} {path}")));
    }
    needs.extend(deed.files.iter().map(|(path, access)| format!("{} {path}", letter(*access))));
    needs.extend(deed.sockets().filter_map(|(family, kind)| socket(family, kind)));
    let capability = |(name, _): &(&str, String)| format!("capability {}", name.to_lowercase());
    needs.extend(deed.capabilities.iter().map(capability));
    needs
}

/// A `network` rule; none of families that have no word here.
fn socket(family: u64, kind: u64) -> Option<String> {
    let word = |table: &[(u64, &'static str)], number| {
        table.iter().find(|(own, _)| *own == number).map(|(_, word)| *word)
    };
    Some(format!("network {} {}", word(&FAMILIES, family)?, word(&TYPES, kind)?))
}

fn write(observed: &Observed) -> String {
    let mut files: BTreeMap<&str, BTreeSet<char>> = BTreeMap::new();
    for (path, accesses) in &observed.files {
        files.entry(path).or_default().extend(accesses.iter().copied().map(letter));
    }
    for path in observed.executables.iter().filter(|path| path.starts_with('/')) {
        files.entry(path).or_default().extend(EXECUTION);
    }
    let name = &observed.name;
    let mut text = format!(
        "# What `{name}` was observed to do.\ninclude <tunables/global>\n\n\
         profile {name} flags=(attach_disconnected,mediate_deleted) {{\n  \
         include <abstractions/base>\n\n"
    );
    for capability in observed.capabilities.keys() {
        let _ = writeln!(text, "  capability {},", capability.to_lowercase());
    }
    for (family, kind) in &observed.sockets {
        if let Some(rule) = socket(*family, *kind) {
            let _ = writeln!(text, "  {rule},");
        }
    }
    for (path, letters) in files {
        let mut quoted = String::new();
        for c in path.chars() {
            if SPECIAL.contains(&c) {
                quoted.push('\\');
            }
            quoted.push(c);
        }
        let permissions: String = letters
            .iter()
            .map(|c| if *c == 'x' { "ix".to_owned() } else { c.to_string() })
            .collect();
        let _ = writeln!(text, "  \"{quoted}\" {permissions},");
    }
    text.push_str("}\n");
    text
}

struct Rules {
    grants: Vec<String>,
    by_need: HashMap<String, Vec<usize>>,
}

fn read(text: &str) -> Result<Box<dyn Judge>, String> {
    let mut rules = Rules { grants: Vec::new(), by_need: HashMap::new() };
    let mut is_open = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') || line.starts_with("include <") {
            continue;
        }
        if line.starts_with("profile ") && line.ends_with('{') {
            is_open = true;
            continue;
        }
        if line == "}" {
            is_open = false;
            continue;
        }
        let rule = line.strip_suffix(',').filter(|_| is_open);
        let rule = rule.ok_or_else(|| format!("`{line}` is no rule"))?;
        if rule.starts_with("capability ") || rule.starts_with("network ") {
            rules.grant(rule.to_owned());
            continue;
        }
        let (path, permissions) = file(rule).ok_or_else(|| format!("`{rule}` is no rule"))?;
        for letter in permissions.replace("ix", "x").chars() {
            rules.grant(format!("{letter} {path}"));
        }
    }
    Ok(Box::new(rules))
}

/// The path of a rule and its permissions; none of a pattern.
fn file(rule: &str) -> Option<(String, &str)> {
    let mut path = String::new();
    let mut rest = rule.strip_prefix('"')?.chars();
    loop {
        match rest.next()? {
            '"' => break,
            '\\' => path.push(rest.next()?),
            c if SPECIAL.contains(&c) => return None,
            c => path.push(c),
        }
    }
    Some((path, rest.as_str().strip_prefix(' ')?))
}

impl Rules {
    fn grant(&mut self, need: String) {
        self.by_need.entry(need.clone()).or_default().push(self.grants.len());
        self.grants.push(need);
    }
}

impl Judge for Rules {
    fn grants(&self) -> &[String] {
        &self.grants
    }

    fn judge(&mut self, _: &SystemCall<'_>, deed: &Deed) -> Verdict {
        let mut verdict = Verdict::INDIFFERENT;
        for need in needs(deed) {
            let by = self.by_need.get(&need).map_or(&[][..], Vec::as_slice);
            verdict = verdict.and(Verdict::by(by, || need));
        }
        verdict
    }
}
