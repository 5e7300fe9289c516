//! `--fix` on real Dockerfiles: none is broken, none is built otherwise but for the fix, and a
//! second run has nothing left to do.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise and says what it measured"
)]

use std::collections::BTreeMap;

use plimsoll_build::syntax::{Dockerfile, Keyword};
use plimsoll_build::{Config, Environment, Mending, Safety, Source, fix, lint, stages};
use plimsoll_testkit::shared_records;
use serde_json::Value;

fn real_files() -> Vec<(String, String)> {
    let text_of = |case: &Value, name: &str| case[name].as_str().unwrap().to_owned();
    shared_records("lint/real-dockerfiles.jsonl")
        .iter()
        .map(|case| (text_of(case, "id"), text_of(case, "dockerfile")))
        .collect()
}

/// What of a file decides what is built, in a form in which two files can be compared.
#[derive(Debug, PartialEq, Eq)]
struct Graph {
    /// Base, name, and the stages that it copies from.
    stages: Vec<(String, String, Vec<String>)>,
    /// Per stage: what is copied where, without flags.
    copies: Vec<Vec<String>>,
    /// Per stage: the last `ENTRYPOINT` and `CMD`, decoded from either form. A `USER` may have
    /// become the number that the file gives it.
    commands: Vec<BTreeMap<&'static str, String>>,
    /// Per stage: names and values of variables.
    variables: Vec<Vec<(String, String)>>,
}

fn graph(file: &Dockerfile) -> Graph {
    let stages = stages(file);
    let mut graph = Graph {
        stages: Vec::new(),
        copies: Vec::new(),
        commands: Vec::new(),
        variables: Vec::new(),
    };
    for stage in &stages {
        let mut from = Vec::new();
        let mut copies = Vec::new();
        let mut commands = BTreeMap::new();
        let mut variables = Vec::new();
        for instruction in &file.instructions[stage.instructions.clone()] {
            let words = instruction.arguments.words();
            match instruction.keyword {
                Keyword::Copy | Keyword::Add => {
                    from.extend(instruction.flag_value("from").map(str::to_lowercase));
                    let texts: Vec<&str> =
                        words.iter().map(|word| word.text.trim_end_matches('/')).collect();
                    copies.push(texts.join(" "));
                }
                Keyword::Cmd | Keyword::Entrypoint => {
                    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
                    commands.insert(instruction.keyword.name(), texts.join(" "));
                }
                Keyword::Env | Keyword::Arg => {
                    for pair in instruction.arguments.pairs() {
                        let value = pair.value.text.trim_matches(['"', '\'']).replace('\\', "");
                        variables.push((pair.key.text.clone(), value));
                    }
                }
                _ => {}
            }
        }
        let name = stage.name.as_ref().map(|name| name.text.to_lowercase()).unwrap_or_default();
        graph.stages.push((stage.image.text.to_lowercase(), name, from));
        graph.copies.push(copies);
        graph.commands.push(commands);
        graph.variables.push(variables);
    }
    graph
}

