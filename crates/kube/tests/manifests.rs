//! What of a file is judged, by what, and where a finding stands.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::pss::Profile;
use plimsoll_kube::{Config, Estate, Family, Finding, lint};
use plimsoll_model::text::{Level, Source};

fn pss() -> Config {
    Config { only: Some(Family::Pss), ..Config::default() }
}

fn baseline() -> Config {
    Config { profile: Some(Profile::Baseline), ..pss() }
}

fn found(text: &str, config: &Config) -> (Manifest, Vec<Finding>) {
    let manifest = Manifest::parse(Source::new(text));
    let findings = lint(&manifest, &Estate::of([&manifest]), config);
    (manifest, findings)
}

/// `LINE:COLUMN level rule: message`
fn said(text: &str, config: &Config) -> Vec<String> {
    let (manifest, findings) = found(text, config);
    let one = |finding: &Finding| {
        let place = manifest.source.position(finding.span.start);
        let (line, column) = (place.line, place.column);
        format!("{line}:{column} {} {}: {}", finding.level, finding.rule.id, finding.message)
    };
    findings.iter().map(one).collect()
}

#[test]
fn every_kind_that_makes_pods_is_judged_at_its_pod() {
    let pod = "spec: {hostPID: true, containers: []}";
    let template = format!("spec: {{template: {{{pod}}}}}");
    let kinds = [
        ("v1", "Pod", pod.to_owned()),
        ("v1", "PodTemplate", format!("template: {{{pod}}}")),
        ("v1", "ReplicationController", template.clone()),
        ("apps/v1", "ReplicaSet", template.clone()),
        ("apps/v1", "Deployment", template.clone()),
        ("apps/v1", "DaemonSet", template.clone()),
        ("apps/v1", "StatefulSet", template.clone()),
        ("batch/v1", "Job", template.clone()),
        ("batch/v1", "CronJob", format!("spec: {{jobTemplate: {{{template}}}}}")),
        ("argoproj.io/v1alpha1", "Rollout", template),
    ];
    for (version, kind, body) in &kinds {
        let text = format!("apiVersion: {version}\nkind: {kind}\n{body}\n");
        let all = said(&text, &baseline());
        assert_eq!(all.len(), 1, "{kind}: {all:?}");
        assert!(all[0].ends_with("error hostNamespaces: host namespaces (hostPID=true)"));
        let column = body.find("true").unwrap() + 1;
        assert!(all[0].starts_with(&format!("3:{column} ")), "{kind}: {all:?}");
        let indented = text.lines().collect::<Vec<_>>().join("\n  ");
        let list = format!("kind: List\napiVersion: v1\nitems:\n- {indented}\n");
        assert_eq!(said(&list, &baseline()).len(), 1, "{list}");
    }
    let other = "apiVersion: example.com/v1\nkind: Pod\nspec: {hostPID: true}\n";
    assert_eq!(said(other, &baseline()), [""; 0]);
}

#[test]
fn a_finding_stands_at_the_value_or_where_it_is_missing() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n  - name: b\n    \
                securityContext:\n      allowPrivilegeEscalation: true\n  - securityContext:\n      \
                allowPrivilegeEscalation: ~\n    name: c\n";
    let config = Config { profile: Some(Profile::Restricted), ..pss() };
    let (manifest, findings) = found(text, &config);
    let finding = &findings[0];
    assert_eq!(
        finding.message,
        "allowPrivilegeEscalation != false (containers \"a\", \"b\", \"c\" must set \
         securityContext.allowPrivilegeEscalation=false)"
    );
    let lines: Vec<u32> = std::iter::once(finding.span)
        .chain(finding.related.iter().map(|(span, _)| *span))
        .map(|span| manifest.source.line(span.start))
        .collect();
    assert_eq!(lines, [5, 8, 9]);
}

#[test]
fn the_labels_of_a_namespace_decide_what_its_pods_have_to_meet() {
    let text = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    \
                pod-security.kubernetes.io/enforce: baseline\n    \
                pod-security.kubernetes.io/warn: restricted\n    \
                pod-security.kubernetes.io/warn-version: v1.20\n---\napiVersion: v1\nkind: \
                Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  hostPID: true\n  \
                containers:\n  - name: web\n";
    assert_eq!(
        said(text, &pss()),
        [
            "14:12 error hostNamespaces: host namespaces (hostPID=true)",
            "16:11 warning allowPrivilegeEscalation: allowPrivilegeEscalation != false (container \
             \"web\" must set securityContext.allowPrivilegeEscalation=false)",
            "16:11 warning runAsNonRoot: runAsNonRoot != true (pod or container \"web\" must set \
             securityContext.runAsNonRoot=true)",
            "16:11 warning seccompProfile_restricted: seccompProfile (pod or container \"web\" must \
             set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")",
        ]
    );
    let open =
        text.replace("baseline", "privileged").replace("warn: restricted", "warn: privileged");
    assert_eq!(said(&open, &pss()), [""; 0]);
    assert_eq!(said(text, &baseline()).len(), 1);
}

