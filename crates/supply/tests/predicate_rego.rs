//! Rego as cosign evaluates it: the same verdicts, with reasons.
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
    "predicate": {"builder": {"id": "https://ci.example"}, "runs": 3, "list": [1, 2, 3]}
}"#;

fn allowed() -> Verdict {
    Verdict { allowed: true, ..Verdict::default() }
}

fn judged(text: &str) -> Result<Verdict, PolicyError> {
    let language = Language::of_file("p.rego", text).unwrap();
    let policy = Source { name: "p.rego", text, language };
    judge(&policy, STATEMENT.as_bytes(), "2026-01-02".parse().unwrap())
}

fn reasons(text: &str) -> Vec<String> {
    let verdict = judged(text).unwrap();
    assert!(!verdict.allowed, "{text}");
    verdict.reasons
}

#[test]
fn only_allow_that_is_true_allows() {
    for text in [
        "package signature\n\nallow {\n  input.predicate.runs == 3\n}\n",
        "package signature\nimport rego.v1\n\nallow if input.predicate.builder.id == \
         \"https://ci.example\"\n",
        "package signature\ndefault allow = false\nallow { count(input.predicate.list) > 2 }\n",
        "package signature\nallow { re_match(`^https://`, input.predicate.builder.id) }",
        "package signature\nallow { time.parse_rfc3339_ns(\"2026-01-01T00:00:00Z\") > 0 }",
        "package signature\nallow { semver.compare(\"1.2.0\", \"1.10.0\") == -1 }",
        "package signature\nallow { glob.match(\"https://*.example\", [], \
         input.predicate.builder.id) }",
    ] {
        assert_eq!(judged(text), Ok(allowed()), "{text}");
    }
}

#[test]
fn a_refusal_names_the_line_that_stopped_the_rule_and_what_it_read() {
    let text = "package signature\n\ndefault allow = false\n\nallow {\n  input.predicate.runs == 3\n  \
                input.predicate.builder.id == \"https://x\"\n  true\n}\n";
    assert_eq!(
        reasons(text),
        ["p.rego:7:3: `allow` is not true: it stopped at `input.predicate.builder.id == \
          \"https://x\"`: `input.predicate.builder.id` is \"https://ci.example\""]
    );
    let through = "package signature\n\nallow {\n  trusted\n}\n\ntrusted {\n  \
                   input.predicate.signedBy == \"me\"\n}\n";
    assert_eq!(
        reasons(through),
        [
            "p.rego:4:3: `allow` is not true: it stopped at `trusted`",
            "p.rego:8:3: `trusted` is not true: it stopped at `input.predicate.signedBy == \"me\"`: \
             `input.predicate.signedBy` is not there",
        ]
    );
}

#[test]
fn deny_gives_reasons_and_decides_nothing_as_in_cosign() {
    let both = "package signature\ndefault allow = false\nallow { count(deny) == 0 }\n\
                deny[msg] { input.predicate.runs > 2; msg := \"too many runs\" }\n";
    let said = reasons(both);
    assert!(said.contains(&"p.rego: `deny` says \"too many runs\"".to_owned()), "{said:?}");
    let beside = "package signature\ndefault allow = true\ndeny[msg] { msg := \"no\" }\n";
    let verdict = judged(beside).unwrap();
    assert!(verdict.allowed);
    assert_eq!(verdict.notes, ["p.rego: `deny` does not count beside `allow`: \"no\""]);
}

#[test]
fn allow_that_is_a_set_or_in_another_package_allows_nothing() {
    let set = "package signature\nallow[msg] { msg := \"fine\" }\n";
    assert_eq!(
        reasons(set),
        ["p.rego: `data.signature.allow` is [\"fine\"], and only `true` allows: give messages in \
          `deny[msg]`, and let `allow` be a rule without a key"]
    );
    let other = "package mine\nallow { true }\n";
    assert!(reasons(other)[0].contains("the package is `mine`, and cosign asks"), "{other}");
    let none = "package signature\nx = 1\n";
    assert_eq!(reasons(none), ["p.rego: `data.signature.allow` is \"<undefined>\""]);
}

#[test]
fn the_controllers_rule_is_a_yes_or_a_list_of_results() {
    let yes = "package sigstore\nisCompliant { input.predicate.runs == 3 }\n";
    assert_eq!(judged(yes), Ok(allowed()));
    let list = |result: &str| {
        format!(
            "package sigstore\nisCompliant[response] {{\n  response := {{\"result\": {result}, \
             \"error\": \"bad runs\", \"warning\": \"soon\"}}\n}}\n"
        )
    };
    let good = judged(&list("input.predicate.runs == 3")).unwrap();
    assert_eq!((good.allowed, good.notes), (true, vec!["p.rego: warning: soon".to_owned()]));
    let bad = judged(&list("input.predicate.runs == 4")).unwrap();
    assert_eq!((bad.allowed, bad.reasons), (false, vec!["p.rego: error: bad runs".to_owned()]));
    let no = "package sigstore\nisCompliant { input.predicate.runs == 4 }\n";
    assert!(reasons(no)[0].contains("`input.predicate.runs` is 3"));
}

