//! Machines that are made up, and each check both ways.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A machine in memory.
#[derive(Default, Clone)]
struct Made {
    files: BTreeMap<String, (File, String)>,
    processes: Vec<Process>,
    closed: BTreeSet<String>,
}

impl Made {
    fn with(mut self, path: &str, mode: u32, owner: (u32, u32), text: &str) -> Self {
        let file = File { mode, uid: owner.0, gid: owner.1, is_folder: false };
        self.files.insert(path.to_owned(), (file, text.to_owned()));
        self
    }

    fn running(mut self, line: &str) -> Self {
        let command = line.split(' ').map(str::to_owned).collect();
        let id = u32::try_from(self.processes.len()).unwrap() + 1;
        self.processes.push(Process { id, command });
        self
    }

    fn closed(mut self, path: &str) -> Self {
        self.closed.insert(path.to_owned());
        self
    }

    fn state(&self, id: &str) -> State {
        let found = assess(self);
        found.checks.into_iter().find(|(check, _)| check.id == id).unwrap().1
    }

    #[track_caller]
    fn is(&self, id: &str, word: &str) {
        let state = self.state(id);
        assert_eq!(state.word(), word, "{id}: {state:?}");
    }
}

impl Machine for Made {
    fn file(&self, path: &str) -> Result<Option<File>, String> {
        if self.closed.contains(path) {
            return Err(format!("`{path}`: permission denied"));
        }
        Ok(self.files.get(path).map(|(file, _)| *file))
    }

    fn text(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        self.file(path)?;
        Ok(self.files.get(path).map(|(_, text)| text.clone().into_bytes()))
    }

    fn below(&self, path: &str) -> Result<Vec<String>, String> {
        let start = format!("{path}/");
        Ok(self.files.keys().filter(|one| one.starts_with(&start)).cloned().collect())
    }

    fn processes(&self) -> Vec<Process> {
        self.processes.clone()
    }
}

#[test]
fn numbers_stand_once_and_in_order_and_every_chapter_has_its_own() {
    let number = |id: &str| -> Vec<u32> { id.split('.').map(|it| it.parse().unwrap()).collect() };
    let all: Vec<&Check> = Chapter::ALL.iter().flat_map(|chapter| chapter.checks).collect();
    let numbers: Vec<Vec<u32>> = all.iter().map(|check| number(check.id)).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert_eq!(all.len(), 21 + 30 + 7 + 2 + 7 + 5 + 10 + 14 + 1);
    for chapter in Chapter::ALL {
        assert!(chapter.checks.iter().all(|check| check.id.starts_with(chapter.id)));
    }
}

