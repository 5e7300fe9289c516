//! What is told of a field: its class, its argument, its operators, its flags.

use super::{Field, Kind, Source, all};
use crate::check::operators;

/// Fields that are told of on one page.
#[derive(Debug, PartialEq, Eq)]
pub struct Class {
    /// `proc`.
    pub name: &'static str,
    /// What the fields are about, as a title.
    pub title: &'static str,
    /// When they have a value, and what is to be known of all of them.
    pub about: &'static str,
    /// What their names begin with, before the first point.
    pub words: &'static [&'static str],
}

const THREADS: &str = "They have a value where the thread of the event is known; where it is not, \
                       and where a section says so, a field is absent.";

/// Every class, in the order of reading.
pub static CLASSES: [Class; 11] = [
    Class {
        name: "evt",
        title: "The event",
        about: "Its number, time and source are there in every event; the rest in events of \
                system calls alone. Times are nanoseconds.",
        words: &["evt", "syscall", "util"],
    },
    Class {
        name: "proc",
        title: "The process and its ancestors",
        about: THREADS,
        words: &["proc"],
    },
    Class {
        name: "thread",
        title: "The thread, its capabilities and control groups",
        about: THREADS,
        words: &["thread"],
    },
    Class {
        name: "user-group",
        title: "The user and the group",
        about: "They have a value where the thread of the event is known. Names are those of the \
                accounts that were there, never of the machine that reads a capture.",
        words: &["user", "group"],
    },
    Class {
        name: "fd",
        title: "The file or socket",
        about: "They have a value on events that make, use or close a file descriptor, where the \
                descriptor is known.",
        words: &["fd", "fdlist"],
    },
    Class {
        name: "fs",
        title: "The paths of a call",
        about: "They have a value on calls that name a path, and only where the call succeeded.",
        words: &["fs"],
    },
    Class {
        name: "container",
        title: "The container",
        about: "Outside of containers the number and the name are `host`. Of a container that the \
                runtime has told nothing of, the number alone is there.",
        words: &["container"],
    },
    Class {
        name: "k8s",
        title: "The pod",
        about: "What the runtime knows of the pod of a container. Nothing is asked of a cluster.",
        words: &["k8s"],
    },
    Class {
        name: "ka",
        title: "Kubernetes audit events",
        about: "What a request carries (`ka.req`) is there where the audit policy logs requests, \
                what is answered (`ka.resp`) where it logs responses. The fields of a pod are \
                those of requests about pods themselves, not of Deployments and their like.",
        words: &["ka"],
    },
    Class {
        name: "ct",
        title: "CloudTrail events",
        about: "A field that the event has no value for is absent.",
        words: &["ct", "s3", "ec2", "ecr", "iam"],
    },
    Class {
        name: "json",
        title: "Any event in JSON",
        about: "They reach what no other field has, in every log that is read as JSON.",
        words: &["json", "jevt"],
    },
];

/// What may stand behind the name of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// How it is written: `[index]`.
    pub form: &'static str,
    /// Whether it has to be there.
    pub required: bool,
}

impl Class {
    /// The class of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        CLASSES.iter().find(|class| class.name == name)
    }

    /// Its fields, in the order of their tables.
    pub fn fields(&'static self) -> impl Iterator<Item = &'static Field> {
        all().filter(|field| self.has(field))
    }

    fn has(&self, field: &Field) -> bool {
        field.name.split('.').next().is_some_and(|word| self.words.contains(&word))
    }
}

