//! Which level of SLSA's build track evidence supports, and why no higher one.
//!
//! A level is a property of the builder; evidence can only show that such a builder was at work. So
//! each line says what a level demands, what of that is seen here, and where it is seen. What
//! cannot be seen counts as not met.
//!
//! Source: <https://slsa.dev/spec/v1.0/levels>, <https://slsa.dev/spec/v1.0/requirements>.

use serde::Serialize;
use serde_json::Value;

use super::builder::{self, GENERATOR_WORKFLOWS};
use super::claims;
use super::refusal::{Refusal, RefusalKind};
use super::workflow::ISSUER;
use crate::bundle::{Bundle, Content};
use crate::certificate::SubjectName;
use crate::dsse::Envelope;
use crate::intoto::Statement;
use crate::verify::{Report, SignerSummary};

/// The issuer of the tokens of gitlab.com's jobs.
const GITLAB_ISSUER: &str = "https://gitlab.com";

/// What is known of the signature.
#[derive(Debug, Clone, Copy)]
pub enum Signature<'e> {
    /// It holds; the report says whose it is.
    Holds(&'e Report),
    /// Google Cloud Build signed it with its own key.
    CloudBuild,
    /// It does not hold, there is none, or the statement is not what was demanded.
    Refused(&'e Refusal),
}

/// The level, and the lines that lead to it.
#[derive(Debug, Clone, Serialize)]
pub struct Assessment {
    /// 0 to 3: the highest whose demands, and those of all below, are met.
    pub level: u8,
    /// Every demand, the lowest level first.
    pub lines: Vec<Line>,
}

/// One demand of a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The level that demands it.
    pub level: u8,
    /// What is demanded.
    pub demand: &'static str,
    /// Whether the evidence shows it.
    pub met: bool,
    /// What the evidence shows.
    pub found: String,
}

impl Assessment {
    /// Assesses a statement about the artefact whose digest is `digest`, in hexadecimal.
    pub fn of(statement: &[u8], digest: &str, signature: Signature<'_>) -> Self {
        let parsed = Statement::parse(statement).ok();
        let mut lines = Vec::new();
        first(parsed.as_ref(), digest, signature, &mut lines);
        let builder = parsed.as_ref().map(|it| builder_of(&it.predicate)).unwrap_or_default();
        second(&builder, signature, &mut lines);
        third(&builder, parsed.as_ref(), signature, &mut lines);
        let met = |level: &u8| lines.iter().filter(|it| it.level == *level).all(|it| it.met);
        let level = (1..=3).take_while(met).last().unwrap_or(0);
        Self { level, lines }
    }

    /// What the next level demands and is not seen.
    pub fn missing(&self) -> impl Iterator<Item = &Line> {
        let next = self.level + 1;
        self.lines.iter().filter(move |line| line.level == next && !line.met)
    }
}

/// The statement in a bundle, an envelope or a bare document, whoever signed it.
pub fn unverified_statement(evidence: &[u8]) -> Option<Vec<u8>> {
    if let Ok(bundle) = Bundle::parse(evidence) {
        return match bundle.content {
            Content::Envelope(envelope) => Some(envelope.payload.0),
            Content::Message { .. } => None,
        };
    }
    if let Ok(envelope) = Envelope::parse(evidence) {
        return Some(envelope.payload.0);
    }
    Statement::parse(evidence).ok().map(|_| evidence.to_vec())
}

fn first(
    statement: Option<&Statement>,
    digest: &str,
    signature: Signature<'_>,
    lines: &mut Vec<Line>,
) {
    let mut line = |demand, met, found: String| lines.push(Line { level: 1, demand, met, found });
    let Some(statement) = statement else {
        let found = "no in-toto statement".to_owned();
        return line("there is provenance of this artefact", false, found);
    };
    let about = claims::digest(&statement.subject, digest);
    let found = match &about {
        Ok(()) => format!("a subject with the digest {digest}"),
        Err(refusal) => refusal.to_string(),
    };
    line("there is provenance of this artefact", about.is_ok(), found);
    let kind = &statement.predicate_type;
    let (met, found) = match kind.as_str() {
        "https://slsa.dev/provenance/v1" => (true, "SLSA provenance v1".to_owned()),
        "https://slsa.dev/provenance/v0.2" => {
            (true, "SLSA provenance v0.2, of which v1 is the successor".to_owned())
        }
        "https://slsa.dev/provenance/v0.1" => {
            (true, "SLSA provenance v0.1, of which v1 is the successor".to_owned())
        }
        other => (false, format!("a predicate of the type `{other}`")),
    };
    line("it is of a form that consumers know", met, found);
    let (builder, build) = (builder_of(&statement.predicate), build_type_of(&statement.predicate));
    let met = !builder.is_empty() && !build.is_empty();
    line("it names the builder and the kind of build", met, format!("`{builder}`, `{build}`"));
    if let Signature::Refused(refusal) = signature
        && !is_of_signature(refusal.kind)
    {
        line("it says what was demanded", false, refusal.to_string());
    }
}

