//! Where an image comes from, by provenance that somebody vouches for.

use plimsoll_model::gate::{Effect, Practice, Rule, Violation};
use plimsoll_policy::gate::{Answers, Key, Kind as Value, Page, Settings};
use plimsoll_supply::provenance::level::{Assessment, Signature};
use plimsoll_supply::provenance::{Expectation, verify_image};

use super::super::target::{Attached, Kind};
use super::signature::of_types;
use super::{Ask, Judge};
use crate::exit::chain;
use crate::trust;

pub(super) const JUDGE: Judge = Judge { page: &PAGE, kinds: &[Kind::Image], ask: judge };

const PROVEN: &str = "provenance.proven";
const LEVEL: &str = "provenance.level";

/// What provenance is attested as.
const TYPES: [&str; 2] = ["https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2"];

static PAGE: Page = Page {
    name: "provenance",
    title: "Where an image comes from",
    rules: &[
        Rule {
            id: PROVEN,
            title: "Prove which build made an image, and of which sources",
            why: "A signature says who vouches; provenance says what was built from what, and by whom.",
            fix: "`plimsoll provenance generate --key plimsoll.key IMAGE` in the build, or the generator of \
                  your forge; `source-uri` in `[gate.provenance]` says what it must be of.",
            practice: Practice::Provenance,
            effect: Effect::Warn,
            exit_code: Rule::DENIED,
        },
        Rule {
            id: LEVEL,
            title: "Reach the SLSA build level that `level` asks for",
            why: "The level says what it would take to forge the provenance.",
            fix: "`plimsoll provenance verify` lists what the next level asks for.",
            practice: Practice::Provenance,
            effect: Effect::Deny,
            exit_code: Rule::DENIED,
        },
    ],
    keys: &[
        Key {
            name: "source-uri",
            kind: Value::Text,
            preset: None,
            about: "The repository that it must be built from, as github.com/org/repo; the provenance is \
                    then judged as slsa-verifier does",
        },
        Key {
            name: "source-tag",
            kind: Value::Text,
            preset: None,
            about: "The tag that it must be built from",
        },
        Key {
            name: "source-branch",
            kind: Value::Text,
            preset: None,
            about: "The branch that it must be built from",
        },
        Key {
            name: "builder-id",
            kind: Value::Text,
            preset: None,
            about: "The builder that it must come from",
        },
        Key {
            name: "level",
            kind: Value::Number,
            preset: None,
            about: "The SLSA build level that the evidence must support: 1, 2 or 3",
        },
    ],
};

/// What came of the provenance.
struct Found {
    /// Whose it is, or why there is none that holds.
    proven: Result<String, String>,
    level: u8,
    /// What the next level asks for and is not seen.
    missing: Vec<String>,
}

fn judge(ask: &Ask<'_>, answers: &mut Answers) -> Result<(), String> {
    let Some(attached) = ask.attached(answers)? else { return Ok(()) };
    let settings = ask.settings();
    let found = match settings.text("source-uri") {
        Some(source) => by_source(&settings, &source, attached)?,
        None => {
            if let Some(found) = by_signer(ask, attached)? {
                found
            } else {
                nobody_named(ask, attached, answers);
                return Ok(());
            }
        }
    };
    match &found.proven {
        Ok(who) => answers.passed(PROVEN, ask.name(), who),
        Err(why) => answers.judged(PROVEN, ask.name(), vec![Violation::new(why)], ""),
    }
    let Some(level) = settings.number("level") else {
        answers.not_asked(LEVEL, ask.name(), "no `level` is set");
        return Ok(());
    };
    let seen = format!("SLSA build level {}", found.level);
    let short = (u64::from(found.level) < level).then(|| {
        let more = if found.missing.is_empty() {
            String::new()
        } else {
            format!(": the next one asks that {}", found.missing.join(", and that "))
        };
        Violation::new(format!("the evidence supports level {} of {level}{more}", found.level))
    });
    answers.judged(LEVEL, ask.name(), short.into_iter().collect(), seen);
    Ok(())
}

