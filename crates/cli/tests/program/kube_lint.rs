//! `plimsoll kube lint`: what it reads, prints, mends, and how it ends.

use crate::machine::Machine;

const HARDENED: &str = "apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  securityContext:
    runAsNonRoot: true
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: web
      image: registry.example.com/web:1.2
      securityContext:
        allowPrivilegeEscalation: false
        capabilities: {drop: [ALL]}
";

#[test]
fn a_pod_on_stdin_is_allowed_or_forbidden_by_the_exit_code() {
    let machine = Machine::new();
    let ask = |level: &str, version: &str, pod: &str, code: i32| {
        let arguments = format!("kube lint --pss {level} --pss-version {version} --only pss -");
        machine.run_with_stdin(&arguments, pod).ended(code)
    };
    ask("restricted", "latest", HARDENED, 0);
    ask("restricted", "v1.99", HARDENED, 0);
    let open = HARDENED.replace("drop: [ALL]", "add: [SYS_TIME]");
    let ran = ask("restricted", "v1.21", &open, 1);
    assert!(ran.out.contains("error[capabilities_baseline]"), "{}", ran.out);
    let ran = ask("restricted", "v1.22", &open, 1);
    assert!(ran.out.contains("error[capabilities_restricted]"), "{}", ran.out);
    assert!(!ran.out.contains("capabilities_baseline"), "{}", ran.out);
    ask("privileged", "v1.22", &open, 0);
    assert!(ask("strict", "v1.22", &open, 2).err.contains("`strict` is no level"));
    assert!(ask("baseline", "1.22", &open, 2).err.contains("`1.22` is no version"));
}

#[test]
fn json_names_rule_place_message_and_edits() {
    let pod = HARDENED.replace("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true");
    let ran = Machine::new().run_with_stdin("kube lint --only pss -f json -", &pod).ended(1);
    let all = ran.json();
    assert_eq!(all.as_array().unwrap().len(), 1);
    let one = &all[0];
    assert_eq!(one["code"], "allowPrivilegeEscalation");
    assert_eq!(one["file"], "-");
    assert_eq!((&one["line"], &one["level"]), (&12.into(), &"warning".into()));
    assert_eq!(one["span"]["start"]["column"], 35);
    assert_eq!(
        one["message"],
        "allowPrivilegeEscalation != false (container \"web\" must set \
         securityContext.allowPrivilegeEscalation=false)"
    );
    assert_eq!(one["fix"]["edits"][0]["text"], "false");
    assert_eq!(one["aliases"][0], "KSV-0001");
}

#[test]
fn every_format_can_show_a_manifest() {
    let machine = Machine::new();
    machine.write("pod.yaml", HARDENED.replace("[ALL]", "[]"));
    for (format, part) in [
        ("text", "pod.yaml:13 capabilities_restricted warning: unrestricted capabilities"),
        ("gnu", "pod.yaml:13.30-13.32: warning: unrestricted"),
        ("github", "::warning file=pod.yaml,line=13,endLine=13,col=30,endColumn=32,"),
        ("checkstyle", "source=\"capabilities_restricted\""),
        ("gitlab", "\"check_name\":\"capabilities_restricted\""),
        ("codeclimate", "\"check_name\":\"capabilities_restricted\""),
        ("sonarqube", "\"ruleId\":\"capabilities_restricted\""),
        ("sarif", "\"ruleId\":\"capabilities_restricted\""),
        ("tty", "warning[capabilities_restricted]"),
    ] {
        let ran = machine.run(&format!("kube lint --only pss -f {format} pod.yaml")).ended(1);
        assert!(ran.out.contains(part), "{format}: {}", ran.out);
    }
    assert!(machine.run("kube lint -f syntax pod.yaml").ended(2).err.contains("unknown format"));
    let sarif = machine.run("kube lint --only pss -f sarif pod.yaml").json();
    let page = &sarif["runs"][0]["tool"]["driver"]["rules"][0]["help"]["markdown"];
    assert!(page.as_str().unwrap().contains("```yaml\napiVersion: v1"));
}