#[test]
fn a_policy_that_cannot_be_read_says_where() {
    let error = judged("package signature\n\nallow {\n  input.x ==\n}\n").unwrap_err();
    let PolicyError::Malformed { line, .. } = &error else { unreachable!("{error}") };
    assert_eq!(*line, 3, "{error}");
    let modern = judged("package signature\nallow if {\n  true\n}\n").unwrap_err();
    assert!(modern.to_string().contains("add `import rego.v1`"), "{modern}");
}

#[test]
fn the_network_cannot_be_reached() {
    let text =
        "package signature\nallow { http.send({\"method\": \"get\", \"url\": \"http://x\"}) }\n";
    let said = match judged(text) {
        Ok(verdict) => verdict.reasons.join("\n"),
        Err(error) => error.to_string(),
    };
    assert!(said.contains("http.send"), "{said}");
}

#[test]
fn what_would_take_too_long_is_stopped() {
    let loops = "package signature\nallow {\n  a := numbers.range(1, 3000)\n  x := a[_]\n  y := a[_]\n  \
                 z := a[_]\n  x + y + z < 0\n}\n";
    let began = std::time::Instant::now();
    let said = reasons(loops);
    assert!(began.elapsed().as_secs() < 12, "{:?}", began.elapsed());
    assert!(said[0].contains("time") || said[0].contains("stopped"), "{said:?}");
    let range = "package signature\nallow { count(numbers.range(1, 100000000000)) > 1 }\n";
    let said = reasons(range);
    assert!(said[0].contains("more than 1000000 numbers"), "{said:?}");
}

#[test]
fn what_is_as_deep_or_as_long_as_may_be_exhausts_no_stack() {
    let deep = |count: usize| {
        let (open, close) = ("[".repeat(count), "]".repeat(count));
        format!("package signature\nallow {{ {open}1{close} }}\n")
    };
    for count in [40, 1_000, 32_000] {
        let verdict = judged(&deep(count));
        assert!(!verdict.as_ref().is_ok_and(|it| it.allowed), "{count}: {verdict:?}");
    }
    let long = format!("package signature\nallow {{ 1{} < 0 }}\n", "+1".repeat(30_000));
    assert!(!judged(&long).is_ok_and(|it| it.allowed));
    let rules = format!(
        "package signature\nallow {{ a0 }}\n{}a3000 {{ false }}\n",
        (0..3000).map(|at| format!("a{at} {{ a{} }}\n", at + 1)).collect::<Vec<_>>().concat()
    );
    assert!(!judged(&rules).is_ok_and(|it| it.allowed));
}

/// Whether a policy can be read, and else where it cannot.
fn checked(text: &str) -> Result<(), (usize, usize)> {
    let policy = Source { name: "p.rego", text, language: Language::RegoAllow };
    check(&policy).map_err(|error| match error {
        PolicyError::Malformed { line, column, .. } => (line, column),
        other => unreachable!("{other}"),
    })
}

#[test]
fn what_opa_refuses_is_refused_and_nothing_else() {
    for good in [
        "package signature\nallow { true }",
        "package signature\nimport rego.v1\nallow if { x }\ndeny contains m if { m := 1 }",
        "package signature\nimport future.keywords.every\nallow { every x in [1] { x } }",
        "package a\ndefault allow = false\nallow = true { input.a }\nx = 1\ny := x",
        "package a\nallow { contains(input.a, \"if in\") } # if in\nf(x) = y { y := x }",
        "package a\nallow {\n  some i\n  input.a[i]\n}\n\nallow { a with input as b } else = 3 { c }",
        "package a\np[x] { x := `allow if\nin` }\nq[\"a\"]\nx = data.b.c\ny = 2",
    ] {
        assert_eq!(checked(good), Ok(()), "{good}");
    }
    for (bad, place) in [
        ("package signature\nallow if { false }", (2, 7)),
        ("package signature\nallow\nb { false }", (2, 1)),
        ("package signature\nallow b { false }", (2, 1)),
        ("package signature\nx = 1\nallow", (3, 1)),
        ("package signature\ndeny contains m { m := 1 }", (2, 6)),
        ("package signature\nallow { some x in [1] }", (2, 16)),
    ] {
        assert_eq!(checked(bad), Err(place), "{bad}");
    }
}
