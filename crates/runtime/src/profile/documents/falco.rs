//! Rules in Falco's language that fire for what was not observed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value as JsonValue;

use crate::engine::{Engine, Matching};
use crate::loader::{Loader, Options, Rule};
use crate::profile::{Access, Deed, Direction, Judge, Kind, Observed, Verdict};
use crate::syscall::SystemCall;

pub(super) const KIND: Kind =
    Kind { name: "falco", file: "falco_rules.yaml", what: "Falco rules", write, read };

fn write(observed: &Observed) -> String {
    let who = match &observed.selection {
        Some(condition) => format!(" and ({})", condition.trim()),
        None => String::new(),
    };
    let name = &observed.name;
    let is_out = |it: &&crate::profile::Peer| it.direction == Direction::Out && it.established;
    let out: Vec<_> = observed.peers.iter().filter(is_out).collect();
    let addresses: BTreeSet<String> = out.iter().map(|peer| peer.address.to_string()).collect();
    let ports: BTreeSet<String> = out.iter().map(|peer| peer.port.to_string()).collect();
    let mut text =
        format!("# What `{name}` did not do while it was observed ({} events).\n", observed.events);
    let (files, names): (Vec<&str>, Vec<&str>) =
        observed.executables.iter().map(String::as_str).partition(|it| it.starts_with('/'));
    // Old captures have no files of programs.
    let nameless = if names.is_empty() {
        String::new()
    } else {
        " and not (proc.exepath = \"\" and proc.name in (observed_programs))".to_owned()
    };
    list(&mut text, "observed_executables", files.into_iter());
    if !names.is_empty() {
        list(&mut text, "observed_programs", names.into_iter());
    }
    list(&mut text, "observed_written_files", observed.files_with(Access::Write));
    list(&mut text, "observed_addresses", addresses.iter().map(String::as_str));
    list(&mut text, "observed_ports", ports.iter().map(String::as_str));
    rule(
        &mut text,
        &format!("Unobserved program in {name}"),
        "A program was started that was not seen when the profile was made.",
        &format!(
            "evt.type in (execve, execveat) and evt.arg.res = 0{who} \
             and not proc.exepath in (observed_executables){nameless}"
        ),
        "Unobserved program (exe=%proc.exepath command=%proc.cmdline parent=%proc.pname \
         container=%container.id)",
    );
    rule(
        &mut text,
        &format!("Unobserved file written in {name}"),
        "A file was opened for writing that was not when the profile was made.",
        &format!(
            "evt.type in (open, openat, openat2) and evt.is_open_write = true and fd.num >= 0 \
             and fd.name startswith /{who} and not fd.name in (observed_written_files)"
        ),
        "Unobserved file written (file=%fd.name exe=%proc.exepath command=%proc.cmdline \
         container=%container.id)",
    );
    rule(
        &mut text,
        &format!("Unobserved connection from {name}"),
        "A connection was made to where none went when the profile was made.",
        &format!(
            "evt.type = connect and (evt.rawres >= 0 or evt.res = EINPROGRESS) \
             and fd.l4proto in (tcp, udp) and fd.sport > 0{who} \
             and not (fd.sip in (observed_addresses) and fd.sport in (observed_ports))"
        ),
        "Unobserved connection (to=%fd.sip port=%fd.sport exe=%proc.exepath \
         command=%proc.cmdline container=%container.id)",
    );
    text
}

fn list<'i>(text: &mut String, name: &str, items: impl Iterator<Item = &'i str>) {
    let _ = writeln!(text, "\n- list: {name}");
    let mut is_empty = true;
    for item in items {
        if std::mem::take(&mut is_empty) {
            text.push_str("  items:\n");
        }
        let _ = writeln!(text, "    - {}", JsonValue::from(item));
    }
    if is_empty {
        text.push_str("  items: []\n");
    }
}

fn rule(text: &mut String, name: &str, description: &str, condition: &str, output: &str) {
    let _ = write!(
        text,
        "\n- rule: {}\n  desc: {description}\n  condition: {}\n  output: {output}\n  \
         priority: WARNING\n  tags: [profile]\n",
        JsonValue::from(name),
        JsonValue::from(condition),
    );
}

/// The rules, and the same with one item of one list left out, for each.
struct Rules {
    grants: Vec<String>,
    /// By rule of the engine: its name, and the grant that it lacks.
    judged: Vec<(String, Option<usize>)>,
    engine: Engine,
    matched: Vec<usize>,
}

/// How many items may be left out one by one.
const MOST_GRANTS: usize = 10_000;

fn read(text: &str) -> Result<Box<dyn Judge>, String> {
    let own = load(&[text])?;
    let lists = own.definitions().lists.clone();
    let count: usize = lists.iter().map(|(_, items)| items.len()).sum();
    if count > MOST_GRANTS {
        return Err(format!("more than {MOST_GRANTS} items in its lists"));
    }
    let mut all: Vec<Rule> = own.definitions().rules.clone();
    let mut judged: Vec<_> = all.iter().map(|rule| (rule.name.clone(), None)).collect();
    let known: Vec<String> = all.iter().map(|rule| rule.condition.to_string()).collect();
    let mut grants = Vec::new();
    for (name, items) in &lists {
        for (at, item) in items.iter().enumerate() {
            let left = items.iter().enumerate().filter(|(other, _)| *other != at);
            let mut without = String::new();
            list(&mut without, name, left.map(|(_, item)| item.as_str()));
            let variant = load(&[text, &without])?;
            for (rule, known) in variant.definitions().rules.iter().zip(&known) {
                if rule.condition.to_string() != *known {
                    judged.push((rule.name.clone(), Some(grants.len())));
                    all.push(rule.clone());
                }
            }
            grants.push(format!("{item} of {name}"));
        }
    }
    let engine = Engine::new(&all, Matching::All);
    Ok(Box::new(Rules { grants, judged, engine, matched: Vec::new() }))
}

fn load(files: &[&str]) -> Result<Loader, String> {
    let mut loader = Loader::new(Options::default());
    for text in files {
        if let Some(error) = loader.load(KIND.file, text).errors.first() {
            return Err(error.message.clone());
        }
    }
    Ok(loader)
}

impl Judge for Rules {
    fn grants(&self) -> &[String] {
        &self.grants
    }

    fn judge(&mut self, call: &SystemCall<'_>, _: &Deed) -> Verdict {
        self.engine.judge(call, &mut self.matched);
        let mut needed = Vec::new();
        for at in &self.matched {
            match self.judged.get(*at) {
                Some((name, None)) => return Verdict::Denied(format!("the rule `{name}` fires")),
                Some((_, Some(grant))) => needed.push(*grant),
                None => {}
            }
        }
        Verdict::Permitted(needed)
    }
}
