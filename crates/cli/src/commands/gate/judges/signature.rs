//! Whether an image is signed by those who should have.

use plimsoll_model::gate::{Effect, Practice, Rule, Violation};
use plimsoll_policy::gate::{Answers, Key, Kind as Value, Page};

use super::super::target::Kind;
use super::{Ask, Judge};
use crate::evidence::Evidence;
use crate::exit::chain;

pub(super) const JUDGE: Judge = Judge { page: &PAGE, kinds: &[Kind::Image], ask: judge };

const SIGNED: &str = "signature.signed";

pub(super) static PAGE: Page = Page {
    name: "signature",
    title: "Who signed an image",
    rules: &[Rule {
        id: SIGNED,
        title: "Sign images, and run only what is signed by those you trust",
        why: "Whoever may push to a registry can put another image there; nobody can sign it for you.",
        fix: "`plimsoll sign --key plimsoll.key IMAGE`, and set `key` (or `identity` and `issuer`, or \
              `policy`) in `[gate.signature]`.",
        practice: Practice::Sign,
        effect: Effect::Deny,
        exit_code: Rule::DENIED,
    }],
    keys: &[
        Key {
            name: "key",
            kind: Value::Text,
            preset: None,
            about: "The file of a public key, seen from this file's folder",
        },
        Key {
            name: "identity",
            kind: Value::Text,
            preset: None,
            about: "The name in the signer's certificate: an address, or the URI of a workflow",
        },
        Key {
            name: "identity-regexp",
            kind: Value::Text,
            preset: None,
            about: "A regular expression that matches in that name; anchor it with ^ and $",
        },
        Key {
            name: "issuer",
            kind: Value::Text,
            preset: None,
            about: "Who vouches for that name, as https://token.actions.githubusercontent.com",
        },
        Key {
            name: "policy",
            kind: Value::Text,
            preset: None,
            about: "A file of policies by image, as `plimsoll verify --policy` takes it, instead of one \
                    signer",
        },
        Key {
            name: "trusted-root",
            kind: Value::Text,
            preset: None,
            about: "The authorities and logs to trust, instead of Sigstore's public instance",
        },
    ],
};

fn judge(ask: &Ask<'_>, answers: &mut Answers) -> Result<(), String> {
    let Some(attached) = ask.attached(answers)? else { return Ok(()) };
    let signatures = attached.all().filter(|(_, one)| one.is_signature()).count();
    let Some(signers) = ask.signers()? else {
        if signatures == 0 {
            let violation = Violation::new("no signature hangs on it");
            answers.judged(SIGNED, ask.name(), vec![violation], "");
        } else {
            let why = "it is signed, and the policy does not say by whom it should be: set `key`, or \
                       `identity` and `issuer`, in [gate.signature]";
            answers.unknown(SIGNED, ask.name(), why);
        }
        return Ok(());
    };
    match signers.signature(&ask.target.pinned()?).map_err(|error| chain(&error))? {
        Ok(who) => answers.passed(SIGNED, ask.name(), format!("signed by {who}")),
        Err(why) => {
            let none = attached.all().next().is_none();
            let why =
                if none { "no signature hangs on it".to_owned() } else { format!("it {why}") };
            answers.judged(SIGNED, ask.name(), vec![Violation::new(why)], "");
        }
    }
    Ok(())
}

/// Attestations of some types, whoever signed them.
pub(super) fn of_types<'e>(
    all: impl Iterator<Item = &'e Evidence>,
    is_wanted: impl Fn(&str) -> bool,
) -> usize {
    all.filter(|one| one.predicate_type().is_some_and(|uri| is_wanted(&uri))).count()
}