impl Field {
    /// The class that it is told of with.
    pub fn class(&self) -> Option<&'static Class> {
        CLASSES.iter().find(|class| class.has(self))
    }

    /// The sources whose rules may use it.
    pub fn sources(&self) -> Vec<Source> {
        let has = |source: &Source| source.fields().any(|field| field.name == self.name);
        Source::ALL.into_iter().filter(has).collect()
    }

    /// What may stand behind its name.
    pub fn argument(&self) -> Option<Argument> {
        let traits = self.traits;
        let form = match self.name {
            "evt.arg" => ".name or [index]",
            "evt.rawarg" => ".name",
            "evt.type.is" => ".type or .number",
            "evt.around" => "[time]",
            "evt.abspath" => ".src or .dst",
            "thread.cgroup" => ".subsystem",
            "proc.env" => "[variable]",
            "proc.aenv" => "[index] or [variable]",
            _ if traits.index && traits.key => "[index] or [pattern]",
            _ if traits.key => "[key]",
            _ if traits.needs_argument || traits.takes_argument => "[index]",
            _ => return None,
        };
        Some(Argument { form, required: traits.needs_argument && self.name != "evt.abspath" })
    }

    /// The operators that its type has, `exists` first.
    pub fn operators(&self) -> Vec<&'static str> {
        let allowed = operators::allowed(self.kind, self.traits.list).map_or(&[][..], |it| it.0);
        ["exists"].into_iter().chain(allowed.iter().copied()).collect()
    }

    /// What else is to be known of it.
    pub fn notes(&self) -> Vec<&'static str> {
        let traits = self.traits;
        [
            (traits.deprecated, "deprecated"),
            (traits.list, "a list"),
            (self.kind == Kind::Opaque, "of the argument's type, with its operators"),
            (traits.filter_only, "not for outputs"),
            (traits.print_only, "for outputs only"),
            (traits.no_right, "not compared with another field"),
            (traits.no_transformer, "not transformed"),
        ]
        .into_iter()
        .filter_map(|(holds, note)| holds.then_some(note))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::check::check;
    use crate::condition::{DEFAULT_DEPTH, parse};

    #[test]
    fn every_field_is_described_in_words_of_its_own() {
        let mut said = HashSet::new();
        for Field { name, description, .. } in all() {
            let length = description.chars().count();
            assert!((10..=200).contains(&length), "{name}: {description:?}");
            assert!(description.ends_with('.') && !description.contains(".."), "{name}");
            assert!(description.starts_with(|first: char| !first.is_lowercase()), "{name}");
            assert!(said.insert(*description), "{name}: another field is described so");
        }
        assert!(said.len() > 450);
    }

    #[test]
    fn every_field_is_in_one_class_and_has_a_source() {
        for field in all() {
            let classes: Vec<_> = CLASSES.iter().filter(|class| class.has(field)).collect();
            assert_eq!(classes.len(), 1, "{}", field.name);
            assert!(!field.sources().is_empty(), "{}", field.name);
        }
        assert!(CLASSES.iter().all(|class| class.fields().next().is_some()));
    }

    #[test]
    fn every_example_loads_without_a_warning_and_begins_with_its_field() {
        let mut wrong = Vec::new();
        for field in all() {
            let example = field.example;
            let tree = parse(example, DEFAULT_DEPTH);
            for source in field.sources() {
                match tree.as_ref().map(|tree| check(tree, source)) {
                    Ok(Ok(warnings)) if warnings.is_empty() => {}
                    other => wrong.push(format!("{example}: {other:?}")),
                }
            }
            let rest = example.strip_prefix(field.name).unwrap_or_default();
            let needs = field.argument().is_some_and(|argument| argument.required);
            if !rest.starts_with([' ', '[', '.']) || needs && rest.starts_with(' ') {
                wrong.push(format!("{example}: how it begins"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn what_the_tables_say_of_a_field_is_told() {
        let find = |name: &str| all().find(|field| field.name == name).expect("it is there");
        let image = find("ka.req.pod.containers.image");
        assert_eq!(image.operators(), ["exists", "in", "intersects"]);
        assert_eq!(image.argument(), Some(Argument { form: "[index]", required: false }));
        assert_eq!(image.notes(), ["a list"]);
        assert_eq!(find("fd.net").operators(), ["exists", "=", "!=", "in", "intersects"]);
        assert_eq!(find("evt.outputtime").notes(), ["for outputs only"]);
        assert_eq!(find("evt.num").sources(), Source::ALL);
        assert_eq!(find("evt.rawarg").operators(), ["exists"]);
    }
}
