//! Sorts of volumes.
//!
//! A volume without a source is an `emptyDir`: the API server fills it in before any policy sees the
//! pod, and it drops a source that it does not know.

use std::collections::BTreeSet;

use plimsoll_model::text::Level;

use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::{plural, quoted, quoted_set};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "restrictedVolumes",
        aliases: &["KSV-0028"],
        level: Level::Warning,
        title: "Mount storage through claims, not by its driver",
        why: "A volume that names a server or a disk is mounted by the node with the node's rights, whatever the pod's author may do. A claim is granted by somebody.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
  volumes:
    - name: data
      nfs:
        server: files.example.com
        path: /data
",
        good: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
  volumes:
    - name: data
      persistentVolumeClaim:
        claimName: data
",
        mending: Mending::None,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_restrictedVolumes.go",
        fields: &["spec.volumes[*]"],
    },
    profile: Profile::Restricted,
    revisions: &[Revision { since: 0, overrides: &["hostPathVolumes"], check }],
};

const ALLOWED: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Kinds of volume that restricted does not have, in the order in which Kubernetes looks for them.
pub const FORBIDDEN: [&str; 21] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

fn check(pod: &Pod<'_>) -> Option<Forbidden> {
    let (mut offences, mut names, mut kinds) = (Vec::new(), Vec::new(), BTreeSet::new());
    for volume in pod.spec.list("volumes") {
        if ALLOWED.iter().any(|kind| volume.get(kind).is_some()) {
            continue;
        }
        let found = FORBIDDEN.iter().find_map(|kind| Some((kind, volume.get(kind)?)));
        if let Some((kind, source)) = found {
            names.push(volume.text("name").map_or("", |name| name.value));
            kinds.insert(*kind);
            offences.push(Offence::at(source.span));
        }
    }
    let detail = format!(
        "{} {} {} {} {}",
        plural("volume", "volumes", names.len()),
        quoted(names.iter().copied()),
        plural("uses", "use", names.len()),
        plural("restricted volume type", "restricted volume types", kinds.len()),
        quoted_set(&kinds)
    );
    (!offences.is_empty()).then(|| Forbidden::new("restricted volume types", detail, offences))
}
