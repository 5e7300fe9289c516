//! What a rule is: its page.

use plimsoll_model::text::Level;

/// What a rule's `--fix` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mending {
    /// Nothing: a person has to decide.
    None,
    /// It sets what ordinary programs do not notice.
    Safe,
    /// It takes away what a program may need, only where `--unsafe-fixes` allows.
    Unsafe,
}

impl Mending {
    /// In a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::None => "It is mended by hand.",
            Self::Safe => "`--fix` mends it.",
            Self::Unsafe => {
                "`--fix --unsafe-fixes` mends it; a program that needs what is taken away fails."
            }
        }
    }
}

/// A rule: the text of its page.
///
/// The examples are tested: `bad` violates the rule, `good` does not.
#[derive(Debug)]
pub struct Rule {
    /// `PK1001`; a check of the Pod Security Standards has Kubernetes' own id, `hostNamespaces`.
    pub id: &'static str,
    /// The ids of the same rule in other tools and benchmarks; it can be called by each.
    pub aliases: &'static [&'static str],
    /// How grave, unless it is said otherwise; [`Level::Ignore`] is off by default.
    pub level: Level,
    /// What to do, in one sentence without a full stop.
    pub title: &'static str,
    /// Why, in a few sentences.
    pub why: &'static str,
    /// A manifest that violates it.
    pub bad: &'static str,
    /// The same, in order.
    pub good: &'static str,
    /// What `--fix` does.
    pub mending: Mending,
    /// Where the rule comes from: a URL.
    pub source: &'static str,
    /// The fields that it looks at, from the pod's own root: `spec.hostNetwork`. `containers`
    /// stands for containers of every sort, and `[*]` for each item.
    pub fields: &'static [&'static str],
}

impl Rule {
    /// Whether the rule is called so: by its id or an alias, in any case.
    pub fn is_called(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name)
            || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }
}
