//! A simple command as a program with flags and operands.
//!
//! Which flags take a value is known to a program alone, so the caller says it where it matters.
//! Short flags may be written together: `-yq` is `-y` and `-q`, and `-qq` is also found by the name
//! `qq`. Behind `--` there are only operands.

use std::borrow::Cow;
use std::sync::Arc;

use super::ast::{SimpleCommand, Word};
use crate::Span;

/// A program with its arguments.
#[derive(Debug, Clone)]
pub struct Invocation<'a> {
    command: &'a SimpleCommand,
    name: Arg<'a>,
    /// All words behind the first; shared, because rules look through wrappers over and over.
    words: Arc<[Arg<'a>]>,
    /// Which of [`Self::words`] is the first argument.
    first: usize,
    wrappers: Vec<Arg<'a>>,
}

/// An argument.
#[derive(Debug, Clone)]
pub struct Arg<'a> {
    /// Without quotes, expansions as written.
    pub text: Cow<'a, str>,
    /// Where it stands, with quotes.
    pub span: Span,
    /// The word it comes from.
    pub word: &'a Word,
}

/// The value of a flag.
#[derive(Debug, Clone, Copy)]
pub struct FlagValue<'i, 'a> {
    /// The value without the flag.
    pub text: &'i str,
    /// The argument it is in, which for `-t=x` is also that of the flag.
    pub arg: &'i Arg<'a>,
}

impl Arg<'_> {
    /// Whether it looks like a flag; `-` alone is none.
    pub fn is_flag(&self) -> bool {
        self.text.len() > 1 && self.text.starts_with('-')
    }

    /// The flag's name and the value behind `=`, without dashes.
    fn long(&self) -> Option<(&str, Option<&str>)> {
        let name = self.text.strip_prefix("--")?;
        Some(name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value))))
    }

    /// What stands behind a single dash.
    fn short(&self) -> Option<&str> {
        let rest = self.text.strip_prefix('-')?;
        (!rest.is_empty() && !rest.starts_with('-')).then_some(rest)
    }
}

impl<'a> Invocation<'a> {
    /// `command`, a part of `source`, as an invocation; `None` where it has no word.
    pub fn new(command: &'a SimpleCommand, source: &'a str) -> Option<Self> {
        let mut words =
            command.words.iter().map(|word| Arg { text: word.text(source), span: word.span, word });
        let name = words.next()?;
        Some(Self { command, name, words: words.collect(), first: 0, wrappers: Vec::new() })
    }

