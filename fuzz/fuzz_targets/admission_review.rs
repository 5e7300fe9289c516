//! An admission review of any bytes: it is answered, or it is said why it is none.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use plimsoll_admission::settings::Settings;
use plimsoll_admission::{ImageFact, answer_at_once};
use plimsoll_model::Timestamp;

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let text = "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: closed\npodSecurity: \
                {mode: enforce}\nrules: [{severity: error, mode: enforce}, {severity: warning, mode: \
                warn}]\nimages: {registries: {allowed: ['a/**'], mode: enforce}, digest: {mode: warn, \
                pin: true}, signature: {policy: p, mode: enforce}}\nexceptions: [{name: e, owner: o, \
                reason: r, expires: 2030-01-01, rules: ['*'], containers: [a]}]\n";
    Settings::parse(text).expect("the settings are right")
});

fuzz_target!(|body: &[u8]| {
    let labels = |_: &str| {
        let label = "pod-security.kubernetes.io/enforce".to_owned();
        Ok(BTreeMap::from([(label, "restricted".to_owned())]))
    };
    let image = |_: &str| ImageFact::Unknown("nobody".to_owned());
    match answer_at_once(body, &SETTINGS, Timestamp::from_unix(0), labels, image) {
        Ok(answer) => assert!(answer.allowed || answer.status.is_some()),
        Err(error) => assert!(!error.why.is_empty()),
    }
});
