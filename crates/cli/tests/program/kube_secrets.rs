//! `plimsoll kube lint` and the like show lines of manifests, and of no secret its value.

use crate::machine::Machine;

/// Every secret has `hunter2` in it, and every place of one is near a finding or an edit.
const BLOCK: &str = "\
# the old password: hunter2
apiVersion: v1
kind: Secret
metadata:
  name: db
data:
  password: aHVudGVyMg==  # hunter2
  password: hunter2
stringData:
  token: |
    hunter2
  token: hunter2
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  db_password: hunter2
  password: hunter2
  password: hunter2
  app.ini: |
    token = hunter2
  app.ini: token = hunter2
---
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - env:
        - name: DB_PASSWORD
          value: hunter2 # the password: hunter2
        - name: API_TOKEN
          value: \"hunter2\"
        - value: postgres://web:hunter2@db/shop
          name: URL
      args:
        - --password=hunter2
        - --token
        - hunter2
      name: web
      image: registry.example.com/web:1.2
      command: [web, --password, hunter2]
";

const FLOW: &str = "\
{apiVersion: v1, kind: Secret, metadata: {name: db}, stringData: {token: hunter2, token: hunter2}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: web}, data: {db_password: hunter2, a: b, a: c}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, image: web:1.2,
  env: [{name: DB_PASSWORD, value: hunter2}], args: [--password, hunter2]}]}}
---
{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"web\"}, \"spec\": {\"containers\": [{
  \"name\": \"web\", \"env\": [{\"value\": \"hunter2\", \"name\": \"DB_PASSWORD\"}], \"image\": \"web:1.2\"}]}}
";

const BROKEN: &str = "\
apiVersion: v1
kind: Secret
stringData:
  password: \"hunter2\" hunter2
";

const FORMATS: [&str; 10] = [
    "tty",
    "text",
    "gnu",
    "json",
    "sarif",
    "github",
    "checkstyle",
    "codeclimate",
    "gitlab",
    "sonarqube",
];

#[test]
fn no_format_shows_the_value_of_a_secret() {
    let machine = Machine::new();
    machine.write("block.yaml", BLOCK);
    machine.write("flow.yaml", FLOW);
    machine.write("broken.yaml", BROKEN);
    machine.write("crlf.yaml", BLOCK.replace('\n', "\r\n"));
    for file in ["block.yaml", "flow.yaml", "broken.yaml", "crlf.yaml"] {
        for format in FORMATS {
            let ran = machine.run(&format!("kube lint -f {format} {file}"));
            assert!(!ran.out.is_empty(), "{format} {file}: {}", ran.err);
            for said in [&ran.out, &ran.err] {
                assert!(!said.contains("hunter2"), "{format} {file}: {said}");
                assert!(!said.contains("aHVudGVyMg"), "{format} {file}: {said}");
            }
        }
    }
    let shown = machine.run("kube lint -f tty block.yaml").out;
    assert!(shown.contains("db_password: ***"), "{shown}");
    assert!(shown.contains("error[PK5006]") && shown.contains("error[PK3007]"), "{shown}");
}

#[test]
fn a_difference_hides_secrets_and_says_so() {
    let machine = Machine::new();
    machine.write("block.yaml", BLOCK);
    let ran = machine.run("kube lint --fix --unsafe-fixes --diff block.yaml");
    assert!(ran.out.contains("@@") && ran.out.contains("***"), "{}", ran.out);
    assert!(!ran.out.contains("hunter2"), "{}", ran.out);
    assert!(ran.err.contains("secrets are not shown"), "{}", ran.err);
    let open = "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: true\n  containers: []\n";
    machine.write("open.yaml", open);
    let ran = machine.run("kube lint --fix --unsafe-fixes --diff --only pss open.yaml");
    assert!(ran.out.contains("-  hostPID: true"), "{}", ran.out);
    assert!(!ran.err.contains("secrets"), "{}", ran.err);
}

#[test]
fn what_is_mended_keeps_its_secrets() {
    let machine = Machine::new();
    machine.write("block.yaml", BLOCK);
    machine.run("kube lint --fix --unsafe-fixes block.yaml");
    let (before, after) = (BLOCK.matches("hunter2").count(), machine.read("block.yaml"));
    assert_ne!(after, BLOCK);
    assert_eq!(after.matches("hunter2").count(), before);
}

#[test]
fn other_commands_that_show_lines_hide_secrets_too() {
    let machine = Machine::new();
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: \
                  {podSelector: {matchLabels: {app: none}}} # password: hunter2\n";
    machine.write("all.yaml", format!("{BLOCK}---\n{policy}"));
    let ran = machine.run("kube netpol check all.yaml");
    assert!(ran.out.contains("[PN"), "{}{}", ran.out, ran.err);
    assert!(!ran.out.contains("hunter2") && !ran.err.contains("hunter2"), "{}", ran.out);
}