#[test]
fn a_pod_that_the_api_server_cannot_read_is_not_allowed() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: 'true'\n  containers:\n  - ports: \
                [{hostPort: 99999999999}]\n    securityContext: []\n";
    let all = said(text, &baseline());
    assert_eq!(
        all,
        [
            "4:12 error PK0002: `spec.hostPID` must be a boolean, not a text: the API server \
             refuses it",
            "6:24 error PK0002: `spec.containers[0].ports[0].hostPort` must be a whole number of 32 \
             bits, not a number: the API server refuses it",
            "7:22 error PK0002: `spec.containers[0].securityContext` must be a mapping, not a list: \
             the API server refuses it",
            "6:24 error hostPorts: hostPort (container \"\" uses hostPort 99999999999)",
        ]
    );
}

#[test]
fn words_are_what_the_api_server_takes_them_for() {
    let pod = |line: &str| format!("apiVersion: v1\nkind: Pod\nspec:\n  {line}\n");
    assert_eq!(said(&pod("hostPID: yes"), &baseline()).len(), 1);
    assert_eq!(said(&pod("hostPID: off"), &baseline()).len(), 0);
    assert_eq!(said(&pod("hostPID: ~"), &baseline()).len(), 0);
    assert_eq!(said(&pod("{hostPID: true}"), &baseline()).len(), 1);
    let ports = "hostNetwork: no\n  containers: [{name: a, ports: [{hostPort: 0x1F90}]}]";
    assert!(said(&pod(ports), &baseline())[0].ends_with("(container \"a\" uses hostPort 8080)"));
}

#[test]
fn ports_of_a_pod_in_the_nodes_network_are_ports_of_the_node() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  hostNetwork: true\n  containers:\n  - name: \
                a\n    ports: [{containerPort: 80}]\n";
    let all = said(text, &baseline());
    assert_eq!(all[1], "7:29 error hostPorts: hostPort (container \"a\" uses hostPort 80)");
}

#[test]
fn an_object_can_be_spared_our_own_rules_and_none_of_the_standards() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    plimsoll/ignore: PK5003, \
                KSV-0036 hostNamespaces\nspec:\n  hostPID: true\n";
    let ids = |text: &str| {
        found(text, &Config::default()).1.iter().map(|one| one.rule.id).collect::<Vec<_>>()
    };
    let spared = ids(text);
    assert!(spared.contains(&"hostNamespaces") && !spared.contains(&"PK5003"), "{spared:?}");
    let all = ids(&text.replace("plimsoll/ignore", "other"));
    assert!(all.contains(&"PK5003") && all.contains(&"PK3004"), "{all:?}");
}

#[test]
fn a_rule_has_the_level_that_it_is_given() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: true\n";
    let mut config = baseline();
    config.levels.insert("KSV-0010".into(), Level::Info);
    assert!(said(text, &config)[0].contains(" info hostNamespaces: "));
    config.levels.insert("hostNamespaces".into(), Level::Ignore);
    assert_eq!(said(text, &config), [""; 0]);
}

#[test]
fn no_secret_value_is_in_a_message() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    env:\n    - \
                name: API_TOKEN\n      value: hunter2hunter2\n---\napiVersion: v1\nkind: \
                ConfigMap\ndata:\n  password: hunter2hunter2\n";
    let (manifest, findings) = found(text, &Config::default());
    assert!(findings.iter().any(|one| one.rule.id == "PK3007"));
    assert!(findings.iter().any(|one| one.rule.id == "PK5006"));
    for finding in &findings {
        assert!(!finding.message.contains("hunter2"), "{}", finding.message);
        assert!(!manifest.source.slice(finding.span).contains("hunter2"), "{}", finding.rule.id);
    }
}

#[test]
fn a_network_policy_of_another_file_counts() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: \
               web}}\nspec:\n  containers: []\n";
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: all, \
                  namespace: shop}\nspec: {podSelector: {}}\n";
    let (pod, policy) = (Manifest::parse(Source::new(pod)), Manifest::parse(Source::new(policy)));
    let has = |estate: &Estate| {
        let all = lint(&pod, estate, &Config::default());
        all.iter().any(|one| one.rule.id == "PK4002")
    };
    assert!(has(&Estate::of([&pod])));
    assert!(!has(&Estate::of([&pod, &policy])));
}

