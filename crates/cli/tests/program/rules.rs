//! `plimsoll rules`: what loads, what is said of it, and how it ends.

use std::fs;

use serde_json::Value;

use crate::machine::Machine;

const GOOD: &str = "- macro: shell
  condition: proc.name in (sh, bash)

- rule: Shell
  desc: A shell was started
  condition: evt.type = execve and shell
  output: shell %proc.cmdline
  priority: NOTICE
";

const BAD: &str = "- rule: Typo
  desc: A field that there is not
  condition: >
    evt.type = execve and
    proc.nmae = sh
  output: shell %proc.cmdline
  priority: NOTICE
";

fn machine(files: &[(&str, &str)]) -> Machine {
    let machine = Machine::new();
    for (name, text) in files {
        fs::write(machine.path(name), text).unwrap();
    }
    machine
}

#[test]
fn a_file_that_loads_ends_with_0_and_one_that_does_not_with_1() {
    let machine = machine(&[("good.yaml", GOOD), ("bad.yaml", BAD)]);
    let ran = machine.run("rules check good.yaml").ended(0);
    assert_eq!(ran.out, "");
    assert_eq!(ran.err, "1 rules, 1 macros, 0 lists; 0 warnings\n");
    let ran = machine.run("rules check good.yaml bad.yaml").ended(1);
    insta::assert_snapshot!(ran.out, @r"
    error[LOAD_ERR_COMPILE_CONDITION]: filter_check called with nonexistent field proc.nmae: did you mean `proc.name`? (in rule `Typo`)
     --> bad.yaml:5:5
      |
    5 |     proc.nmae = sh
      |     ^^^^^^^^^
    ");
    machine.run("rules check").ended(2);
    machine.run("rules check nothing.yaml").ended(3);
}

#[test]
fn what_is_wrong_is_shown_where_it_stands() {
    for (condition, word, said) in [
        ("evt.type = open and proc.pid = abc", "abc", "abc is not a valid number"),
        ("evt.type = open and proc.pid = 'abc'", "'abc'", "abc is not a valid number"),
        ("evt.type = open and proc.pid in (1, abc)", "abc", "abc is not a valid number"),
        (
            "evt.type = open and proc.name bcontains ab",
            "proc.name",
            "'bcontains' operator not supported",
        ),
        ("evt.type = open and evt.arg.falgs = 1", "evt.arg", "did you mean `flags`?"),
        ("evt.type in (open,execv)", "execv", "did you mean `execve`?"),
        ("evt.type in (openn, read)", "openn", "did you mean `open`?"),
        ("evt.type = open and proc.name = val(proc.pid)", "val", "incompatible type"),
    ] {
        let rule = format!(
            "- rule: R\n  desc: d\n  condition:   {condition}\n  output: o\n  priority: INFO\n"
        );
        let machine = machine(&[("bad.yaml", &rule)]);
        let ran = machine.run("rules check -o gnu bad.yaml").ended(1);
        let at = condition.rfind(word).unwrap() + "  condition:   ".len() + 1;
        assert!(ran.out.starts_with(&format!("bad.yaml:3.{at}-")), "{condition}: {}", ran.out);
        assert!(ran.out.contains(said), "{condition}: {}", ran.out);
    }
}

#[test]
fn rules_of_all_sources_are_checked_listed_and_explained() {
    let trail = "- rule: Login
  desc: d
  source: aws_cloudtrail
  condition: ct.name = ConsoleLogin
  output: o
  priority: NOTICE
";
    let wrong = trail.replace("ct.name", "ct.nmae");
    let machine = machine(&[("trail.yaml", trail), ("wrong.yaml", &wrong)]);
    let ran = machine.run("rules check --strict trail.yaml").ended(0);
    assert_eq!(ran.out, "");
    let ran = machine.run("rules check wrong.yaml").ended(1);
    assert!(ran.out.contains("did you mean `ct.name`?"), "{}", ran.out);
    let ran = machine.run("rules list trail.yaml").ended(0);
    assert_eq!(ran.out, "on   Notice         aws_cloudtrail  Login\n");
    let ran = machine.run("rules explain Login trail.yaml").ended(0);
    assert!(ran.out.contains("under ct.name = ConsoleLogin"), "{}", ran.out);
}

#[test]
fn json_is_falcos_load_result() {
    let machine = machine(&[("bad.yaml", BAD)]);
    let ran = machine.run("rules check -o json bad.yaml").ended(1);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let result = &json["falco_load_results"][0];
    assert_eq!(result["name"], "bad.yaml");
    assert_eq!(result["successful"], false);
    assert_eq!(result["schema_valid"], true);
    let error = &result["errors"][0];
    assert_eq!(error["code"], "LOAD_ERR_COMPILE_CONDITION");
    assert_eq!(error["message"], "filter_check called with nonexistent field proc.nmae");
    assert_eq!(error["suggestion"], "proc.name");
    assert_eq!(error["context"]["locations"][1]["item_name"], "Typo");
}

#[test]
fn a_warning_fails_only_where_that_is_asked_for() {
    let old = GOOD.replace("and shell", "and shell and evt.dir = <");
    let machine = machine(&[("old.yaml", &old)]);
    let ran = machine.run("rules check -o gnu old.yaml").ended(0);
    assert!(ran.out.starts_with("old.yaml:6."), "{}", ran.out);
    assert!(ran.out.contains("[LOAD_DEPRECATED_ITEM]"), "{}", ran.out);
    machine.run("rules check --strict old.yaml").ended(1);
}

#[test]
fn rules_are_listed_and_explained() {
    let machine = machine(&[("good.yaml", GOOD)]);
    let ran = machine.run("rules list good.yaml").ended(0);
    assert_eq!(ran.out, "on   Notice         syscall    Shell\n");
    let ran = machine.run("rules list -o json good.yaml").ended(0);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let compiled = "(evt.type = execve and proc.name in (sh, bash))";
    assert_eq!(json["rules"][0]["details"]["condition_compiled"], compiled);
    let ran = machine.run("rules explain shell good.yaml").ended(0);
    insta::assert_snapshot!(ran.out, @r"
    Shell (Notice, syscall)
    good.yaml:4

    A shell was started

    Condition, with lists, macros and exceptions in place:
      evt.type = execve
        and proc.name in (sh, bash)

    Events  execve
    Filed   under proc.name = bash, sh
    Cost    2 for 1 comparison
    Fields  evt.type, proc.name
    Macros  shell
    Tags    none
    Output  shell %proc.cmdline
    ");
    machine.run("rules explain nothing good.yaml").ended(2);
}

#[test]
fn where_no_file_is_named_the_rules_are_plimsolls_own() {
    let machine = machine(&[(
        "more.yaml",
        "- rule: SSH out of a container\n  enabled: false\n  override: {enabled: replace}\n",
    )]);
    let listed = machine.run("rules list").ended(0);
    assert!(
        listed.out.contains("on   Critical       syscall    Reverse shell\n"),
        "{}",
        listed.out
    );
    assert!(!listed.out.contains("off "), "{}", listed.out);
    let ran = machine.run("rules check default --strict").ended(0);
    assert_eq!(ran.out, "");
    let changed = machine.run("rules list default more.yaml").ended(0);
    assert!(changed.out.contains("off  Notice         syscall    SSH out of a container\n"));
}

#[test]
fn the_page_of_plimsolls_own_rules_has_each_with_what_it_means_and_what_to_do() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/watch-rules.md");
    let page = fs::read_to_string(page).unwrap();
    let listed = machine(&[]).run("rules list -o json").ended(0);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    let rules = listed["rules"].as_array().unwrap();
    for rule in rules {
        let text = |key: &str| rule["info"][key].as_str().unwrap().trim().to_owned();
        let begin =
            format!("| {} | {} | {} (T", text("name"), text("priority"), text("description"));
        let row = page.lines().find(|line| line.starts_with(&begin));
        let row = row.unwrap_or_else(|| panic!("the page lacks {begin}"));
        assert!(row.rsplit(" | ").next().is_some_and(|what| what.len() > 5), "{row}");
    }
    assert_eq!(page.lines().filter(|line| line.contains(" (T1")).count(), rules.len());
}

#[test]
fn a_field_is_shown_with_all_that_is_to_be_known_of_it() {
    let machine = Machine::new();
    let ran = machine.run("rules fields proc.aname").ended(0);
    insta::assert_snapshot!(ran.out, @r"
    proc.aname (string; syscall)

    The name of an ancestor's program: `[1]` is the parent, `[2]` its parent; without brackets of all, and one that fits is enough.

    Argument   [index], may be left out
    Operators  exists, =, !=, <, <=, >, >=, contains, in, icontains, startswith, glob, pmatch, endswith, intersects, iglob, regex
    Flags      not compared with another field; not transformed
    Example    proc.aname[2] in (nginx, httpd)
    ");
    assert_eq!(machine.run("rules fields proc.aname[2]").ended(0).out, ran.out);
    let ran = machine.run("rules fields fd.snet").ended(0);
    insta::assert_snapshot!(ran.out, @r"
    fd.snet (net; syscall)

    The server's address, for comparison with networks.

    Operators  exists, =, !=, in, intersects
    Has value  on connections and listening sockets
    Flags      not for outputs; not compared with another field; not transformed
    Example    fd.snet in (10.0.0.0/8, 192.168.0.0/16)
    ");
    let ran = machine.run("rules fields evt.arg.flags").ended(0);
    assert!(ran.out.starts_with("evt.arg (string; syscall)\n"), "{}", ran.out);
}

#[test]
fn fields_are_listed_by_class_by_beginning_and_by_source() {
    let machine = Machine::new();
    let names = |arguments: &str| -> Vec<String> {
        let ran = machine.run(&format!("rules fields {arguments}")).ended(0);
        ran.out.lines().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
    };
    let all = names("");
    assert!(all.len() > 450, "{}", all.len());
    for field in ["evt.num", "proc.name", "container.id", "ka.verb", "ct.name", "json.value"] {
        assert!(all.iter().any(|name| name == field), "{field}");
    }
    assert_eq!(names("user-group").len(), 8);
    assert_eq!(names("proc.pgid.").join(" "), "proc.pgid.name proc.pgid.exe proc.pgid.exepath");
    let audit = names("--source k8s_audit");
    assert!(audit.iter().any(|name| name == "evt.num"));
    assert!(!audit.iter().any(|name| name.starts_with("proc.")));
}

#[test]
fn fields_are_told_as_json() {
    let json = Machine::new().run("rules fields ka.req.pod.containers.image -o json").ended(0);
    let json = json.json();
    let field = &json["fields"][0];
    assert_eq!(json["fields"].as_array().unwrap().len(), 1);
    assert_eq!(field["class"], "ka");
    assert_eq!(field["sources"], serde_json::json!(["k8s_audit"]));
    assert_eq!(field["argument"]["form"], "[index]");
    assert_eq!(field["list"], true);
    assert_eq!(field["operators"], serde_json::json!(["exists", "in", "intersects"]));
}

#[test]
fn a_mistyped_field_is_a_mistake_of_use_and_says_what_was_meant() {
    let machine = Machine::new();
    let ran = machine.run("rules fields proc.nmae").ended(2);
    assert_eq!(ran.err, "error: there is no field `proc.nmae`: did you mean `proc.name`?\n");
    let ran = machine.run("rules fields proc.name --source k8s_audit").ended(2);
    assert!(ran.err.contains("of the source `k8s_audit`"), "{}", ran.err);
    let ran = machine.run("rules fields proc.name[2]").ended(2);
    assert_eq!(ran.err, "error: `proc.name` does not take the argument `[2]`\n");
    machine.run("rules fields --source nothing").ended(2);
}
