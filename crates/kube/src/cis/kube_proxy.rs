//! 4.3: kube-proxy.

use super::facts::Facts;
use super::judge::Asks::Own;
use super::judge::{Check, State, check};
use super::{Chapter, Role};

pub(super) static CHAPTER: Chapter = Chapter { id: "4.3", title: "kube-proxy", checks: CHECKS };

/// Its configuration is a config map mostly, which no machine shows; then its default holds.
fn metrics(facts: &Facts<'_>) -> State {
    let Some(proxy) = facts.program(Role::Proxy) else {
        return State::Absent("kube-proxy is not here".to_owned());
    };
    match proxy.argument("metrics-bind-address") {
        Some(address) if !address.starts_with("127.") && !address.starts_with("[::1]") => {
            State::Fail(vec![format!("{}: --metrics-bind-address is `{address}`", proxy.source)])
        }
        _ => State::Pass,
    }
}

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    check("4.3.1", "Its figures are told to its own machine alone", "--metrics-bind-address=127.0.0.1:10249", Own(metrics)),
];