#[test]
fn a_field_of_another_type_is_named_with_its_path_whatever_the_kind() {
    let rbac = "apiVersion: rbac.authorization.k8s.io/v1";
    let cases = [
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  namespace: n\nspec: {containers: []}\n".into(),
            "4:14 error PK0002: `metadata.namespace` must be a text, not a boolean: the API server \
             refuses it",
        ),
        (
            "apiVersion: example.com/v1\nkind: Thing\nmetadata: {namespace: 1}\n".into(),
            "3:23 error PK0002: `metadata.namespace` must be a text, not a number: the API server \
             refuses it",
        ),
        (
            format!("{rbac}\nkind: ClusterRole\nrules: {{resources: secrets, verbs: [get]}}\n"),
            "3:8 error PK0002: `rules` must be a list, not a mapping: the API server refuses it",
        ),
        (
            format!("{rbac}\nkind: Role\nrules:\n- resources: [pods]\n  verbs: get\n"),
            "5:10 error PK0002: `rules[0].verbs` must be a list, not a text: the API server refuses \
             it",
        ),
        (
            format!(
                "{rbac}\nkind: ClusterRoleBinding\nroleRef: {{kind: ClusterRole, name: \
                 view}}\nsubjects:\n- {{kind: ServiceAccount, name: web, namespace: n}}\n"
            ),
            "5:48 error PK0002: `subjects[0].namespace` must be a text, not a boolean: the API server \
             refuses it",
        ),
        (
            format!(
                "{rbac}\nkind: ClusterRoleBinding\nroleRef: {{kind: ClusterRole, name: \
                 view}}\nsubjects:\n- {{kind: ServiceAccount, name: web}}\n"
            ),
            "5:3 error PK0002: this subject is nobody: it needs a `name`, a `kind` that is User, \
             Group or ServiceAccount, and of a ServiceAccount the `namespace`: the API server refuses \
             it",
        ),
        (
            "apiVersion: v1\nkind: Service\nspec:\n  externalIPs: 192.0.2.1\n".into(),
            "4:16 error PK0002: `spec.externalIPs` must be a list, not a text: the API server refuses \
             it",
        ),
        (
            "apiVersion: v1\nkind: Service\nspec: {ports: [{port: '80', targetPort: web}]}\n"
                .into(),
            "3:23 error PK0002: `spec.ports[0].port` must be a whole number of 32 bits, not a text: \
             the API server refuses it",
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nspec:\n  tls: [{hosts: \
             shop.example.com}]\n  rules: []\n"
                .into(),
            "4:17 error PK0002: `spec.tls[0].hosts` must be a list, not a text: the API server \
             refuses it",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  port: 80\n".into(),
            "4:9 error PK0002: `data[port]` must be a text, not a number: the API server refuses it",
        ),
        (
            "apiVersion: v1\nkind: yes\nspec: {}\n".into(),
            "2:7 error PK0002: `kind` must be a text, not a boolean: the API server refuses it",
        ),
        (
            "apiVersion: v1\nkind: List\nitems: {kind: Pod}\n".into(),
            "3:8 error PK0002: `items` must be a list, not a mapping: the API server refuses it",
        ),
    ];
    for (text, expected) in cases {
        let all = said(&text, &Config::default());
        let own: Vec<&String> = all.iter().filter(|one| one.contains("PK0002")).collect();
        assert_eq!(own, [expected], "{text}");
    }
}

#[test]
fn a_field_of_the_type_that_it_has_is_not_named() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: 'n', labels: \
                ~}\nspec:\n  clusterIP: None\n  ports: [{port: 80, targetPort: web, nodePort: \
                30080}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: \
                RoleBinding\nmetadata: {name: a}\nroleRef: {kind: Role, name: a, apiGroup: \
                rbac.authorization.k8s.io}\nsubjects:\n- {kind: ServiceAccount, name: a}\n- {kind: \
                Group, name: b, apiGroup: rbac.authorization.k8s.io}\n---\napiVersion: \
                v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ServiceAccount\n  \
                automountServiceAccountToken: no\n";
    assert!(!said(text, &Config::default()).iter().any(|one| one.contains("PK0002")));
}

/// What one rule says of a text: `LINE: message`.
fn by(rule: &str, text: &str) -> Vec<String> {
    let mut config = Config { only: Some(Family::Practice), ..Config::default() };
    config.levels.insert(rule.to_owned(), Level::Warning);
    let (manifest, findings) = found(text, &config);
    let own = findings.iter().filter(|one| one.rule.id == rule);
    own.map(|one| format!("{}: {}", manifest.source.line(one.span.start), one.message)).collect()
}

