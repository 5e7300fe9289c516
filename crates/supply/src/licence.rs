//! Declared licences, told apart: SPDX expressions, and whatever else packages say.
//!
//! Source: <https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/>.

use spdx::expression::ExprNode;
use spdx::{Expression, LicenseItem, ParseMode};

/// Longer texts are a licence and not the name of one.
const LONGEST: usize = 500;

/// What a package declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Declared {
    /// Nothing.
    None,
    /// An SPDX expression of known licences; several declarations hold all together.
    Expression(String),
    /// Words of which at least one is no SPDX expression, each as declared.
    Names(Vec<String>),
}

/// Sorts the declarations of one package.
pub(crate) fn declared(licences: &[String]) -> Declared {
    let known: Vec<&str> = licences
        .iter()
        .map(|text| text.trim())
        .filter(|text| !matches!(*text, "" | "NONE" | "NOASSERTION" | "UNKNOWN"))
        .collect();
    if known.is_empty() {
        return Declared::None;
    }
    let expressions: Option<Vec<(String, bool)>> = known.iter().map(|t| expression(t)).collect();
    match expressions.as_deref() {
        None => Declared::Names(known.into_iter().map(str::to_owned).collect()),
        Some([(single, _)]) => Declared::Expression(single.clone()),
        Some(several) => {
            let part = |(text, compound): &(String, bool)| {
                if *compound { format!("({text})") } else { text.clone() }
            };
            Declared::Expression(several.iter().map(part).collect::<Vec<_>>().join(" AND "))
        }
    }
}

/// The text with its operators in capitals, and whether it has any; `None` where it is no
/// expression, or has references that are defined elsewhere.
fn expression(text: &str) -> Option<(String, bool)> {
    if text.len() > LONGEST {
        return None;
    }
    // Identifiers that newer lists deprecate stay valid.
    let mode =
        ParseMode { allow_deprecated: true, allow_postfix_plus_on_gpl: true, ..ParseMode::STRICT };
    let parsed = Expression::parse_mode(text, mode).ok()?;
    let listed = |item: &LicenseItem| item.id().is_some_and(|id| id.name != "NOASSERTION");
    let known = parsed.requirements().all(|requirement| {
        let exception = requirement.req.addition.as_ref();
        listed(&requirement.req.license) && exception.is_none_or(|item| item.id().is_some())
    });
    let compound = parsed.iter().any(|node| matches!(node, ExprNode::Op(_)));
    let operator = |word: &str| match word.to_ascii_uppercase().as_str() {
        operator @ ("AND" | "OR" | "WITH") => operator.to_owned(),
        _ => word.to_owned(),
    };
    let spaced = text.split_whitespace().map(operator).collect::<Vec<_>>().join(" ");
    known.then_some((spaced, compound))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(licences: &[&str]) -> Declared {
        declared(&licences.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn expressions_are_known_by_the_list_and_not_by_their_looks() {
        for (text, expression) in [
            ("MIT", "MIT"),
            ("MIT or  Apache-2.0", "MIT OR Apache-2.0"),
            ("GPL-2.0+", "GPL-2.0+"),
            (
                "GPL-2.0-only with Classpath-exception-2.0",
                "GPL-2.0-only WITH Classpath-exception-2.0",
            ),
            ("(MIT AND BSD-3-Clause) OR ISC", "(MIT AND BSD-3-Clause) OR ISC"),
        ] {
            assert_eq!(of(&[text]), Declared::Expression(expression.into()));
        }
        for name in ["BSD", "GPLv2+ and MIT", "LicenseRef-mine", "MIT AND NOASSERTION", "mit"] {
            assert_eq!(of(&[name]), Declared::Names(vec![name.into()]));
        }
    }

    #[test]
    fn several_declarations_hold_together() {
        assert_eq!(
            of(&["MIT OR ISC", "Zlib"]),
            Declared::Expression("(MIT OR ISC) AND Zlib".into())
        );
        assert_eq!(
            of(&["MIT", "see file"]),
            Declared::Names(vec!["MIT".into(), "see file".into()])
        );
        assert_eq!(of(&["NOASSERTION", " "]), Declared::None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[A-Za-z0-9 .()+-]{0,60}|.{0,60}|\\({0,2000}") {
            let _ = of(&[&text, "MIT"]);
        }
    }
}
