//! `EXPOSE 80/TCP`.

use super::ports;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "ExposeProtoCasing",
    aliases: &[],
    level: Level::Style,
    title: "Write the protocol of EXPOSE in lower case",
    why: "The image's configuration has it in lower case, whatever the file says.",
    bad: "FROM alpine:3.20\nEXPOSE 80/TCP\n",
    good: "FROM alpine:3.20\nEXPOSE 80/tcp\n",
    mending: Mending::Safe,
    source: "https://docs.docker.com/reference/build-checks/expose-proto-casing/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for port in ports::all(context) {
        let Some(parts) = port.parts() else { continue };
        if !parts.protocol.contains(char::is_uppercase) {
            continue;
        }
        let text = &port.text;
        let message =
            format!("Defined protocol '{text}' in EXPOSE instruction should be lowercase");
        let reported = findings.report(port.step.line, port.argument.span, message);
        if let Some(span) = port.editable(context.file.source.text()) {
            let edits = vec![Edit::replace(span, text.to_lowercase())];
            reported.safe_fix("write it in lower case", edits);
        }
    }
}
