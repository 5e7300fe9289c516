//! What the API server would refuse in a policy, or not know.

use super::policy::Place;

/// A field that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: `{path}` {wrong}")]
pub struct Refused {
    /// Where it stands.
    pub place: Place,
    /// Which field: `spec.ingress[0].from[1].ipBlock.cidr`.
    pub path: String,
    /// What is wrong.
    pub wrong: Wrong,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Wrong {
    /// Of another type.
    #[error("must be {wanted}, not {found}")]
    Type {
        /// "a list".
        wanted: &'static str,
        /// "a text".
        found: &'static str,
    },
    /// The API has no such field.
    #[error("is no field here: expected {0}")]
    Unknown(String),
    /// One of a few words.
    #[error("is `{found}`: expected {wanted}")]
    Word {
        /// "`TCP`, `UDP` or `SCTP`".
        wanted: &'static str,
        /// What stands there.
        found: String,
    },
    /// A peer that names nobody.
    #[error("names nobody: give it a podSelector, a namespaceSelector or an ipBlock")]
    Nobody,
    /// A peer of both kinds.
    #[error("has an ipBlock beside a selector: make two peers of it")]
    TwoPeers,
    /// No block of addresses.
    #[error("is `{0}`, which is no block of addresses like `10.0.0.0/8` or `2001:db8::/32`")]
    Block(String),
    /// An exception to something else.
    #[error("is `{except}`, which is no smaller part of `{block}`")]
    Except {
        /// What is excepted.
        except: String,
        /// From what.
        block: String,
    },
    /// No port number.
    #[error("is {0}: ports go from 1 to 65535")]
    PortNumber(i64),
    /// No port name.
    #[error(
        "is `{0}`, which is no name of a port: up to 15 of a-z, 0-9 and -, a letter among them"
    )]
    PortName(String),
    /// A last port without a first number.
    #[error("needs a number in `port`")]
    EndWithoutNumber,
    /// Last before first.
    #[error("is {end}, before the first port {first}")]
    EndBeforeFirst {
        /// The first port.
        first: u16,
        /// The last one.
        end: u16,
    },
    /// A field that another one stands for.
    #[error("does not go together with `{0}`")]
    Beside(&'static str),
    /// Of several fields exactly one.
    #[error("must have one of {0}, and no other")]
    OneOf(String),
    /// A list that is too long.
    #[error("has more than {0} items")]
    TooMany(usize),
    /// No priority.
    #[error("must be a number from 0 to 1000")]
    Priority,
    /// A field that must be there.
    #[error("is missing")]
    Missing,
    /// `In` and `NotIn`.
    #[error("must have values for `{0}`")]
    NoValues(&'static str),
    /// `Exists` and `DoesNotExist`.
    #[error("must be empty for `{0}`")]
    Values(&'static str),
    /// No value of a label.
    #[error("is `{0}`, which no label can have: up to 63 of a-z, A-Z, 0-9, -, _ and .")]
    LabelValue(String),
    /// No key of a label.
    #[error("is `{0}`, which is no key of a label")]
    LabelKey(String),
    /// A version of the API that is none.
    #[error("is `{0}`: the API server has network policies as `networking.k8s.io/v1`")]
    Version(String),
}
