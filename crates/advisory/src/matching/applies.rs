//! Whether an entry is about this build of a package at all, before versions are compared.
//!
//! Architectures, module streams and rebuilds with a version order of their own: comparing across
//! any of these gives an answer, and a wrong one.

use plimsoll_model::{Package, PackageKind};

/// What an entry is limited to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits<'e> {
    pub(super) module: Option<&'e str>,
    /// Whether the architecture is one of the entry's; true where it names none.
    pub(super) has_arch: bool,
    /// A fixed version of the entry, from which the kind of its build is read.
    pub(super) fixed: Option<&'e str>,
}

/// Whether the entry is about this build.
pub(super) fn is_about(package: &Package, limits: Limits<'_>) -> bool {
    if package.kind != PackageKind::Rpm {
        return limits.has_arch;
    }
    limits.has_arch
        && is_of_module(package, limits)
        && limits.fixed.is_none_or(|fixed| flavour(fixed) == flavour(&package.version))
}

/// A stream has versions of its own: nginx 1.14 of one stream is not older than 1.16 of another.
///
/// Source: <https://docs.fedoraproject.org/en-US/modularity/>.
fn is_of_module(package: &Package, limits: Limits<'_>) -> bool {
    match (limits.module, &package.module) {
        (Some(stream), Some(label)) => {
            label.strip_prefix(stream).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        }
        (Some(_), None) => false,
        (None, Some(_)) => limits.fixed.is_none_or(is_modular),
        (None, None) => limits.fixed.is_none_or(|fixed| !is_modular(fixed)),
    }
}

/// `1.14.1-9.module_el8.3.0+2165+af250afe`, `7.2.24-1.module+el8.2.0+4601+7c76a223`
fn is_modular(version: &str) -> bool {
    version.contains(".module+") || version.contains(".module_")
}

/// Oracle's rebuilds for live patching and FIPS have higher epochs than the packages that they
/// stand beside: only versions of the same kind can be compared.
///
/// Source: <https://linux.oracle.com/security/>, errata with `ksplice` and `_fips` releases.
fn flavour(version: &str) -> (Option<&str>, bool) {
    let ksplice = version.find(".ksplice").and_then(|at| version.get(at + 1..));
    let ksplice = ksplice.and_then(|rest| rest.split('.').next());
    (ksplice, version.ends_with("_fips"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rpm(version: &str, module: Option<&str>) -> Package {
        let mut package = Package::new(PackageKind::Rpm, "p", version);
        package.module = module.map(str::to_owned);
        package
    }

    fn about(package: &Package, module: Option<&str>, fixed: &str) -> bool {
        is_about(package, Limits { module, has_arch: true, fixed: Some(fixed) })
    }

    #[test]
    fn a_stream_is_judged_by_its_own_advisories() {
        let nginx = rpm("1.14.1-8.module_el8.3.0", Some("nginx:1.14:8030020201124104955:9f9e2e7e"));
        assert!(about(&nginx, Some("nginx:1.14"), "1.14.1-9.module_el8.3.0"));
        assert!(!about(&nginx, Some("nginx:1.1"), "1.1-9.module_el8.3.0"));
        assert!(!about(&nginx, Some("nginx:1.16"), "1.16.1-2.module_el8.4.0"));
        assert!(!about(&nginx, None, "1.18-1.el8"));
    }

    #[test]
    fn a_plain_package_is_not_judged_by_a_module_s_advisory() {
        assert!(!about(&rpm("1.14.1-8.el8", None), Some("nginx:1.14"), "1.14.1-9.module_el8"));
        assert!(!about(&rpm("1.14.1-8.el8", None), None, "1.14.1-9.module_el8.3.0"));
        assert!(about(&rpm("1.14.1-8.el8", None), None, "1.14.1-9.el8"));
    }

    #[test]
    fn rebuilds_for_live_patching_compare_with_their_like() {
        let plain = rpm("2.17-317.0.1.el7", None);
        assert!(!about(&plain, None, "2:2.17-157.ksplice1.el7_3.4"));
        let patched = rpm("2:2.17-156.ksplice1.el7", None);
        assert!(about(&patched, None, "2:2.17-157.ksplice1.el7_3.4"));
        assert!(!about(&rpm("2:2.28-151.0.1.ksplice2.el8", None), None, "2:2.17-157.ksplice1.el7"));
        assert!(!about(&rpm("3.6.15-4.el8", None), None, "10:3.6.16-4.0.1.el8_fips"));
    }
}
