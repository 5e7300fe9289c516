//! Plimsoll's own rules on system calls: what is judged by where nobody names rules.
//!
//! A theme is a file of `rules/` and a line here; `words.yaml` has the lists and macros that all of them
//! are written in, so it comes first. Of several rules that hold the first is told: what is special stands
//! before what is general.

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("default/", $name), include_str!(concat!("../rules/", $name)))),*]
    };
}

/// The files in the order of loading: their names and texts.
pub static FILES: &[(&str, &str)] = files![
    "words.yaml",
    "shell.yaml",
    "persistence.yaml",
    "credentials.yaml",
    "files.yaml",
    "kernel.yaml",
    "evasion.yaml",
    "escape.yaml",
    "fileless.yaml",
    "miners.yaml",
    "network.yaml",
];

/// Rules on the audit log of a Kubernetes API server: a name and its text.
pub static K8S_AUDIT: (&str, &str) =
    ("default/k8s_audit.yaml", include_str!("../rules/k8s_audit.yaml"));

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::lints::lint;
    use crate::loader::{Loader, Options, WarningCode};

    fn loaded() -> Loader {
        let mut loader = Loader::new(Options::default());
        for (name, text) in FILES {
            let report = loader.load(name, text);
            assert!(report.is_loaded(), "{name}: {:?}", report.errors);
            // What later files use is used by none at first.
            let unused = |code| matches!(code, WarningCode::UnusedMacro | WarningCode::UnusedList);
            let warned: Vec<_> = report.warnings.iter().filter(|it| !unused(it.code)).collect();
            assert!(warned.is_empty(), "{name}: {warned:?}");
        }
        loader
    }

    #[test]
    fn the_rules_load_without_a_warning() {
        let loader = loaded();
        let found = lint(loader.definitions());
        let found: Vec<_> = found.iter().map(|one| (&one.item, &one.message)).collect();
        assert!(found.is_empty(), "{found:?}");
        assert!(loader.definitions().rules.len() > 80);
    }

    #[test]
    fn the_rules_on_audit_logs_load_without_a_warning() {
        let mut loader = Loader::new(Options::default());
        let report = loader.load(K8S_AUDIT.0, K8S_AUDIT.1);
        assert!(report.is_loaded(), "{:?}", report.errors);
        assert!(report.warnings.is_empty(), "{:?}", report.warnings);
        assert!(loader.definitions().rules.len() >= 10);
    }

    #[test]
    fn every_rule_says_what_it_means_who_did_it_and_which_technique_it_is() {
        for rule in &loaded().definitions().rules {
            let name = &rule.name;
            assert!(rule.enabled, "{name}");
            assert!(rule.description.len() > 50, "{name}: {}", rule.description);
            for field in ["%proc.cmdline", "%proc.exepath", "%user.name", "%container.name"] {
                assert!(rule.output_text.contains(field), "{name} lacks {field}");
            }
            let technique = |tag: &String| {
                tag.strip_prefix('T')
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            assert!(rule.tags.iter().any(technique), "{name}: {:?}", rule.tags);
            assert!(rule.tags.iter().any(|tag| tag.starts_with("mitre_")), "{name}");
            assert!(rule.tags.contains("host") || rule.tags.contains("container"), "{name}");
            // A rule that looks at every event would make every call be watched.
            assert!(rule.event_types.is_some(), "{name}");
        }
    }

    #[test]
    fn calls_that_machines_make_all_the_time_are_not_asked_for() {
        let loader = loaded();
        let types: HashSet<&str> = loader
            .definitions()
            .rules
            .iter()
            .flat_map(|rule| rule.event_types.iter().flatten().copied())
            .collect();
        for costly in ["read", "write", "mmap", "sendto", "recvfrom", "futex", "close"] {
            assert!(!types.contains(costly), "{costly}");
        }
    }
}
