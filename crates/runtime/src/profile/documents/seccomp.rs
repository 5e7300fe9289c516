//! A seccomp profile in Docker's form: <https://docs.docker.com/engine/security/seccomp/>.
//!
//! Whatever is not named fails with `EPERM`. Containers take it by `--security-opt seccomp=FILE`,
//! pods by `securityContext.seccompProfile.localhostProfile`.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::json;

use crate::profile::{Deed, Judge, Kind, Observed, Verdict};
use crate::syscall::SystemCall;

pub(super) const KIND: Kind =
    Kind { name: "seccomp", file: "seccomp.json", what: "seccomp profile", write, read };

/// Calls have the same names on both; those of 32 bits are not permitted.
const ARCHITECTURES: [&str; 2] = ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"];
const ALLOW: &str = "SCMP_ACT_ALLOW";

fn write(observed: &Observed) -> String {
    let architectures: Vec<_> = ARCHITECTURES
        .iter()
        .map(|name| json!({"architecture": name, "subArchitectures": []}))
        .collect();
    let names: Vec<&str> = observed.calls.keys().copied().collect();
    let syscalls =
        if names.is_empty() { json!([]) } else { json!([{"names": names, "action": ALLOW}]) };
    let profile = json!({
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "archMap": architectures,
        "syscalls": syscalls,
    });
    format!("{profile:#}\n")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Profile {
    default_action: String,
    #[serde(rename = "defaultErrnoRet")]
    _errno: u32,
    arch_map: Vec<Architecture>,
    syscalls: Vec<Calls>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Architecture {
    architecture: String,
    #[serde(rename = "subArchitectures")]
    _below: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Calls {
    names: Vec<String>,
    action: String,
}

struct Filter {
    grants: Vec<String>,
    by_name: HashMap<String, Vec<usize>>,
}

fn read(text: &str) -> Result<Box<dyn Judge>, String> {
    let profile: Profile = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if profile.default_action == ALLOW {
        return Err("`defaultAction` permits everything".to_owned());
    }
    if !profile.arch_map.iter().all(|it| it.architecture.starts_with("SCMP_ARCH_")) {
        return Err("`archMap` has what is no architecture".to_owned());
    }
    let mut filter = Filter { grants: Vec::new(), by_name: HashMap::new() };
    let allowed = profile.syscalls.into_iter().filter(|calls| calls.action == ALLOW);
    for name in allowed.flat_map(|calls| calls.names) {
        filter.by_name.entry(name.clone()).or_default().push(filter.grants.len());
        filter.grants.push(name);
    }
    Ok(Box::new(filter))
}

impl Judge for Filter {
    fn grants(&self) -> &[String] {
        &self.grants
    }

    fn judge(&mut self, _: &SystemCall<'_>, deed: &Deed) -> Verdict {
        let Some(call) = deed.call else { return Verdict::INDIFFERENT };
        let grants = self.by_name.get(call).map_or(&[][..], Vec::as_slice);
        Verdict::by(grants, || format!("the call {call}"))
    }
}