fn second(builder: &str, signature: Signature<'_>, lines: &mut Vec<Line>) {
    let mut line = |demand, met, found: String| lines.push(Line { level: 2, demand, met, found });
    let signer = match signature {
        Signature::Holds(report) => report.signer.as_ref(),
        Signature::CloudBuild => {
            line("its signature holds", true, "a key of Google Cloud Build".into());
            line("the build platform signed it", true, "Google Cloud Build".into());
            line("the platform is hosted", true, "Google's machines".into());
            return;
        }
        Signature::Refused(refusal) => {
            let holds = !is_of_signature(refusal.kind);
            let found = if holds { "not judged, see above".into() } else { refusal.to_string() };
            line("its signature holds", false, found);
            line("the build platform signed it", false, "the signer is not proven".into());
            line("the platform is hosted", false, "the signer is not proven".into());
            return;
        }
    };
    let Some(signer) = signer else {
        return line("its signature holds", false, "no signer".into());
    };
    line("its signature holds", true, format!("{} key", signer.key));
    let issuer = signer.issuer.as_deref().unwrap_or_default();
    let is_platform = [ISSUER, GITLAB_ISSUER].contains(&issuer);
    let found = if is_platform {
        format!("`{}`, by `{issuer}`", name_of(signer))
    } else if signer.names.is_empty() {
        "a key, and nothing says that only a build platform has it".to_owned()
    } else {
        format!("`{}`, which is no job of a platform that is known", name_of(signer))
    };
    line("the build platform signed it", is_platform, found);
    let runner = text(signer, "runnerEnvironment");
    let (met, found) = match runner {
        Some("github-hosted" | "gitlab-hosted") => (true, runner.unwrap_or_default().to_owned()),
        Some(other) => (false, format!("the runner is `{other}`")),
        // Certificates say so since 2023; these workflows run on GitHub's machines alone.
        None if signed_by_generator(signer) => {
            (true, "its workflow asks for hosted runners".into())
        }
        None if builder == builder::NPM_CLI_HOSTED => {
            (false, "only the provenance says so, which the job itself wrote".into())
        }
        None => (false, "the certificate does not say whose machine it was".into()),
    };
    line("the platform is hosted", met, found);
}

fn third(
    builder: &str,
    statement: Option<&Statement>,
    signature: Signature<'_>,
    lines: &mut Vec<Line>,
) {
    let mut line = |demand, met, found: String| lines.push(Line { level: 3, demand, met, found });
    let isolated = "the build's own steps cannot reach the signing key";
    match signature {
        Signature::Holds(report) => {
            let (met, found) =
                report.signer.as_ref().map_or((false, "no signer".into()), isolation);
            line(isolated, met, found);
            let same = report.signer.as_ref().is_some_and(|signer| {
                signer.names.iter().any(|name| name.as_str() == builder) || delegated(signer)
            });
            let found = format!("the provenance names `{builder}`");
            line("the builder that it names is the one that signed", same, found);
        }
        Signature::CloudBuild => line(isolated, true, "Google Cloud Build keeps its key".into()),
        Signature::Refused(_) => line(isolated, false, "the signer is not proven".into()),
    }
    let (met, found) = statement.map_or((false, "no statement".into()), parameters);
    line("every parameter that a user could choose is in it", met, found);
}

/// Whether somebody other than the project's own workflow signed.
fn isolation(signer: &SignerSummary) -> (bool, String) {
    if signed_by_generator(signer) {
        return (true, "signed in a job of slsa-github-generator's".into());
    }
    match (text(signer, "buildSignerURI"), text(signer, "buildConfigURI")) {
        (Some(signing), Some(started)) if signing == started => {
            let found = "the workflow that builds signs too: anything in its job can sign; build in a \
                         reusable workflow, which signs for it";
            (false, found.into())
        }
        (Some(signing), Some(_)) => (true, format!("a reusable workflow signed: `{signing}`")),
        _ => (false, "the certificate does not say which workflow signed".into()),
    }
}

/// Whether the builder is another workflow, which the signing one called.
fn delegated(signer: &SignerSummary) -> bool {
    let name = name_of(signer);
    builder::DELEGATORS.iter().any(|it| name.starts_with(&format!("{it}@")))
}

fn signed_by_generator(signer: &SignerSummary) -> bool {
    name_of(signer).starts_with(GENERATOR_WORKFLOWS) && signer.issuer.as_deref() == Some(ISSUER)
}

fn parameters(statement: &Statement) -> (bool, String) {
    let predicate = &statement.predicate;
    if let Some(external) = predicate.pointer("/buildDefinition/externalParameters") {
        let count = external.as_object().map_or(0, serde_json::Map::len);
        let names = external.as_object().into_iter().flat_map(|it| it.keys().take(6).cloned());
        let names = names.collect::<Vec<_>>().join(", ");
        let found = if count == 0 { "no external parameters".into() } else { names };
        return (count > 0, found);
    }
    // Version 0.1 has the whole build there.
    if predicate
        .pointer("/recipe/arguments")
        .is_some_and(|it| it.as_object().is_some_and(|it| !it.is_empty()))
    {
        return (true, "the arguments of the recipe".into());
    }
    match predicate.pointer("/metadata/completeness/parameters") {
        Some(Value::Bool(true)) => (true, "the builder says that they are complete".into()),
        _ => (false, "the builder does not say that they are complete".into()),
    }
}

