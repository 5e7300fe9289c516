//! The checks, one file each.
//!
//! To add one: write its file after the one of the admission plugin, and add its line here, in
//! Kubernetes' order: those of baseline by id, then those of restricted by id.

/// Makes the modules and their list.
macro_rules! registry {
    ($($module:ident)*) => {
        $(mod $module;)*
        /// All checks.
        pub(super) static ALL: &[&super::check::Check] = &[$(&$module::CHECK),*];
    };
}

registry! {
    app_armor_profile
    capabilities_baseline
    host_namespaces
    host_path_volumes
    host_ports
    host_probes_and_host_lifecycle
    privileged
    proc_mount
    se_linux_options
    seccomp_profile_baseline
    sysctls
    windows_host_process
    allow_privilege_escalation
    capabilities_restricted
    proc_mount_restricted
    restricted_volumes
    run_as_non_root
    run_as_user
    seccomp_profile_restricted
}

pub use capabilities_baseline::ALLOWED as ALLOWED_CAPABILITIES;
pub use restricted_volumes::FORBIDDEN as FORBIDDEN_VOLUMES;
pub use sysctls::ALLOWED as ALLOWED_SYSCTLS;
