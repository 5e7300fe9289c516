//! A field as a condition names it, and whether there is such a one.
//!
//! After `parse_field_name` of libsinsp's filter checks. A few fields have arguments of their own
//! kind: `evt.arg.flags`, `evt.rawarg.res`, `proc.aname[2]`, `thread.cgroup.cpu`.

use super::{Field, Kind, Source, Traits};
use crate::events;

/// A field that there is, with the type that it has under this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The name of its table.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What is special about it.
    pub traits: Traits,
}

/// Why a field cannot be used as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldError {
    /// There is no such field.
    Unknown,
    /// The field is there, its argument is wrong: in libsinsp's words.
    Argument(String),
}

impl Source {
    /// The field of a name and the argument in its brackets.
    pub fn resolve(self, name: &str, argument: Option<&str>) -> Result<Resolved, FieldError> {
        if let Some(special) = self.special(name, argument) {
            return special;
        }
        let field = self.field(name).ok_or(FieldError::Unknown)?;
        if field.traits.plugin {
            plugin_argument(field, argument)?;
        } else if argument.is_some_and(|argument| !fits(field, argument)) {
            return Err(FieldError::Unknown);
        }
        Ok(field.into())
    }

    fn field(self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.name == name)
    }

    fn special(self, name: &str, argument: Option<&str>) -> Option<Result<Resolved, FieldError>> {
        if self != Self::Syscall {
            return None;
        }
        let of = |base| self.field(base).map(Resolved::from).ok_or(FieldError::Unknown);
        let syntax = || Err(FieldError::Argument(format!("filter syntax error: {name}")));
        let rest = |base: &str| name.strip_prefix(base);
        if let Some(rest) = rest("evt.arg").filter(|rest| !rest.starts_with('s')) {
            return Some(match (rest.strip_prefix('.'), argument) {
                (Some(called), None) => event_argument(called).and_then(|_| of("evt.arg")),
                (Some(_), Some(_)) => Err(FieldError::Unknown),
                (None, Some(index)) if rest.is_empty() => {
                    numeric(index).and_then(|()| of("evt.arg"))
                }
                _ => syntax(),
            });
        }
        if let Some(rest) = rest("evt.rawarg") {
            return Some(match (rest.strip_prefix('.'), argument) {
                (Some(called), None) => event_argument(called)
                    .and_then(|kind| of("evt.rawarg").map(|field| Resolved { kind, ..field })),
                (Some(_), Some(_)) => Err(FieldError::Unknown),
                (None, Some(_)) => Err(FieldError::Argument(
                    "evt.arg fields must be expressed explicitly".to_owned(),
                )),
                (None, None) => syntax(),
            });
        }
        if let Some(rest) = rest("evt.type.is") {
            let known = |kind: &str| kind.parse::<u32>().is_ok() || events::is_known(kind);
            return Some(match rest.strip_prefix('.') {
                Some(kind) if known(kind) => of("evt.type.is"),
                Some(_) => Err(FieldError::Unknown),
                None => syntax(),
            });
        }
        if name == "evt.around" {
            return Some(match argument {
                Some(index) => numeric(index).and_then(|()| of("evt.around")),
                None => syntax(),
            });
        }
        if matches!(name, "evt.abspath" | "evt.abspath.src" | "evt.abspath.dst") {
            return Some(of("evt.abspath"));
        }
        if let Some(rest) = rest("thread.cgroup").filter(|rest| !rest.starts_with('s')) {
            return Some(match rest.strip_prefix('.') {
                Some(system) if !system.is_empty() => of("thread.cgroup"),
                _ => syntax(),
            });
        }
        None
    }

    /// The field that a mistyped name was meant for.
    pub fn nearest(self, name: &str) -> Option<&'static str> {
        crate::nearest::nearest(name, self.fields().map(|field| field.name))
    }
}

impl From<&'static Field> for Resolved {
    fn from(field: &'static Field) -> Self {
        Self { name: field.name, kind: field.kind, traits: field.traits }
    }
}

fn event_argument(name: &str) -> Result<Kind, FieldError> {
    match events::longest_argument(name) {
        Some((known, kind)) if known == name => Ok(kind),
        Some(_) => Err(FieldError::Unknown),
        None => Err(FieldError::Argument(format!("unknown event argument {name}"))),
    }
}

fn numeric(argument: &str) -> Result<(), FieldError> {
    match argument.parse::<i32>() {
        Ok(_) => Ok(()),
        Err(_) => Err(FieldError::Argument(format!("{argument} is not a valid number"))),
    }
}

/// Whether a field of libsinsp itself takes this argument.
fn fits(field: &Field, argument: &str) -> bool {
    match field.name {
        "proc.env" | "proc.aenv" => true,
        _ if field.name.starts_with("proc.") => {
            field.traits.takes_argument && argument.parse::<i32>().is_ok()
        }
        _ => field.traits.takes_argument,
    }
}

fn plugin_argument(field: &Field, argument: Option<&str>) -> Result<(), FieldError> {
    let Field { name, traits, .. } = field;
    let Some(argument) = argument else {
        if traits.needs_argument {
            let why = format!("filter '{name}': {name} requires an argument but none provided");
            return Err(FieldError::Argument(why));
        }
        return Ok(());
    };
    if !traits.needs_argument && !traits.takes_argument {
        return Err(FieldError::Argument(format!(
            "filter '{name}[{argument}]': {name} does not allow nor require an argument but one \
             is provided: {argument}"
        )));
    }
    if traits.index && !traits.key && argument.parse::<u64>().is_err() {
        return Err(FieldError::Argument(format!(
            "filter '{name}[{argument}]': {name} has an invalid index argument: {argument}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_both_sources_resolve() {
        let good = [
            ("proc.name", None),
            ("proc.aname", None),
            ("proc.aname", Some("2")),
            ("proc.env", Some("HOME")),
            ("evt.arg.flags", None),
            ("evt.arg", Some("1")),
            ("evt.rawarg.res", None),
            ("evt.type.is.open", None),
            ("thread.cgroup.cpu", None),
            ("container.label", Some("a.b/c")),
            ("container.mount.dest", Some("/proc*")),
            ("evt.num", None),
        ];
        for (name, argument) in good {
            assert!(Source::Syscall.resolve(name, argument).is_ok(), "{name} {argument:?}");
        }
        let audit = Source::K8sAudit;
        assert!(audit.resolve("ka.verb", None).is_ok());
        assert!(audit.resolve("jevt.value", Some("/user/username")).is_ok());
        assert!(audit.resolve("proc.name", None).is_err());
    }

    #[test]
    fn what_there_is_not_is_an_error() {
        let unknown = [("proc.nobody", None), ("proc.name", Some("1")), ("proc.aname", Some("x"))];
        for (name, argument) in unknown {
            let error = Source::Syscall.resolve(name, argument).unwrap_err();
            assert_eq!(error, FieldError::Unknown, "{name}");
        }
        for (name, argument) in [("evt.arg", None), ("evt.arg.nothing", None)] {
            let error = Source::Syscall.resolve(name, argument).unwrap_err();
            assert!(matches!(error, FieldError::Argument(_)), "{name}");
        }
        assert!(Source::K8sAudit.resolve("jevt.value", None).is_err());
        assert_eq!(Source::Syscall.nearest("proc.nmae"), Some("proc.name"));
    }
}