/// Each check of an argument: what passes, what does not.
const ARGUMENTS: [(&str, &str, &str, &str); 46] = [
    ("1.2.1", "kube-apiserver", "--anonymous-auth=false", "--anonymous-auth=true"),
    ("1.2.2", "kube-apiserver", "", "--token-auth-file=/a"),
    ("1.2.3", "kube-apiserver", "--enable-admission-plugins=DenyServiceExternalIPs", ""),
    (
        "1.2.4",
        "kube-apiserver",
        "--kubelet-client-certificate=a --kubelet-client-key=b",
        "--kubelet-client-certificate=a",
    ),
    ("1.2.5", "kube-apiserver", "--kubelet-certificate-authority=a", ""),
    (
        "1.2.6",
        "kube-apiserver",
        "--authorization-mode=Node,RBAC",
        "--authorization-mode=RBAC,AlwaysAllow",
    ),
    ("1.2.7", "kube-apiserver", "--authorization-mode=Node,RBAC", "--authorization-mode=RBAC"),
    ("1.2.8", "kube-apiserver", "--authorization-mode=Node,RBAC", "--authorization-mode=Node"),
    (
        "1.2.9",
        "kube-apiserver",
        "--enable-admission-plugins=EventRateLimit",
        "--enable-admission-plugins=A",
    ),
    ("1.2.10", "kube-apiserver", "", "--enable-admission-plugins=A,AlwaysAdmit"),
    ("1.2.11", "kube-apiserver", "--enable-admission-plugins=AlwaysPullImages", ""),
    (
        "1.2.12",
        "kube-apiserver",
        "--disable-admission-plugins=A",
        "--disable-admission-plugins=ServiceAccount",
    ),
    ("1.2.13", "kube-apiserver", "", "--disable-admission-plugins=NamespaceLifecycle"),
    ("1.2.14", "kube-apiserver", "--enable-admission-plugins=NodeRestriction", ""),
    ("1.2.15", "kube-apiserver", "--profiling=false", ""),
    ("1.2.16", "kube-apiserver", "--audit-log-path=/a", "--audit-log-path="),
    ("1.2.17", "kube-apiserver", "--audit-log-maxage=30", "--audit-log-maxage=7"),
    ("1.2.18", "kube-apiserver", "--audit-log-maxbackup=11", "--audit-log-maxbackup=x"),
    ("1.2.19", "kube-apiserver", "--audit-log-maxsize=100", ""),
    ("1.2.21", "kube-apiserver", "", "--service-account-lookup=false"),
    ("1.2.22", "kube-apiserver", "--service-account-key-file=a", ""),
    ("1.2.23", "kube-apiserver", "--etcd-certfile=a --etcd-keyfile=b", "--etcd-keyfile=b"),
    ("1.2.24", "kube-apiserver", "--tls-cert-file a --tls-private-key-file b", ""),
    ("1.2.25", "kube-apiserver", "--client-ca-file=a", ""),
    ("1.2.26", "kube-apiserver", "--etcd-cafile=a", ""),
    ("1.2.27", "kube-apiserver", "--encryption-provider-config=a", ""),
    (
        "1.2.29",
        "kube-apiserver",
        "--tls-cipher-suites=TLS_AES_128_GCM_SHA256",
        "--tls-cipher-suites=TLS_RSA_WITH_RC4_128_SHA",
    ),
    ("1.2.30", "kube-apiserver", "--service-account-extend-token-expiration=false", ""),
    ("1.3.1", "kube-controller-manager", "--terminated-pod-gc-threshold=10", ""),
    ("1.3.2", "kube-controller-manager", "--profiling=false", "--profiling"),
    ("1.3.3", "kube-controller-manager", "--use-service-account-credentials", ""),
    ("1.3.4", "kube-controller-manager", "--service-account-private-key-file=a", ""),
    ("1.3.5", "kube-controller-manager", "--root-ca-file=a", ""),
    (
        "1.3.6",
        "kube-controller-manager",
        "",
        "--feature-gates=A=true,RotateKubeletServerCertificate=false",
    ),
    ("1.3.7", "kube-controller-manager", "", "--bind-address=0.0.0.0"),
    ("1.4.1", "kube-scheduler", "--profiling=false", ""),
    ("1.4.2", "kube-scheduler", "--bind-address=127.0.0.1", "--bind-address=::"),
    ("2.1", "etcd", "--cert-file=a --key-file=b", "--cert-file=a"),
    ("2.2", "etcd", "--client-cert-auth=true", "--client-cert-auth=false"),
    ("2.3", "etcd", "--auto-tls=false", "--auto-tls"),
    ("2.4", "etcd", "--peer-cert-file=a --peer-key-file=b", ""),
    ("2.5", "etcd", "--peer-client-cert-auth=true", ""),
    ("2.6", "etcd", "", "--peer-auto-tls=true"),
    ("3.2.1", "kube-apiserver", "--audit-policy-file=a", ""),
    ("4.2.5", "kubelet", "", "--streaming-connection-idle-timeout=0s"),
    ("4.2.7", "kubelet", "", "--hostname-override=a"),
];

#[test]
fn every_check_of_an_argument_passes_and_fails() {
    for (id, program, good, bad) in ARGUMENTS {
        let is_manual = assess(&Made::default())
            .checks
            .iter()
            .any(|(check, _)| check.id == id && check.is_manual);
        let made =
            |arguments: &str| Made::default().running(&format!("/bin/{program} {arguments}"));
        made(good).is(id, "pass");
        made(bad).is(id, if is_manual { "manual" } else { "fail" });
        Made::default().is(id, "absent");
    }
}

#[test]
fn a_static_pod_says_the_same_as_a_process_and_a_process_counts_more() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: etcd}\nspec:\n  containers:\n  - name: etcd\n    \
               command: [etcd, --client-cert-auth=true]\n    env: [{name: ETCD_AUTO_TLS, value: 'true'}]\n";
    let made = Made::default().with("/etc/kubernetes/manifests/etcd.yaml", 0o644, (0, 0), pod);
    made.is("2.2", "pass");
    made.is("2.3", "fail");
    made.is("1.1.7", "fail");
    made.is("1.1.8", "pass");
    let running = made.clone().running("etcd --client-cert-auth=false");
    running.is("2.2", "fail");
    assert_eq!(
        made.state("1.1.7"),
        State::Fail(vec![
            "`/etc/kubernetes/manifests/etcd.yaml` has mode 644, more than 600".into()
        ])
    );
}

