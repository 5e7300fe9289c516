//! 2: the arguments of etcd.

use super::facts::Facts;
use super::judge::Asks::{Argument, Own};
use super::judge::Rule::{Is, IsNotOrUnset, Set};
use super::judge::{Check, State, check};
use super::{Chapter, Role};

pub(super) static CHAPTER: Chapter = Chapter { id: "2", title: "etcd", checks: CHECKS };

const ROLE: Role = Role::Etcd;

/// Whoever has a certificate of the cluster's authority would be let in to its store.
fn own_authority(facts: &Facts<'_>) -> State {
    let Some(etcd) = facts.program(ROLE) else {
        return State::Absent("etcd is not here".to_owned());
    };
    let Some(own) = etcd.argument("trusted-ca-file") else {
        return State::Fail(vec![format!("{}: --trusted-ca-file is not set", etcd.source)]);
    };
    let server = facts.program(Role::ApiServer).and_then(|it| it.argument("client-ca-file"));
    if server == Some(own) {
        return State::Fail(vec![format!("`{own}` is the authority of the API server as well")]);
    }
    State::Pass
}

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    check("2.1", "It shows a certificate", "--cert-file, --key-file", Argument(ROLE, &["cert-file", "key-file"], Set)),
    check("2.2", "It asks for certificates", "--client-cert-auth=true", Argument(ROLE, &["client-cert-auth"], Is("true"))),
    check("2.3", "It makes no certificates of its own", "leave --auto-tls away", Argument(ROLE, &["auto-tls"], IsNotOrUnset("true"))),
    check("2.4", "It shows its peers a certificate", "--peer-cert-file, --peer-key-file", Argument(ROLE, &["peer-cert-file", "peer-key-file"], Set)),
    check("2.5", "It asks its peers for certificates", "--peer-client-cert-auth=true", Argument(ROLE, &["peer-client-cert-auth"], Is("true"))),
    check("2.6", "It makes no certificates for its peers", "leave --peer-auto-tls away", Argument(ROLE, &["peer-auto-tls"], IsNotOrUnset("true"))),
    check("2.7", "It has an authority of its own", "--trusted-ca-file", Own(own_authority)).manual(),
];
