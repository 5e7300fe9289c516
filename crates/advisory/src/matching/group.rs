//! Records that speak of the same weakness, folded into one.
//!
//! Language feeds give one record several names; records that share any are one weakness.
//! Distributions' notices repair several weaknesses at once: each of a notice's CVEs is a weakness
//! of its own, and the notice stands under every one of them.

use std::collections::BTreeSet;

use super::hit::Hit;

/// One weakness of one package and the records that say so.
#[derive(Debug, Default)]
pub(super) struct Group<'h, 'd> {
    /// All its names.
    pub(super) ids: BTreeSet<String>,
    /// What matched, the record that decides first.
    pub(super) hits: Vec<&'h Hit<'d>>,
}

impl Group<'_, '_> {
    /// The name that people search for: the oldest CVE, else the deciding record's own.
    pub(super) fn id(&self) -> &str {
        let cve = self.ids.iter().find(|id| id.starts_with("CVE-"));
        let own = || self.hits.first().map_or("", |hit| hit.id);
        cve.map_or_else(own, String::as_str)
    }

    /// Whether no record knows a version that repairs it.
    pub(super) fn is_unfixed(&self) -> bool {
        self.hits.iter().all(|hit| hit.fixed.is_empty())
    }
}

/// Folds the hits on one package of a distribution: one group a CVE.
pub(super) fn by_cve<'h, 'd>(hits: &'h [Hit<'d>]) -> Vec<Group<'h, 'd>> {
    let mut groups: Vec<Group<'h, 'd>> = Vec::new();
    for hit in hits {
        let own = cve_within(hit.id);
        let mut names: Vec<&str> = match own {
            // `DEBIAN-CVE-2024-1234` is Debian's record of that CVE and of no other.
            Some(cve) => vec![cve],
            None => hit.aliases.iter().copied().filter(|id| id.starts_with("CVE-")).collect(),
        };
        if names.is_empty() {
            names.push(hit.id);
        }
        for name in names {
            let at = groups.iter().position(|group| group.ids.contains(name));
            let at = at.unwrap_or_else(|| {
                groups.push(Group::default());
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(at) {
                group.ids.extend([name.to_owned(), hit.id.to_owned()]);
                group.hits.push(hit);
            }
        }
    }
    sorted(groups)
}

/// Folds the hits on a language's package: records that share a name are one group.
pub(super) fn by_alias<'h, 'd>(hits: &'h [Hit<'d>]) -> Vec<Group<'h, 'd>> {
    let mut groups: Vec<Group<'h, 'd>> = Vec::new();
    for hit in hits {
        let mut all = Group::default();
        all.ids.insert(hit.id.to_owned());
        all.ids.extend(hit.aliases.iter().map(|&id| id.to_owned()));
        let (same, other): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group: &Group<'_, '_>| !group.ids.is_disjoint(&all.ids));
        groups = other;
        for group in same {
            all.ids.extend(group.ids);
            all.hits.extend(group.hits);
        }
        all.hits.push(hit);
        groups.push(all);
    }
    sorted(groups)
}

fn sorted<'h, 'd>(mut groups: Vec<Group<'h, 'd>>) -> Vec<Group<'h, 'd>> {
    for group in &mut groups {
        group.hits.sort_by_key(|hit| (hit.subscribers, precedence(hit.id), hit.id, hit.advisory));
        group.hits.dedup_by_key(|hit| hit.advisory);
    }
    groups.sort_by(|a, b| a.id().cmp(b.id()));
    groups
}

/// The CVE that a record's id is made of.
fn cve_within(id: &str) -> Option<&str> {
    let start = id.find("CVE-")?;
    (start == 0 || id.get(..start)?.ends_with('-')).then(|| id.get(start..)).flatten()
}

/// A record about one weakness decides before a notice about several; GitHub's reviewed records
/// before others of a language.
fn precedence(id: &str) -> u8 {
    match id {
        _ if cve_within(id).is_some() => 0,
        _ if id.starts_with("GHSA-") => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(id: &'static str, aliases: &[&'static str]) -> Hit<'static> {
        Hit { id, aliases: aliases.to_vec(), ..Hit::default() }
    }

    fn shown(groups: &[Group<'_, '_>]) -> Vec<String> {
        let hits = |group: &Group<'_, '_>| {
            group.hits.iter().map(|hit| hit.id).collect::<Vec<_>>().join(" ")
        };
        groups.iter().map(|group| format!("{}: {}", group.id(), hits(group))).collect()
    }

    #[test]
    fn records_that_share_a_name_are_one_weakness() {
        let mut hits = [
            hit("PYSEC-2019-11", &["CVE-2019-14234"]),
            hit("RUSTSEC-2020-1", &[]),
            hit("GHSA-6r97-cj55-9hrq", &["CVE-2019-14234"]),
        ];
        for (at, hit) in hits.iter_mut().enumerate() {
            hit.advisory = u32::try_from(at).unwrap();
        }
        assert_eq!(
            shown(&by_alias(&hits)),
            ["CVE-2019-14234: GHSA-6r97-cj55-9hrq PYSEC-2019-11", "RUSTSEC-2020-1: RUSTSEC-2020-1"]
        );
    }

    #[test]
    fn a_record_in_the_middle_joins_two_groups() {
        let mut hits =
            [hit("A-1", &["CVE-2020-1"]), hit("B-1", &["X-1"]), hit("C-1", &["A-1", "X-1"])];
        for (at, hit) in hits.iter_mut().enumerate() {
            hit.advisory = u32::try_from(at).unwrap();
        }
        assert_eq!(shown(&by_alias(&hits)), ["CVE-2020-1: A-1 B-1 C-1"]);
    }

    #[test]
    fn a_notice_stands_under_each_of_its_weaknesses() {
        let mut hits = [
            hit("DSA-5417-1", &["CVE-2023-0464", "CVE-2023-0465"]),
            hit("DEBIAN-CVE-2023-0464", &["CVE-2023-0464"]),
            hit("DLA-1-1", &[]),
        ];
        for (at, hit) in hits.iter_mut().enumerate() {
            hit.advisory = u32::try_from(at).unwrap();
        }
        assert_eq!(
            shown(&by_cve(&hits)),
            [
                "CVE-2023-0464: DEBIAN-CVE-2023-0464 DSA-5417-1",
                "CVE-2023-0465: DSA-5417-1",
                "DLA-1-1: DLA-1-1",
            ]
        );
    }
}
