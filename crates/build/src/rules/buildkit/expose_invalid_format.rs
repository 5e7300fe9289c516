//! `EXPOSE` with an address or a port of the host.

use super::ports;
use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "ExposeInvalidFormat",
    aliases: &[],
    level: Level::Warning,
    title: "Leave addresses and ports of the host out of EXPOSE",
    why: "The builder drops them: where a port is published is for whoever runs the container to \
          say. A later builder will refuse them.",
    bad: "FROM alpine:3.20\nEXPOSE 127.0.0.1:80:8080\n",
    good: "FROM alpine:3.20\nEXPOSE 8080\n",
    mending: Mending::Safe,
    source: "https://docs.docker.com/reference/build-checks/expose-invalid-format/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for port in ports::all(context) {
        let Some(parts) = port.parts().filter(|parts| parts.is_mapped) else { continue };
        let message = format!(
            "EXPOSE instruction should not define an IP address or host-port mapping, found '{}'",
            port.text
        );
        let reported = findings.report(port.step.line, port.argument.span, message);
        if let Some(span) = port.editable(context.file.source.text()) {
            let slash = if parts.protocol.is_empty() { "" } else { "/" };
            let text = format!("{}{slash}{}", parts.port, parts.protocol);
            reported.safe_fix("take the mapping out", vec![Edit::replace(span, text)]);
        }
    }
}
