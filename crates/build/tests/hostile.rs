//! Files that were made to hurt: each ends in time, with a problem that says where.
#![allow(
    clippy::unwrap_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise and says what it measured"
)]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use plimsoll_build::syntax::{Dockerfile, ProblemKind};
use plimsoll_build::{Config, Environment, Finding, Safety, Source, Span, fix, lint};

/// The most that reading and judging a file may take of the processor, and mending it, which
/// judges up to twelve times.
const JUDGED: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 1 });
const MENDED: Duration = Duration::from_secs(if cfg!(debug_assertions) { 180 } else { 8 });

/// The time that this thread had on a processor; on other systems than Linux that of the clock.
fn spent() -> Duration {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = stat.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGAN.elapsed(), Duration::from_nanos)
}

/// Reads, judges and mends a file; the spans fit the text.
fn judged(name: &str, source: Source) -> (Dockerfile, Vec<Finding>) {
    let began = spent();
    let file = Dockerfile::parse(source);
    let found = lint(&file, &Config::default(), &Environment::default()).findings;
    let linted = spent().saturating_sub(began);
    let text = file.source.text();
    fix(text, &Config::default(), &Environment::default(), Safety::Unsafe);
    let mended = spent().saturating_sub(began).saturating_sub(linted);
    println!("{name}: judged {linted:?}, mended {mended:?}");
    assert!(linted < JUDGED && mended < MENDED, "{name}: {linted:?}, {mended:?}");
    let fits = |span: Span| text.get(span.range()).is_some();
    for finding in &found {
        let related = finding.related.iter().map(|(span, _)| *span);
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
        for span in std::iter::once(finding.span).chain(related).chain(edits) {
            assert!(fits(span), "{name}: {} at {span:?}", finding.rule.id);
        }
    }
    assert!(file.problems.iter().all(|problem| fits(problem.span)), "{name}: {:?}", file.problems);
    (file, found)
}

fn read(name: &str, text: impl Into<String>) -> Dockerfile {
    judged(name, Source::new(text)).0
}

/// Whether a problem of that kind is named in that line.
fn has(file: &Dockerfile, line: u32, wanted: impl Fn(&ProblemKind) -> bool) -> bool {
    file.problems.iter().any(|problem| problem.line == line && wanted(&problem.kind))
}

