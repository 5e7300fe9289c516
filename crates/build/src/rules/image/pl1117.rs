//! Programs of Go that may be linked against glibc, copied to where there is none.

use super::pl1116::{for_each_crossing, has};
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1117",
    aliases: &[],
    level: Level::Info,
    title: "Build Go with CGO_ENABLED=0 for an image without glibc",
    why: "Where a C compiler is at hand, Go uses cgo, and packages as common as net and os/user then \
          link against the C library. A program built so on Debian does not start on Alpine, scratch \
          or distroless/static. CGO_ENABLED=0 makes a program that needs none.",
    bad: "FROM golang:1.23 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\n\
          FROM alpine:3.20\nCOPY --from=build /app /app\n",
    good: "FROM golang:1.23 AS build\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /app .\n\
           FROM alpine:3.20\nCOPY --from=build /app /app\n",
    mending: Mending::None,
    source: "https://pkg.go.dev/cmd/cgo",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // Whoever speaks of these knows what is linked.
    let text = context.file.source.text();
    if ["CGO_ENABLED", "-static", "netgo", "osusergo"].iter().any(|word| text.contains(word)) {
        return;
    }
    for_each_crossing(context, |crossing| {
        let name = crossing.path.rsplit('/').next().unwrap_or_default();
        let output = |text: &str| {
            let mut words = text.split_ascii_whitespace();
            let mut found = false;
            while let Some(word) = words.next() {
                let target = match word.strip_prefix("-o") {
                    Some("") => words.next(),
                    Some(attached) => Some(attached.trim_start_matches('=')),
                    None => None,
                };
                found |= target.is_some_and(|path| path.rsplit('/').next() == Some(name));
            }
            found
        };
        let builds = crossing.runs(context).any(|text| text.contains("go build") && output(text));
        let in_bin = crossing.path.starts_with("/go/bin/")
            && crossing.runs(context).any(|text| text.contains("go install"));
        if builds || in_bin {
            let message = format!(
                "{} may be linked against glibc of {}, and {} {}: build it with CGO_ENABLED=0",
                crossing.path,
                crossing.from.name,
                crossing.to.name,
                has(crossing.to),
            );
            findings.report(crossing.step.line, crossing.span, message);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn only_a_program_that_may_need_glibc_is_named() {
        let text = |from: &str, build: &str, to: &str| {
            format!("FROM {from} AS b\nRUN {build}\nFROM {to}\nCOPY --from=b /app /app\n")
        };
        for to in ["alpine:3.20", "scratch"] {
            let found = said("PL1117", &text("golang:1.23", "go build -o /app .", to));
            assert_eq!(found.len(), 1, "{to}");
        }
        for (from, build, to) in [
            ("golang:1.23", "CGO_ENABLED=0 go build -o /app .", "scratch"),
            ("golang:1.23", "go build -tags netgo -o /app .", "scratch"),
            ("golang:1.23-alpine", "go build -o /app .", "alpine:3.20"),
            ("golang:1.23", "go build -o /app .", "debian:12-slim"),
            ("golang:1.23", "make /app", "scratch"),
        ] {
            assert_eq!(said("PL1117", &text(from, build, to)), [""; 0], "{from} {build} {to}");
        }
    }
}
