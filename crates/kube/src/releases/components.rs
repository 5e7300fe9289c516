//! Until when what a node runs beside its kubelet is mended: container runtimes, operating systems, etcd.
//!
//! The dates are of November 2026: containerd's after <https://containerd.io/releases/>, those of
//! distributions after their makers' pages, long-term support counted where it is free.

use super::Support;

/// A version, and the day after which it is mended no more; the oldest first.
type Ends = &'static [(&'static str, &'static str)];

/// containerd.
const CONTAINERD: Ends = &[
    ("1.3", "2021-03-04"),
    ("1.4", "2022-03-03"),
    ("1.5", "2023-02-28"),
    ("1.6", "2025-08-23"),
    ("1.7", "2026-09-30"),
    ("2.0", "2025-11-07"),
    ("2.1", "2026-05-05"),
    ("2.2", "2026-11-06"),
    ("2.3", "2028-04-27"),
];

/// etcd mends its newest two minor versions: <https://etcd.io/docs/v3.6/op-guide/versioning/>.
const ETCD: Ends = &[("3.2", "2021-03-28"), ("3.3", "2021-10-15")];

/// What the name of an operating system begins with, and its versions.
const SYSTEMS: [(&str, Ends); 9] = [
    (
        "Ubuntu ",
        &[
            ("14.04", "2019-04-30"),
            ("16.04", "2021-04-30"),
            ("18.04", "2023-05-31"),
            ("20.04", "2025-05-31"),
            ("22.04", "2027-05-31"),
            ("24.04", "2029-05-31"),
            ("26.04", "2031-05-31"),
        ],
    ),
    (
        "Debian GNU/Linux ",
        &[
            ("8", "2020-06-30"),
            ("9", "2022-06-30"),
            ("10", "2024-06-30"),
            ("11", "2026-08-31"),
            ("12", "2028-06-30"),
            ("13", "2030-06-30"),
        ],
    ),
    ("CentOS Linux ", &[("6", "2020-11-30"), ("7", "2024-06-30"), ("8", "2021-12-31")]),
    ("CentOS Stream ", &[("8", "2024-05-31"), ("9", "2027-05-31")]),
    (
        "Red Hat Enterprise Linux ",
        &[
            ("6", "2020-11-30"),
            ("7", "2024-06-30"),
            ("8", "2029-05-31"),
            ("9", "2032-05-31"),
            ("10", "2035-05-31"),
        ],
    ),
    ("Rocky Linux ", &[("8", "2029-05-31"), ("9", "2032-05-31"), ("10", "2035-05-31")]),
    ("AlmaLinux ", &[("8", "2029-03-01"), ("9", "2032-05-31"), ("10", "2035-05-31")]),
    ("Amazon Linux ", &[("2", "2026-06-30"), ("2023", "2029-06-30")]),
    ("SUSE Linux Enterprise Server ", &[("12", "2024-10-31"), ("15", "2031-07-31")]),
];

impl Support {
    /// What is known of a container runtime, as nodes call it: `containerd://1.7.2`, `cri-o://1.31.0`.
    /// CRI-O's minor versions are those of Kubernetes and mended as long.
    ///
    /// ```
    /// use plimsoll_kube::releases::Support;
    ///
    /// assert_eq!(Support::of_runtime("containerd://1.6.9", "2026-11-27"), Support::Ended("2025-08-23"));
    /// ```
    pub fn of_runtime(named: &str, today: &str) -> Self {
        match named.split_once("://") {
            Some(("containerd", version)) => look(CONTAINERD, version, today),
            Some(("cri-o", version)) => Self::of(version, today),
            _ => Self::Unknown,
        }
    }

    /// What is known of an operating system, as nodes call it: `Ubuntu 22.04.4 LTS`.
    pub fn of_system(named: &str, today: &str) -> Self {
        let system =
            SYSTEMS.iter().find_map(|(name, ends)| Some((named.strip_prefix(name)?, ends)));
        system.map_or(Self::Unknown, |(version, ends)| look(ends, version, today))
    }

    /// What is known of an etcd, by the tag of its image: `3.5.15-0`.
    pub fn of_etcd(tag: &str, today: &str) -> Self {
        look(ETCD, tag.strip_prefix('v').unwrap_or(tag), today)
    }
}

