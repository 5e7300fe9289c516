//! What could be built upon in the place of a base: its slimmer variants, images for its last
//! stage, and newer releases where its own have ended.
//!
//! Tags are only named where the repository builds them for all its releases. Of distroless only
//! those of `README.md` are offered, because others get no fixes any more
//! (<https://github.com/GoogleContainerTools/distroless>).

use plimsoll_model::Timestamp;

use crate::bases::{BaseName, Product, lifecycles};

/// For what a candidate is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// In the place of the base, whatever it is used for.
    #[default]
    Any,
    /// For the last stage of a build; what builds stays where it is.
    FinalStage,
}

/// A reference worth a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The image.
    pub reference: String,
    /// For what.
    pub scope: Scope,
}

/// A repository and what stands beside its images. In a template `{v}` is the version of the
/// tag, `{-c}` the code name of its distribution with a hyphen before it, `{m}` the major version.
struct Line {
    repository: &'static str,
    product: &'static str,
    slimmer: &'static [&'static str],
    last: &'static [&'static str],
    /// Templates that exist for these major versions alone.
    only: &'static [(&'static str, &'static [&'static str])],
}

const NONE: Line = Line { repository: "", product: "", slimmer: &[], last: &[], only: &[] };

const LINES: &[Line] = &[
    Line {
        repository: "node",
        product: "nodejs",
        slimmer: &["node:{v}{-c}-slim", "node:{v}-alpine"],
        only: &[("gcr.io/distroless/nodejs{m}-debian13", &["22", "24", "26"])],
        ..NONE
    },
    Line {
        repository: "python",
        product: "python",
        slimmer: &["python:{v}-slim{-c}", "python:{v}-alpine"],
        only: &[("gcr.io/distroless/python3-debian13", &["3.13"])],
        ..NONE
    },
    Line {
        repository: "golang",
        product: "go",
        slimmer: &["golang:{v}-alpine"],
        last: &["gcr.io/distroless/static-debian13:nonroot", "scratch"],
        ..NONE
    },
    Line {
        repository: "rust",
        slimmer: &["rust:{v}-slim{-c}", "rust:{v}-alpine"],
        last: &["gcr.io/distroless/cc-debian13:nonroot", "debian:trixie-slim"],
        ..NONE
    },
    Line {
        repository: "ruby",
        product: "ruby",
        slimmer: &["ruby:{v}-slim{-c}", "ruby:{v}-alpine"],
        ..NONE
    },
    Line { repository: "php", product: "php", slimmer: &["php:{v}-{k}alpine"], ..NONE },
    Line {
        repository: "eclipse-temurin",
        product: "eclipse-temurin",
        slimmer: &["eclipse-temurin:{m}-jre", "eclipse-temurin:{m}-jre-alpine"],
        only: &[("gcr.io/distroless/java{m}-debian13:nonroot", &["17", "21", "25"])],
        ..NONE
    },
    Line {
        repository: "openjdk",
        product: "eclipse-temurin",
        slimmer: &[
            "eclipse-temurin:{m}",
            "eclipse-temurin:{m}-jre",
            "eclipse-temurin:{m}-jre-alpine",
        ],
        only: &[("gcr.io/distroless/java{m}-debian13:nonroot", &["17", "21", "25"])],
        ..NONE
    },
    Line {
        repository: "maven",
        last: &["eclipse-temurin:21-jre", "gcr.io/distroless/java21-debian13:nonroot"],
        ..NONE
    },
    Line {
        repository: "gradle",
        last: &["eclipse-temurin:21-jre", "gcr.io/distroless/java21-debian13:nonroot"],
        ..NONE
    },
    Line {
        repository: "nginx",
        slimmer: &[
            "nginx:{v}-alpine",
            "nginx:{v}-alpine-slim",
            "nginxinc/nginx-unprivileged:{v}-alpine",
        ],
        ..NONE
    },
    Line { repository: "httpd", slimmer: &["httpd:{v}-alpine"], ..NONE },
    Line {
        repository: "postgres",
        product: "postgresql",
        slimmer: &["postgres:{v}-alpine"],
        ..NONE
    },
    Line { repository: "redis", product: "redis", slimmer: &["redis:{v}-alpine"], ..NONE },
    Line { repository: "memcached", slimmer: &["memcached:{v}-alpine"], ..NONE },
    Line { repository: "rabbitmq", slimmer: &["rabbitmq:{v}-alpine"], ..NONE },
    Line { repository: "haproxy", slimmer: &["haproxy:{v}-alpine"], ..NONE },
    Line { repository: "erlang", slimmer: &["erlang:{v}-slim", "erlang:{v}-alpine"], ..NONE },
    Line { repository: "elixir", slimmer: &["elixir:{v}-slim", "elixir:{v}-alpine"], ..NONE },
    Line { repository: "haskell", slimmer: &["haskell:{v}-slim{-c}"], ..NONE },
    Line { repository: "perl", slimmer: &["perl:{v}-slim{-c}"], ..NONE },
    Line {
        repository: "debian",
        product: "debian",
        slimmer: &["debian:{v}{-c}-slim"],
        last: &["gcr.io/distroless/base-debian13"],
        ..NONE
    },
    Line {
        repository: "ubuntu",
        product: "ubuntu",
        last: &["gcr.io/distroless/base-debian13"],
        slimmer: &["debian:trixie-slim"],
        ..NONE
    },
    Line {
        repository: "alpine",
        product: "alpine",
        last: &["gcr.io/distroless/static-debian13", "scratch"],
        ..NONE
    },
    Line {
        repository: "mcr.microsoft.com/dotnet/aspnet",
        product: "dotnet",
        slimmer: &[
            "mcr.microsoft.com/dotnet/aspnet:{v}-alpine",
            "mcr.microsoft.com/dotnet/aspnet:{v}-noble-chiseled",
        ],
        ..NONE
    },
    Line {
        repository: "mcr.microsoft.com/dotnet/runtime",
        product: "dotnet",
        slimmer: &[
            "mcr.microsoft.com/dotnet/runtime:{v}-alpine",
            "mcr.microsoft.com/dotnet/runtime:{v}-noble-chiseled",
        ],
        ..NONE
    },
];

