//! A line for each check, with what is wrong below; for people.

use std::io::{self, Write};

use plimsoll_kube::cis::{BENCHMARK, Chapter, State};

use super::{CisFormat, CisReport};
use crate::style::{Role, Style};
use crate::text;

pub(super) const FORMAT: CisFormat =
    CisFormat { name: "table", about: "a line for each check, for people", write };

/// How many things that are wrong are shown of one check.
const SHOWN: usize = 5;

fn write(report: &CisReport<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let found = report.found;
    let head =
        format!("CIS Kubernetes Benchmark ({BENCHMARK}) of {}", text::one_line(&report.name));
    writeln!(out, "{}", style.paint(Role::Strong, &head))?;
    for (role, place) in &found.parts {
        writeln!(out, "{}: {}", role.name(), text::one_line(place))?;
    }
    for chapter in Chapter::ALL {
        let ids: Vec<&str> = chapter.checks.iter().map(|check| check.id).collect();
        let own = found.checks.iter().filter(|(check, _)| ids.contains(&check.id));
        // What is not on the machine is not told line by line.
        let own: Vec<_> = own.filter(|(_, state)| !matches!(state, State::Absent(_))).collect();
        if own.is_empty() {
            continue;
        }
        let head = format!("{} {}", chapter.id, chapter.title);
        writeln!(out, "\n{}", style.paint(Role::Strong, &head))?;
        for (check, state) in own {
            let role = match state {
                State::Pass => Role::Good,
                State::Fail(_) => Role::Bad,
                State::Unread(_) => Role::Warning,
                State::Manual(_) | State::Absent(_) => Role::Faint,
            };
            let word = style.paint(role, &format!("{:<6}", state.word()));
            writeln!(out, "{:<7} {word}  {}", check.id, check.title)?;
            let said = state.said();
            for one in said.iter().take(SHOWN) {
                writeln!(out, "                {}", text::one_line(one))?;
            }
            if let Some(more) = said.len().checked_sub(SHOWN).filter(|more| *more > 0) {
                writeln!(out, "                and {more} more")?;
            }
            if matches!(state, State::Fail(_)) {
                let mend = format!("mend: {}", check.remedy);
                writeln!(out, "                {}", style.paint(Role::Faint, &mend))?;
            }
        }
    }
    let count = |word| found.count(word);
    writeln!(
        out,
        "\n{} pass, {} fail, {} are for a person to decide, {} are about what is not here, {} could \
         not be read",
        count("pass"),
        count("fail"),
        count("manual"),
        count("absent"),
        count("unread")
    )
}