    /// The command that it is made from.
    pub const fn command(&self) -> &'a SimpleCommand {
        self.command
    }

    /// The program as it is written.
    pub fn name(&self) -> &str {
        &self.name.text
    }

    /// Where the program's name stands.
    pub const fn name_span(&self) -> Span {
        self.name.span
    }

    /// The program without its directory: `apt-get` of `/usr/bin/apt-get`.
    pub fn program(&self) -> &str {
        base_name(&self.name.text)
    }

    /// The arguments.
    pub fn args(&self) -> &[Arg<'a>] {
        self.words.get(self.first..).unwrap_or_default()
    }

    /// Every argument that is a flag.
    pub fn flags(&self) -> impl Iterator<Item = &Arg<'a>> {
        self.args().iter().take_while(|arg| arg.text != "--").filter(|arg| arg.is_flag())
    }

    /// The argument that gives one of the flags `names`, which are written without dashes.
    pub fn flag(&self, names: &[&str]) -> Option<&Arg<'a>> {
        self.flags().find(|arg| {
            if let Some((name, _)) = arg.long() {
                return names.contains(&name);
            }
            let Some(short) = arg.short() else {
                return false;
            };
            let whole = short.split('=').next().unwrap_or_default();
            if names.contains(&whole) {
                return true;
            }
            // `-yq` is two flags, `-oDir::Cache=x` one with a value.
            let together = short.bytes().all(|b| b.is_ascii_alphanumeric());
            let letters = if together { short } else { short.get(..1).unwrap_or_default() };
            letters.char_indices().any(|(at, letter)| {
                let end = at.saturating_add(letter.len_utf8());
                letters.get(at..end).is_some_and(|letter| names.contains(&letter))
            })
        })
    }

    /// Whether one of the flags `names` is given.
    pub fn has_flag(&self, names: &[&str]) -> bool {
        self.flag(names).is_some()
    }

    /// The first value given to one of the flags `names`: `-t x`, `-tx`, `-t=x`, `--target x`,
    /// `--target=x`.
    pub fn value_of(&self, names: &[&str]) -> Option<&str> {
        self.values_of(names).first().map(|value| value.text)
    }

    /// Every value given to one of the flags `names`, in order.
    pub fn values_of(&self, names: &[&str]) -> Vec<FlagValue<'_, 'a>> {
        let mut values = Vec::new();
        let mut args = self.args().iter().take_while(|arg| arg.text != "--");
        while let Some(arg) = args.next() {
            match flag_value(arg, names) {
                FlagMatch::None => {}
                FlagMatch::Attached(text) => values.push(FlagValue { text, arg }),
                FlagMatch::Next => {
                    if let Some(next) = args.next() {
                        values.push(FlagValue { text: &next.text, arg: next });
                    }
                }
            }
        }
        values
    }

    /// The arguments that are no flags.
    pub fn operands(&self) -> Vec<&Arg<'a>> {
        self.operands_after(&[])
    }

    /// The arguments that are neither flags nor the values of the flags `with_values`.
    pub fn operands_after(&self, with_values: &[&str]) -> Vec<&Arg<'a>> {
        let mut operands = Vec::new();
        let mut args = self.args().iter();
        while let Some(arg) = args.next() {
            if arg.text == "--" {
                operands.extend(args);
                break;
            }
            if !arg.is_flag() {
                operands.push(arg);
            } else if matches!(flag_value(arg, with_values), FlagMatch::Next) {
                args.next();
            }
        }
        operands
    }

    /// The first operand: `install` of `apt-get -y install curl`.
    pub fn subcommand(&self) -> Option<&str> {
        self.operands().first().map(|arg| &*arg.text)
    }

    /// The script that a shell is given: `… ` of `sh -ec '…'`. It is not parsed.
    pub fn shell_script(&self) -> Option<&Arg<'a>> {
        if !matches!(self.program(), "sh" | "bash" | "dash" | "ash" | "ksh" | "mksh" | "zsh") {
            return None;
        }
        if !self.has_flag(&["c"]) {
            return None;
        }
        self.operands_after(&["o", "O"]).first().copied()
    }

    /// The programs that [`Self::through_wrappers`] took away, outermost first.
    pub fn wrappers(&self) -> &[Arg<'a>] {
        &self.wrappers
    }

    /// What runs in the end: `apt-get` of `sudo -E env A=b apt-get update`. The same where no
    /// wrapper is known, or where one runs nothing.
    #[must_use]
    pub fn through_wrappers(&self) -> Self {
        let mut inner = self.clone();
        // Every round takes at least one argument away.
        while let Some(start) = inner.wrapped_at() {
            let Some(name) = inner.args().get(start).cloned() else {
                break;
            };
            inner.wrappers.push(std::mem::replace(&mut inner.name, name));
            inner.first = inner.first.saturating_add(start).saturating_add(1);
        }
        inner
    }

    /// The index of the argument that names the wrapped program.
    fn wrapped_at(&self) -> Option<usize> {
        let program = self.program();
        let wrapper = WRAPPERS.iter().find(|wrapper| wrapper.name == program)?;
        let args = self.args();
        if wrapper.name == "command"
            && args.first().is_some_and(|a| a.text == "-v" || a.text == "-V")
        {
            return None;
        }
        let mut before = wrapper.operands;
        let mut index = 0_usize;
        while let Some(arg) = args.get(index) {
            if arg.text == "--" {
                index = index.saturating_add(1);
                if before == 0 {
                    break;
                }
            } else if arg.is_flag() {
                let next = matches!(flag_value(arg, wrapper.with_values), FlagMatch::Next);
                index = index.saturating_add(1 + usize::from(next));
            } else if wrapper.assignments && is_assignment(&arg.text) {
                index = index.saturating_add(1);
            } else if before > 0 {
                before = before.saturating_sub(1);
                index = index.saturating_add(1);
            } else {
                break;
            }
        }
        (index < args.len()).then_some(index)
    }
}

