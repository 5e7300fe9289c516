//! Who may reach whom: network policies by `plimsoll kube netpol`.

use plimsoll_model::gate::{Effect, Practice, Rule, Violation};
use plimsoll_model::text::Level;
use plimsoll_policy::gate::{Answers, Key, Kind as Value, Page, Preset};

use super::super::target::Kind;
use super::runtime::{self, seen, violation};
use super::{Ask, Judge};

pub(super) const JUDGE: Judge =
    Judge { page: &PAGE, kinds: &[Kind::Folder, Kind::Manifest], ask: judge };

const ISOLATED: &str = "network.isolated";
const POLICIES: &str = "network.policies";

static PAGE: Page = Page {
    name: "network",
    title: "Who may reach whom, by the network policies among the manifests",
    rules: &[
        Rule {
            id: ISOLATED,
            title: "Isolate every pod in both directions by a network policy",
            why: "A pod that no policy isolates is reached by all, and reaches all, the node's metadata and \
                  the internet among them.",
            fix: "`plimsoll kube netpol suggest` writes policies that keep what the manifests show.",
            practice: Practice::Network,
            effect: Effect::Deny,
            exit_code: Rule::DENIED,
        },
        Rule {
            id: POLICIES,
            title: "Write policies that do what they were meant to",
            why: "A policy that selects nothing, blocks DNS or lets traffic out to everywhere protects \
                  less than it seems to.",
            fix: "`plimsoll kube netpol check --explain RULE` explains it.",
            practice: Practice::Network,
            effect: Effect::Warn,
            exit_code: Rule::DENIED,
        },
    ],
    keys: &[Key {
        name: "level",
        kind: Value::Choice(&["error", "warning", "info"]),
        preset: Some(Preset::Text("warning")),
        about: "From which level on `network.policies` counts",
    }],
};

#[allow(clippy::unnecessary_wraps, reason = "every judge may fail")]
fn judge(ask: &Ask<'_>, answers: &mut Answers) -> Result<(), String> {
    let level = ask.settings().text("level").unwrap_or_default();
    let level = level.parse().unwrap_or(Level::Warning);
    // They are the same files that the judge of what runs is asked about.
    let manifests = ask.target.manifests(ask.files_of(&runtime::PAGE, "files"));
    if manifests.count() == 0 && manifests.failed.is_empty() {
        ask.none_asked(answers, "there is no manifest");
        return Ok(());
    }
    let (said, open) = manifests.network();
    for one in said.into_iter().filter(|one| one.level >= level) {
        answers.add(POLICIES, ask.name(), vec![violation(one)]);
    }
    for (pod, place, directions) in open {
        let directions: Vec<&str> = directions.iter().map(|one| one.name()).collect();
        let message = format!("no policy isolates `{pod}` in {}", directions.join(" and "));
        answers.add(ISOLATED, ask.name(), vec![Violation::new(message).called("PK4002").at(place)]);
    }
    for rule in PAGE.rules {
        match manifests.failed.first() {
            Some(why) => answers.settle_unknown(rule.id, ask.name(), why),
            None => answers.settle(rule.id, ask.name(), &seen(manifests.count())),
        }
    }
    Ok(())
}
