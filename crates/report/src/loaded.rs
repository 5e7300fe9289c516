//! Whether code was loaded, in words.

use plimsoll_model::{Finding, Loaded};

use crate::text;

/// In a few words: `loaded (mapped)`, `never loaded since 2026-11-20`, `not observed`.
pub(crate) fn short(finding: &Finding) -> String {
    match &finding.loaded {
        None => String::new(),
        Some(Loaded::Loaded { how, .. }) => format!("loaded ({})", how.describe()),
        Some(never @ Loaded::Never { .. }) => match never.never() {
            Some((since, _)) => format!("never loaded since {}", since.date()),
            None => "not observed".to_owned(),
        },
        Some(_) => "not observed".to_owned(),
    }
}

/// In a sentence.
pub(crate) fn sentence(loaded: &Loaded) -> String {
    match loaded {
        Loaded::Loaded { how, path, by, last, .. } => {
            let (path, by) = (text::one_line(path), text::one_line(by));
            format!("{path} was {} by {by}, last at {last}", how.describe())
        }
        Loaded::NotObserved { why } => format!("not observed: {}", text::one_line(why)),
        Loaded::Never { windows } => {
            let windows = windows.iter().map(|window| {
                let containers = usize::try_from(window.containers).unwrap_or(usize::MAX);
                let containers = text::plural(containers, "container");
                format!("{} to {} ({containers})", window.since, window.until)
            });
            let windows: Vec<String> = windows.collect();
            format!("no file of the package was loaded in {}", windows.join(", "))
        }
        _ => String::new(),
    }
}
