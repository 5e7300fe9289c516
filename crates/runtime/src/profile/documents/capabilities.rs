//! The capabilities of a container, all others dropped: a part of its `securityContext`.

use std::fmt::Write as _;

use crate::profile::{Deed, Judge, Kind, Observed, Verdict};
use crate::syscall::SystemCall;
use crate::yaml;

pub(super) const KIND: Kind =
    Kind { name: "capabilities", file: "capabilities.yaml", what: "capability set", write, read };

/// How many reasons are told of one capability.
const MOST_REASONS: usize = 5;

fn write(observed: &Observed) -> String {
    let mut text = format!(
        "# What the calls of `{}` took. Whether DAC_OVERRIDE, FOWNER, FSETID, KILL, SYS_PTRACE,\n\
         # SYS_NICE or SYS_RESOURCE was used depends on owners and limits that a capture lacks.\n\
         securityContext:\n  allowPrivilegeEscalation: false\n  capabilities:\n    drop: [ALL]\n",
        observed.name
    );
    if observed.capabilities.is_empty() {
        text.push_str("    add: []\n");
        return text;
    }
    text.push_str("    add:\n");
    for (capability, reasons) in &observed.capabilities {
        let shown: Vec<&str> = reasons.iter().map(String::as_str).take(MOST_REASONS).collect();
        let _ = writeln!(text, "      - {capability}  # {}", shown.join(", "));
    }
    text
}

struct Set {
    grants: Vec<String>,
}

fn read(text: &str) -> Result<Box<dyn Judge>, String> {
    let documents = yaml::read(text).map_err(|error| error.what)?;
    let context = documents.first().and_then(|it| it.get("securityContext"));
    let set = context.and_then(|it| it.get("capabilities")).ok_or("no `capabilities`")?;
    let list = |name: &str| -> Vec<String> {
        let items = set.get(name).and_then(|it| it.sequence()).unwrap_or_default();
        items.iter().filter_map(|it| it.scalar()).map(str::to_owned).collect()
    };
    if list("drop") != ["ALL"] {
        return Err("`drop` is not ALL".to_owned());
    }
    Ok(Box::new(Set { grants: list("add") }))
}

impl Judge for Set {
    fn grants(&self) -> &[String] {
        &self.grants
    }

    fn judge(&mut self, _: &SystemCall<'_>, deed: &Deed) -> Verdict {
        let mut verdict = Verdict::INDIFFERENT;
        for (capability, reason) in &deed.capabilities {
            let by: Vec<usize> = self
                .grants
                .iter()
                .enumerate()
                .filter(|(_, grant)| grant == capability)
                .map(|(at, _)| at)
                .collect();
            verdict =
                verdict.and(Verdict::by(&by, || format!("{reason}, which takes {capability}")));
        }
        verdict
    }
}
