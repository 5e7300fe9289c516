//! `cluster` where files are named: the objects of a live cluster, each as `kubectl get -o json` prints it.

use std::io;
use std::path::PathBuf;

use plimsoll_kube::assessment::Owners;
use plimsoll_kube::manifest::{Item, Manifest};
use plimsoll_kube::objects;
use plimsoll_model::text::Source;
use rayon::prelude::*;
use serde::Serialize as _;
use serde_json::{Value, ser};

use super::files::{Origin, Read};
use crate::cluster::{Access, Client, Failure, Kind, WHOLE};
use crate::exit::{Usage, tell};
use crate::target::spinner;

/// The word for it.
pub(super) const NAME: &str = "cluster";

/// Which cluster `cluster` is
#[derive(Debug, Default, Clone, clap::Args)]
#[command(next_help_heading = "A live cluster, named `cluster`")]
pub(super) struct Live {
    /// Where the API server is and who we are to it; without it KUBECONFIG, the account of the pod
    /// that this is, or ~/.kube/config
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig, instead of its current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

/// What could not be listed; the rest was.
#[derive(Debug, thiserror::Error)]
#[error("the cluster was read in part only: {}", .0.join("; "))]
pub(super) struct Incomplete(Vec<String>);

impl Live {
    /// Gives the objects of the cluster, or of a namespace and of none, to `take`.
    pub(super) fn each(
        &self,
        namespace: Option<&str>,
        take: &mut dyn FnMut(Read),
    ) -> anyhow::Result<()> {
        let found = Access::look(self.kubeconfig.as_deref(), self.context.as_deref())?;
        let Some((access, name)) = found else {
            let why = "there is no kubeconfig, and this is no pod of a cluster: name one with \
                       --kubeconfig FILE, or name files instead of `cluster`";
            return Err(Usage(why.into()).into());
        };
        let client = Client::new(access)?;
        // A server that does not answer is not asked for each kind.
        if let Err(error @ Failure::Other(_)) = client.get("/version") {
            return Err(anyhow::Error::from(error).context(format!("the API server of `{name}`")));
        }
        let mut missing = Vec::new();
        for kind in Kind::ALL {
            let progress = spinner(&format!("listing {}", kind.plural));
            let listed = client.items(&kind.path(namespace), WHOLE, &mut |batch| {
                let read: Vec<_> =
                    batch.into_par_iter().map(|item| as_printed(&item, kind)).collect();
                for one in read {
                    take(one.map_err(Failure::Other)?);
                }
                Ok(())
            });
            progress.finish_and_clear();
            match listed {
                Ok((listed, _)) if listed.expired > 0 => tell(&format!(
                    "note: {}: the API server forgot the state of the list {} times while it was \
                     read; what came after is of a newer one",
                    kind.plural, listed.expired
                )),
                Ok(_) => {}
                // A cluster need not have it.
                Err(Failure::Said(404, _)) if kind.is_optional => {}
                Err(error) => {
                    missing.push(format!("{} of {}: {error}", kind.plural, kind.api_version));
                }
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(Incomplete(missing).into()) }
    }
}

/// An item of a list as `kubectl get -o json` prints the object, so that lines are those that people
/// see.
fn as_printed(item: &Item, kind: &Kind) -> Result<Read, String> {
    let mut object: Value =
        serde_json::from_slice(&item.bytes).map_err(|error| error.to_string())?;
    if let Some(fields) = object.as_object_mut() {
        for (name, value) in [("apiVersion", kind.api_version), ("kind", kind.kind)] {
            fields.entry(name).or_insert_with(|| value.into());
        }
        // What kubectl leaves out too.
        let metadata = fields.get_mut("metadata").and_then(Value::as_object_mut);
        metadata.and_then(|metadata| metadata.remove("managedFields"));
    }
    let text = printed(&object).map_err(|error| error.to_string())?;
    let manifest = Manifest::of_json(Source::new(text))?;
    let name = |field: &str| {
        let at = object.pointer(&format!("/metadata/{field}")).and_then(Value::as_str);
        at.unwrap_or_default().to_owned()
    };
    let home = Some(name("namespace")).filter(|_| kind.is_namespaced);
    let parts = [Some(NAME.into()), home, Some(kind.kind.into()), Some(name("name"))];
    let path = parts.into_iter().flatten().collect();
    Ok(Read { path, manifest, origin: Origin::Cluster })
}

fn printed(object: &Value) -> io::Result<String> {
    let mut text = Vec::new();
    let format = ser::PrettyFormatter::with_indent(b"    ");
    object.serialize(&mut ser::Serializer::with_formatter(&mut text, format))?;
    String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Leaves out what something else in the cluster made, and what every cluster has from the beginning:
/// neither can be mended where it stands.
pub(super) fn own(reads: Vec<Read>) -> Vec<Read> {
    let mut owners = Owners::default();
    let live = || reads.iter().filter(|read| read.origin == Origin::Cluster);
    for read in live() {
        for object in objects(&read.manifest).0.iter().filter(|one| one.kind != "Pod") {
            owners.note(object);
        }
    }
    let is_own = |read: &Read| {
        read.origin != Origin::Cluster
            || objects(&read.manifest)
                .0
                .iter()
                .any(|object| !object.is_given() && owners.root(object) == object.key())
    };
    reads.into_iter().filter(is_own).collect()
}