#[test]
fn a_folder_is_searched_and_what_is_passed_over_is_told() {
    let machine = Machine::new();
    machine.write("a/pod.yaml", HARDENED.replace("true", "false"));
    machine.write("a/values.yaml", "replicas: 2\n");
    machine
        .write("a/chart.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  {{ toYaml .spec }}\n  x: 1\n");
    machine.write("b/space.yml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: default\n  labels:\n    pod-security.kubernetes.io/enforce: restricted\n");
    let ran = machine.run("kube lint --only pss -f text").ended(1);
    assert!(ran.out.contains("a/pod.yaml:6 runAsNonRoot error: "), "{}", ran.out);
    assert!(ran.err.contains("`a/chart.yaml` is a template"), "{}", ran.err);
    assert!(Machine::new().run("kube lint").ended(2).err.contains("there is no manifest in `.`"));
    machine.write("empty.yaml", "# nothing\n");
    assert!(machine.run("kube lint empty.yaml").ended(2).err.contains("nothing was judged"));
    machine.run("kube lint absent.yaml").ended(3);
}

#[test]
fn what_cannot_be_parsed_ends_with_two_and_the_rest_is_judged() {
    let text = format!("a: [1\n---\n{HARDENED}");
    let ran = Machine::new().run_with_stdin("kube lint --only pss -f text -", &text).ended(2);
    assert!(ran.out.starts_with("-:1 PK0001 error: "), "{}", ran.out);
}

#[test]
fn what_is_mended_is_written_and_told() {
    let machine = Machine::new();
    let before = HARDENED.replace("        allowPrivilegeEscalation: false\n", "");
    machine.write("pod.yaml", &before);
    let shown = machine.run("kube lint --fix --diff --only pss pod.yaml");
    assert!(shown.out.contains("+        allowPrivilegeEscalation: false"), "{}", shown.out);
    assert_eq!(machine.read("pod.yaml"), before);
    let ran = machine.run("kube lint --fix --only pss pod.yaml").ended(0);
    assert!(
        ran.err.contains("pod.yaml:11 allowPrivilegeEscalation: set allowPrivilegeEscalation to"),
        "{}",
        ran.err
    );
    let after = machine.read("pod.yaml");
    assert_eq!(machine.run_with_stdin("kube lint --fix --only pss -", &before).out, after);
    machine.run("kube lint --fix --only pss pod.yaml").ended(0);
    assert_eq!(machine.read("pod.yaml"), after);
}

#[test]
fn a_rule_is_explained_by_any_of_its_names() {
    let machine = Machine::new();
    let page = machine.run("kube lint --explain ksv-0001").ended(0).out;
    assert!(page.starts_with("allowPrivilegeEscalation (warning): Keep programs"), "{page}");
    machine.run("kube lint --explain PK9999").ended(2);
    machine.run("kube lint --ignore PK9999 -").ended(2);
    assert!(machine.run("kube lint --list-rules").ended(0).out.contains("hostNamespaces"));
}

#[test]
fn an_image_that_is_root_does_not_start_where_root_is_refused() {
    let machine = Machine::new();
    let pod = |image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  securityContext: \
             {{runAsNonRoot: true}}\n  containers:\n  - {{name: c, image: '{image}'}}\n"
        )
    };
    machine.write("pod.yaml", pod("node:20-alpine"));
    let ran = machine.run("kube lint -f gnu --only practice pod.yaml").ended(1);
    let says = "`c` will not start: container has runAsNonRoot and image will run as root";
    assert!(ran.out.contains(says), "{}", ran.out);
    machine.write("pod.yaml", pod("registry.example.com/own:1"));
    let ran = machine.run("kube lint -f gnu --only practice pod.yaml").ended(1);
    assert!(!ran.out.contains("PK3010"), "{}", ran.out);
}

#[test]
fn what_a_container_runs_with_is_shown_field_by_field() {
    let machine = Machine::new();
    let pod = HARDENED.replace("  containers:", "  initContainers: [{name: i}]\n  containers:");
    machine.write("pod.yaml", pod);
    let text = machine.run("kube lint --effective pod.yaml").ended(0).out;
    assert!(text.starts_with("pod.yaml:8 Pod/web, initContainers i\n"), "{text}");
    assert!(text.contains("\n\npod.yaml:10 Pod/web, containers web\n"), "{text}");
    let shown: Vec<&str> = text.lines().filter(|line| line.contains("runAsNonRoot")).collect();
    assert!(shown.iter().all(|line| line.contains("true") && line.ends_with("pod, line 6")));
    let all = machine.run("kube lint --effective -f json pod.yaml").ended(0).json();
    assert_eq!(all["schema"], "plimsoll.effective-context/v1");
    let web = &all["containers"][1]["settings"];
    assert_eq!(web["capabilities"]["value"], "drop ALL");
    assert_eq!(web["capabilities"]["from"], "container");
    assert_eq!(web["capabilities"]["line"], 14);
    assert_eq!(all["containers"][0]["settings"]["capabilities"]["from"], "default");
    machine.run("kube lint --effective --fix pod.yaml").ended(2);
}
