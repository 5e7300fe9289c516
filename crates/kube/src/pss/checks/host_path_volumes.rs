//! Folders of the node.

use plimsoll_model::text::Level;

use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::{plural, quoted};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "hostPathVolumes",
        aliases: &["KSV-0023"],
        level: Level::Error,
        title: "Mount no folder of the node",
        why: "Who can write to a folder of the node can leave a program there that the node runs; who can read one finds the credentials of the kubelet and of other pods.",
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
    - name: log
      hostPath:
        path: /var/log
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
    - name: log
      emptyDir: {}
",
        mending: Mending::None,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_hostPathVolumes.go",
        fields: &["spec.volumes[*].hostPath"],
    },
    profile: Profile::Baseline,
    revisions: &[Revision::since(0, check)],
};

fn check(pod: &Pod<'_>) -> Option<Forbidden> {
    let (mut offences, mut names) = (Vec::new(), Vec::new());
    for volume in pod.spec.list("volumes") {
        if let Some(path) = volume.get("hostPath") {
            names.push(volume.text("name").map_or("", |name| name.value));
            offences.push(Offence::at(path.span));
        }
    }
    let word = plural("volume", "volumes", names.len());
    let detail = format!("{word} {}", quoted(names));
    (!offences.is_empty()).then(|| Forbidden::new("hostPath volumes", detail, offences))
}