/// A program whose arguments are another program with its own.
struct Wrapper {
    name: &'static str,
    with_values: &'static [&'static str],
    /// How many operands come before the program.
    operands: usize,
    /// Whether `A=b` may come before the program.
    assignments: bool,
}

const fn plain(name: &'static str, with_values: &'static [&'static str]) -> Wrapper {
    Wrapper { name, with_values, operands: 0, assignments: false }
}

const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        name: "sudo",
        with_values: &[
            "u",
            "user",
            "g",
            "group",
            "h",
            "host",
            "p",
            "prompt",
            "C",
            "close-from",
            "r",
            "role",
            "t",
            "type",
            "T",
            "command-timeout",
            "U",
            "other-user",
            "D",
            "chdir",
            "R",
            "chroot",
        ],
        operands: 0,
        assignments: true,
    },
    Wrapper {
        name: "env",
        with_values: &["u", "unset", "C", "chdir"],
        operands: 0,
        assignments: true,
    },
    plain("doas", &["u", "C", "a"]),
    plain("exec", &["a"]),
    plain("command", &[]),
    plain("builtin", &[]),
    plain("time", &["f", "format", "o", "output"]),
    plain("nice", &["n", "adjustment"]),
    plain("ionice", &["c", "class", "n", "classdata"]),
    plain("nohup", &[]),
    plain("setsid", &[]),
    plain("tini", &["p", "e"]),
    plain("dumb-init", &["r", "rewrite"]),
    plain("eatmydata", &[]),
    plain("stdbuf", &["i", "input", "o", "output", "e", "error"]),
    plain(
        "xargs",
        &[
            "n",
            "max-args",
            "P",
            "max-procs",
            "I",
            "L",
            "max-lines",
            "a",
            "arg-file",
            "d",
            "delimiter",
            "E",
            "s",
            "max-chars",
        ],
    ),
    Wrapper {
        name: "timeout",
        with_values: &["k", "kill-after", "s", "signal"],
        operands: 1,
        assignments: false,
    },
    Wrapper { name: "gosu", with_values: &[], operands: 1, assignments: false },
    Wrapper { name: "su-exec", with_values: &[], operands: 1, assignments: false },
    Wrapper { name: "chroot", with_values: &[], operands: 1, assignments: false },
];

/// How a flag's value is given.
enum FlagMatch<'i> {
    /// It is another flag.
    None,
    /// In the same argument.
    Attached(&'i str),
    /// In the next argument.
    Next,
}

