//! The Dockerfiles of a container security guide, read out of its text: what is wrong in them is
//! found, and what is right is left alone.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Config, Environment, Source, lint};
use plimsoll_testkit::shared;

/// The text between two headings; `None` where the guide is not there.
fn between(start: &str, end: &str) -> Option<String> {
    let path = shared("../guide/container-security-guide.txt")?;
    let text = std::fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once(&format!("\n{start}\n")).unwrap();
    let (found, _) = rest.split_once(&format!("\n{end}\n")).unwrap();
    Some(format!("{}\n", found.trim()))
}

/// What the rules about layers, stages and bases say: id, the line's text, message.
fn said(text: &str) -> String {
    let file = Dockerfile::parse(Source::new(text));
    assert!(file.is_readable(), "{:?}", file.problems);
    let found = lint(&file, &Config::default(), &Environment::default()).findings;
    let of_line = |line: u32| text.lines().nth(line as usize - 1).unwrap_or_default();
    let ours = found
        .iter()
        .filter(|finding| finding.rule.id.starts_with("PL11") || finding.rule.id == "DL3007");
    let lines = ours.map(|finding| {
        format!("{} `{}`: {}", finding.rule.id, of_line(finding.line), finding.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_first_dockerfile_takes_an_id_that_is_taken_and_removes_what_never_was() {
    let Some(text) = between("Best Practices", "Multi-Stage Builds") else { return };
    insta::assert_snapshot!(said(&text), @r"
    PL1105 `RUN addgroup -g 1000 appuser && \`: addgroup fails: node:20-alpine has the group node with number 1000; run as node (USER node), or take another number
    PL1105 `RUN addgroup -g 1000 appuser && \`: adduser fails: node:20-alpine has the user node with number 1000; run as node (USER node), or take another number
    PL1104 `RUN apk del .build-deps`: .build-deps was never installed, neither by a line above nor in node:20-alpine: apk del fails
    ");
}

#[test]
fn its_health_check_is_right_and_one_with_curl_would_not_be() {
    let Some(text) = between("Best Practices", "Multi-Stage Builds") else { return };
    assert!(text.contains("CMD node healthcheck.js") && !said(&text).contains("PL1110"));
    let text = text.replace("CMD node healthcheck.js", "CMD curl -f http://localhost:3000/");
    let message = "curl is not in node:20-alpine and nothing installs it; wget is there";
    assert!(said(&text).contains(message), "{}", said(&text));
}

#[test]
fn had_the_group_been_installed_its_removal_would_free_nothing() {
    let Some(text) = between("Best Practices", "Multi-Stage Builds") else { return };
    let install = "RUN apk add --no-cache --virtual .build-deps gcc\n\n# Set working";
    let text = text.replace("# Set working", install);
    let message = "PL1101 `RUN apk del .build-deps`: to remove .build-deps here frees nothing: the \
                   bytes stay in the layer of line 8";
    assert!(said(&text).contains(message), "{}", said(&text));
    assert!(!said(&text).contains("PL1104"));
}

#[test]
fn the_multi_stage_dockerfile_and_its_hardening_take_a_taken_id_and_remove_what_never_was() {
    let Some(stages) = between("Multi-Stage Builds", "Security Hardening") else { return };
    let Some(hardening) = between("Security Hardening", "🔍 Image Security") else { return };
    insta::assert_snapshot!(said(&format!("{stages}{hardening}")), @r"
    PL1105 `RUN addgroup -g 1000 appuser && \`: addgroup fails: node:20-alpine has the group node with number 1000; run as node (USER node), or take another number
    PL1105 `RUN addgroup -g 1000 appuser && \`: adduser fails: node:20-alpine has the user node with number 1000; run as node (USER node), or take another number
    PL1104 `RUN apk del curl wget`: curl was never installed, neither by a line above nor in node:20-alpine: apk del fails or does nothing
    PL1104 `RUN apk del curl wget`: wget was never installed, neither by a line above nor in node:20-alpine: apk del fails or does nothing
    ");
}

#[test]
fn its_small_images_are_named_by_a_tag_that_moves() {
    let Some(alpine) = between("Use Alpine:", "Use Distroless:") else { return };
    assert!(said(&alpine).starts_with("DL3007 `FROM alpine:latest`"), "{}", said(&alpine));
    let Some(distroless) = between("Use Distroless:", "Image Signing") else { return };
    assert!(distroless.contains("CMD [\"server.js\"]") && !said(&distroless).contains("PL11"));
}
