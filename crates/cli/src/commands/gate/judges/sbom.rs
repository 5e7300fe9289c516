//! Whether a bill of materials hangs on an image.

use plimsoll_model::gate::{Effect, Practice, Rule, Violation};
use plimsoll_policy::gate::{Answers, Page};

use super::super::target::Kind;
use super::signature::of_types;
use super::{Ask, Judge};

pub(super) const JUDGE: Judge = Judge { page: &PAGE, kinds: &[Kind::Image], ask: judge };

const ATTACHED: &str = "sbom.attached";

/// What bills are attested as.
const TYPES: [&str; 3] =
    ["https://spdx.dev/Document", "https://cyclonedx.org/bom", "https://spdx.dev/Document/v2.3"];
/// The types of bills that are attached without a signature.
const MEDIA: [&str; 3] = ["application/spdx+json", "application/vnd.cyclonedx+json", "text/spdx"];

static PAGE: Page = Page {
    name: "sbom",
    title: "The bill of materials of an image",
    rules: &[Rule {
        id: ATTACHED,
        title: "Attest a bill of materials with every image",
        why: "When the next weakness is in the news, the question is which images have the package.",
        fix: "`plimsoll sbom IMAGE -o spdx-json=sbom.json`, then `plimsoll attest --key plimsoll.key \
              --predicate sbom.json IMAGE`.",
        practice: Practice::Sbom,
        effect: Effect::Deny,
        exit_code: Rule::DENIED,
    }],
    keys: &[],
};

fn judge(ask: &Ask<'_>, answers: &mut Answers) -> Result<(), String> {
    let Some(attached) = ask.attached(answers)? else { return Ok(()) };
    let attested = of_types(attached.all().map(|(_, one)| one), |uri| TYPES.contains(&uri));
    let Some(signers) = ask.signers()? else {
        let unsigned = attached.referring.iter().filter(|kind| MEDIA.contains(&kind.as_str()));
        let count = attested.saturating_add(unsigned.count());
        let none = (count == 0).then(|| Violation::new("no bill of materials hangs on it"));
        let seen = "it is there; the policy does not say who should have signed it";
        answers.judged(ATTACHED, ask.name(), none.into_iter().collect(), seen);
        return Ok(());
    };
    let name = attached.repository.name();
    let mut refused = Vec::new();
    for (digest, evidence) in &attached.evidence {
        let (good, others) =
            signers.attested(evidence, &name, ask.target.image_name(), digest, &TYPES);
        if let Some(good) = good.first() {
            answers.passed(ATTACHED, ask.name(), format!("attested by {}", good.who));
            return Ok(());
        }
        refused.extend(others);
    }
    let why = match refused.first() {
        Some(why) => format!("its bill of materials does not hold: {why}"),
        None => "no signed bill of materials hangs on it".to_owned(),
    };
    answers.judged(ATTACHED, ask.name(), vec![Violation::new(why)], "");
    Ok(())
}
