//! Two stages for one: what is proposed can be read, keeps every comment, and lints no worse.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise and says what it measured"
)]

use std::collections::BTreeSet;

use plimsoll_build::propose::{Declined, Proposal, ReasonKind, propose};
use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Config, Environment, Level, Source, lint, stages};
use plimsoll_testkit::shared_records;

fn proposal(text: &str) -> Result<Proposal, Declined> {
    propose(&Dockerfile::parse(Source::new(text)), &Config::default())
}

fn grave(file: &Dockerfile) -> BTreeSet<&'static str> {
    let found = lint(file, &Config::default(), &Environment::default()).findings;
    found.iter().filter(|one| one.level >= Level::Warning).map(|one| one.rule.id).collect()
}

/// What holds for every proposal.
fn must_be_sound(text: &str, proposal: &Proposal) {
    let before = Dockerfile::parse(Source::new(text));
    let after = Dockerfile::parse(Source::new(proposal.text.as_str()));
    assert!(after.problems.is_empty(), "{:?}\n{}", after.problems, proposal.text);
    assert_eq!(stages(&after).len(), 2, "{}", proposal.text);
    for comment in &before.comments {
        let kept = after.comments.iter().any(|one| one.text == comment.text);
        assert!(kept, "`{}` is lost:\n{}", comment.text, proposal.text);
    }
    let worse: Vec<_> = grave(&after).difference(&grave(&before)).copied().collect();
    assert!(worse.is_empty(), "{worse:?}\n{}", proposal.text);
    assert!(proposal.reasons.iter().any(|one| one.kind == ReasonKind::Stage));
}

#[test]
fn proposals_for_real_files_are_sound() {
    let (mut made, mut declined) = (0, 0);
    for case in shared_records("lint/real-dockerfiles.jsonl") {
        let text = case["dockerfile"].as_str().unwrap();
        match proposal(text) {
            Ok(proposal) => {
                must_be_sound(text, &proposal);
                made += 1;
            }
            Err(why) => {
                if !matches!(why, Declined::ManyStages(_) | Declined::UnknownKind(_)) {
                    println!("{}: {why}", case["id"]);
                }
                declined += 1;
            }
        }
    }
    println!("{made} proposals, {declined} files without one");
}

const GO: &str = r#"# syntax=docker/dockerfile:1
ARG GO=1.22
# The api
FROM golang:${GO}
WORKDIR /app
# modules first
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go build -o server ./cmd/server
EXPOSE 8080
# is it alive
HEALTHCHECK CMD curl -f http://localhost:8080/ || exit 1
CMD ["./server", "--config=./config.yaml"]
"#;

