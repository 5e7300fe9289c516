//! Each pod that falls in its turn, with what it gives; for people.

use std::io::{self, Write};

use plimsoll_kube::lateral::{ANY, Gain, Reached};

use super::{LateralFormat, Movement};
use crate::style::{Role, Style};
use crate::text;

pub(super) const FORMAT: LateralFormat =
    LateralFormat { name: "table", about: "each pod that falls in its turn", write };

/// How many pods are named that it begins with, and that others hang on.
const NAMED: usize = 10;

fn write(found: &Movement<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let Movement { network, lateral, .. } = found;
    begin(found, style, out)?;
    for start in &lateral.starts {
        gains(found, *start, style, out)?;
    }
    let ports = |one: &Reached| match one.port.number {
        ANY => "any port".to_owned(),
        number => format!("{number}/{}", one.port.protocol),
    };
    let names = lateral.reached.iter().map(|one| network.name(one.pod).len());
    let width = names.max().unwrap_or(0).min(60);
    for one in &lateral.reached {
        let name = text::one_line(network.name(one.pod));
        let name = style.paint(Role::Strong, &format!("{name:width$}"));
        let from = if one.steps > 1 {
            format!("  from {}", text::one_line(network.name(one.from)))
        } else {
            String::new()
        };
        let from = style.paint(Role::Faint, &from);
        let port = ports(one);
        let port = if from.is_empty() { port } else { format!("{port:<9}") };
        writeln!(out, "{:>3}  {name}  {port}{from}", one.steps)?;
        gains(found, one.pod, style, out)?;
    }
    let mut doors: Vec<&Reached> =
        lateral.reached.iter().filter(|one| one.only_by_it.is_some_and(|it| it > 0)).collect();
    doors.sort_by_key(|one| std::cmp::Reverse(one.only_by_it));
    if !doors.is_empty() {
        writeln!(out, "\nWhat the others hang on:")?;
    }
    for door in doors.iter().take(NAMED) {
        let count = door.only_by_it.unwrap_or(0);
        let name = text::one_line(network.name(door.pod));
        let more = if count == 1 { "more is" } else { "more are" };
        writeln!(out, "  {name}: {count} {more} reached over it alone")?;
    }
    Ok(())
}

fn begin(found: &Movement<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let Movement { network, lateral, exposed } = found;
    let all = network.cluster.pods.len();
    for one in exposed.iter().take(NAMED) {
        let name = style.paint(Role::Strong, &text::one_line(network.name(one.pod)));
        writeln!(out, "{name} is open to the world by {}", text::one_line(&one.by))?;
    }
    if exposed.len() > NAMED {
        writeln!(out, "and {} more", exposed.len() - NAMED)?;
    }
    let names: Vec<&str> = lateral.starts.iter().map(|start| network.name(*start)).collect();
    let who = match names.as_slice() {
        [one] => text::one_line(one),
        several => format!("whoever takes one of these {}", text::plural(several.len(), "pod")),
    };
    let taken = if names.len() == 1 { ", once taken," } else { "" };
    let count = lateral.reached.len();
    let others = all.saturating_sub(names.len());
    writeln!(out, "{who}{taken} reaches {count} of {}.", text::plural(others, "other pod"))
}

fn gains(found: &Movement<'_>, pod: usize, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for gain in found.lateral.gains.get(&pod).into_iter().flatten() {
        let (what, why) = match gain {
            Gain::Node(why) => ("its node", why.clone()),
            Gain::Cluster { account, steps } => {
                ("the whole cluster", format!("{account} may {}", steps.join(", then may ")))
            }
        };
        let what = style.paint(Role::Bad, what);
        writeln!(out, "       {what}: {}", text::one_line(&why))?;
    }
    Ok(())
}