#[test]
fn safe_fixes_of_real_files_build_the_same_graph() {
    let mut broken = Vec::new();
    for (id, text) in real_files() {
        let fixed = fix(&text, &Config::default(), &Environment::default(), Safety::Safe);
        let before = Dockerfile::parse(Source::new(text));
        let after = Dockerfile::parse(Source::new(fixed.text.clone()));
        if after.problems.len() > before.problems.len() {
            broken.push(format!("{id}: {:?}\n{}", after.problems, fixed.text));
        } else if graph(&before) != graph(&after) {
            broken.push(format!("{id}: {:#?}\n{:#?}", graph(&before), graph(&after)));
        }
    }
    assert!(broken.is_empty(), "{} files:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn unsafe_fixes_of_real_files_keep_the_stages_and_can_be_read() {
    let mut broken = Vec::new();
    for (id, text) in real_files() {
        let fixed = fix(&text, &Config::default(), &Environment::default(), Safety::Unsafe);
        let before = Dockerfile::parse(Source::new(text));
        let after = Dockerfile::parse(Source::new(fixed.text.clone()));
        if after.problems.len() > before.problems.len() {
            broken.push(format!("{id}: {:?}\n{}", after.problems, fixed.text));
        }
        let names = |file: &Dockerfile| -> Vec<(String, String)> {
            let all = graph(file).stages.into_iter();
            all.map(|(image, name, _)| (image.replace(":latest", ""), name)).collect()
        };
        let (was, is) = (names(&before), names(&after));
        if was.len() != is.len() {
            broken.push(format!("{id}: {was:?} became {is:?}"));
        }
    }
    assert!(broken.is_empty(), "{} files:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn a_second_run_changes_nothing() {
    let mut different = Vec::new();
    for (id, text) in real_files() {
        for safety in [Safety::Safe, Safety::Unsafe] {
            let (config, environment) = (Config::default(), Environment::default());
            let once = fix(&text, &config, &environment, safety).text;
            let twice = fix(&once, &config, &environment, safety);
            if once != twice.text {
                different.push(format!("{id} {safety:?}: {:?}", twice.made));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn most_findings_that_can_be_mended_are() {
    let mut per_rule: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let (mut all, mut all_left) = (0_u32, 0_u32);
    for (_, text) in real_files() {
        let (config, environment) = (Config::default(), Environment::default());
        let count = |text: &str, counts: &mut dyn FnMut(&'static str, bool)| {
            let file = Dockerfile::parse(Source::new(text));
            for finding in lint(&file, &config, &environment).findings {
                counts(finding.rule.id, finding.rule.mending != Mending::None);
            }
        };
        count(&text, &mut |id, mends| {
            all += 1;
            if mends {
                per_rule.entry(id).or_default().0 += 1;
            }
        });
        let fixed = fix(&text, &config, &environment, Safety::Unsafe).text;
        count(&fixed, &mut |id, mends| {
            all_left += 1;
            if mends {
                per_rule.entry(id).or_default().1 += 1;
            }
        });
    }
    for (id, (before, after)) in &per_rule {
        println!("{id}: {before} before, {after} after");
    }
    let (before, after) = per_rule.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("of rules that mend: {before} before, {after} after; of all: {all}, {all_left}");
    assert!(after * 10 <= before * 4, "{after} of {before} are left");
}

fn unsafely(text: &str) -> String {
    fix(text, &Config::default(), &Environment::default(), Safety::Unsafe).text
}

#[test]
fn a_server_gets_a_user_and_a_health_check_that_its_base_can_run() {
    let text = "FROM node:22-alpine\nWORKDIR /app\nCOPY package.json server.js ./\nEXPOSE 3000\n\
                # the server\nCMD [\"node\", \"server.js\"]\n";
    insta::assert_snapshot!(unsafely(text), @r#"
    FROM node:22-alpine
    WORKDIR /app
    COPY package.json server.js ./
    EXPOSE 3000
    USER 1000
    HEALTHCHECK --interval=30s --timeout=5s CMD ["node", "-e", "require('http').get('http://127.0.0.1:3000/', r => process.exit(r.statusCode < 500 ? 0 : 1)).on('error', () => process.exit(1))"]
    # the server
    CMD ["node", "server.js"]
    "#);
    let alpine = unsafely("FROM alpine:3.22\nCOPY a /\nEXPOSE 80\nCMD [\"/a\"]");
    insta::assert_snapshot!(alpine, @r#"
    FROM alpine:3.22
    COPY a /
    EXPOSE 80
    USER 65532:65532
    HEALTHCHECK --interval=30s --timeout=5s CMD ["wget", "-q", "--spider", "http://127.0.0.1:80/"]
    CMD ["/a"]
    "#);
    // Debian's slim image has no program that asks, and a range is no port.
    let debian = unsafely("FROM debian:12-slim\nCOPY a /\nEXPOSE 80\nCMD [\"/a\"]\n");
    assert!(!debian.contains("HEALTHCHECK"), "{debian}");
    let range = unsafely("FROM node:22\nEXPOSE 80-90\nCMD [\"node\"]\n");
    assert!(!range.contains("HEALTHCHECK"), "{range}");
}

#[test]
fn lists_of_dependencies_are_copied_before_the_rest() {
    let node = unsafely(
        "FROM node:22-alpine\nWORKDIR /app\n# the source\nCOPY --chown=node . .\nENV A=b\n\
         RUN npm ci\nUSER node\nCMD [\"node\", \"a.js\"]\n",
    );
    insta::assert_snapshot!(node, @r#"
    FROM node:22-alpine
    WORKDIR /app
    COPY --chown=node package*.json ./
    ENV A=b
    RUN npm ci --omit=dev
    # the source
    COPY --chown=node . .
    USER node
    CMD ["node", "a.js"]
    "#);
    let python = unsafely(
        "FROM python:3.13\nWORKDIR /app\nCOPY . /app\n\
         RUN pip install --no-cache-dir -r lists/base.txt -r dev.txt\nUSER 1000\nCMD [\"a\"]\n",
    );
    insta::assert_snapshot!(python, @r#"
    FROM python:3.13
    WORKDIR /app
    COPY lists/base.txt /app/lists/
    COPY dev.txt /app/
    RUN pip install --no-cache-dir -r lists/base.txt -r dev.txt
    COPY . /app
    USER 1000
    CMD ["a"]
    "#);
    // What also builds reads the source.
    for rest in ["npm ci && npm run build", "npm ci --prefix web", "go mod download && go build"] {
        let text = format!("FROM a:1\nWORKDIR /app\nCOPY . .\nRUN {rest}\nUSER 1000\n");
        assert_eq!(unsafely(&text), text);
    }
}

#[test]
fn runs_that_follow_each_other_are_joined_with_their_comments() {
    let text = "FROM debian:12\n# one\nRUN make\n\n# two\n# three\nRUN make install\nUSER 1000\n";
    insta::assert_snapshot!(unsafely(text), @r#"
    FROM debian:12
    # one
    RUN make \
    # two
    # three
        && make install
    USER 1000
    "#);
    let ignored = text.replace("# three", "# hadolint ignore=DL3003");
    assert_eq!(unsafely(&ignored), ignored);
}

#[test]
fn what_fails_in_every_build_is_taken_out() {
    let text = "FROM node:20-alpine\n# who runs\nRUN addgroup -g 1000 app && adduser -D -u 1000 -G app app\n\
                COPY --chown=app:app . .\n# small\nRUN apk del .build-deps\nUSER app\nCMD [\"node\", \"a.js\"]\n";
    insta::assert_snapshot!(unsafely(text), @r#"
    FROM node:20-alpine
    # who runs
    COPY --chown=1000:1000 . /
    # small
    USER 1000
    CMD ["node", "a.js"]
    "#);
    // A shell that names the account cannot be changed for certain.
    let named = text.replace("RUN apk del .build-deps", "RUN chown app /srv");
    assert!(unsafely(&named).contains("addgroup -g 1000"), "{}", unsafely(&named));
}
