//! The cluster that files describe, and what names in arguments mean in it.

use std::path::PathBuf;

use anyhow::Context;
use plimsoll_kube::netpol::{Builder, Cluster, End, Network, Protocol, read_address};

use crate::commands::kube::files::{self, Read, parse};
use crate::commands::kube::rendered::Rendering;
use crate::commands::kube::stream;
use crate::exit::{Usage, tell};
use crate::output;

/// What is asked of the cluster that files describe, and how the answer is told.
#[derive(Debug, clap::Args)]
pub(super) struct Asked {
    /// text or json, =FILE if wanted
    #[arg(short = 'o', long = "format", value_name = "FORMAT[=FILE]", default_value = "text")]
    format: String,

    /// Manifests, folders to look for them in, or `-` for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    rendering: Rendering,
}

impl Asked {
    /// The formats that are wanted, and their files.
    pub(super) fn outputs(&self) -> Result<Vec<(&'static str, Option<&str>)>, Usage> {
        let known = ["text", "json"];
        let named = |name: &str| known.into_iter().find(|known| *known == name);
        output::parse(std::slice::from_ref(&self.format), named, &known)
    }

    /// The cluster.
    pub(super) fn cluster(&self) -> anyhow::Result<Cluster> {
        whole(&self.files, &self.rendering)
    }
}

/// How many mistakes are told one by one.
const MAX_TOLD: usize = 50;

/// Reads the files. What cannot be read is an error: nobody knows what it would allow.
pub(super) fn manifests(named: &[PathBuf], rendering: &Rendering) -> anyhow::Result<Vec<Read>> {
    let mut reads = Vec::new();
    for candidate in files::find(named)? {
        let name = candidate.path.display().to_string();
        reads.extend(parse(candidate, rendering).with_context(|| format!("`{name}` is not read"))?);
    }
    Ok(reads)
}

/// The cluster, where all of it could be read and an API server would take it. A long list is read
/// item by item, and none of it is kept.
pub(super) fn whole(named: &[PathBuf], rendering: &Rendering) -> anyhow::Result<Cluster> {
    whole_with(named, rendering, &mut |_| {})
}

/// The same; `also` is given all that is read.
pub(super) fn whole_with(
    named: &[PathBuf],
    rendering: &Rendering,
    also: &mut dyn FnMut(&Read),
) -> anyhow::Result<Cluster> {
    let mut found = Found::default();
    stream::each(named, rendering, &mut |read| {
        found.add(&read);
        also(&read);
    })?;
    found.whole()
}

/// What files say, and what is wrong with them.
#[derive(Default)]
struct Found {
    builder: Builder,
    wrong: Vec<String>,
    /// How many more are wrong than are told.
    more: usize,
}

impl Found {
    fn add(&mut self, read: &Read) {
        self.builder.add(&read.path.display().to_string(), &read.manifest);
        for problem in &read.manifest.problems {
            let said = read.says(problem);
            if problem.kind.is_readable() {
                tell(&said);
            } else if self.wrong.len() < MAX_TOLD {
                self.wrong.push(said);
            } else {
                self.more = self.more.saturating_add(1);
            }
        }
    }

    fn whole(mut self) -> anyhow::Result<Cluster> {
        let (mut wrong, more) = (std::mem::take(&mut self.wrong), self.more);
        let cluster = self.builder.finish();
        tell_of_passed_over(&cluster);
        wrong.extend(cluster.refused.iter().map(ToString::to_string));
        for said in wrong.iter().take(MAX_TOLD) {
            tell(said);
        }
        let why = match wrong.len().saturating_add(more) {
            0 => return Ok(cluster),
            1 => "there is no verdict over a file that is wrong: mend the place above".to_owned(),
            more => format!(
                "there is no verdict over files that are wrong: mend the {more} places above"
            ),
        };
        Err(Usage(why).into())
    }
}

/// Tells what decides about traffic too.
pub(super) fn tell_of_passed_over(cluster: &Cluster) {
    for (object, place) in &cluster.passed_over {
        tell(&format!("{place}: {object} decides about traffic too, and is not counted here"));
    }
}

/// The pod or the address that an argument names.
pub(super) fn end(network: &Network<'_>, name: &str) -> Result<End, Usage> {
    let Some(address) = read_address(name) else { return Ok(End::Pod(pod(network, name)?)) };
    let pods = network.cluster.pods.iter();
    let mut owners = pods.enumerate().filter(|(_, pod)| pod.addresses.contains(&address));
    Ok(match owners.next() {
        // Of several pods with one address, all but one have the network of their node.
        Some((number, pod)) if !pod.host_network && owners.next().is_none() => {
            tell(&format!("{address} is the address of {}", network.name(number)));
            End::Pod(number)
        }
        _ => End::Address(address),
    })
}

/// The pod that an argument names.
pub(super) fn pod(network: &Network<'_>, name: &str) -> Result<usize, Usage> {
    let found = network.pods_called(name);
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let shown: Vec<&str> =
                (0..network.cluster.pods.len().min(10)).map(|pod| network.name(pod)).collect();
            let more = if network.cluster.pods.len() > shown.len() { ", …" } else { "" };
            let known = if shown.is_empty() {
                "there is no pod in the files".to_owned()
            } else {
                format!("the files have {}{more}", shown.join(", "))
            };
            Err(Usage(format!("there is no pod `{name}`: name it NAMESPACE/NAME; {known}")))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|pod| network.name(*pod)).collect();
            Err(Usage(format!("`{name}` is several: name one of {}", names.join(", "))))
        }
    }
}

/// `80`, `53/UDP`: a port and its protocol, TCP where none is named.
pub(super) fn port(text: &str) -> Result<(u16, Protocol), String> {
    let (number, name) = text.split_once('/').unwrap_or((text, "TCP"));
    let number = number.parse::<u16>().ok().filter(|port| *port > 0);
    let protocol = protocol(name)?;
    let number = number
        .ok_or_else(|| format!("`{text}` is no port: expected 1 to 65535, as in `53/UDP`"))?;
    Ok((number, protocol))
}

/// A protocol in any case.
pub(super) fn protocol(text: &str) -> Result<Protocol, String> {
    Protocol::named(&text.to_ascii_uppercase())
        .ok_or_else(|| format!("`{text}` is no protocol of policies: expected TCP, UDP or SCTP"))
}