#[test]
fn a_binary_file_is_no_text() {
    let bytes: Vec<u8> =
        (0..200_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    let (file, found) = judged("binary", Source::from_bytes(bytes));
    assert!(file.problems.iter().any(|problem| problem.kind == ProblemKind::NotText));
    assert!(found.iter().any(|finding| finding.rule.id == "DL1000"));
}

#[test]
fn a_line_of_fifty_megabytes_is_passed_over_by_name() {
    let file =
        read("long line", format!("FROM alpine:3.20\nRUN {}\nRUN x\n", "a".repeat(50 << 20)));
    assert!(has(&file, 2, |kind| *kind == ProblemKind::LineTooLong));
    assert_eq!(file.instructions.len(), 2, "what stands behind it is read");
    let file =
        read("long continued line", format!("FROM a:1\nRUN {}true\n", "a \\\n".repeat(2 << 20)));
    assert!(file.instructions.len() <= 2);
}

#[test]
fn of_a_hundred_thousand_instructions_the_first_are_read() {
    let file = read("runs", format!("FROM alpine:3.20\n{}", "RUN true\n".repeat(100_010)));
    assert!(has(&file, 20_001, |kind| *kind == ProblemKind::TooManyInstructions));
    read("copies", format!("FROM alpine:3.20\n{}", "ADD a b\n".repeat(50_000)));
    read("args", format!("FROM alpine:3.20\n{}", "ARG a=$a$b\n".repeat(50_000)));
}

#[test]
fn many_stages_are_read_in_time() {
    read("stages", "FROM alpine:3.20\n".repeat(100_000));
    let named: String = (0..50_000).map(|n| format!("FROM a{n} AS a{}\n", n + 1)).collect();
    read("chain of stages", named);
    let copies: String = (0..30_000)
        .map(|n| format!("FROM scratch AS a{n}\nCOPY --from=a{} /x /y\n", n / 2))
        .collect();
    read("stages that copy", copies);
}

#[test]
fn a_here_document_without_an_end_is_named() {
    let file = read("heredoc", format!("FROM a:1\nRUN <<EOF\n{}", "echo x\n".repeat(50_000)));
    assert!(has(
        &file,
        2,
        |kind| matches!(kind, ProblemKind::UnterminatedHeredoc(name) if name == "EOF")
    ));
    let many = "<<E ".repeat(10_000);
    read("many heredocs", format!("FROM a:1\nRUN {many}\n{}", "x\n".repeat(20_000)));
}

#[test]
fn an_expansion_without_end_is_bounded() {
    let deep = format!("{}x{}", "${a:-".repeat(10_000), "}".repeat(10_000));
    read("deep default", format!("FROM a:1\nWORKDIR /{deep}\nENV a={deep} b=\"{deep}\"\n"));
    read("cyclic", "ARG a=$b\nARG b=$a\nFROM x:$a\nARG a=$b\nARG b=$a$a$a\nENV c=$c$c\n");
    let doubled: String = (0..60).map(|n| format!("ENV v{}=$v{n}$v{n}\n", n + 1)).collect();
    read("doubled values", format!("FROM a:1\nENV v0=xxxxxxxxxxxxxxxx\n{doubled}"));
    let wide: String = (0..2_000).map(|n| format!("ENV v{}=$v{n}$v{n}\n", n + 1)).collect();
    read("doubled for long", format!("FROM a:1\nENV v0=xxxxxxxxxxxxxxxx\n{wide}"));
}

#[test]
fn a_mistyped_instruction_is_named_with_what_it_may_be() {
    let file = read("mistyped", "FORM alpine:3.20\nRUNN x\nQWERTYUIOP x\n");
    let told: Vec<String> = file.problems.iter().map(|one| one.kind.to_string()).collect();
    assert!(told.iter().any(|one| one.ends_with("FORM (did you mean FROM?)")), "{told:?}");
    assert!(told.iter().any(|one| one.ends_with("RUNN (did you mean RUN?)")), "{told:?}");
    assert!(told.iter().any(|one| one == "unknown instruction: QWERTYUIOP"), "{told:?}");
    read("long names", format!("FROM a:1\n{} x\n", "A".repeat(60_000)));
}

#[test]
fn a_stage_without_a_name_or_an_image_is_named() {
    for text in [
        "FROM\n",
        "FROM alpine AS\n",
        "FROM alpine AS 1a\n",
        "FROM alpine a b\n",
        "FROM a AS b c\n",
    ] {
        let file = read(text, text);
        assert!(
            has(&file, 1, |kind| matches!(kind, ProblemKind::Arguments(_))),
            "{text}: {:?}",
            file.problems
        );
    }
}

#[test]
fn a_shell_that_nests_deep_is_bounded() {
    for (name, open, close) in [
        ("substitutions", "$( ", ")"),
        ("subshells", "( ", ")"),
        ("groups", "{ ", "; }"),
        ("arithmetic", "$(( ", "))"),
        ("conditions", "if true; then ", "; fi"),
        ("backquotes", "`", "`"),
        ("parameters", "${a:-", "}"),
        ("double quotes", "\"$(", ")\""),
        ("tests", "[[ ( ", ") ]]"),
        ("cases", "case x in x) ", ";; esac"),
    ] {
        let text = format!("{}true{}", open.repeat(4_000), close.repeat(4_000));
        read(name, format!("FROM a:1\nRUN {text}\n"));
        read(name, format!("FROM a:1\nRUN {}\n", open.repeat(60_000 / open.len())));
        let lines = format!("{}\\\n", open.repeat(1_000));
        read(name, format!("FROM a:1\nRUN {}x\n", lines.repeat(200)));
    }
}

#[test]
fn a_megabyte_of_quotes_is_read_in_time() {
    for quote in ["'", "\"", "\\", "`", "''", "\"\"", "'\"", "$'", "<", "<<", "|", "&", ";"] {
        let line = format!("{}\\\n", quote.repeat(30_000 / quote.len()));
        read(
            quote,
            format!("FROM a:1\nRUN {}x\nENV a={}\nLABEL {}\n", line.repeat(34), line, line),
        );
    }
}

#[test]
fn a_huge_array_is_read_in_time() {
    let words = "\"a\",\\\n".repeat(200_000);
    read(
        "array",
        format!("FROM a:1\nCMD [{words}\"b\"]\nRUN [{words}\"b\"]\nCOPY [{words}\"/b/\"]\n"),
    );
    read("brackets", format!("FROM a:1\nCMD {}\n", "[".repeat(60_000)));
    let pairs: String = (0..100_000).map(|n| format!("a{n}=b \\\n")).collect();
    read("pairs", format!("FROM a:1\nENV {pairs} x=y\nLABEL {pairs} x=y\n"));
}

#[test]
fn a_hundred_thousand_comments_are_read_in_time() {
    read(
        "ignores",
        format!(
            "{}FROM a:1\n{}",
            "# hadolint ignore=DL3007\n".repeat(50_000),
            "# plimsoll ignore=DL3020 until=2020-01-01\nADD a b\n".repeat(20_000)
        ),
    );
    read(
        "within",
        format!("FROM a:1\nRUN a \\\n{} b\n", "# hadolint ignore=DL3007\n".repeat(50_000)),
    );
    read(
        "checks",
        format!("FROM a:1\n{}", "# check=skip=all;experimental=all\nARG a\n".repeat(20_000)),
    );
}

#[test]
fn many_packages_are_read_in_time() {
    let packages: String = (0..20_000).map(|n| format!("package{n} \\\n")).collect();
    for install in ["apt-get install -y", "apk add", "pip install", "npm install -g", "yum install"]
    {
        read(install, format!("FROM a:1\nRUN {install} {packages} x\n"));
    }
    read(
        "commands",
        format!("FROM a:1\nRUN true{}\n", " && cd x \\\n && curl a | sh".repeat(5_000)),
    );
}
