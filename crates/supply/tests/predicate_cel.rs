//! CEL about statements: what is allowed, what is said of a refusal, what is stopped.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use plimsoll_supply::predicate_policy::{Language, PolicyError, Source, Verdict, check, judge};

const STATEMENT: &str = r#"{
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "app", "digest": {"sha256": "ab"}}],
    "predicateType": "https://slsa.dev/provenance/v0.2",
    "predicate": {
        "builder": {"id": "https://ci.example"},
        "runs": 3,
        "ratio": 0.5,
        "big": 18446744073709551615,
        "passed": true,
        "finishedOn": "2026-01-01T00:00:00Z",
        "materials": [{"uri": "git+https://a.example"}, {"uri": "http://b.example"}],
        "nothing": []
    }
}"#;

fn allowed() -> Verdict {
    Verdict { allowed: true, ..Verdict::default() }
}

fn judged(text: &str) -> Verdict {
    let policy = Source { name: "p.cel", text, language: Language::Cel };
    judge(&policy, STATEMENT.as_bytes(), "2026-01-02".parse().unwrap()).unwrap()
}

fn reasons(text: &str) -> Vec<String> {
    let verdict = judged(text);
    assert!(!verdict.allowed, "{text}");
    verdict.reasons
}

fn refused(text: &str) -> PolicyError {
    let policy = Source { name: "p.cel", text, language: Language::Cel };
    check(&policy).unwrap_err()
}

#[test]
fn what_is_true_of_the_statement_is_allowed() {
    for text in [
        "predicate.builder.id == 'https://ci.example'",
        "predicateType.endsWith('/v0.2') && subject.size() == 1",
        "statement.predicate.runs >= 3 && predicate.runs + 1 == 4 && predicate.ratio < 1.0",
        "predicate.big > 1u",
        "predicate.materials.all(m, m.uri.matches('^(git[+])?https?://'))",
        "predicate.materials.exists(m, m.uri.startsWith('git+')) // why",
        "predicate.materials.map(m, m.uri).filter(u, u.contains('a.example')).size() == 1",
        "has(predicate.builder) && !has(predicate.other)",
        "now - timestamp(predicate.finishedOn) <= duration('24h')",
        "subject.exists_one(s, s.digest['sha256'] in ['ab', 'cd'])",
        "predicate.passed",
    ] {
        assert_eq!(judged(text), allowed(), "{text}");
    }
}

#[test]
fn a_refusal_names_the_part_that_is_false_with_its_values() {
    assert_eq!(
        reasons("predicate.runs == 3 &&\n  predicate.builder.id.startsWith(\"https://x\")"),
        ["p.cel:2:3: `predicate.builder.id.startsWith(\"https://x\")` is false: \
          `predicate.builder.id` is \"https://ci.example\""]
    );
    assert_eq!(
        reasons("(predicate.runs > 5 || predicate.ratio > 0.7) && predicate.passed"),
        [
            "p.cel:1:2: `predicate.runs > 5` is false: `predicate.runs` is 3",
            "p.cel:1:24: `predicate.ratio > 0.7` is false: `predicate.ratio` is 0.5",
        ]
    );
    assert_eq!(
        reasons("predicate.materials.all(m, m.uri.contains('https'))"),
        ["p.cel:1:28: `m.uri.contains('https')` is false: `m.uri` is \"http://b.example\", for m \
          #1 {\"uri\":\"http://b.example\"}"]
    );
    assert_eq!(
        reasons("predicate.materials.exists(m, m.uri == 'x')"),
        ["p.cel:1:1: `predicate.materials.exists(m, m.uri == 'x')` is false: none of the 2 of \
          `predicate.materials` is like this; the first is {\"uri\":\"git+https://a.example\"}"]
    );
    assert_eq!(
        reasons("predicate.nothing.exists(m, true)"),
        ["p.cel:1:1: `predicate.nothing.exists(m, true)` is false: `predicate.nothing` is empty"]
    );
    assert_eq!(
        reasons("has(predicate.signedBy)"),
        ["p.cel:1:1: `has(predicate.signedBy)` is false: it is not there"]
    );
    assert_eq!(
        reasons("!predicate.passed"),
        ["p.cel:1:1: `!predicate.passed` is false: `predicate.passed` is true"]
    );
}

