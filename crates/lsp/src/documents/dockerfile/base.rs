//! What is known of a base image, in Markdown.

use std::fmt::Write;

use plimsoll_build::bases::Base;

use super::hover::code;

/// A heading and a line for each fact; what is not known is left out.
pub(super) fn page(base: &Base) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    if let Some(distribution) = &base.distro {
        lines.push(("Distribution", distribution.to_string()));
    }
    if let Some(manager) = base.package_manager {
        lines.push(("Package manager", manager.name().to_owned()));
    }
    if let Some(libc) = base.libc {
        lines.push(("C library", libc.name().to_owned()));
    }
    if let Some(shell) = &base.shell {
        lines.push(("Shell", shell.kind.name().to_owned()));
    }
    if let Some(user) = &base.user {
        lines.push(("User", code(user)));
    }
    if let Some(folder) = &base.workdir {
        lines.push(("Working folder", code(folder)));
    }
    for (name, words) in [("Entrypoint", &base.entrypoint), ("Command", &base.cmd)] {
        if let Some(words) = words.as_ref().filter(|words| !words.is_empty()) {
            lines.push((name, code(&words.join(" "))));
        }
    }
    let size = [(base.size.compressed, "to pull"), (base.size.unpacked, "on disk")];
    let size: Vec<String> = size
        .iter()
        .filter_map(|(bytes, what)| Some(format!("{} {what}", megabytes((*bytes)?))))
        .collect();
    if !size.is_empty() {
        lines.push(("Size", size.join(", ")));
    }
    if let Some(packages) = base.packages {
        lines.push(("Packages", packages.to_string()));
    }
    for lifetime in &base.lifetimes {
        let day = lifetime.last_day().to_string();
        let day = day.get(..10).unwrap_or(&day);
        lines.push(("Fixes end", format!("{day} ({})", lifetime.of)));
    }
    let mut page = format!("**{}**\n", code(&base.name));
    for (name, value) in lines {
        // Writing to a `String` cannot fail.
        let _ = write!(page, "\n- {name}: {value}");
    }
    if let Some(day) = base.as_of {
        let day = day.to_string();
        let _ = write!(page, "\n\nAs of {}.", day.get(..10).unwrap_or(&day));
    }
    page
}

fn megabytes(bytes: u64) -> String {
    let tenths = bytes.saturating_add(50_000) / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use plimsoll_build::bases::known;

    use super::*;

    #[test]
    fn facts_of_a_known_base_are_listed() {
        let page = page(&known("alpine:3.20").unwrap());
        assert!(page.starts_with("**`alpine:3.20`**\n\n- Distribution: alpine 3.20\n"), "{page}");
        assert!(
            page.contains("- C library: musl") && page.contains("- Fixes end: 2026-"),
            "{page}"
        );
    }

    #[test]
    fn megabytes_are_rounded_to_tenths() {
        assert_eq!(megabytes(3_650_000), "3.7 MB");
        assert_eq!(megabytes(0), "0.0 MB");
    }
}
