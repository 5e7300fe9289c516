//! Writes the `NetworkPolicy` that isolates a pod, for whoever may apply it: nothing is sent to a cluster.

use super::{Action, Done, Order, Outcome};
use crate::actions::quarantine::{has_room, put};

/// The label that the policy goes by. One of the pod's own would hold for its siblings too.
const LABEL: &str = "plimsoll.dev/isolated";
/// The longest value of a label, and name of an object.
const LONGEST: usize = 63;

/// A manifest in the folder.
#[derive(Debug)]
pub(super) struct NetworkPolicy;

impl Action for NetworkPolicy {
    fn name(&self) -> &'static str {
        "network_policy"
    }

    fn needs(&self) -> &'static [(&'static str, u32)] {
        &[]
    }

    fn plan(&self, order: &Order<'_>) -> String {
        match order.target.pod() {
            Some((namespace, pod)) => format!("write a NetworkPolicy for pod {namespace}/{pod}"),
            None => "write nothing: no pod is known".to_owned(),
        }
    }

    fn act(&self, order: &Order<'_>) -> Done {
        let Some((namespace, pod)) = order.target.pod() else {
            return Done::of(Outcome::Refused, "no pod is known");
        };
        if !is_name(namespace) || !is_name(pod) {
            return Done::of(Outcome::Refused, "the pod's name is none that Kubernetes allows");
        }
        let name = file_name(namespace, pod);
        if !has_room(order.folder, order.max_folder) {
            return Done::of(Outcome::Refused, "the folder of responses is full");
        }
        match put(order.folder, &name, manifest(namespace, pod, order.rule).as_bytes()) {
            Ok(path) => {
                let path = path.display();
                Done::new(format!(
                    "kubectl apply -f {path} && kubectl label pod -n {namespace} {pod} {LABEL}={} # \
                     policies add up: what another policy allows the pod stays allowed",
                    value(pod)
                ))
                .undone_by(format!("kubectl label pod -n {namespace} {pod} {LABEL}-"))
            }
            Err(error) => {
                Done::of(Outcome::Failed, format!("the manifest cannot be written: {error}"))
            }
        }
    }
}

/// With a sign between the names that neither has: `a-b` in `c` is not `b-c` in `a`.
fn file_name(namespace: &str, pod: &str) -> String {
    format!("networkpolicy_{namespace}_{pod}.yaml")
}

fn is_name(name: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let ends = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= 253
        && name.bytes().all(fits)
        && name.bytes().next().is_some_and(ends)
        && name.bytes().last().is_some_and(ends)
}

/// The end of a pod's name tells it from its siblings.
fn value(pod: &str) -> &str {
    let cut = pod.len().saturating_sub(LONGEST);
    pod.get(cut..).unwrap_or(pod).trim_start_matches(['-', '.'])
}

fn manifest(namespace: &str, pod: &str, rule: &str) -> String {
    let value = value(pod);
    let rule = serde_json::Value::from(rule);
    format!(
        "apiVersion: networking.k8s.io/v1\n\
         kind: NetworkPolicy\n\
         metadata:\n  \
           name: {name}\n  \
           namespace: {namespace}\n  \
           annotations:\n    \
             plimsoll.dev/rule: {rule}\n\
         spec:\n  \
           podSelector:\n    \
             matchLabels:\n      \
               {LABEL}: {value:?}\n  \
           policyTypes: [Ingress, Egress]\n",
        name = format_args!("isolate-{value}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_lets_nothing_in_or_out_of_the_one_pod() {
        let text = manifest("team-a", "web-7c9-x2", "A: \"rule\"");
        let read: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read["spec"]["podSelector"]["matchLabels"][LABEL], "web-7c9-x2");
        assert_eq!(read["spec"]["policyTypes"], serde_json::json!(["Ingress", "Egress"]));
        assert_eq!(read["spec"].get("ingress"), None);
        assert_eq!(read["metadata"]["annotations"]["plimsoll.dev/rule"], "A: \"rule\"");
    }

    #[test]
    fn two_pods_never_share_a_file() {
        assert_ne!(file_name("a-b", "c"), file_name("a", "b-c"));
        assert!(!is_name("a_b"));
    }

    #[test]
    fn a_name_that_is_none_of_kubernetes_writes_no_file() {
        for name in ["../../etc/x", "a\nb", "", "-a", "A"] {
            assert!(!is_name(name), "{name}");
        }
        assert_eq!(value(&format!("{}-x2", "a".repeat(80))).len(), LONGEST);
    }
}