#[test]
fn every_check_of_a_file_passes_and_fails() {
    let pods = ["apiserver", "controller-manager", "scheduler"];
    let manifests = pods.map(|name| format!("/etc/kubernetes/manifests/kube-{name}.yaml"));
    let paths: [(&str, &str, &str, u32); 13] = [
        ("1.1.1", "1.1.2", &manifests[0], 0o600),
        ("1.1.3", "1.1.4", &manifests[1], 0o600),
        ("1.1.5", "1.1.6", &manifests[2], 0o600),
        ("1.1.7", "1.1.8", "/etc/kubernetes/manifests/etcd.yaml", 0o600),
        ("1.1.9", "1.1.10", "/etc/cni/net.d/10-a.conflist", 0o600),
        ("1.1.13", "1.1.14", "/etc/kubernetes/super-admin.conf", 0o600),
        ("1.1.15", "1.1.16", "/etc/kubernetes/scheduler.conf", 0o600),
        ("1.1.17", "1.1.18", "/etc/kubernetes/controller-manager.conf", 0o600),
        ("1.1.21", "1.1.19", "/etc/kubernetes/pki/etcd/ca.key", 0o600),
        ("4.1.1", "4.1.2", "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf", 0o600),
        ("4.1.5", "4.1.6", "/etc/kubernetes/kubelet.conf", 0o600),
        ("4.1.7", "4.1.8", "/etc/kubernetes/pki/ca.crt", 0o644),
        ("4.1.9", "4.1.10", "/var/lib/kubelet/config.yaml", 0o600),
    ];
    let text = |path: &str| {
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".yaml").to_owned();
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, command: \
             [{name}]}}]}}\n"
        )
    };
    // A machine of the control plane by its processes, so that keys are asked for.
    let begin = || Made::default().running("kube-apiserver").running("kubelet --config=/x");
    for (mode, owner, path, most) in paths {
        let made = |bits: u32, owners| {
            let begin = if path.contains("config.yaml") {
                Made::default().running("kubelet")
            } else {
                begin()
            };
            begin.with(path, bits, owners, &text(path))
        };
        let check = |id: &str, good: Made, bad: Made| {
            good.is(id, "pass");
            let word = bad.state(id).word();
            assert!(["fail", "manual"].contains(&word), "{id}: {word}");
        };
        check(mode, made(most, (0, 0)), made(most | 0o022, (0, 0)));
        made(most & 0o400, (0, 0)).is(mode, "pass");
        check(owner, made(most, (0, 0)), made(most, (0, 7)));
        begin().closed(path).with(path, most, (0, 0), "");
    }
    let certificate = |mode| begin().with("/etc/kubernetes/pki/a.crt", mode, (0, 0), "");
    certificate(0o644).is("1.1.20", "pass");
    certificate(0o666).is("1.1.20", "manual");
    // Of a machine that only works, keys of the control plane are not asked for.
    let worker =
        Made::default().running("kubelet").with("/etc/kubernetes/pki/ca.key", 0o777, (9, 9), "");
    worker.is("1.1.19", "absent");
    let data = |mode, owner| {
        Made::default()
            .running("etcd --data-dir=/d")
            .with("/d", mode, owner, "")
            .with("/etc/passwd", 0o644, (0, 0), "root:x:0:0::/:\netcd:x:52:53::/:\n")
            .with("/etc/group", 0o644, (0, 0), "etcd:x:53:\n")
    };
    data(0o700, (52, 53)).is("1.1.11", "pass");
    data(0o700, (52, 53)).is("1.1.12", "pass");
    data(0o755, (0, 0)).is("1.1.11", "fail");
    data(0o700, (0, 0)).is("1.1.12", "fail");
    let proxy = |mode, gid| {
        let proxy = Made::default().running("kube-proxy --kubeconfig=/p");
        proxy.with("/p", mode, (0, gid), "")
    };
    proxy(0o600, 0).is("4.1.3", "pass");
    proxy(0o640, 0).is("4.1.3", "manual");
    proxy(0o600, 0).is("4.1.4", "pass");
    proxy(0o600, 5).is("4.1.4", "manual");
}

/// Checks of the kubelet: fields of its configuration that pass, and that do not.
const CONFIGURED: [(&str, &str, &str); 11] = [
    (
        "4.2.1",
        "authentication: {anonymous: {enabled: false}}",
        "authentication: {anonymous: {enabled: true}}",
    ),
    ("4.2.2", "authorization: {mode: Webhook}", "authorization: {mode: AlwaysAllow}"),
    ("4.2.3", "authentication: {x509: {clientCAFile: /a}}", "a: b"),
    ("4.2.4", "a: b", "readOnlyPort: 10255"),
    ("4.2.6", "makeIPTablesUtilChains: true", "makeIPTablesUtilChains: false"),
    ("4.2.8", "eventRecordQPS: 5", "eventRecordQPS: -1"),
    ("4.2.9", "tlsCertFile: /a\ntlsPrivateKeyFile: /b", "tlsCertFile: /a"),
    ("4.2.10", "a: b", "rotateCertificates: false"),
    (
        "4.2.11",
        "featureGates: {RotateKubeletServerCertificate: true}",
        "featureGates: {RotateKubeletServerCertificate: false}",
    ),
    ("4.2.13", "podPidsLimit: 100", "a: b"),
    ("4.2.14", "seccompDefault: true", "seccompDefault: false"),
];

