//! pip as its rules see it: which commands install, and which words are packages.

use crate::script::Program;
use crate::shell::Arg;

/// Who installs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installer {
    /// `pip`, `pip3`, `python -m pip`.
    Pip,
    /// `pipx`, which makes an environment for each program.
    Pipx,
}

const WITH_VALUES: [&str; 42] = [
    "abi",
    "b",
    "build",
    "e",
    "editable",
    "extra-index-url",
    "f",
    "find-links",
    "global-option",
    "i",
    "implementation",
    "index-url",
    "install-option",
    "no-binary",
    "only-binary",
    "platform",
    "prefix",
    "progress-bar",
    "proxy",
    "python-version",
    "root",
    "src",
    "t",
    "target",
    "trusted-host",
    "upgrade-strategy",
    "c",
    "constraint",
    "r",
    "requirement",
    "timeout",
    "retries",
    "exists-action",
    "cert",
    "client-cert",
    "cache-dir",
    "log",
    "python",
    "root-user-action",
    "index",
    "config-settings",
    "report",
];

/// Who installs with this program; `None` where nothing is installed.
pub(crate) fn installing(program: &Program<'_>) -> Option<Installer> {
    let name = program.name();
    let installs = program.args().iter().any(|one| one.text == "install");
    let version = |rest: &str| rest.bytes().all(|one| one.is_ascii_digit() || one == b'.');
    if name.strip_prefix("pip").is_some_and(version) {
        return installs.then_some(Installer::Pip);
    }
    if name == "pipx" {
        return installs.then_some(Installer::Pipx);
    }
    let module = name.strip_prefix("python").is_some_and(version)
        && program.args().windows(2).any(
            |pair| matches!(pair, [flag, module] if flag.text == "-m" && module.text == "pip"),
        );
    (module && installs).then_some(Installer::Pip)
}

/// The packages that are asked for by name; none where a file lists them.
pub(crate) fn packages<'i, 'a>(program: &'i Program<'a>) -> Vec<&'i Arg<'a>> {
    let listed = ["r", "requirement", "c", "constraint", "e", "editable"];
    if listed.iter().any(|name| {
        program.args().iter().any(|one| {
            one.text.strip_prefix("--").map_or(one.text.strip_prefix('-') == Some(name), |long| {
                long.split('=').next() == Some(name)
            })
        })
    }) {
        return Vec::new();
    }
    let operands = program.operands_after(&WITH_VALUES);
    let mut behind = operands.into_iter().skip_while(|one| one.text != "install");
    behind.next();
    behind.collect()
}