/// Judged as slsa-verifier does: by the workflow that made it.
fn by_source(
    settings: &Settings<'_>,
    source_uri: &str,
    attached: &Attached,
) -> Result<Found, String> {
    let root = trust::default_root().map_err(|error| chain(&error))?;
    let mut last = Found { proven: Err(NONE.into()), level: 0, missing: Vec::new() };
    for (digest, evidence) in &attached.evidence {
        let is_provenance = |uri: &str| uri.starts_with("https://slsa.dev/provenance/");
        let own =
            evidence.iter().filter(|one| one.predicate_type().is_some_and(|it| is_provenance(&it)));
        let bundles: Vec<_> = own.filter_map(|one| one.bundle().ok()).collect();
        if bundles.is_empty() {
            continue;
        }
        let expected = Expectation {
            digest: digest.hex().to_owned(),
            source_uri: source_uri.to_owned(),
            branch: settings.text("source-branch"),
            tag: settings.text("source-tag"),
            builder_id: settings.text("builder-id"),
            ..Expectation::default()
        };
        match verify_image(bundles, &expected, &root) {
            Ok(verified) => {
                let signature = Signature::Holds(&verified.report);
                let assessed = Assessment::of(&verified.statement, digest.hex(), signature);
                return Ok(Found::of(Ok(format!("built by {}", verified.builder_id)), &assessed));
            }
            Err(refusal) => last.proven = Err(format!("its provenance is refused: {refusal}")),
        }
    }
    Ok(last)
}

/// Judged by who signed it; `None` where the policy names nobody.
fn by_signer(ask: &Ask<'_>, attached: &Attached) -> Result<Option<Found>, String> {
    let Some(signers) = ask.signers()? else { return Ok(None) };
    let name = attached.repository.name();
    let mut refused: Vec<String> = Vec::new();
    for (digest, evidence) in &attached.evidence {
        let (good, others) =
            signers.attested(evidence, &name, ask.target.image_name(), digest, &TYPES);
        refused.extend(others);
        let wanted = ask.settings().text("builder-id");
        for one in good {
            let said = builder(&one.statement);
            if wanted.as_ref().is_some_and(|wanted| said.as_ref() != Some(wanted)) {
                let said = said.unwrap_or_else(|| "nobody".into());
                refused.push(format!("the builder is `{}`", said.escape_debug()));
                continue;
            }
            let signature = Signature::Holds(&one.report);
            let assessed = Assessment::of(&one.statement, digest.hex(), signature);
            let who = format!("built by {}, signed by {}", said.unwrap_or_default(), one.who);
            return Ok(Some(Found::of(Ok(who), &assessed)));
        }
    }
    let why = match refused.first() {
        Some(why) => format!("its provenance does not hold: {why}"),
        None => NONE.to_owned(),
    };
    Ok(Some(Found { proven: Err(why), level: 0, missing: Vec::new() }))
}

const NONE: &str = "no signed provenance hangs on it";

fn nobody_named(ask: &Ask<'_>, attached: &Attached, answers: &mut Answers) {
    let there = of_types(attached.all().map(|(_, one)| one), |uri| TYPES.contains(&uri));
    if there == 0 {
        answers.judged(PROVEN, ask.name(), vec![Violation::new(NONE)], "");
    } else {
        let why = "there is provenance, and the policy does not say whose it must be: set `source-uri` in \
                   [gate.provenance], or a signer in [gate.signature]";
        answers.unknown(PROVEN, ask.name(), why);
    }
    match ask.settings().number("level") {
        None => answers.not_asked(LEVEL, ask.name(), "no `level` is set"),
        Some(_) => answers.unknown(LEVEL, ask.name(), "nobody vouches for its provenance"),
    }
}

impl Found {
    fn of(proven: Result<String, String>, assessed: &Assessment) -> Self {
        let missing = assessed.missing().map(|line| line.demand.to_owned()).collect();
        Self { proven, level: assessed.level, missing }
    }
}

/// The builder that a verified statement names, in either version of the predicate.
fn builder(statement: &[u8]) -> Option<String> {
    let statement: serde_json::Value = serde_json::from_slice(statement).ok()?;
    let places = ["/predicate/runDetails/builder/id", "/predicate/builder/id"];
    let found = places.iter().find_map(|place| statement.pointer(place)?.as_str());
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builder_is_read_of_either_version() {
        let of = |text: &str| builder(text.as_bytes());
        let new = r#"{"predicate": {"runDetails": {"builder": {"id": "https://a"}}}}"#;
        assert_eq!(of(new).as_deref(), Some("https://a"));
        assert_eq!(of(r#"{"predicate": {"builder": {"id": "b"}}}"#).as_deref(), Some("b"));
        assert_eq!(of(r#"{"predicate": {"builder": {"id": 1}}}"#), None);
        assert_eq!(of("nonsense"), None);
    }
}
