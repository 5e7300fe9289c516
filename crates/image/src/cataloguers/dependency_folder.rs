//! Lock files that came along inside a package: they pin what its authors built and tested it
//! with, and say nothing of what is installed.
//!
//! npm, Bundler, Cargo, Go and pip all ignore such a file in a dependency, and so do the
//! cataloguers of lock files. What is installed has its own evidence beside it.

/// Whether `path` lies in a folder that a package manager unpacked a dependency into.
pub(crate) fn is_in_dependency(path: &str) -> bool {
    if path.starts_with("usr/share/doc/") {
        return true;
    }
    let folders = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut before = "";
    for folder in folders.split('/') {
        let is_dependency = match before {
            "node_modules" | "site-packages" | "dist-packages" => true,
            // `gems/rake-13.0.6`, `registry/src/index.crates.io-6f17d22bba15001f/libc-0.2.9`.
            "gems" => has_version(folder),
            // `vendor/golang.org/x/telemetry`.
            "vendor" => folder.contains('.'),
            "src" => folder.contains(".crates.io-") || folder.starts_with("github.com-"),
            // `pkg/mod/golang.org/x/net@v0.1.0`.
            _ => folder.split_once("@v").is_some_and(|(_, end)| starts_with_digit(end)),
        };
        if is_dependency {
            return true;
        }
        before = folder;
    }
    false
}

fn has_version(folder: &str) -> bool {
    folder.match_indices('-').any(|(at, _)| folder.get(at + 1..).is_some_and(starts_with_digit))
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_unpacked_as_a_dependency_counts_as_one() {
        for path in [
            "app/node_modules/minipass/package-lock.json",
            "usr/lib/ruby/gems/3.1.0/gems/typeprof-0.21.2/vscode/package-lock.json",
            "root/.cargo/registry/src/index.crates.io-6f17d22bba15001f/ring-0.17.0/Cargo.lock",
            "root/go/pkg/mod/golang.org/x/net@v0.1.0/go.mod",
            "usr/lib/python3/dist-packages/tool/requirements.txt",
            "usr/share/doc/python3-pip/requirements.txt",
            "srv/app/vendor/golang.org/x/telemetry/package-lock.json",
        ] {
            assert!(is_in_dependency(path), "{path}");
        }
        for path in [
            "app/package-lock.json",
            "package-lock.json",
            "src/app/Cargo.lock",
            "home/gems/shop/Gemfile.lock",
            "srv/node_modules",
            "srv/me@home/go.mod",
            "srv/vendor/shop/composer.lock",
        ] {
            assert!(!is_in_dependency(path), "{path}");
        }
    }
}