fn flag_value<'i>(arg: &'i Arg<'_>, names: &[&str]) -> FlagMatch<'i> {
    if let Some((name, value)) = arg.long() {
        return match value {
            _ if !names.contains(&name) => FlagMatch::None,
            Some(value) => FlagMatch::Attached(value),
            None => FlagMatch::Next,
        };
    }
    let Some(short) = arg.short() else {
        return FlagMatch::None;
    };
    if names.contains(&short) {
        return FlagMatch::Next;
    }
    if let Some((name, value)) = short.split_once('=')
        && names.contains(&name)
    {
        return FlagMatch::Attached(value);
    }
    let first = short.chars().next().map_or(0, char::len_utf8);
    if short.get(..first).is_some_and(|letter| names.contains(&letter)) {
        return FlagMatch::Attached(short.get(first..).unwrap_or_default());
    }
    // In `-yt` the last letter may be the one that takes the next argument.
    let last = short.char_indices().next_back().map_or(0, |(at, _)| at);
    let letters = short.bytes().all(|b| b.is_ascii_alphabetic());
    if letters && short.get(last..).is_some_and(|letter| names.contains(&letter)) {
        return FlagMatch::Next;
    }
    FlagMatch::None
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

fn base_name(path: &str) -> &str {
    let slash = memchr::memrchr2(b'/', b'\\', path.as_bytes());
    slash.and_then(|at| path.get(at.saturating_add(1)..)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::Invocation;
    use crate::shell::{Dialect, parse};

    fn with<R>(text: &str, f: impl FnOnce(&Invocation<'_>) -> R) -> R {
        let script = parse(text, Dialect::Posix);
        let commands = script.simple_commands();
        let first = commands.first().and_then(|found| Invocation::new(found.command, text));
        let Some(invocation) = first else { unreachable!("{text} is a command") };
        f(&invocation)
    }

    fn texts(args: &[&super::Arg<'_>]) -> Vec<String> {
        args.iter().map(|arg| arg.text.clone().into_owned()).collect()
    }

    #[test]
    fn flags_are_found_alone_together_and_long() {
        with(
            "/usr/bin/apt-get -yqq -o Dpkg::Use-Pty=0 --no-install-recommends install 'a' b",
            |i| {
                assert_eq!((i.name(), i.program()), ("/usr/bin/apt-get", "apt-get"));
                assert!(i.has_flag(&["y", "yes"]) && i.has_flag(&["q"]) && !i.has_flag(&["qq"]));
                assert!(i.has_flag(&["no-install-recommends"]) && !i.has_flag(&["install"]));
                assert_eq!(i.value_of(&["o", "option"]), Some("Dpkg::Use-Pty=0"));
                assert_eq!(texts(&i.operands_after(&["o"])), ["install", "a", "b"]);
                assert_eq!(i.operands().len(), 4);
            },
        );
        with("apt-get -qq -oDebug::y=1 update", |i| {
            assert!(i.has_flag(&["qq"]) && i.has_flag(&["o"]) && !i.has_flag(&["y"]));
            assert_eq!(i.subcommand(), Some("update"));
        });
    }

    #[test]
    fn values_are_attached_or_the_next_argument() {
        for (text, value) in [
            ("a -t x", Some("x")),
            ("a -tx", Some("x")),
            ("a -t=x", Some("x")),
            ("a -yt x", Some("x")),
            ("a --target x", Some("x")),
            ("a --target=x", Some("x")),
            ("a --targets=x -- -t y", None),
            ("a t x", None),
            ("a -t", None),
        ] {
            assert_eq!(
                with(text, |i| i.value_of(&["t", "target"]).map(str::to_owned)).as_deref(),
                value,
                "{text}"
            );
        }
    }

    #[test]
    fn behind_two_dashes_there_are_only_operands() {
        with("rm -rf -- -x $y", |i| {
            assert_eq!(texts(&i.operands()), ["-x", "$y"]);
            assert!(!i.has_flag(&["x"]));
        });
    }

    #[test]
    fn wrappers_are_seen_through() {
        for (text, program, args) in [
            ("sudo -E -u root A=b apt-get update", "apt-get", &["update"][..]),
            ("env -i A=b C=d /bin/make -j 4", "make", &["-j", "4"]),
            ("xargs -0 -n 1 rm -f", "rm", &["-f"]),
            ("exec nice -n 5 time -p nohup a", "a", &[]),
            ("timeout -s KILL 10 curl x", "curl", &["x"]),
            ("command -v curl", "command", &["-v", "curl"]),
            ("sudo", "sudo", &[]),
            ("sudo -i", "sudo", &["-i"]),
            ("gosu user:group sh -c 'a b'", "sh", &["-c", "a b"]),
            ("sudo -- a -- b", "a", &["--", "b"]),
        ] {
            with(text, |i| {
                let inner = i.through_wrappers();
                let all: Vec<_> = inner.args().iter().collect();
                assert_eq!(
                    (inner.program(), texts(&all)),
                    (program, args.iter().map(|a| (*a).to_owned()).collect()),
                    "{text}"
                );
            });
        }
    }

    #[test]
    fn a_shell_tells_its_script() {
        let script =
            |text: &str| with(text, |i| i.shell_script().map(|arg| arg.text.clone().into_owned()));
        assert_eq!(script("sh -c 'a; b' c").as_deref(), Some("a; b"));
        assert_eq!(script("/bin/bash -o pipefail -ec \"a\"").as_deref(), Some("a"));
        assert_eq!(script("bash install.sh"), None);
        assert_eq!(script("python -c 'x'"), None);
    }
}