fn builder_of(predicate: &Value) -> String {
    let id = predicate.pointer("/runDetails/builder/id").or(predicate.pointer("/builder/id"));
    id.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn build_type_of(predicate: &Value) -> String {
    let kind = predicate
        .pointer("/buildDefinition/buildType")
        .or(predicate.get("buildType"))
        .or(predicate.pointer("/recipe/type"));
    kind.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn name_of(signer: &SignerSummary) -> &str {
    signer.names.first().map(SubjectName::as_str).unwrap_or_default()
}

fn text<'s>(signer: &'s SignerSummary, name: &str) -> Option<&'s str> {
    signer.extensions.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether a refusal is about the signature and not about what was signed.
fn is_of_signature(kind: RefusalKind) -> bool {
    matches!(
        kind,
        RefusalKind::InvalidSignature
            | RefusalKind::NoValidSignature
            | RefusalKind::InvalidCertificate
            | RefusalKind::InvalidRekorEntry
            | RefusalKind::RekorSearch
            | RefusalKind::InvalidOIDCIssuer
            | RefusalKind::InvalidFormat
            | RefusalKind::InvalidEncoding
            | RefusalKind::InvalidPublicKey
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn statement(builder: &str) -> Vec<u8> {
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "app", "digest": {"sha256": "a".repeat(64)}}],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {"buildType": "https://b", "externalParameters": {"workflow": {}}},
                "runDetails": {"builder": {"id": builder}},
            },
        })
        .to_string()
        .into_bytes()
    }

    fn report(name: Option<&str>, extensions: &[(&str, &str)]) -> Report {
        let signer = SignerSummary {
            key: "ECDSA P-256",
            key_sha256: String::new(),
            key_material: [0; 32],
            names: name.map(|name| SubjectName::Uri(name.into())).into_iter().collect(),
            issuer: name.map(|_| ISSUER.to_owned()),
            extensions: extensions.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect(),
        };
        Report { verified: true, signer: Some(signer), ..Report::default() }
    }

    fn level(builder: &str, report: &Report) -> (u8, Vec<&'static str>) {
        let done = Assessment::of(&statement(builder), &"a".repeat(64), Signature::Holds(report));
        (done.level, done.missing().map(|line| line.demand).collect())
    }

    const OWN: &str = "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main";
    const REUSABLE: &str = "https://github.com/o/build/.github/workflows/b.yml@refs/tags/v1";

    #[test]
    fn a_key_of_ones_own_shows_the_first_level() {
        assert_eq!(
            level(OWN, &report(None, &[])),
            (1, vec!["the build platform signed it", "the platform is hosted"])
        );
    }

    #[test]
    fn a_workflow_that_signs_for_itself_shows_the_second_level_on_hosted_machines_alone() {
        let about = |runner| {
            [("runnerEnvironment", runner), ("buildSignerURI", OWN), ("buildConfigURI", OWN)]
        };
        let hosted = report(Some(OWN), &about("github-hosted"));
        assert_eq!(
            level(OWN, &hosted),
            (2, vec!["the build's own steps cannot reach the signing key"])
        );
        let own = report(Some(OWN), &about("self-hosted"));
        assert_eq!(level(OWN, &own), (1, vec!["the platform is hosted"]));
    }

    #[test]
    fn a_reusable_workflow_or_a_generator_shows_the_third_level() {
        let about = [
            ("runnerEnvironment", "github-hosted"),
            ("buildSignerURI", REUSABLE),
            ("buildConfigURI", OWN),
        ];
        assert_eq!(level(REUSABLE, &report(Some(REUSABLE), &about)), (3, Vec::new()));
        let other = level(OWN, &report(Some(REUSABLE), &about));
        assert_eq!(other, (2, vec!["the builder that it names is the one that signed"]));
        let generator = format!("{}@refs/tags/v1.9.0", builder::GENERIC);
        assert_eq!(level(&generator, &report(Some(&generator), &[])), (3, Vec::new()));
    }

    #[test]
    fn without_a_signature_it_is_the_first_and_of_another_artefact_none() {
        let refusal = Refusal::new(RefusalKind::InvalidFormat, "no bundle");
        let done = Assessment::of(&statement(OWN), &"a".repeat(64), Signature::Refused(&refusal));
        assert_eq!(done.level, 1);
        let done = Assessment::of(&statement(OWN), &"b".repeat(64), Signature::Refused(&refusal));
        assert_eq!(done.level, 0);
        let refusal = Refusal::new(RefusalKind::MismatchSource, "expected `a`, found `b`");
        let done = Assessment::of(&statement(OWN), &"a".repeat(64), Signature::Refused(&refusal));
        assert_eq!((done.level, done.missing().count()), (0, 1));
        assert_eq!(Assessment::of(b"{", "", Signature::CloudBuild).level, 0);
    }
}
