//! Programs built for glibc that are copied to where there is none.

use crate::bases::{Base, Libc};
use crate::context::{Context, Step};
use crate::finding::Level;
use crate::flow::{Effect, Flow, is_within, stage_called};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1116",
    aliases: &[],
    level: Level::Warning,
    title: "Copy no program built for glibc to an image without it",
    why: "cargo links against the C library of the image that it runs in. On Debian that is glibc, \
          and such a program does not start on Alpine, which has musl, nor on scratch and \
          distroless/static, which have none: \"no such file or directory\". Build on Alpine, for \
          the target *-unknown-linux-musl, or run on distroless/cc or Debian.",
    bad: "FROM rust:1.80 AS build\nWORKDIR /src\nCOPY . .\nRUN cargo build --release\n\
          FROM alpine:3.20\nCOPY --from=build /src/target/release/app /usr/bin/app\n",
    good: "FROM rust:1.80-alpine AS build\nWORKDIR /src\nCOPY . .\nRUN cargo build --release\n\
           FROM alpine:3.20\nCOPY --from=build /src/target/release/app /usr/bin/app\n",
    mending: Mending::None,
    source: "https://doc.rust-lang.org/reference/linkage.html#static-and-dynamic-c-runtimes",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for_each_crossing(context, |crossing| {
        let path = crossing.path;
        let is_built = path.contains("/target/release/")
            || path.contains("/target/debug/")
            || path.contains("/.cargo/bin/")
            || is_within(path, "/usr/local/cargo/bin");
        let commands = || crossing.runs(context);
        let builds =
            commands().any(|text| text.contains("cargo build") || text.contains("cargo install"));
        let is_static = context.file.source.text().contains("musl")
            || context.file.source.text().contains("crt-static");
        if is_built && builds && !is_static {
            let message = format!(
                "{path} is linked against glibc of {}, and {} {}: it does not start",
                crossing.from.name,
                crossing.to.name,
                has(crossing.to),
            );
            findings.report(crossing.step.line, crossing.span, message);
        }
    });
}

/// What an image has in the place of glibc.
pub(super) fn has(base: &Base) -> &'static str {
    match base.libc {
        Some(Libc::Musl) => "has musl",
        _ => "has no C library",
    }
}

/// A path that is copied from a stage with glibc to one without.
pub(super) struct Crossing<'c> {
    pub(super) step: Step<'c>,
    pub(super) stage: usize,
    pub(super) path: &'c str,
    pub(super) span: crate::Span,
    pub(super) from: &'c Base,
    pub(super) to: &'c Base,
}

impl Crossing<'_> {
    /// The texts of `RUN` in the stage that is copied from, and in those that it is built on.
    pub(super) fn runs<'x>(&self, context: &'x Context<'_>) -> impl Iterator<Item = &'x str> {
        let chain = context.flow().chain_set(self.stage);
        context
            .all_commands()
            .filter(move |commands| {
                commands.text.keyword == Keyword::Run
                    && commands.text.stage.is_some_and(|stage| chain.contains(&stage))
            })
            .map(|commands| commands.text.text.text())
    }
}

/// Shows each of the file to `look`.
pub(super) fn for_each_crossing(context: &Context<'_>, mut look: impl FnMut(&Crossing<'_>)) {
    let flow = context.flow();
    for step in copies(context) {
        let Some(name) = step.instruction.flag_value("from") else { continue };
        let Some(stage) = stage_called(context, name, step.stage) else { continue };
        let Some(own) = step.stage else { continue };
        let (Some(from), Some(to)) = (flow.base(stage), flow.base(own)) else { continue };
        let crosses = from.libc == Some(Libc::Glibc)
            && matches!(to.libc, Some(Libc::Musl | Libc::None))
            && !brings_glibc(flow, own);
        let words = step.instruction.arguments.words();
        let Some((_, sources)) = words.split_last().filter(|_| crosses) else { continue };
        for source in sources {
            let Ok(path) = context.expand(&source.text, step) else { continue };
            if !path.text.contains(['*', '$']) && path.unset.is_empty() {
                let (path, span) = (path.text.as_str(), source.span);
                look(&Crossing { step, stage, path, span, from, to });
            }
        }
    }
}

/// How many `COPY --from` of a file are looked at.
const MOST_COPIES: usize = 300;

/// The first `COPY --from` of the file.
pub(super) fn copies<'c, 'a>(
    context: &'c Context<'a>,
) -> impl Iterator<Item = Step<'a>> + use<'c, 'a> {
    let from = |step: &Step<'_>| !step.onbuild && step.instruction.flag("from").is_some();
    context.steps_of(Keyword::Copy).filter(from).take(MOST_COPIES)
}

/// Whether a stage gets a C library, or what stands in for one, or a whole system.
fn brings_glibc(flow: &Flow, stage: usize) -> bool {
    flow.events(stage).any(|event| match &event.effect {
        Effect::Install { package, .. } => {
            ["gcompat", "libc6-compat", "glibc"].contains(&package.as_str())
        }
        Effect::Opaque(_) => true,
        Effect::Write { path, .. } => {
            path == "/"
                || ["/lib", "/lib64", "/usr/lib", "/usr/glibc-compat"]
                    .iter()
                    .any(|folder| is_within(path, folder))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn a_rust_program_from_debian_does_not_start_without_glibc() {
        let build = "FROM rust:1.80 AS b\nWORKDIR /s\nCOPY . .\nRUN cargo build --release\n";
        for to in ["alpine:3.20", "scratch", "gcr.io/distroless/static-debian12"] {
            let text = format!("{build}FROM {to}\nCOPY --from=b /s/target/release/a /a\n");
            assert_eq!(said("PL1116", &text).len(), 1, "{text}");
        }
        for to in ["debian:12-slim", "gcr.io/distroless/cc-debian12", "ours/app"] {
            let text = format!("{build}FROM {to}\nCOPY --from=b /s/target/release/a /a\n");
            assert_eq!(said("PL1116", &text), [""; 0], "{text}");
        }
        let text = format!(
            "{build}FROM alpine:3.20\nRUN apk add gcompat\nCOPY --from=b /s/target/release/a /a\n"
        );
        assert_eq!(said("PL1116", &text), [""; 0]);
        let text = build.replace("--release", "--release --target x86_64-unknown-linux-musl");
        let text = format!("{text}FROM scratch\nCOPY --from=b /s/target/release/a /a\n");
        assert_eq!(said("PL1116", &text), [""; 0]);
    }
}
