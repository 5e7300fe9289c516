//! An image and a feed that try to speak to the reader's terminal, browser and schema.

use plimsoll_model::{
    Epss, FixState, Link, LinkKind, PackageKind, Problem, ProblemKind, Scan, Severity, Undecided,
};
use plimsoll_report::{Format, Style};
use serde_json::Value;

use crate::report;
use crate::sample::{self, Builder};

const EVIL: &str = "a\u{1b}[2J\u{1b}]0;title\u{7}\r\nb\u{9b}31m\u{202e}c\u{200b}[x](https://evil.example)<img src=x onerror=1>|{0}`";

/// Every text that comes from outside is [`EVIL`].
pub(crate) fn scan() -> Scan {
    let mut builder = Builder::new();
    for (kind, path) in [(PackageKind::Deb, EVIL), (PackageKind::Npm, EVIL), (PackageKind::Gem, "")]
    {
        let package = builder.package(kind, EVIL, EVIL, path, 7);
        let finding = builder.finding(package, EVIL, Severity::High, EVIL);
        finding.fix = FixState::Fixed(vec![EVIL.into()]);
        finding.description = EVIL.into();
        finding.severity_source = EVIL.into();
        finding.aliases = vec![EVIL.into()];
        finding.references = vec![
            Link { kind: LinkKind::Advisory, url: EVIL.into() },
            Link { kind: LinkKind::Advisory, url: "javascript:alert(1)".into() },
        ];
        finding.epss = Some(Epss { score: f32::INFINITY, percentile: f32::NAN });
    }
    let mut scan = builder.scan;
    scan.inventory.artifact.names = vec![EVIL.into()];
    scan.inventory.artifact.source = EVIL.into();
    scan.inventory.layers[0].created_by = EVIL.into();
    scan.inventory.distro.as_mut().unwrap().name = EVIL.into();
    scan.inventory.problems = vec![Problem {
        kind: ProblemKind::Partial,
        path: EVIL.into(),
        layer: Some(u32::MAX),
        line: Some(0),
        message: EVIL.into(),
    }];
    scan.undecided = vec![Undecided {
        package: EVIL.into(),
        version: EVIL.into(),
        advisory: EVIL.into(),
        why: EVIL.into(),
    }];
    scan.data.feeds[0].name = EVIL.into();
    scan
}

fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}

#[test]
fn the_table_has_no_control_characters_but_line_ends() {
    for width in [None, Some(0), Some(1), Some(40), Some(80), Some(120), Some(u16::MAX)] {
        let table = report("table", &scan(), &Style { width, colour: false });
        let odd =
            |c: &char| (c.is_control() && *c != '\n') || matches!(*c, '\u{202e}' | '\u{200b}');
        assert_eq!(table.chars().find(odd), None, "{width:?}");
    }
}

#[test]
fn sarif_has_no_control_characters_no_markup_and_no_strange_links() {
    let log: Value = serde_json::from_str(&report("sarif", &scan(), &Style::default())).unwrap();
    let mut found = Vec::new();
    texts(&log, &mut found);
    for text in found {
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        assert!(!text.contains("javascript:"), "{text:?}");
    }
    let rule = &log["runs"][0]["tool"]["driver"]["rules"][0];
    let markdown = rule["help"]["markdown"].as_str().unwrap();
    for mark in ['<', '[', ']', '(', '`'] {
        let literal = markdown.replace(&format!("\\{mark}"), "").replace("(EPSS)", "");
        assert!(!literal.contains(mark), "{mark}: {markdown}");
    }
    assert!(rule.get("helpUri").is_none());
    let message = log["runs"][0]["results"][0]["message"]["text"].as_str().unwrap();
    assert!(message.contains("\\[x\\]") && message.contains("{{0}}"), "{message}");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn no_text_and_no_width_panics(text in "\\PC{0,30}|.{0,30}", width in proptest::option::of(0_u16..200)) {
        let mut scan = sample::scan();
        for finding in &mut scan.findings {
            finding.id.clone_from(&text);
            finding.title.clone_from(&text);
            finding.package.name.clone_from(&text);
            finding.package.version.clone_from(&text);
            finding.fix = FixState::Fixed(vec![text.clone()]);
            for place in &mut finding.package.locations {
                place.path.clone_from(&text);
            }
        }
        for format in Format::ALL {
            let mut out = Vec::new();
            (format.write)(&scan, &Style { width, colour: true }, &mut out).unwrap();
            proptest::prop_assert!(std::str::from_utf8(&out).is_ok());
        }
    }
}
