//! Rules so plain that the kernel itself can judge them: which calls, by which names of processes, whether
//! in a container.
//!
//! A condition is plain where it is a conjunction of nothing else. What the kernel concludes from it is
//! what the engine would have: anything that it cannot know makes a rule not plain.

use crate::condition::ast::{Expr, ExprKind, Literal, OperandKind, Right, RightKind};
use crate::fields::Source;
use crate::loader::Rule;

/// The longest name that the kernel has for a process.
const LONGEST_NAME: usize = 15;

/// All that a plain rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plain {
    /// The types of events; never none.
    pub types: Vec<&'static str>,
    /// Names of processes: none where any will do.
    pub names: Vec<Vec<u8>>,
    /// Only in containers.
    pub in_container: bool,
    /// Only calls that succeed.
    pub only_success: bool,
}

impl Plain {
    /// Of a rule; none where it asks for more.
    pub fn of(rule: &Rule) -> Option<Self> {
        if rule.source != Source::Syscall {
            return None;
        }
        let mut plain = Self { types: rule.event_types.clone()?, ..Self::default() };
        let mut has_type = false;
        let mut parts = vec![&rule.condition];
        while let Some(part) = parts.pop() {
            match &part.kind {
                ExprKind::And(all) => parts.extend(all),
                _ => plain.take(part, &mut has_type)?,
            }
        }
        // The kernel compares the name that a process has given itself; the engine's is that of the last
        // program. Only where a program has just begun are both the same.
        let begins = plain.types.iter().all(|name| matches!(*name, "execve" | "execveat"));
        let same_name = plain.names.is_empty() || (begins && plain.only_success);
        (has_type && same_name && !plain.types.is_empty()).then_some(plain)
    }

    /// Takes one part in; none where the kernel cannot judge it.
    fn take(&mut self, part: &Expr, has_type: &mut bool) -> Option<()> {
        let ExprKind::Check { left, op, right } = &part.kind else { return None };
        let OperandKind::Field { name, argument: None } = &left.kind else { return None };
        if op.modifier.is_some() {
            return None;
        }
        let one_of = matches!(op.name, "=" | "==" | "in");
        let is = |text: &str| one_of && matches!(values(right).as_slice(), [only] if only.is(text));
        match name.as_str() {
            "evt.type" if one_of => *has_type = true,
            "evt.dir" if is("<") => {}
            "evt.failed" if is("false") => self.only_success = true,
            "evt.res" if is("SUCCESS") => self.only_success = true,
            "evt.rawres"
                if op.name == ">=" && values(right).first().is_some_and(|it| it.is("0")) =>
            {
                self.only_success = true;
            }
            "container.id" if matches!(op.name, "!=") => {
                let host = values(right);
                if !matches!(host.as_slice(), [only] if only.is("host")) {
                    return None;
                }
                self.in_container = true;
            }
            "proc.name" if one_of && self.names.is_empty() => {
                self.names = values(right).into_iter().map(|name| name.0.clone()).collect();
                let fits = |name: &Vec<u8>| !name.is_empty() && name.len() <= LONGEST_NAME;
                if self.names.is_empty() || !self.names.iter().all(fits) {
                    return None;
                }
            }
            _ => return None,
        }
        Some(())
    }
}

fn values(right: &Right) -> Vec<&Literal> {
    match &right.kind {
        RightKind::Value(one) => vec![one],
        RightKind::List(all) => all.iter().collect(),
        RightKind::Operand(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::Loader;

    fn plain(condition: &str) -> Option<Plain> {
        let text = format!(
            "- macro: container\n  condition: (container.id != host)\n\
             - list: miners\n  items: [xmrig, minerd]\n\
             - rule: A\n  desc: a\n  condition: {condition}\n  output: a\n  priority: INFO\n"
        );
        let mut loader = Loader::default();
        assert!(loader.load("a", &text).is_loaded(), "{condition}");
        Plain::of(&loader.definitions().rules[0])
    }

    #[test]
    fn calls_names_and_containers_are_plain() {
        let found = plain(
            "evt.type in (execve, execveat) and evt.failed = false and container and \
             proc.name in (miners)",
        );
        let found = found.unwrap();
        assert!(found.types.contains(&"execve") && found.types.contains(&"execveat"));
        assert_eq!(found.names, [b"xmrig".to_vec(), b"minerd".to_vec()]);
        assert!(found.in_container && found.only_success);
        let found = plain("evt.type = ptrace and evt.failed = false").unwrap();
        assert!(found.only_success && !found.in_container && found.names.is_empty());
        assert_eq!(found.types, ["ptrace"]);
    }

    #[test]
    fn what_the_kernel_cannot_know_is_not_plain() {
        for condition in [
            "evt.type = openat and fd.name = /etc/shadow",
            "evt.type = ptrace and not proc.name = gdb",
            "evt.type = ptrace and proc.name = a or evt.type = bpf",
            "evt.type = ptrace and proc.name = a-name-longer-than-fifteen",
            "evt.type = ptrace and proc.name startswith a",
            "evt.type = ptrace and container.id = host",
            "evt.type = ptrace and proc.name = a and proc.name in (a, b)",
            "evt.type != ptrace and container",
            "container and proc.name = a",
            // The name may be one that the process has given itself since.
            "evt.type = ptrace and proc.name = a",
            "evt.type in (execve, ptrace) and evt.failed = false and proc.name = a",
            "evt.type = execve and proc.name = a",
        ] {
            assert_eq!(plain(condition), None, "{condition}");
        }
    }
}