#[test]
fn what_fails_or_is_no_answer_refuses_and_says_where() {
    assert_eq!(
        reasons("true && predicate.builder.name == 'a'"),
        ["p.cel:1:9: `predicate.builder.name` failed: there is no `name`"]
    );
    assert_eq!(
        reasons("predicate.builder.id"),
        ["p.cel:1:1: `predicate.builder.id` is \"https://ci.example\", and not true or false"]
    );
    let unlike = reasons("predicate.runs == 3 && predicate.runs + 'a' == 'b'");
    assert!(unlike[0].starts_with("p.cel:1:24: `predicate.runs + 'a'` failed: "), "{unlike:?}");
    let unknown = reasons("size(predicate.materials) == 2 && nosuch(predicate)");
    assert!(unknown[0].contains("`nosuch(predicate)` failed: "), "{unknown:?}");
}

#[test]
fn a_policy_that_cannot_be_read_says_where() {
    let PolicyError::Malformed { line, column, .. } = refused("predicate.a ==\n  == 1") else {
        unreachable!("malformed")
    };
    assert_eq!((line, column), (2, 3));
    assert_eq!(
        refused("true && attestation.x == 1").to_string(),
        "p.cel:1:9: `attestation` is unknown here: there are statement, subject, predicateType, \
         predicate, now"
    );
    assert!(matches!(refused(""), PolicyError::Malformed { line: 1, column: 1, .. }));
    assert!(matches!(refused(&" ".repeat(70_000)), PolicyError::TooLarge { size: 70_000, .. }));
    let deep = format!("{}true{}", "(".repeat(500), ")".repeat(500));
    assert!(refused(&deep).to_string().starts_with("p.cel:1:25: an expression of more than"));
    let long = format!("predicate{} == 1", ".a".repeat(4100));
    assert!(refused(&long).to_string().contains("operators"));
}

#[test]
fn the_longest_and_deepest_that_is_read_exhausts_no_stack() {
    let fields = format!("predicate{} == 1", ".a".repeat(3900));
    assert!(!judged(&fields).allowed);
    let deep = format!("{}false{}", "(".repeat(24), ")".repeat(24));
    assert!(!judged(&deep).allowed);
    let lists = format!("{}1{} == []", "[".repeat(24), "]".repeat(24));
    assert!(!judged(&lists).allowed);
    let sums = format!("1{} == 0", "+1".repeat(3900));
    assert!(!judged(&sums).allowed);
    let ands = format!("predicate.passed{}", "&&predicate.passed".repeat(1200));
    assert!(judged(&ands).allowed);
    let nested = format!("predicate.passed{}", "?true:false".repeat(400));
    assert!(refused(&nested).to_string().ends_with("too deep: part it into several policies"));
    // A raw string ends where the count of brackets does not see it.
    let hidden = format!("r'\\' == '' {}1{} == []", "[".repeat(95), "]".repeat(95));
    let _ = check(&Source { name: "p.cel", text: &hidden, language: Language::Cel });
    let chain = format!("[1]{}.size() == 0", ".map(a,[a])".repeat(900));
    assert!(!judged(&chain).allowed);
}

#[test]
fn what_would_take_too_long_or_too_much_is_stopped() {
    let ten = "[1,2,3,4,5,6,7,8,9,10]";
    let mut turns = "true".to_owned();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        turns = format!("{ten}.all({name}, {turns})");
    }
    let doubled = format!("['xxxxxxxxxxxxxxxx']{}.size() == 1", ".map(a,a+a)".repeat(60));
    let copies = format!("[1]{}.size() == 1", ".map(a,[a,a,a,a])".repeat(60));
    let maps = format!("[1]{}.size() == 1", ".map(a,{'x':a,'y':a})".repeat(60));
    for text in [&turns, &doubled, &copies, &maps] {
        let began = std::time::Instant::now();
        let stopped = reasons(text);
        // A machine that is busy may reach the limit of time first.
        assert!(stopped[0].starts_with("p.cel: stopped: "), "{stopped:?}");
        assert!(began.elapsed().as_secs() < 20, "{:?} {}", began.elapsed(), &text[..40]);
        // An error inside of `||` is none, which must not let it pass.
        assert!(!judged(&format!("({text}) || true")).allowed);
    }
}