/// What could stand in the place of `reference` on `today`, most alike first; nothing for images
/// that are not known.
pub fn offers(reference: &str, today: Timestamp) -> Vec<Offer> {
    let Some(name) = BaseName::parse(reference) else { return Vec::new() };
    let Some(line) = LINES.iter().find(|line| line.repository == name.repository) else {
        return Vec::new();
    };
    let parts = TagParts::of(&name, line);
    let mut offers = Vec::new();
    let mut put = |reference: String, scope: Scope| {
        let is_new = !offers.iter().any(|known: &Offer| known.reference == reference);
        if is_new && reference != name.familiar() && !reference.ends_with(':') {
            offers.push(Offer { reference, scope });
        }
    };
    let versions = line.versions(&parts, today);
    for (version, is_own) in &versions {
        let parts = TagParts { version: version.clone(), ..parts.clone() };
        // The own code name may have ended with the own version.
        let parts = if *is_own { parts } else { TagParts { codename: None, ..parts } };
        if !is_own {
            put(parts.like(&name.repository), Scope::Any);
        }
        for template in line.slimmer {
            // Apache's server is not built for Alpine.
            if !parts.variants.iter().any(|variant| variant == "apache") {
                put(parts.fill(template), Scope::Any);
            }
        }
        for (template, majors) in line.only {
            if majors.contains(&parts.major()) || majors.contains(&parts.version.as_str()) {
                put(parts.fill(template), Scope::Any);
            }
        }
    }
    for template in line.last {
        put((*template).to_owned(), Scope::FinalStage);
    }
    offers
}

