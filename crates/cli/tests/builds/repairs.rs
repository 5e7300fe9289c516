//! A file and its repaired one build, and the images differ in what the repair is for alone.

use std::path::Path;

use plimsoll_build::{Config, Environment, Safety, fix};

use crate::builder::{Builder, folder};
use crate::proposals::node_program;

/// What two builds of the same file differ in: logs, times, caches.
const VOLATILE: &[&str] = &[
    "/var/log/",
    "/var/cache/ldconfig/",
    "/root/.npm/_logs/",
    "/root/.npm/_update-notifier",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/root/.npm/_cacache/",
    "/.dockerenv",
];

/// Builds both and compares every file; what differs must be below one of `because`.
fn same_but(
    builder: &Builder,
    name: &str,
    dockerfile: &str,
    context: &Path,
    rules: &[&str],
    because: &[&str],
) {
    if !builder.has_bases(dockerfile) {
        return;
    }
    let fixed = fix(dockerfile, &Config::default(), &Environment::default(), Safety::Unsafe);
    for rule in rules {
        let made = fixed.made.iter().any(|(id, ..)| id == rule);
        assert!(made, "{name}: {rule} is not mended:\n{}\n{:?}", fixed.text, fixed.made);
    }
    let (before, after) = (format!("{name}:before"), format!("{name}:after"));
    for (tag, text) in [(&before, dockerfile), (&after, fixed.text.as_str())] {
        let built = builder.build(tag, text, context);
        assert!(built.ok, "{tag} is not built:\n{text}\n{}", built.talk);
    }
    let (was, is) = (builder.files(&before), builder.files(&after));
    let paths: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let total = paths.len();
    let different: Vec<String> = paths
        .into_iter()
        .filter(|path| was.get(*path) != is.get(*path))
        .filter(|path| !VOLATILE.iter().chain(because).any(|one| path.starts_with(one)))
        .map(|path| format!("{path}: {:?} became {:?}", was.get(path), is.get(path)))
        .collect();
    assert!(different.is_empty(), "{name}:\n{}\n{}", different.join("\n"), fixed.text);
    println!("{name}: {total} paths, the same but for {because:?}");
    let (one, other) = (builder.run(&before), builder.run(&after));
    assert!(one.ok && other.ok, "{one:?}\n{other:?}");
    assert_eq!(one.out, other.out, "{name}");
}

pub(crate) fn packages_of_debian(builder: &Builder) {
    let context = folder(&[("motd", "hello\n"), ("b/c", "d\n")]);
    let dockerfile = "FROM debian:12\nMAINTAINER someone\nENV LANG C.UTF-8\nADD motd /etc/motd\nRUN \
                      apt-get update && apt-get install tree -y\n# a copy\nRUN cp /etc/motd \
                      /etc/issue\nRUN chmod 644 /etc/issue\nWORKDIR srv\nCOPY b /srv/b\nCMD cat \
                      /etc/motd /etc/issue\n";
    let rules = ["DL4000", "DL3009", "DL3015", "DL3020", "DL3025", "DL3059", "PL1201"];
    same_but(
        builder,
        "apt",
        dockerfile,
        context.path(),
        &rules,
        &["/var/lib/apt/lists/", "/var/cache/apt/"],
    );
}

pub(crate) fn packages_of_python(builder: &Builder) {
    let context =
        folder(&[("lists/base.txt", "six==1.16.0\n"), ("app.py", "import six; print(six.PY3)\n")]);
    let dockerfile = "FROM python:3.11-slim\nWORKDIR /app\n# the source\nCOPY . .\nRUN pip install -r \
                      lists/base.txt\nCMD python app.py\n";
    // Compiled files hold the time of their source.
    let because = ["/root/.cache/", "/usr/local/lib/python3.11/dist-packages/"];
    let rules = ["DL3042", "DL3025", "PL1210", "PL1201"];
    same_but(builder, "pip", dockerfile, context.path(), &rules, &because);
}

pub(crate) fn packages_of_node(builder: &Builder) {
    let Some(context) = node_program() else { return };
    let dockerfile = "FROM node:20-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\nEXPOSE 3000\nCMD node \
                      index.js\n";
    // What is only for development is left out.
    let because = [
        "/app/node_modules/.bin",
        "/app/node_modules/.package-lock.json",
        "/app/node_modules/mkdirp",
    ];
    let rules = ["DL3025", "PL1210", "PL1201", "PL1203"];
    same_but(builder, "npm", dockerfile, context.path(), &rules, &because);
}
