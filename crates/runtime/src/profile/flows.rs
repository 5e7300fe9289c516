//! Who spoke to whom, with the pod that each process runs in.

use std::net::IpAddr;

use super::deed::{Direction, Peer, Witness, first};
use crate::event::{Arena, FieldRef, Value};
use crate::fields::Source;
use crate::syscall::SystemCall;

/// A connection of a pod, as the pod's own process asked for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodFlow {
    /// The pod's namespace.
    pub namespace: String,
    /// Its name.
    pub pod: String,
    /// Its own address of this connection, where that is known.
    pub own: Option<IpAddr>,
    /// The other end, and who began.
    pub peer: Peer,
}

/// Finds the connections of pods among events.
pub struct FlowWitness {
    witness: Witness,
    namespace: Option<FieldRef>,
    pod: Option<FieldRef>,
    client: Option<FieldRef>,
    server: Option<FieldRef>,
}

impl Default for FlowWitness {
    fn default() -> Self {
        Self::new()
    }
}

impl FlowWitness {
    /// One that has seen nothing.
    pub fn new() -> Self {
        let field = |name: &str| FieldRef::resolve(Source::Syscall, name, None).ok();
        Self {
            witness: Witness::new(),
            namespace: field("k8s.ns.name"),
            pod: field("k8s.pod.name"),
            // Which end is on this machine a log does not say, but who began.
            client: field("fd.cip"),
            server: field("fd.sip"),
        }
    }

    /// The connection that an event asks for; every event of a capture has to be shown. `Err` is the
    /// connection of a process that runs in no pod.
    pub fn flow(&mut self, call: &SystemCall<'_>, arena: &Arena) -> Option<Result<PodFlow, Peer>> {
        let peer = self.witness.deed(call, arena).peer?;
        let is_local = |address: IpAddr| address.is_loopback() || address.is_unspecified();
        if is_local(peer.address) {
            return None;
        }
        let text = |field: &Option<FieldRef>| {
            let bytes = first(call, field.as_ref()?, arena)?.bytes()?;
            (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes).into_owned())
        };
        let (Some(namespace), Some(pod)) = (text(&self.namespace), text(&self.pod)) else {
            return Some(Err(peer));
        };
        let own = match peer.direction {
            Direction::Out => &self.client,
            Direction::In => &self.server,
        };
        let own = own.as_ref().and_then(|field| first(call, field, arena));
        let own = match own {
            Some(Value::Address(address)) if !is_local(address) => Some(address),
            _ => None,
        };
        Some(Ok(PodFlow { namespace, pod, own, peer }))
    }
}
