//! A port as `EXPOSE` reads it: `[ip:][host-port:]port[/protocol]`.
//!
//! After <https://github.com/moby/buildkit/blob/master/frontend/dockerfile/dockerfile2llb/convert_expose.go>.

use crate::Span;
use crate::context::{Context, Step};
use crate::syntax::{Argument, Keyword};

/// One port of an `EXPOSE`.
pub(super) struct Port<'a> {
    pub(super) step: Step<'a>,
    pub(super) argument: &'a Argument,
    /// The port with its variables expanded.
    pub(super) text: String,
}

/// The parts of a port.
pub(super) struct Parts<'t> {
    /// Whether an address or a port of the host stands before the port.
    pub(super) is_mapped: bool,
    /// The port, or range of ports, of the container.
    pub(super) port: &'t str,
    /// As written, without the slash; empty where there is none.
    pub(super) protocol: &'t str,
}

/// All ports that are exposed.
pub(super) fn all<'a>(context: &Context<'a>) -> impl Iterator<Item = Port<'a>> {
    let steps = context.steps_of(Keyword::Expose).filter(|step| !step.onbuild);
    steps.flat_map(move |step| {
        let ports = move |argument: &'a Argument| {
            let words = context.expand(&argument.text, step).map(|text| text.words);
            words.unwrap_or_default().into_iter().map(move |text| Port { step, argument, text })
        };
        step.instruction.arguments.words().iter().flat_map(ports)
    })
}

impl Port<'_> {
    /// The parts; `None` where the builder refuses the port for its protocol.
    pub(super) fn parts(&self) -> Option<Parts<'_>> {
        let (mapping, last) = match self.text.rsplit_once(':') {
            Some((mapping, last)) => (mapping, last),
            None => ("", self.text.as_str()),
        };
        let (port, protocol) = last.split_once('/').unwrap_or((last, ""));
        let known = ["", "tcp", "udp", "sctp"];
        (!port.is_empty() && known.iter().any(|one| one.eq_ignore_ascii_case(protocol)))
            .then_some(Parts { is_mapped: mapping.chars().any(|one| one != ':'), port, protocol })
    }

    /// Where it can be edited: it is written as it reads.
    pub(super) fn editable(&self, source: &str) -> Option<Span> {
        let span = self.argument.span;
        (span.of(source) == self.text).then_some(span)
    }
}