#[test]
fn a_pull_policy_is_judged_together_with_its_image() {
    let pod = |image: &str, policy: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: {image}\n    \
             imagePullPolicy: {policy}\n"
        )
    };
    let moving = ["6: `web` moves, and a node that has one is content with that"];
    assert_eq!(by("PK1003", &pod("web", "IfNotPresent")), moving);
    assert_eq!(by("PK1003", &pod("web:1.2", "IfNotPresent")), [""; 0]);
    assert_eq!(by("PK1003", &pod("web@sha256:0", "IfNotPresent")), [""; 0]);
    assert_eq!(by("PK1003", &pod("web", "Always")), [""; 0]);
    let never = ["6: the node runs what it has by that name, or nothing"];
    assert_eq!(by("PK1003", &pod("web:1.2", "Never")), never);
    assert!(
        by("PK1003", &pod("web:1.2", "Sometimes"))[0].contains("`Sometimes` is no pull policy")
    );
    assert_eq!(by("PK1003", &pod("web", "~")), [""; 0], "the default of a moving tag is Always");
    assert_eq!(by("PK1004", &pod("web", "~")), [""; 0]);
    assert_eq!(by("PK1004", &pod("web:1.2", "~")).len(), 1);
    assert_eq!(by("PK1004", &pod("web:1.2", "Never")).len(), 1);
}

#[test]
fn a_host_of_an_ingress_needs_a_certificate_that_covers_it() {
    let ingress = |rest: &str| {
        format!("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a}}\n{rest}")
    };
    let of = |tls: &str, host: &str| {
        let text =
            format!("spec:\n  tls: {tls}\n  rules:\n  - host: {host}\n  - host: b.example.com\n");
        by("PK4005", &ingress(&text))
    };
    let both =
        ["7: `a.example.com` is served without TLS", "8: `b.example.com` is served without TLS"];
    assert_eq!(of("[]", "a.example.com"), both);
    assert_eq!(of("[{hosts: [a.example.com]}]", "a.example.com"), both[1..]);
    assert_eq!(of("[{hosts: ['*.example.com']}]", "a.example.com"), [""; 0]);
    assert_eq!(of("[{hosts: ['*.example.com']}]", "x.a.example.com").len(), 1);
    assert_eq!(of("[{secretName: all}]", "a.example.com"), [""; 0]);
    let bare = ingress("spec: {defaultBackend: {service: {name: a}}}\n");
    assert_eq!(by("PK4005", &bare), ["3: every host is served without TLS"]);
    assert_eq!(by("PK4006", &bare), ["4: what no rule takes goes here, for every host"]);
    let passed = bare.replace(
        "name: a}\n",
        "name: a, annotations: {nginx.ingress.kubernetes.io/ssl-passthrough: 'true'}}\n",
    );
    assert_eq!(by("PK4005", &passed), [""; 0]);
    let wild = ingress("spec:\n  rules:\n  - http: {}\n  - host: '*.example.com'\n");
    assert_eq!(
        by("PK4006", &wild),
        [
            "6: this rule takes requests for every host",
            "7: this rule takes requests for every `*.example.com`"
        ]
    );
    assert_eq!(by("PK4005", &wild.replace("networking.k8s.io", "example.com")), [""; 0]);
}

#[test]
fn a_version_that_never_was_and_a_kind_elsewhere_are_told() {
    let of =
        |version: &str, kind: &str| by("PK5009", &format!("apiVersion: {version}\nkind: {kind}\n"));
    assert_eq!(of("apps/v9", "Deployment"), ["1: Kubernetes has no `apps/v9`: write `apps/v1`"]);
    assert_eq!(of("v2", "Pod"), ["1: Kubernetes has no `v2`: write `v1`"]);
    assert_eq!(of("v1", "Deployment"), ["1: there is no Deployment in `v1`: write `apps/v1`"]);
    assert_eq!(of("policy/v3", "Thing"), ["1: Kubernetes has no `policy/v3`"]);
    for (version, kind) in [
        ("apps/v1", "Deployment"),
        ("apps/v1beta1", "Deployment"),
        ("resource.k8s.io/v1alpha9", "ResourceClaim"),
        ("serving.knative.dev/v1", "Service"),
        ("v1", "Event"),
        ("extensions/v1beta1", "Ingress"),
    ] {
        assert_eq!(of(version, kind), [""; 0], "{version} {kind}");
    }
}
