//! Which shell reads a text.

/// A shell language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// `sh`, whatever it is.
    #[default]
    Posix,
    /// Debian's `dash`.
    Dash,
    /// `ash` of `BusyBox`.
    Busybox,
    /// `bash`
    Bash,
    /// `ksh` and its kin
    Ksh,
    /// `powershell` and `pwsh`
    PowerShell,
    /// `cmd.exe`
    Cmd,
    /// Something else, such as an interpreter that is no shell.
    Unknown,
}

impl Dialect {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::Posix,
        Self::Dash,
        Self::Busybox,
        Self::Bash,
        Self::Ksh,
        Self::PowerShell,
        Self::Cmd,
        Self::Unknown,
    ];

    /// The dialect of a SHELL instruction or of the words that start a shell:
    /// `["/bin/bash", "-o", "pipefail", "-c"]`.
    pub fn of_shell_command(argv: &[&str]) -> Self {
        let mut words = argv.iter().copied().filter(|word| !word.is_empty());
        let mut program = words.next().unwrap_or_default();
        if base_name(program) == "env" {
            // `env -S bash -e` and `env A=b bash`
            program = words
                .find(|word| !word.starts_with('-') && !word.contains('='))
                .unwrap_or_default();
        }
        if base_name(program) == "busybox" {
            return match words.next() {
                None | Some("sh" | "ash") => Self::Busybox,
                Some(_) => Self::Unknown,
            };
        }
        Self::of_program(program)
    }

    /// The dialect that the first line of a file asks for; `None` where it is no `#!` line.
    pub fn of_shebang(first_line: &str) -> Option<Self> {
        let words: Vec<&str> = first_line.strip_prefix("#!")?.split_ascii_whitespace().collect();
        Some(Self::of_shell_command(&words))
    }

    /// Whether the grammar of the POSIX shell applies.
    pub const fn is_posix_family(self) -> bool {
        matches!(self, Self::Posix | Self::Dash | Self::Busybox | Self::Bash | Self::Ksh)
    }

    fn of_program(program: &str) -> Self {
        let mut name = base_name(program).to_ascii_lowercase();
        if let Some(stem) = name.strip_suffix(".exe") {
            name.truncate(stem.len());
        }
        match name.as_str() {
            "sh" => Self::Posix,
            "dash" => Self::Dash,
            "ash" => Self::Busybox,
            "bash" => Self::Bash,
            "ksh" | "ksh88" | "ksh93" | "mksh" | "oksh" | "loksh" => Self::Ksh,
            "powershell" | "pwsh" => Self::PowerShell,
            "cmd" => Self::Cmd,
            _ => Self::Unknown,
        }
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn a_shell_instruction_names_its_dialect() {
        for (argv, dialect) in [
            (&["/bin/bash", "-o", "pipefail", "-c"][..], Dialect::Bash),
            (&["/bin/sh", "-ec"], Dialect::Posix),
            (&["/bin/ash", "-c"], Dialect::Busybox),
            (&["busybox", "sh", "-c"], Dialect::Busybox),
            (&["powershell", "-Command"], Dialect::PowerShell),
            (&["C:\\Program Files\\PowerShell\\pwsh.exe"], Dialect::PowerShell),
            (&["cmd", "/S", "/C"], Dialect::Cmd),
            (&["CMD.EXE", "/S", "/C"], Dialect::Cmd),
            (&["/usr/bin/env", "-S", "bash", "-c"], Dialect::Bash),
            (&["python3", "-c"], Dialect::Unknown),
            (&[], Dialect::Unknown),
        ] {
            assert_eq!(Dialect::of_shell_command(argv), dialect, "{argv:?}");
        }
    }

    #[test]
    fn a_first_line_names_its_dialect() {
        assert_eq!(Dialect::of_shebang("#!/usr/bin/env bash"), Some(Dialect::Bash));
        assert_eq!(Dialect::of_shebang("#! /bin/sh -e"), Some(Dialect::Posix));
        assert_eq!(Dialect::of_shebang("#!/usr/bin/env python"), Some(Dialect::Unknown));
        assert_eq!(Dialect::of_shebang("echo a"), None);
    }
}
