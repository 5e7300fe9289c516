//! Files for other people's pipelines: the action's script, GitLab's job, the hooks.

use std::fs;
use std::process::{Command, Output};

use plimsoll_testkit::{Compression, Dockerd, Image, shared};
use serde_json::Value;

use crate::machine::{Machine, NOW};
use crate::{at, copy, is_there, path, said};

pub(crate) fn yaml(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(at(file)).unwrap();
    text.split("\n---\n").map(|text| serde_saphyr::from_str(text).unwrap()).collect()
}

/// The action's script, with inputs as the runner hands them over.
fn action(machine: &Machine, inputs: &[(&str, &str)]) -> Output {
    action_with(machine, inputs, &[])
}

/// The same with variables of the runner's own.
fn action_with(machine: &Machine, inputs: &[(&str, &str)], more: &[(&str, &str)]) -> Output {
    copy(&at("docs/samples/shop"), &machine.path("work"));
    // Advisories are those that are built in: nothing is fetched.
    let inputs = inputs.iter().map(|(name, value)| (format!("INPUT_{name}"), value));
    Command::new(at("deploy/ci/github/scan"))
        .current_dir(machine.path("work"))
        .env_clear()
        .env("PATH", path())
        .env("HOME", machine.path("home"))
        .env("SOURCE_DATE_EPOCH", NOW)
        .env("INPUT_CACHE_DIR", machine.path("cache"))
        .env("INPUT_MIRROR", machine.path("no-mirror"))
        .env("GITHUB_STEP_SUMMARY", machine.path("summary.md"))
        .envs(inputs)
        .envs(more.iter().copied())
        .output()
        .unwrap()
}

/// Whether the program has Trivy's command line, which the script asks.
fn has_trivy(machine: &Machine) -> bool {
    let has = machine.run("as trivy --help").code == 0;
    if !has {
        eprintln!("skipped: this program has no `as trivy`");
    }
    has && is_there("bash", "--version")
}

#[test]
fn the_action_scans_and_ends_as_its_inputs_say() {
    let machine = Machine::new();
    if !has_trivy(&machine) {
        return;
    }
    let fs = [("SCAN_TYPE", "fs"), ("SCAN_REF", ".")];
    let all = said(&action(&machine, &[&fs[..], &[("SUMMARY", "true")]].concat()));
    assert!(all.contains("CVE-2021-44906") && all.contains("CVE-2020-28500"), "{all}");
    let summary = machine.read("summary.md");
    assert!(summary.starts_with("```text\n") && summary.contains("CVE-2021-44906"), "{summary}");
    assert!(summary.ends_with("```\n"), "{summary}");

    let gate = [("SEVERITY", "CRITICAL"), ("EXIT_CODE", "7"), ("IGNORE_UNFIXED", "true")];
    let ran = action(&machine, &[&fs[..], &gate].concat());
    let told = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(7), "{told}");
    assert!(told.contains("CVE-2021-44906") && !told.contains("CVE-2020-28500"), "{told}");

    let files = [("FORMAT", "sarif"), ("OUTPUT", "scan.sarif"), ("SEVERITY", "CRITICAL")];
    said(&action(&machine, &[&fs[..], &files].concat()));
    // Code scanning gets all of it, unless it is told otherwise.
    let results = |machine: &Machine| {
        machine.json("work/scan.sarif")["runs"][0]["results"].as_array().unwrap().len()
    };
    assert_eq!(results(&machine), 4);
    let limited = [("LIMIT_SEVERITIES_FOR_SARIF", "true")];
    said(&action(&machine, &[&fs[..], &files, &limited].concat()));
    assert_eq!(results(&machine), 1);

    machine.write("work/.ignored", "CVE-2021-44906\n");
    let told = said(&action(&machine, &[&fs[..], &[("TRIVYIGNORES", ".ignored")]].concat()));
    assert!(!told.contains("CVE-2021-44906"), "{told}");
}

/// The inputs of the guide's step that scans, as a runner would hand them over.
fn inputs_of_the_guide() -> Option<Vec<(String, String)>> {
    let guide = shared("../guide")?.join("container-security-guide.txt");
    let text = fs::read_to_string(guide).unwrap();
    let (_, below) = text.split_once("uses: aquasecurity/trivy-action@").unwrap();
    let (_, below) = below.split_once("with:\n").unwrap();
    let lines = below.lines().map(str::trim).take_while(|line| !line.is_empty());
    let pair = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_uppercase().replace('-', "_"), value.trim_matches('\'').to_owned())
    };
    Some(lines.map(pair).collect())
}

