//! 3: who logs in, and what is logged.

use super::judge::Asks::{Argument, Person};
use super::judge::Rule::Set;
use super::judge::{Check, check};
use super::{Chapter, Role};

pub(super) static CHAPTER: Chapter =
    Chapter { id: "3", title: "Settings of the control plane", checks: CHECKS };

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    check("3.1.1", "People do not log in by certificates", "an identity provider", Person("whether people log in by client certificates")).manual(),
    check("3.1.2", "People do not log in by tokens of service accounts", "an identity provider", Person("whether people log in by tokens of service accounts")).manual(),
    check("3.1.3", "People do not log in by bootstrap tokens", "an identity provider", Person("whether people log in by bootstrap tokens")).manual(),
    check("3.2.1", "There is a policy of what is logged", "--audit-policy-file", Argument(Role::ApiServer, &["audit-policy-file"], Set)).manual(),
    check("3.2.2", "It has what matters", "log secrets, config maps and token reviews as metadata, and changes of pods", Person("whether the audit policy has what matters")).manual(),
];