impl Line {
    /// The own version while it is supported, or whenever nobody knows; else the nearest that is
    /// supported, and the newest of long support.
    fn versions(&self, parts: &TagParts, today: Timestamp) -> Vec<(String, bool)> {
        let own = vec![(parts.version.clone(), true)];
        let Some(product) = lifecycles().products.get(self.product) else { return own };
        let Some((cycle, release)) = product.release(&parts.version) else { return own };
        let ended = release.extended.or(release.end).is_some_and(|end| end < today);
        if !ended {
            return own;
        }
        let newer = newer_releases(product, cycle, today);
        // A distribution's code name is its version, and a tag of a language names the cycle.
        newer.into_iter().map(|version| (version, false)).collect()
    }
}

/// The nearest supported release after `cycle`, and the newest one; only those of long support
/// where the product has such.
fn newer_releases(product: &Product, cycle: &str, today: Timestamp) -> Vec<String> {
    let has_lts = product.releases.values().any(|release| release.lts.is_some());
    let later: Vec<&str> = product
        .in_order()
        .into_iter()
        .skip_while(|(known, _)| *known != cycle)
        .skip(1)
        .filter(|(_, release)| {
            release.is_supported(today)
                && (!has_lts || release.lts.is_some_and(|from| from <= today))
        })
        .map(|(known, _)| known)
        .collect();
    let mut chosen: Vec<String> =
        later.first().into_iter().chain(later.last()).map(|known| (*known).to_owned()).collect();
    chosen.dedup();
    chosen
}

/// A tag in its parts.
#[derive(Debug, Clone, Default)]
struct TagParts {
    version: String,
    codename: Option<String>,
    /// `slim`, `alpine`, `jre`, `fpm` and their like, as in the tag.
    variants: Vec<String>,
}

impl TagParts {
    fn of(name: &BaseName, line: &Line) -> Self {
        let mut parts = Self::default();
        let product = lifecycles().products.get(line.product);
        for word in name.words() {
            let is_codename = ["debian", "ubuntu"].iter().any(|distro| {
                lifecycles().products.get(*distro).is_some_and(|p| {
                    p.releases.values().any(|r| r.codename.as_deref() == Some(word))
                })
            });
            let is_version = word.starts_with(|c: char| c.is_ascii_digit())
                || (!is_codename && product.is_some_and(|product| product.release(word).is_some()))
                || ["lts", "current", "stable", "mainline"].contains(&word);
            if is_version && parts.version.is_empty() {
                word.clone_into(&mut parts.version);
            } else if is_codename {
                parts.codename = Some(word.to_owned());
            } else if word.starts_with("alpine") {
                parts.variants.push("alpine".to_owned());
            } else if word != "latest" && !word.starts_with("sha") {
                parts.variants.push(word.to_owned());
            }
        }
        // A distribution's code name is its version.
        if parts.version.is_empty()
            && matches!(line.repository, "debian" | "ubuntu")
            && let Some(codename) = parts.codename.take()
        {
            parts.version = codename;
        }
        parts
    }

    fn major(&self) -> &str {
        self.version.split(['.', 'u', '_']).next().unwrap_or(&self.version)
    }

    fn fill(&self, template: &str) -> String {
        let codename = self.codename.as_ref().map(|name| format!("-{name}")).unwrap_or_default();
        let kind = ["fpm", "zts", "cli"]
            .into_iter()
            .find(|kind| self.variants.iter().any(|variant| variant == kind))
            .map(|kind| format!("{kind}-"))
            .unwrap_or_default();
        let filled = template
            .replace("{v}", &self.version)
            .replace("{-c}", &codename)
            .replace("{m}", self.major())
            .replace("{k}", &kind);
        filled.replace(":-", ":")
    }

    /// The same kind of image at this version.
    fn like(&self, repository: &str) -> String {
        let mut tag = self.version.clone();
        for variant in &self.variants {
            tag = format!("{tag}-{variant}");
        }
        format!("{repository}:{tag}").replace(":-", ":")
    }
}
