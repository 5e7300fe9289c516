//! Alpine's own list: which version of a package fixed which CVEs.
//!
//! Format: <https://secdb.alpinelinux.org>, made from the `secfixes` comments of the build
//! recipes. Version `0` means that the package never had the weakness. A CVE becomes one record
//! with all packages and branches; the list has no texts and no dates.

use std::collections::BTreeMap;

use plimsoll_model::{
    Advisory, Affected, AffectedStatus, Ecosystem, EcosystemName, Range, RangeKind,
};
use serde::Deserialize;
use serde_json::Value;

use super::{Feed, FeedError, FeedFile, Intake, Part, Source};

const NAME: &str = "alpine-secdb";
const URL: &str = "https://secdb.alpinelinux.org";
const MOST: u64 = 256 << 20;
/// The first branch with a list, and the last that is asked for.
const BRANCHES: std::ops::RangeInclusive<u32> = 2..=99;

/// Reads the lists of all branches.
#[derive(Debug)]
pub(super) struct AlpineSecdb;

#[derive(Deserialize)]
struct Branch {
    distroversion: String,
    packages: Vec<Value>,
}

#[derive(Deserialize)]
struct Wrapped {
    pkg: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    secfixes: BTreeMap<String, Option<Vec<String>>>,
}

/// Fixed versions by id, branch and package.
type Fixes = BTreeMap<String, BTreeMap<(String, String), Vec<String>>>;

impl Feed for AlpineSecdb {
    fn sources(&self) -> Vec<Source> {
        let part = |branch: &str, repository: &str, probe| {
            let path = format!("{branch}/{repository}.json");
            Part { url: format!("{URL}/{path}"), path: format!("{NAME}/{path}"), probe }
        };
        let mut parts = vec![part("edge", "main", false), part("edge", "community", false)];
        for minor in BRANCHES {
            let branch = format!("v3.{minor}");
            parts.push(part(&branch, "main", true));
            parts.push(part(&branch, "community", true));
        }
        vec![Source { name: NAME.into(), parts }]
    }

    fn read(&self, files: &[FeedFile], intake: &mut Intake<'_>) -> Result<(), FeedError> {
        let mut by_id = Fixes::new();
        let mut first = None;
        for file in files {
            match branch(file) {
                Ok(branch) => add(branch, &file.part, &mut by_id, intake),
                Err(error) => {
                    intake.reject(&file.part, &error);
                    first.get_or_insert(error);
                }
            }
        }
        match first {
            Some(error) if by_id.is_empty() => return Err(error),
            _ => {}
        }
        for (id, packages) in by_id {
            let mut advisory = Advisory::new(id, NAME);
            advisory.affected = packages.into_iter().map(affected).collect();
            intake.advisory(advisory);
        }
        Ok(())
    }
}

fn branch(file: &FeedFile) -> Result<Branch, FeedError> {
    serde_json::from_slice(&file.bytes(MOST)?).map_err(|error| file.broken(&error))
}

fn add(branch: Branch, path: &str, by_id: &mut Fixes, intake: &mut Intake<'_>) {
    for (index, value) in branch.packages.into_iter().enumerate() {
        let package = match Wrapped::deserialize(value) {
            Ok(wrapped) => wrapped.pkg,
            Err(error) => {
                intake.reject(&format!("{path} packages[{index}]"), &error);
                continue;
            }
        };
        for (version, ids) in package.secfixes {
            let version = version.trim();
            if version.is_empty() {
                intake.reject(&format!("{path} {}", package.name), &"a fix without a version");
                continue;
            }
            for line in ids.iter().flatten() {
                let mut found = ids_in(line).peekable();
                if found.peek().is_none() {
                    let at = format!("{path} {}", package.name);
                    intake.reject(&at, &format!("`{line}` names no weakness"));
                }
                for id in found {
                    let key = (branch.distroversion.clone(), package.name.clone());
                    let versions = by_id.entry(id).or_default().entry(key).or_default();
                    if !versions.iter().any(|known| known == version) {
                        versions.push(version.into());
                    }
                }
            }
        }
    }
}

/// The ids in a line: `CVE-2024-1`, `XSA-248`, `VSV00010`, `wnpa-sec-2017-18`. Some lines hold
/// several, or an id and a remark, `CVE-2018-14467 (BGP)`; some write `CVE_2019-2426`, or the name
/// of the patch, `CVE-2021-35940.patch`.
fn ids_in(line: &str) -> impl Iterator<Item = String> + '_ {
    line.split([' ', '\t', ',']).filter(|word| is_id(word)).map(|word| {
        let word = word.strip_suffix(".patch").unwrap_or(word);
        word.strip_prefix("CVE_").map_or_else(|| word.to_owned(), |rest| format!("CVE-{rest}"))
    })
}

/// A placeholder, `CVE-2022-?????`, is no id, nor is a word of a remark.
fn is_id(word: &str) -> bool {
    let begins_as_one = word.starts_with(|c: char| c.is_ascii_uppercase())
        || (word.starts_with(|c: char| c.is_ascii_lowercase()) && word.contains('-'));
    begins_as_one
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

/// A fix outweighs the word that the package never had the weakness: both can stand there where
/// an update brought it in.
fn affected(((release, package), versions): ((String, String), Vec<String>)) -> Affected {
    let range = |version: &String| Range::below(RangeKind::Ecosystem, version);
    let ranges: Vec<Range> = versions.iter().filter(|version| *version != "0").map(range).collect();
    let status =
        if ranges.is_empty() { AffectedStatus::NotAffected } else { AffectedStatus::ByRange };
    Affected {
        ecosystem: Ecosystem::with_release(EcosystemName::Alpine, release),
        package,
        binary: false,
        ranges,
        versions: Vec::new(),
        status,
        module: None,
        arches: Vec::new(),
        rating: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(line: &str) -> String {
        ids_in(line).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn whatever_may_be_an_id_is_one() {
        for id in ["CVE-2024-1", "XSA-248", "VSV00014", "GHSA-h5c8-rqwp-cp95", "wnpa-sec-2017-18"] {
            assert_eq!(ids(id), id);
        }
        for id in ["GNUTLS-SA-2024-01-23", "DW202402-001", "TS-2022-005", "ZDI-CAN-22093"] {
            assert_eq!(ids(id), id);
        }
        assert_eq!(ids("CVE_2019-2426"), "CVE-2019-2426");
        assert_eq!(ids("CVE-2021-35940.patch"), "CVE-2021-35940");
    }

    #[test]
    fn remarks_and_placeholders_are_none() {
        assert_eq!(ids("CVE-2018-14467 (BGP)"), "CVE-2018-14467");
        assert_eq!(
            ids("CVE-2017-5753 CVE-2017-5715 XSA-254 XPTI"),
            "CVE-2017-5753 CVE-2017-5715 XSA-254"
        );
        assert_eq!(
            ids("CVE-2018-16229 (DCCP) (partially fixed, but too unreliably reproduced, -V)"),
            "CVE-2018-16229"
        );
        assert_eq!(ids("CVE N/A ZBX-11023"), "ZBX-11023");
        assert_eq!(ids("CVE-????-????? CVE-2022-?????"), "");
        assert_eq!(ids("CVE-2018-1 (802.11)"), "CVE-2018-1");
    }
}
