//! What falls when a pod does: the pods that it reaches over the network, step by step, and what each
//! gives to whoever takes it: its node, or the whole cluster.
//!
//! It joins network policies with the rights of service accounts and what pods may do on their node.

mod exposed;
mod gain;
mod holdings;
mod spread;

use std::collections::{BTreeMap, HashMap};

use crate::netpol::Network;
use crate::rbac::{Paths, Subject};

pub use exposed::{Exposed, exposed};
pub use gain::Gain;
pub use holdings::{Builder, Holdings};
pub use spread::{ANY, Reached, count_reached};

/// What comes of the fall of some pods.
#[derive(Debug)]
pub struct Lateral {
    /// The pods that it begins with.
    pub starts: Vec<usize>,
    /// The pods that are come to, the nearest first.
    pub reached: Vec<Reached>,
    /// What pods give, of those that begin and are come to.
    pub gains: BTreeMap<usize, Vec<Gain>>,
    /// By pod, its place among those that are come to.
    places: HashMap<usize, usize>,
}

impl Lateral {
    /// Works out what comes of the fall of these pods, which hold what is held here.
    pub fn of(network: &Network<'_>, holdings: &Holdings, starts: Vec<usize>) -> Self {
        let reached = spread::spread(network, &starts);
        let paths = Paths::new(&holdings.access);
        let mut known: HashMap<&Subject, Option<Gain>> = HashMap::new();
        let mut gains = BTreeMap::new();
        for number in starts.iter().copied().chain(reached.iter().map(|one| one.pod)) {
            let Some(pod) = network.cluster.pods.get(number) else { continue };
            let Some((of_node, account)) = holdings.of_pod(pod) else { continue };
            let account = account.and_then(|account| {
                known.entry(account).or_insert_with(|| gain::of_cluster(&paths, account)).clone()
            });
            let all: Vec<Gain> = of_node.iter().cloned().chain(account).collect();
            if !all.is_empty() {
                gains.insert(number, all);
            }
        }
        let places = reached.iter().enumerate().map(|(place, one)| (one.pod, place)).collect();
        Self { starts, reached, gains, places }
    }