#[test]
fn a_go_program_runs_on_an_image_without_a_distribution() {
    let made = proposal(GO).unwrap();
    must_be_sound(GO, &made);
    insta::assert_snapshot!(made.text, @r#"
    # syntax=docker/dockerfile:1
    ARG GO=1.22
    # The api
    FROM golang:${GO} AS build
    WORKDIR /app
    # modules first
    COPY go.mod go.sum ./
    RUN go mod download
    COPY . .
    ENV CGO_ENABLED=0
    RUN go build -o server ./cmd/server

    FROM gcr.io/distroless/static-debian13:nonroot
    WORKDIR /app
    COPY --from=build /app/server /usr/local/bin/server
    COPY --from=build /app/config.yaml /app/config.yaml
    USER 65532:65532
    EXPOSE 8080
    # is it alive
    # HEALTHCHECK CMD curl -f http://localhost:8080/ || exit 1
    CMD ["/usr/local/bin/server", "--config=./config.yaml"]
    "#);
}

const RUST: &str = r#"FROM rust:1.79-bookworm
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends pkg-config=1.8 libssl-dev=3.0 && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cargo build --release --locked
ENV RUST_LOG=info
ENTRYPOINT ["./target/release/hello"]
CMD ["serve"]
"#;

#[test]
fn a_rust_program_that_needs_a_library_runs_on_the_distribution() {
    let made = proposal(&RUST.replace("libssl-dev=3.0", "cmake=3")).unwrap();
    insta::assert_snapshot!(made.text, @r#"
    FROM rust:1.79-bookworm AS build
    WORKDIR /src
    RUN apt-get update && apt-get install -y --no-install-recommends pkg-config=1.8 cmake=3 && rm -rf /var/lib/apt/lists/*
    COPY . .
    RUN cargo build --release --locked
    ENV RUST_LOG=info

    FROM gcr.io/distroless/cc-debian13:nonroot
    WORKDIR /src
    COPY --from=build /src/target/release/hello /usr/local/bin/hello
    USER 65532:65532
    ENTRYPOINT ["/usr/local/bin/hello"]
    CMD ["serve"]
    "#);
    assert_eq!(made.final_image, "gcr.io/distroless/cc-debian13:nonroot");
    // The library has no pinned version, so the lint would have more to say.
    let unpinned = RUST.replace("=1.8", "").replace("=3.0", "");
    let made = proposal(&unpinned).unwrap();
    must_be_sound(&unpinned, &made);
    assert_eq!(made.final_image, "debian:bookworm-slim");
    assert!(made.text.contains("install -y --no-install-recommends libssl3 "), "{}", made.text);
}

const JAVA: &str = r#"FROM maven:3.9-eclipse-temurin-21-alpine
WORKDIR /app
COPY pom.xml .
RUN mvn -B dependency:go-offline
COPY src ./src
RUN mvn -B package -DskipTests
EXPOSE 8080
ENTRYPOINT ["java", "-Xmx256m", "-jar", "target/app.jar"]
"#;

#[test]
fn a_java_archive_runs_on_a_runtime_without_compiler() {
    let made = proposal(JAVA).unwrap();
    must_be_sound(JAVA, &made);
    insta::assert_snapshot!(made.text, @r#"
    FROM maven:3.9-eclipse-temurin-21-alpine AS build
    WORKDIR /app
    COPY pom.xml .
    RUN mvn -B dependency:go-offline
    COPY src ./src
    RUN mvn -B package -DskipTests

    FROM eclipse-temurin:21-jre-alpine
    WORKDIR /app
    COPY --from=build /app/target/app.jar /app/app.jar
    USER 65532:65532
    EXPOSE 8080
    ENTRYPOINT ["java", "-Xmx256m", "-jar", "/app/app.jar"]
    "#);
    let by_gradle = JAVA
        .replace("maven:3.9-eclipse-temurin-21-alpine", "gradle:8-jdk17")
        .replace("mvn -B package -DskipTests", "gradle --no-daemon build")
        .replace("target/app.jar", "build/libs/app.jar");
    let made = proposal(&by_gradle).unwrap();
    must_be_sound(&by_gradle, &made);
    assert_eq!(made.final_image, "eclipse-temurin:17-jre");
}

const NODE: &str = r#"FROM node:20
# the port
ARG PORT=3000
WORKDIR /usr/src/app
COPY package*.json ./
RUN npm install
COPY . .
RUN npm run build
ENV NODE_ENV=production
EXPOSE $PORT
CMD ["node", "dist/index.js"]
"#;

#[test]
fn what_a_build_of_node_made_runs_without_what_built_it() {
    let made = proposal(NODE).unwrap();
    must_be_sound(NODE, &made);
    insta::assert_snapshot!(made.text, @r#"
    FROM node:20 AS build
    # the port
    ARG PORT=3000
    WORKDIR /usr/src/app
    COPY package*.json ./
    RUN npm install
    COPY . .
    RUN npm run build
    RUN npm prune --omit=dev

    FROM node:20-slim
    ARG PORT=3000
    WORKDIR /usr/src/app
    COPY --from=build /usr/src/app/package.json /usr/src/app/
    COPY --from=build /usr/src/app/node_modules /usr/src/app/node_modules
    COPY --from=build /usr/src/app/dist /usr/src/app/dist
    ENV NODE_ENV=production
    USER 1000:1000
    EXPOSE $PORT
    CMD ["node", "dist/index.js"]
    "#);
    let without_build =
        NODE.replace("RUN npm run build\n", "").replace("dist/index.js", "index.js");
    let made = proposal(&without_build).unwrap();
    must_be_sound(&without_build, &made);
    insta::assert_snapshot!(made.text, @r#"
    FROM node:20 AS dependencies
    # the port
    ARG PORT=3000
    WORKDIR /usr/src/app
    COPY package*.json ./
    RUN npm install --omit=dev

    FROM node:20-slim
    ARG PORT=3000
    WORKDIR /usr/src/app
    COPY package*.json ./
    COPY . .
    COPY --from=dependencies /usr/src/app/node_modules /usr/src/app/node_modules
    ENV NODE_ENV=production
    USER 1000:1000
    EXPOSE $PORT
    CMD ["node", "index.js"]
    "#);
}

const PYTHON: &str = r#"FROM python:3.12-bookworm
LABEL org.opencontainers.image.title="app"
RUN apt-get update && apt-get install -y gcc libpq-dev curl && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
# not root
RUN useradd -m app
USER app
EXPOSE 8000
HEALTHCHECK CMD curl -f http://localhost:8000/ || exit 1
CMD ["gunicorn", "app:app"]
"#;

#[test]
fn packages_of_python_go_on_in_a_virtual_environment() {
    let made = proposal(PYTHON).unwrap();
    must_be_sound(PYTHON, &made);
    insta::assert_snapshot!(made.text, @r#"
    FROM python:3.12-bookworm AS build
    RUN apt-get update && apt-get install -y gcc libpq-dev curl && rm -rf /var/lib/apt/lists/*
    WORKDIR /app
    COPY requirements.txt .
    RUN python -m venv /opt/venv
    ENV VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH
    RUN pip install --no-cache-dir -r requirements.txt

    FROM python:3.12-slim-bookworm
    ENV VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH
    RUN apt-get update \
        && apt-get install -y --no-install-recommends libpq5 curl \
        && rm -rf /var/lib/apt/lists/*
    LABEL org.opencontainers.image.title="app"
    WORKDIR /app
    COPY --from=build /opt/venv /opt/venv
    COPY . .
    # not root
    RUN useradd -m app
    USER app
    EXPOSE 8000
    HEALTHCHECK CMD curl -f http://localhost:8000/ || exit 1
    CMD ["gunicorn", "app:app"]
    "#);
}

#[test]
fn a_health_check_goes_on_where_its_program_does() {
    let made = proposal(PYTHON).unwrap();
    assert!(made.text.contains("\nHEALTHCHECK CMD curl"), "{}", made.text);
    let made = proposal(&PYTHON.replace(" curl &&", " &&")).unwrap();
    assert!(made.text.contains("\n# HEALTHCHECK CMD curl"), "{}", made.text);
    assert!(made.reasons.iter().any(|one| one.text.contains("has no `curl`")));
}

#[test]
fn what_cannot_be_parted_is_said() {
    let cases = [
        ("FROM a AS b\nFROM b\n", "it has 2 stages already"),
        ("FROM debian:12\n", "on `debian:12` nothing of Go, Rust, Java, Node.js or Python"),
        ("RUN x\n", "there is no FROM"),
        ("FROM golang:1.22\nRUNN x\n", "the file has mistakes"),
        (
            "FROM node:20-alpine\nCOPY . .\nRUN npm ci --omit=dev\nCMD [\"node\", \"x.js\"]\n",
            "would save nothing",
        ),
        ("FROM golang:1.22\nRUN go build -o /a .\n", "there is no CMD or ENTRYPOINT"),
        ("FROM golang:1.22\nRUN go build -o /a .\nCMD a; b\n", "more than one program"),
        ("FROM rust:1\nRUN cargo build\nCMD cargo run\n", "compiles at every start"),
        ("FROM golang:1.22\nONBUILD RUN go build -o /a .\nCMD [\"/a\"]\n", "ONBUILD"),
    ];
    for (text, expected) in cases {
        let why = proposal(text).unwrap_err().to_string();
        assert!(why.contains(expected), "{why}");
    }
}

#[test]
fn a_project_that_trusts_one_registry_alone_gets_a_base_of_that_one() {
    let config = Config { trusted_registries: vec!["docker.io".to_owned()], ..Config::default() };
    let file = Dockerfile::parse(Source::new(GO));
    assert_eq!(propose(&file, &config).unwrap().final_image, "scratch");
}
