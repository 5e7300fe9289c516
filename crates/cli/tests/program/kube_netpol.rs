//! `plimsoll kube netpol`: what it answers, and how it ends.

use crate::machine::Machine;

const PODS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: shop, name: web}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, ports: [{containerPort: 8080}]}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {namespace: shop, name: db}
spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, ports: [{name: sql, containerPort: 5432}]}]}}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: other, name: job}
spec: {containers: [{name: c}]}
";

const POLICY: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: shop, name: db}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports: [{port: sql}]
";

fn machine() -> Machine {
    let machine = Machine::new();
    machine.write("pods.yaml", PODS);
    machine.write("policy.yaml", POLICY);
    machine
}

#[test]
fn a_query_says_which_rule_allows_and_which_policy_denies() {
    let machine = machine();
    let ask = |from: &str, code| {
        let query =
            "kube netpol query --to shop/db --port 5432 --protocol TCP pods.yaml policy.yaml";
        machine.run(&format!("{query} --from {from}")).ended(code).out
    };
    insta::assert_snapshot!(ask("shop/web", 0), @r"
    allowed: shop/web → shop/db TCP 5432
      egress of shop/web: no policy isolates it
      ingress of shop/db: allowed by shop/db, ingress rule 1 (policy.yaml:7)
    ");
    insta::assert_snapshot!(ask("other/job", 1), @r"
    denied: other/job → shop/db TCP 5432
      egress of other/job: no policy isolates it
      ingress of shop/db: isolated by shop/db (policy.yaml:3)
      ingress of shop/db: no rule allows it
    ");
    insta::assert_snapshot!(ask("shop/db", 0), @r"
    allowed: shop/db → shop/db TCP 5432
      egress of shop/db: a pod always reaches itself
      ingress of shop/db: a pod always reaches itself
    ");
    insta::assert_snapshot!(ask("203.0.113.9", 1), @r"
    denied: 203.0.113.9 → shop/db TCP 5432
      ingress of shop/db: isolated by shop/db (policy.yaml:3)
      ingress of shop/db: no rule allows it
    ");
}

#[test]
fn a_query_as_json_has_three_verdicts_and_their_reasons() {
    let query =
        "kube netpol query --from other/job --to shop/db --port 5432 -o json pods.yaml policy.yaml";
    let answer = machine().run(query).ended(1).json();
    assert_eq!(answer["allowed"], false);
    assert_eq!(
        (&answer["ingress_allowed"], &answer["egress_allowed"]),
        (&false.into(), &true.into())
    );
    assert_eq!(answer["ingress"]["policies"][0]["place"], "policy.yaml:3");
}

#[test]
fn a_matrix_as_json_has_every_pair_on_every_port() {
    let all = machine().run("kube netpol matrix -o json pods.yaml policy.yaml").ended(0).json();
    let probes = all["probes"].as_array().unwrap();
    assert_eq!(probes.len(), 6);
    let of = |from: &str| {
        let mut found = probes.iter().filter(|one| one["from"] == from && one["to"] == "shop/db");
        found.next().unwrap().clone()
    };
    assert_eq!(of("shop/web")["allowed"], true);
    assert_eq!(of("shop/db")["allowed"], true);
    let job = of("other/job");
    assert_eq!(
        (&job["port"], &job["port_name"], &job["protocol"]),
        (&5432.into(), &"sql".into(), &"TCP".into())
    );
    assert_eq!(
        (&job["allowed"], &job["ingress_allowed"], &job["egress_allowed"]),
        (&false.into(), &false.into(), &true.into())
    );
    assert_eq!(all["policies"][0]["name"], "shop/db");
}

#[test]
fn a_matrix_is_a_table_and_a_picture() {
    let machine = machine();
    let ran =
        machine.run("kube netpol matrix -o table -o svg=reach.svg pods.yaml policy.yaml").ended(0);
    insta::assert_snapshot!(ran.out, @r"
    TO        PORT          FROM
    shop/web  8080/TCP      everyone (no ingress policy)
    shop/db   5432/TCP sql  shop/web
    ");
    assert_eq!(ran.err, "other/job declares no port: ask about one with --port\n");
    let picture = machine.read("reach.svg");
    assert!(
        picture.contains(
            "<title>other/job → shop/db 5432/TCP: denied by the receiver (ingress)</title>"
        )
    );
    machine.run("kube netpol matrix -o graph=graph.svg pods.yaml policy.yaml").ended(0);
    let picture = machine.read("graph.svg");
    assert!(picture.contains("<title>web → db 5432</title>"), "{picture}");
    assert!(
        picture.contains("prefers-color-scheme:dark"),
        "it is light or dark as the reader's is"
    );
    let ran = machine
        .run("kube netpol who-can-reach other/job --port 53/udp pods.yaml policy.yaml")
        .ended(0);
    assert!(ran.out.contains("other/job  53/UDP  everyone (no ingress policy)"), "{}", ran.out);
}

#[test]
fn isolation_is_told_for_each_direction() {
    let machine = machine();
    machine.write(
        "shut.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: other, name: shut}\n\
         spec: {podSelector: {}, policyTypes: [Egress], egress: []}\n",
    );
    let files = "pods.yaml policy.yaml shut.yaml";
    let ran = machine.run(&format!("kube netpol isolated {files}")).ended(0);
    insta::assert_snapshot!(ran.out, @r"
    POD        INGRESS           EGRESS
    shop/web   open              open
    shop/db    shop/db (1 rule)  open
    other/job  open              other/shut (closed)
    ");
    assert_eq!(ran.err, "1 of 3 pods are isolated for ingress, 1 for egress\n");
    let ran = machine.run(&format!("kube netpol isolated --require ingress {files}")).ended(1);
    assert!(ran.err.contains("shop/web and 1 more are not isolated as required"), "{}", ran.err);
    let one = format!("kube netpol isolated --pod shop/db --require ingress {files}");
    let ran = machine.run(&one).ended(0);
    insta::assert_snapshot!(ran.out, @r"
    shop/db
      ingress: isolated by shop/db (policy.yaml:3), 1 rule
      egress: open, no policy selects it
    ");
    machine.run(&one.replace("ingress", "ingress,egress")).ended(1);
    let all = machine.run(&format!("kube netpol isolated -o json {files}")).ended(0).json();
    assert_eq!(all["pods"][2]["egress"]["state"], "closed");
    assert_eq!(all["pods"][2]["ingress"]["isolated"], false);
    let matrix = machine.run(&format!("kube netpol matrix -o json {files}")).ended(0).json();
    let job = &matrix["pods"][2];
    assert_eq!((&job["isolated_ingress"], &job["isolated_egress"]), (&false.into(), &true.into()));
    machine.run(&format!("kube netpol isolated --require sideways {files}")).ended(2);
}

#[test]
fn a_diff_names_what_opens_and_what_closes() {
    let machine = machine();
    machine.write("old/all.yaml", PODS);
    machine.write("new/all.yaml", format!("{PODS}---\n{POLICY}"));
    assert_eq!(
        machine.run("kube netpol diff old new").ended(1).out,
        "- other/job → shop/db TCP 5432\n"
    );
    assert_eq!(
        machine.run("kube netpol diff new old").ended(1).out,
        "+ other/job → shop/db TCP 5432\n"
    );
    assert_eq!(machine.run("kube netpol diff new new").ended(0).out, "");
}

#[test]
fn there_is_no_verdict_over_a_policy_that_the_api_server_refuses() {
    let machine = machine();
    machine.write("policy.yaml", POLICY.replace("port: sql", "port: 70000"));
    let ran = machine
        .run("kube netpol query --from other/job --to shop/db --port 1 pods.yaml policy.yaml")
        .ended(2);
    assert_eq!(ran.out, "");
    let wrong = "policy.yaml:9: `spec.ingress[0].ports[0].port` is 70000: ports go from 1 to 65535";
    assert!(ran.err.contains(wrong), "{}", ran.err);
    let ran = machine.run("kube netpol check -f text pods.yaml policy.yaml").ended(1);
    assert!(ran.out.contains("policy.yaml:9 PN0001 error:"), "{}", ran.out);
    machine.write("broken.yaml", "a: [\n");
    machine.run("kube netpol matrix broken.yaml").ended(2);
    machine.run("kube netpol matrix absent.yaml").ended(3);
}

#[test]
fn names_that_mean_nothing_or_several_things_are_told() {
    let machine = machine();
    machine.write("job.yaml", PODS.replace("kind: StatefulSet", "kind: Deployment"));
    let ask = |to: &str, files: &str| {
        machine
            .run(&format!("kube netpol query --from shop/web --to {to} --port 1 {files}"))
            .ended(2)
            .err
    };
    let said = ask("shop/dbb", "pods.yaml");
    assert!(
        said.contains("there is no pod `shop/dbb`") && said.contains("shop/db, other/job"),
        "{said}"
    );
    machine.write("also.yaml", "apiVersion: batch/v1\nkind: Job\nmetadata: {namespace: shop, name: db}\nspec: {template: {spec: {containers: []}}}\n");
    let said = ask("shop/db", "pods.yaml also.yaml");
    assert!(said.contains("name one of shop/StatefulSet/db, shop/Job/db"), "{said}");
    let query = "kube netpol query --from shop/web --to shop/job/db --port 1 pods.yaml also.yaml";
    machine.run(query).ended(0);
}

#[test]
fn a_check_names_what_was_hardly_meant() {
    let machine = machine();
    machine.write("policy.yaml", POLICY.replace("port: sql", "port: postgres"));
    let ran = machine.run("kube netpol check -f text pods.yaml policy.yaml").ended(1);
    assert_eq!(
        ran.out,
        "policy.yaml:9 PN1006 warning: no pod that the policy selects has a TCP port `postgres`\n"
    );
    machine.run("kube netpol check --ignore PN1006 pods.yaml policy.yaml").ended(0);
    machine.run("kube netpol check -t error pods.yaml policy.yaml").ended(0);
    assert!(machine.run("kube netpol check --list-rules").ended(0).out.contains("PN1001"));
    let page = machine.run("kube netpol check --explain PN1002").ended(0).out;
    assert!(page.contains("names") && page.contains("kube-dns"), "{page}");
    machine.run("kube netpol check --explain PN9999").ended(2);
}

#[test]
fn a_policy_of_an_administrator_is_named_where_it_decides() {
    let machine = Machine::new();
    machine.write(
        "all.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n\
         spec: {containers: [{name: a, ports: [{containerPort: 80}]}]}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: watch}\nspec: {containers: []}\n---\n\
         apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: closed}\n\
         spec:\n  tier: Baseline\n  priority: 1\n  subject: {namespaces: {}}\n  ingress:\n    - action: Deny\n      \
         from: [{namespaces: {}}]\n",
    );
    let query = "kube netpol query --from watch/agent --to shop/web --port 80 all.yaml";
    let ran = machine.run(query).ended(1);
    let line =
        "ingress of shop/web: denied by ClusterNetworkPolicy/closed, ingress rule 1 (all.yaml:19)";
    assert!(ran.out.contains(line), "{}", ran.said());
    let json = machine.run(&format!("{query} -o json")).ended(1).json();
    assert_eq!(json["allowed"], false);
    let ran = machine.run("kube netpol who-can-reach shop/web all.yaml").ended(0);
    assert!(ran.out.contains("nobody else") && !ran.err.contains("not counted"), "{}", ran.said());
}

#[test]
fn what_falls_after_a_pod_is_told_with_what_it_gives() {
    let machine = machine();
    machine.write(
        "more.yaml",
        "apiVersion: v1
kind: Service
metadata: {namespace: shop, name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: agent, labels: {app: agent}}
spec:
  serviceAccountName: agent
  volumes: [{name: root, hostPath: {path: /}}]
  containers: [{name: c, ports: [{containerPort: 9100}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: shop, name: agent}
spec:
  podSelector: {matchLabels: {app: agent}}
  ingress: [{from: [{podSelector: {matchLabels: {app: db}}}]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: agent}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: agent, namespace: shop}]
",
    );
    let ran = machine.run("kube netpol lateral pods.yaml policy.yaml more.yaml").ended(1);
    insta::assert_snapshot!(ran.out, @r"
    shop/web is open to the world by Service shop/web (NodePort)
    shop/web, once taken, reaches 3 of 3 other pods.
      1  shop/db     5432/TCP
      1  other/job   any port
      2  shop/agent  9100/TCP   from shop/db
           its node: hostPath /
           the whole cluster: ServiceAccount shop/agent may do everything

    What the others hang on:
      shop/db: 1 more is reached over it alone
    ");
    let ran =
        machine.run("kube netpol lateral --from shop/db -o json pods.yaml policy.yaml").ended(0);
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(found["reached"][0]["pod"], "shop/web");
    assert_eq!(found["reached"][0]["steps"], 1);
    let ran = machine.run("kube netpol lateral pods.yaml policy.yaml").ended(2);
    assert!(ran.err.contains("name a pod with --from"), "{}", ran.err);
}
