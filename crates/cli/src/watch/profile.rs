//! A capture is read twice: to write documents of it, and to judge it by them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::builder::PossibleValuesParser;
use plimsoll_runtime::event::{Arena, Next};
use plimsoll_runtime::profile::{
    Deed, Kind, Observed, Proof, Prover, Selection, Witness, documents,
};
use plimsoll_runtime::syscall::SystemCall;
use serde_json::json;

use super::capture;
use crate::exit::{Outcome, Usage, tell};

/// What is asked.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) capture: PathBuf,
    /// Whose events count.
    pub(crate) condition: Option<String>,
    pub(crate) name: String,
    pub(crate) kinds: Vec<String>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) json: bool,
}

/// A document and what came of its proof.
struct Written {
    kind: &'static Kind,
    text: String,
    proof: Proof,
}

/// The words for kinds of documents.
pub(crate) fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(documents::ALL.iter().map(|kind| kind.name))
}

/// Writes the documents and says how each is proven.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let wanted =
        |kind: &&Kind| plan.kinds.is_empty() || plan.kinds.iter().any(|name| name == kind.name);
    let kinds: Vec<&'static Kind> = documents::ALL.iter().filter(wanted).collect();
    if plan.folder.is_none() && kinds.len() != 1 {
        let why = "several documents: name a folder with --dir, or one --kind".to_owned();
        return Err(Usage(why).into());
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if plan.name.is_empty() || !plan.name.chars().all(is_name) {
        return Err(Usage(format!("`{}`: a name has letters, digits, - and .", plan.name)).into());
    }
    let mut observed = Observed::new(plan.name.as_str(), plan.condition.as_deref());
    let damaged = each(plan, &mut |_, deed| observed.note(deed))?;
    if observed.events == 0 {
        let why = "no event of the capture meets --where: nothing was observed";
        return Err(Usage(why.to_owned()).into());
    }
    let mut begun = Vec::new();
    for kind in kinds {
        let text = (kind.write)(&observed);
        let prover = Prover::new(kind, &text)
            .map_err(|why| anyhow::anyhow!("the {} cannot be read back: {why}", kind.what))?;
        begun.push((kind, text, prover));
    }
    each(plan, &mut |call, deed| {
        for (_, _, prover) in &mut begun {
            prover.judge(call, deed);
        }
    })?;
    let written: Vec<Written> = begun
        .into_iter()
        .map(|(kind, text, prover)| Written { kind, text, proof: prover.finish() })
        .collect();
    output(plan, &written)?;
    if observed.is_full {
        tell("error: there was more than a profile can hold: narrow it down with --where");
    }
    let is_proven = written.iter().all(|it| it.proof.holds());
    let is_whole = is_proven && !damaged && !observed.is_full;
    Ok(if is_whole { Outcome::Clean } else { Outcome::Partial })
}

/// Shows every event that counts with what it asked for; says whether the capture is damaged.
fn each(plan: &Plan, show: &mut dyn FnMut(&SystemCall<'_>, &Deed)) -> anyhow::Result<bool> {
    let shown = plan.capture.display();
    if plan.capture == Path::new("-") {
        return Err(Usage("a capture is read twice: it has to be a file".to_owned()).into());
    }
    let mut stream =
        capture::open(&plan.capture, None).with_context(|| format!("cannot read `{shown}`"))?;
    let mut selection = Selection::new(plan.condition.as_deref())
        .map_err(|why| Usage(format!("--where: {why}")))?;
    let mut witness = Witness::new();
    let mut arena = Arena::new();
    let mut damaged = false;
    while let Some(next) = stream.next().with_context(|| format!("cannot read `{shown}`"))? {
        match next {
            Next::Call(call) => {
                arena.reset();
                let deed = witness.deed(&call, &arena);
                if selection.has(&call) {
                    show(&call, &deed);
                }
            }
            Next::Event(_) | Next::Skipped(_) => {
                let why = format!("`{shown}` is no capture of system calls");
                return Err(Usage(why).into());
            }
            Next::Damaged(why) => {
                if !damaged {
                    tell(&format!("error: {shown}: {why}"));
                }
                damaged = true;
            }
        }
    }
    Ok(damaged)
}

fn output(plan: &Plan, written: &[Written]) -> anyhow::Result<()> {
    let Some(folder) = &plan.folder else {
        for document in written {
            io::stdout().lock().write_all(document.text.as_bytes())?;
            tell(&line(document));
            tell_problems(document);
        }
        return Ok(());
    };
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    for document in written {
        let path = folder.join(document.kind.file);
        fs::write(&path, &document.text)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let mut out = io::stdout().lock();
    if plan.json {
        let documents: Vec<_> = written.iter().map(as_json).collect();
        writeln!(out, "{:#}", json!({"name": plan.name, "documents": documents}))?;
        return Ok(());
    }
    for document in written {
        writeln!(out, "{}", line(document))?;
        tell_problems(document);
    }
    Ok(())
}

fn line(document: &Written) -> String {
    let (kind, proof) = (document.kind, &document.proof);
    let verdict = match (proof.denials, proof.unneeded.len()) {
        (0, 0) => "proven: nothing denied, no grant to spare".to_owned(),
        (0, spare) => format!("nothing denied, {spare} grants to spare"),
        (denials, _) => format!("not proven: {denials} denied"),
    };
    let (events, grants) = (proof.events, proof.grants);
    format!("{:<20} {grants:>5} grants  {events:>7} events  {verdict}", kind.file)
}

fn tell_problems(document: &Written) {
    let what = document.kind.what;
    let denied = document.proof.denied.iter();
    let denied = denied.map(|it| format!("error: {what}: {it} would have been denied"));
    let spare = document.proof.unneeded.iter().take(10);
    for problem in denied.chain(spare.map(|it| format!("warning: {what}: nothing needs {it}"))) {
        tell(&problem);
    }
}

fn as_json(document: &Written) -> serde_json::Value {
    let (kind, proof) = (document.kind, &document.proof);
    json!({
        "kind": kind.name,
        "file": kind.file,
        "grants": proof.grants,
        "events": proof.events,
        "denials": proof.denials,
        "denied": proof.denied,
        "unneeded": proof.unneeded,
        "proven": proof.holds(),
    })
}