#[test]
fn every_check_of_the_kubelet_passes_and_fails_by_its_configuration() {
    for (id, good, bad) in CONFIGURED {
        let made = |text: &str| {
            let kubelet = Made::default().running("/usr/bin/kubelet --config=/k");
            kubelet.with("/k", 0o600, (0, 0), &format!("kind: KubeletConfiguration\n{text}\n"))
        };
        made(good).is(id, "pass");
        let word = made(bad).state(id).word();
        assert!(["fail", "manual"].contains(&word), "{id}: {word}");
    }
    let ciphers = |name: &str| {
        let text = format!("tlsCipherSuites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, {name}]\n");
        Made::default().running("kubelet --config=/k").with("/k", 0o600, (0, 0), &text)
    };
    ciphers("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256").is("4.2.12", "pass");
    ciphers("TLS_RSA_WITH_RC4_128_SHA").is("4.2.12", "manual");
}

#[test]
fn an_argument_counts_more_than_the_configuration_and_defaults_depend_on_it() {
    let text = "authentication: {anonymous: {enabled: true}}\n";
    let made = |line: &str| Made::default().running(line).with("/k", 0o600, (0, 0), text);
    made("kubelet --config=/k").is("4.2.1", "fail");
    made("kubelet --config=/k --anonymous-auth=false").is("4.2.1", "pass");
    // Without a configuration everybody is let in; with an empty one nobody is.
    Made::default().running("kubelet").is("4.2.1", "fail");
    Made::default()
        .running("kubelet --config=/k")
        .with("/k", 0o600, (0, 0), "a: b\n")
        .is("4.2.2", "pass");
    let closed = made("kubelet --config=/k").closed("/k");
    closed.is("4.2.1", "unread");
    closed.is("4.1.9", "absent");
}

#[test]
fn a_kubelet_that_does_not_run_is_known_by_its_files() {
    let made = Made::default()
        .with("/var/lib/kubelet/config.yaml", 0o644, (0, 0), "staticPodPath: /pods\n")
        .with(
            "/var/lib/kubelet/kubeadm-flags.env",
            0o644,
            (0, 0),
            "KUBELET_KUBEADM_ARGS=\"--hostname-override=a --pod-max-pids=5\"\n",
        )
        .with("/pods/s.yaml", 0o600, (0, 0), "apiVersion: v1\nkind: Pod\nmetadata: {name: s}\nspec: {containers: [{name: s, command: [kube-scheduler, --profiling=false]}]}\n");
    made.is("4.2.7", "manual");
    made.is("4.2.13", "pass");
    made.is("1.4.1", "pass");
    made.is("1.1.5", "pass");
}

#[test]
fn encryption_and_authorities_are_looked_at() {
    let made = |first: &str| {
        let text = format!(
            "kind: EncryptionConfiguration\nresources: [{{resources: [secrets], providers: [{{{first}: {{}}}}, {{identity: {{}}}}]}}]\n"
        );
        Made::default()
            .running("kube-apiserver --encryption-provider-config=/e --client-ca-file=/ca")
            .running("etcd --trusted-ca-file=/ca")
            .with("/e", 0o600, (0, 0), &text)
    };
    made("secretbox").is("1.2.28", "pass");
    made("identity").is("1.2.28", "manual");
    made("kms").is("2.7", "manual");
    Made::default().running("etcd --trusted-ca-file=/other").is("2.7", "pass");
    Made::default().running("kube-proxy --metrics-bind-address=0.0.0.0:1").is("4.3.1", "fail");
    Made::default().running("kube-proxy").is("4.3.1", "pass");
    Made::default().running("kube-apiserver").is("1.2.20", "manual");
}

#[test]
fn one_program_is_judged_by_its_arguments_alone() {
    let words = ["kube-scheduler".to_owned(), "--profiling=false".to_owned()];
    let program = Program::of_command(&words, "pod kube-system/s".into()).unwrap();
    let all = assess_program(&program);
    let words: Vec<_> = all.iter().map(|(check, state)| (check.id, state.word())).collect();
    assert_eq!(words, [("1.4.1", "pass"), ("1.4.2", "pass")]);
}

proptest::proptest! {
    #[test]
    fn no_file_and_no_command_line_panics(text in ".{0,200}", line in "[ -~]{0,80}") {
        let made = Made::default()
            .running(&format!("kubelet --config=/k {line}"))
            .running(&line)
            .with("/k", 0o7777, (1, 1), &text)
            .with("/etc/kubernetes/manifests/a", 0, (0, 0), &text)
            .with("/etc/passwd", 0, (0, 0), &text);
        proptest::prop_assert_eq!(assess(&made).checks.len(), 97);
    }
}