#[test]
fn the_guides_step_does_with_our_action_what_it_says() {
    let machine = Machine::new();
    let Some(inputs) = inputs_of_the_guide() else { return };
    let names: Vec<&str> = inputs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["IMAGE_REF", "FORMAT", "OUTPUT", "SEVERITY"], "{inputs:?}");
    if !has_trivy(&machine) {
        return;
    }
    let dockerd = match Dockerd::start(None) {
        Ok(dockerd) => dockerd,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    // The step before it builds the image.
    let image = Image::new().layer(
        "COPY",
        &[("app/node_modules/minimist/package.json", r#"{"name":"minimist","version":"0.0.8"}"#)],
    );
    machine.write("app.tar", image.docker_archive(Compression::None));
    dockerd.docker(&["load", "-i", machine.path("app.tar").to_str().unwrap()]).unwrap();
    dockerd.docker(&["tag", "example/app:1", "myapp:latest"]).unwrap();
    let given: Vec<(&str, &str)> =
        inputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let host = format!("unix://{}", dockerd.socket().display());
    said(&action_with(&machine, &given, &[("DOCKER_HOST", host.as_str())]));
    let report = machine.json("work/trivy-results.sarif");
    assert_eq!(report["version"], "2.1.0");
    let found = report["runs"][0]["results"].as_array().unwrap();
    assert!(found.iter().any(|it| it["ruleId"] == "CVE-2021-44906"), "{report}");
}

#[test]
fn the_action_takes_no_input_for_a_command() {
    let machine = Machine::new();
    if !has_trivy(&machine) {
        return;
    }
    let evil = "$(touch hit); `touch hit`; touch hit #";
    let ran = action(&machine, &[("SCAN_TYPE", "fs"), ("SCAN_REF", evil)]);
    assert!(!ran.status.success());
    let ran = action(&machine, &[("SCAN_TYPE", "image"), ("IMAGE_REF", "--version")]);
    assert!(!ran.status.success());
    assert!(!machine.path("work/hit").exists());
    let ran = action(&machine, &[("SCAN_TYPE", "image")]);
    assert_eq!(ran.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("image-ref"));
}

#[test]
fn the_action_has_every_input_that_its_script_reads() {
    let action = &yaml("action.yml")[0];
    let inputs = action["inputs"].as_object().unwrap();
    let script = fs::read_to_string(at("deploy/ci/github/scan")).unwrap();
    let steps = action["runs"]["steps"].as_array().unwrap();
    let scan = steps.iter().find(|step| step["name"] == "Scan").unwrap();
    let given = scan["env"].as_object().unwrap();
    let mut read: Vec<&str> = script
        .split("INPUT_")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap())
        .collect();
    read.sort_unstable();
    read.dedup();
    for name in read {
        let input = name.to_lowercase().replace('_', "-");
        assert!(inputs.contains_key(&input), "action.yml has no input {input}");
        let wanted = format!("${{{{ inputs.{input} }}}}");
        assert_eq!(given[&format!("INPUT_{name}")], wanted);
    }
    // No input stands in the text of a script.
    for step in steps {
        let run = step["run"].as_str().unwrap_or_default();
        assert!(!run.contains("${{"), "{run}");
    }
}

#[test]
fn actionlint_finds_nothing_in_the_action_and_in_the_job_of_init() {
    if !is_there("actionlint", "--version") {
        return;
    }
    let machine = Machine::new();
    machine.write("work/Dockerfile", "FROM debian:12\n");
    machine.write("work/action.yml", fs::read_to_string(at("action.yml")).unwrap());
    machine.run("init --ci github work").ended(0);
    let workflow = |input: &str| {
        format!(
            "on: push\njobs:\n  scan:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      \
             - uses: ./\n        with:\n          {input}: nginx:1.27\n          format: sarif\n          output: a.sarif\n"
        )
    };
    // It finds the action by the root of a repository.
    fs::create_dir_all(machine.path("work/.git")).unwrap();
    let lint = || {
        let mut command = Command::new("actionlint");
        command.current_dir(machine.path("work")).args(["-no-color", "-shellcheck=", "-pyflakes="]);
        command.output().unwrap()
    };
    machine.write("work/.github/workflows/scan.yml", workflow("image-ref"));
    said(&lint());
    machine.write("work/.github/workflows/scan.yml", workflow("image-reff"));
    let told = String::from_utf8(lint().stdout).unwrap();
    assert!(told.contains("input \"image-reff\" is not defined in action \"Plimsoll\""), "{told}");
}

#[test]
fn the_action_installs_what_a_release_signed_and_nothing_else() {
    let machine = Machine::new();
    let tools = [("curl", "--version"), ("openssl", "version"), ("bash", "--version")];
    if !tools.iter().all(|(tool, asked)| is_there(tool, asked)) {
        return;
    }
    let machine_name = std::env::consts::ARCH;
    let name = format!("plimsoll-9.9.9-{machine_name}-linux");
    machine.write(&format!("{name}/plimsoll"), "#!/bin/sh\necho plimsoll 9.9.9\n");
    let release = "releases/v9.9.9";
    fs::create_dir_all(machine.path(release)).unwrap();
    let archive = machine.path(&format!("{release}/{name}.tar.gz"));
    let run = |program: &str, folder: &str, arguments: &[&str]| {
        let folder = machine.path(folder);
        said(&Command::new(program).current_dir(folder).args(arguments).output().unwrap())
    };
    run("tar", "", &["-czf", &archive.display().to_string(), &name]);
    let sums = run("sha256sum", release, &[&format!("{name}.tar.gz")]);
    machine.write(&format!("{release}/SHA256SUMS"), sums);
    let password = ("PLIMSOLL_KEY_PASSWORD", "correct-horse");
    machine.run_with(&[password], "key generate").ended(0);
    let sign = format!(
        "sign --key plimsoll.key --signature {release}/SHA256SUMS.sig {release}/SHA256SUMS"
    );
    machine.run_with(&[password], &sign).ended(0);
    let install = |into: &str| {
        Command::new(at("deploy/ci/github/install"))
            .env("PLIMSOLL_RELEASES", format!("file://{}", machine.path("releases").display()))
            .env("PLIMSOLL_RELEASE_KEY", machine.path("plimsoll.pub"))
            .env("RUNNER_TOOL_CACHE", machine.path(into))
            .env("GITHUB_PATH", machine.path("path"))
            .env("INPUT_VERSION", "v9.9.9")
            .output()
            .unwrap()
    };
    said(&install("tools"));
    let there = machine.path(&format!("tools/plimsoll/9.9.9/{machine_name}"));
    assert!(there.join("plimsoll").is_file());
    assert_eq!(machine.read("path").trim(), there.display().to_string());

    // Another archive under the same list, and another list under the same signature.
    let good = fs::read(&archive).unwrap();
    fs::write(&archive, [&good[..], b"x"].concat()).unwrap();
    assert!(!install("other").status.success());
    fs::write(&archive, good).unwrap();
    machine.write(&format!("{release}/SHA256SUMS"), "");
    let ran = install("other");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(!ran.status.success() && told.contains("is not signed"), "{told}");
    assert!(!machine.path("other").exists());
}

#[test]
fn gitlabs_job_leaves_the_report_that_it_promises() {
    let machine = Machine::new();
    if !is_there("bash", "--version") {
        return;
    }
    let job = &yaml("deploy/ci/gitlab/plimsoll.gitlab-ci.yml")[1]["container_scanning"];
    let lines: Vec<&str> =
        job["script"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    // A folder stands for the registry's image.
    let script = lines.join("\n").replace("registry:$image", "dir:.");
    copy(&at("docs/samples/shop"), &machine.path("work"));
    let run = |fail_on: &str| {
        Command::new("bash")
            .args(["-e", "-c", &script])
            .current_dir(machine.path("work"))
            .env_clear()
            .env("PATH", path())
            .env("HOME", machine.path("home"))
            .env("PLIMSOLL_MIRROR", machine.path("no-mirror"))
            .env("PLIMSOLL_CACHE_DIR", machine.path("cache"))
            .env("SOURCE_DATE_EPOCH", NOW)
            .env("CS_IMAGE", "registry.example/shop:1")
            .env("CS_SEVERITY_THRESHOLD", "high")
            .env("CS_IGNORE_UNFIXED", "true")
            .env("CS_FAIL_ON", fail_on)
            .output()
            .unwrap()
    };
    said(&run(""));
    let report = machine.json("work/gl-container-scanning-report.json");
    assert_eq!(report["scan"]["type"], "container_scanning");
    assert_eq!(report["vulnerabilities"].as_array().unwrap().len(), 3);
    let bill = machine.json("work/gl-sbom-report.cdx.json");
    assert_eq!(bill["components"].as_array().unwrap().len(), 3);
    assert_eq!(run("critical").status.code(), Some(1));
    let paths = &job["artifacts"]["reports"];
    assert_eq!(paths["container_scanning"], "gl-container-scanning-report.json");
    assert_eq!(paths["cyclonedx"], "gl-sbom-report.cdx.json");
}

#[test]
fn every_hook_runs_a_command_that_is_there() {
    let machine = Machine::new();
    let hooks = &yaml(".pre-commit-hooks.yaml")[0];
    let hooks = hooks.as_array().unwrap();
    assert!(hooks.len() > 4);
    for hook in hooks {
        let entry = hook["entry"].as_str().unwrap().strip_prefix("plimsoll ").unwrap();
        machine.run(&format!("{entry} --help")).ended(0);
    }
}