    /// The way to a pod: the steps that lead there, the first step first.
    pub fn way(&self, pod: usize) -> Vec<&Reached> {
        let mut way: Vec<&Reached> = Vec::new();
        let mut at = pod;
        let step = |pod: usize| self.reached.get(*self.places.get(&pod)?);
        while let Some(step) = step(at) {
            way.push(step);
            at = step.from;
        }
        way.reverse();
        way
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use plimsoll_model::text::Source;

    use super::*;
    use crate::Services;
    use crate::manifest::Manifest;
    use crate::netpol::Cluster;

    const SHOP: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {automountServiceAccountToken: false, containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop, labels: {app: agent}}
spec:
  serviceAccountName: agent
  containers:
  - {name: c, image: i, securityContext: {privileged: true}, ports: [{containerPort: 9100}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: agent}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: agent, namespace: shop}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: behind-api, namespace: shop}
spec:
  podSelector: {matchExpressions: [{key: app, operator: In, values: [db, agent]}]}
  ingress: [{from: [{podSelector: {matchLabels: {app: api}}}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
";

    #[test]
    fn what_falls_after_a_pod_and_what_it_gives() {
        let manifest = Manifest::parse(Source::new(SHOP));
        let files = [("shop.yaml", &manifest)];
        let cluster = Cluster::of(files);
        let network = Network::new(&cluster);
        let start = network.pods_called("shop/web");
        let lateral = Lateral::of(&network, &Holdings::of(files), start);
        let told: Vec<_> = lateral
            .reached
            .iter()
            .map(|it| (network.name(it.pod), network.name(it.from), it.steps, it.only_by_it))
            .collect();
        assert_eq!(
            told,
            [
                ("shop/api", "shop/web", 1, Some(2)),
                ("shop/db", "shop/api", 2, Some(0)),
                ("shop/agent", "shop/api", 2, Some(0)),
            ]
        );
        let agent = network.pods_called("shop/agent");
        let gains = &lateral.gains[&agent[0]];
        assert!(
            matches!(&gains[0], Gain::Node(why) if why == "privileged container c"),
            "{gains:?}"
        );
        assert!(matches!(&gains[1], Gain::Cluster { .. }), "{gains:?}");
        assert_eq!(lateral.gains.len(), 1);
        assert_eq!(lateral.way(agent[0]).len(), 2);
    }

    #[test]
    fn a_pod_that_no_policy_guards_leads_on() {
        let manifest = Manifest::parse(Source::new(SHOP));
        let files = [("shop.yaml", &manifest)];
        let cluster = Cluster::of(files);
        let network = Network::new(&cluster);
        let lateral = Lateral::of(&network, &Holdings::of(files), network.pods_called("shop/db"));
        // Nothing guards the door of web, over which the way leads on.
        assert_eq!(network.name(lateral.reached[0].pod), "shop/web");
        assert_eq!(lateral.reached.len(), 3);
    }

    #[test]
    fn what_the_world_can_come_to_is_where_services_and_ingresses_lead() {
        let manifest = Manifest::parse(Source::new(SHOP));
        let files = [("shop.yaml", &manifest)];
        let cluster = Cluster::of(files);
        let found = exposed(&cluster, &Services::of([&manifest]));
        assert_eq!(found.len(), 1);
        assert_eq!(cluster.pods[found[0].pod].name, "web");
        assert_eq!(found[0].by, "Service shop/web (LoadBalancer)");
    }

    #[test]
    fn a_port_of_the_node_is_open_to_the_world_without_a_service() {
        let text = "
apiVersion: v1
kind: Pod
metadata: {name: agent}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80, hostPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: inside}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
";
        let manifest = Manifest::parse(Source::new(text));
        let cluster = Cluster::of([("all.yaml", &manifest)]);
        // What is read object by object keeps the manifests of services alone.
        let found = exposed(&cluster, &Services::default());
        assert_eq!(found, [Exposed { pod: 0, by: "hostPort 8080".into() }]);
    }

    #[test]
    fn pods_without_declared_ports_are_reached_where_no_rule_stands_in_the_way() {
        let text = "
apiVersion: v1
kind: Pod
metadata: {name: a, labels: {app: a}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: open, labels: {app: open}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: some, labels: {app: some}}
spec:
  automountServiceAccountToken: false
  volumes:
  - {name: t, projected: {sources: [{serviceAccountToken: {path: token}}]}}
  - {name: h, hostPath: {path: /var/lib/}}
  containers:
  - {name: c, image: i, securityContext: {capabilities: {add: [DAC_READ_SEARCH]}}, volumeMounts: [{name: h, mountPath: /h}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: some}
spec:
  podSelector: {matchLabels: {app: some}}
  ingress: [{ports: [{port: 9000}]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: all}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: default, namespace: default}]
";
        let manifest = Manifest::parse(Source::new(text));
        let files = [("all.yaml", &manifest)];
        let cluster = Cluster::of(files);
        let network = Network::new(&cluster);
        let lateral = Lateral::of(&network, &Holdings::of(files), network.pods_called("default/a"));
        let told: Vec<_> =
            lateral.reached.iter().map(|it| (network.name(it.pod), it.port.number)).collect();
        assert_eq!(told, [("default/open", ANY), ("default/some", 9000)]);
        let some = network.pods_called("default/some")[0];
        let gains = &lateral.gains[&some];
        assert_eq!(gains[0], Gain::Node("capability DAC_READ_SEARCH of container c".into()));
        assert_eq!(gains[1], Gain::Node("hostPath /var/lib".into()));
        assert!(matches!(gains[2], Gain::Cluster { .. }), "{gains:?}");
    }

    /// Pods of which each lets in those of its list.
    fn guarded(lists: &[Vec<usize>], without: Option<usize>) -> String {
        let mut text = String::new();
        for (pod, from) in lists.iter().enumerate().filter(|(pod, _)| Some(*pod) != without) {
            let peers: Vec<String> = from
                .iter()
                .map(|it| format!("{{podSelector: {{matchLabels: {{app: p{it}}}}}}}"))
                .collect();
            let rules = if peers.is_empty() {
                "[]".to_owned()
            } else {
                format!("[{{from: [{}]}}]", peers.join(", "))
            };
            let _ = write!(
                text,
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{pod}, labels: {{app: p{pod}}}}}\n\
                 spec: {{containers: [{{name: c, image: i, ports: [{{containerPort: 80}}]}}]}}\n---\n\
                 apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p{pod}}}\n\
                 spec: {{podSelector: {{matchLabels: {{app: p{pod}}}}}, policyTypes: [Ingress], ingress: {rules}}}\n---\n"
            );
        }
        text
    }

    fn fallen(text: &str) -> BTreeMap<String, Option<usize>> {
        let manifest = Manifest::parse(Source::new(text));
        let files = [("all.yaml", &manifest)];
        let cluster = Cluster::of(files);
        assert_eq!(cluster.refused, []);
        let network = Network::new(&cluster);
        let lateral =
            Lateral::of(&network, &Holdings::of(files), network.pods_called("default/p0"));
        let name = |pod: usize| network.name(pod).to_owned();
        lateral.reached.iter().map(|one| (name(one.pod), one.only_by_it)).collect()
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(64))]
        #[test]
        fn others_hang_on_a_pod_where_they_are_not_reached_without_it(
            lists in proptest::collection::vec(proptest::collection::vec(0..8_usize, 0..4), 8)
        ) {
            let all = fallen(&guarded(&lists, None));
            for (pod, only_by_it) in &all {
                let number = pod.strip_prefix("default/p").and_then(|it| it.parse().ok());
                let without = fallen(&guarded(&lists, number));
                proptest::prop_assert_eq!(Some(all.len() - 1 - without.len()), *only_by_it, "{}", pod);
            }
        }
    }
}