fn look(ends: Ends, version: &str, today: &str) -> Support {
    let is = |known: &str| {
        let rest = version.strip_prefix(known);
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
    };
    if let Some((_, end)) = ends.iter().find(|(known, _)| is(known)) {
        return if *end < today { Support::Ended(end) } else { Support::Until(end) };
    }
    let numbers = |text: &str| -> Option<(u32, u32)> {
        let mut parts = text.split(|one: char| !one.is_ascii_digit());
        Some((
            parts.next()?.parse().ok()?,
            parts.next().and_then(|one| one.parse().ok()).unwrap_or(0),
        ))
    };
    match (ends.first(), numbers(version)) {
        (Some((first, end)), Some(own)) if numbers(first).is_some_and(|first| own < first) => {
            Support::EndedBefore(end)
        }
        _ => Support::Unknown,
    }
}

/// How many minor versions a kubelet or a kube-proxy may be older than the API server:
/// <https://kubernetes.io/releases/version-skew-policy/>.
const MAX_OLDER: u32 = 3;

/// What is wrong with a version beside that of the API server; `None` where nothing is, or where one of
/// them is none.
pub fn skew(version: &str, server: &str) -> Option<String> {
    let (own, server) = (super::minor(version)?, super::minor(server)?);
    if own > server {
        return Some("newer than the API server, which is not supported".to_owned());
    }
    let older = server - own;
    // Before 1.25 kubelets one less was supported.
    let most = if own < 25 { MAX_OLDER - 1 } else { MAX_OLDER };
    (older > most).then(|| {
        format!("{older} minor versions older than the API server, and {most} are supported")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2026-11-28";

    #[test]
    fn what_a_node_runs_has_its_last_day() {
        let runtime = |named| Support::of_runtime(named, TODAY);
        assert_eq!(runtime("containerd://1.4.0"), Support::Ended("2022-03-03"));
        assert_eq!(runtime("containerd://2.3.1-rc.1"), Support::Until("2028-04-27"));
        assert_eq!(runtime("containerd://1.2.6"), Support::EndedBefore("2021-03-04"));
        assert_eq!(runtime("containerd://2.10.0"), Support::Unknown);
        assert_eq!(runtime("cri-o://1.30.2"), Support::Ended("2025-07-15"));
        assert_eq!(runtime("docker://19.3.1"), Support::Unknown);
        let system = |named| Support::of_system(named, TODAY);
        assert_eq!(system("Ubuntu 18.04.6 LTS"), Support::Ended("2023-05-31"));
        assert_eq!(system("Debian GNU/Linux 12 (bookworm)"), Support::Until("2028-06-30"));
        assert_eq!(system("Amazon Linux 2023.6.20241010"), Support::Until("2029-06-30"));
        assert_eq!(system("Amazon Linux 2"), Support::Ended("2026-06-30"));
        assert_eq!(system("Red Hat Enterprise Linux CoreOS 418"), Support::Unknown);
        assert_eq!(system("Bottlerocket OS 1.2"), Support::Unknown);
        assert_eq!(Support::of_etcd("3.3.10", TODAY), Support::Ended("2021-10-15"));
        assert_eq!(Support::of_etcd("v3.5.15-0", TODAY), Support::Unknown);
    }

    #[test]
    fn a_kubelet_may_be_three_minor_versions_older_and_never_newer() {
        assert_eq!(skew("v1.31.4", "v1.34.2"), None);
        assert_eq!(
            skew("v1.30.1", "v1.34.2").as_deref(),
            Some("4 minor versions older than the API server, and 3 are supported")
        );
        assert!(skew("v1.24.1", "v1.27.0").is_some());
        assert!(skew("v1.35.0", "v1.34.2").is_some_and(|why| why.starts_with("newer")));
        assert_eq!(skew("unknown", "v1.34.2"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_an_answer(text in ".{0,40}") {
            Support::of_runtime(&format!("containerd://{text}"), TODAY);
            Support::of_system(&format!("Ubuntu {text}"), TODAY);
            Support::of_etcd(&text, TODAY);
            skew(&text, &text);
        }
    }
}
