//! 1.3: the arguments of the controller manager.

use super::judge::Asks::Argument;
use super::judge::Rule::{HasNotOrUnset, Is, IsOrUnset, Set};
use super::judge::{Check, check};
use super::{Chapter, Role};

pub(super) static CHAPTER: Chapter =
    Chapter { id: "1.3", title: "Controller manager", checks: CHECKS };

const ROLE: Role = Role::ControllerManager;

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    check("1.3.1", "Ended pods are cleared away in time", "--terminated-pod-gc-threshold", Argument(ROLE, &["terminated-pod-gc-threshold"], Set)).manual(),
    check("1.3.2", "It cannot be profiled", "--profiling=false", Argument(ROLE, &["profiling"], Is("false"))),
    check("1.3.3", "Each controller has an account of its own", "--use-service-account-credentials=true", Argument(ROLE, &["use-service-account-credentials"], Is("true"))),
    check("1.3.4", "Tokens are signed by a key of their own", "--service-account-private-key-file", Argument(ROLE, &["service-account-private-key-file"], Set)),
    check("1.3.5", "Pods are told whose certificates count", "--root-ca-file", Argument(ROLE, &["root-ca-file"], Set)),
    check("1.3.6", "Certificates of kubelets are renewed", "leave RotateKubeletServerCertificate=false away", Argument(ROLE, &["feature-gates"], HasNotOrUnset("RotateKubeletServerCertificate=false"))),
    check("1.3.7", "It listens to its own machine alone", "--bind-address=127.0.0.1", Argument(ROLE, &["bind-address"], IsOrUnset("127.0.0.1"))),
];
