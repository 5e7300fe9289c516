//! Instructions that an image lacks, and where in the last stage they go.

use super::{lineage, ports};
use crate::bases::Base;
use crate::context::Context;
use crate::finding::Edit;
use crate::syntax::{Instruction, Keyword};

/// An id that no account of the usual images has; distroless images call it `nonroot`.
const NOBODYS_ID: &str = "65532:65532";

/// The edit that ends the last stage with a `USER` that is not root: the account that the base
/// has for that, else a number.
pub(super) fn user(context: &Context<'_>, base: Option<&Base>) -> Option<Edit> {
    let account = base.and_then(|base| {
        base.users.iter().find(|account| account.id >= 1000 && account.id < 60_000)
    });
    // Accounts of people, such as Ubuntu's `ubuntu`, are for no program.
    let own = account.filter(|account| ["node", "gradle"].contains(&account.name.as_str()));
    let user = own.map_or_else(|| NOBODYS_ID.to_owned(), |account| account.id.to_string());
    put(context, &format!("USER {user}"))
}

/// The edit that adds a `HEALTHCHECK`, and what it asks: only for one known port, and with a
/// program that the base surely has.
pub(super) fn health_check(context: &Context<'_>, base: &Base) -> Option<(Edit, String)> {
    let ports = ports::exposed(context);
    let [port] = ports.as_slice() else { return None };
    if port.first != port.last || port.first == 0 || port.word.text.ends_with("/udp") {
        return None;
    }
    let port = port.first;
    let has = |name: &str| base.has_command(name) == Some(true);
    let command = if has("node") {
        vec![
            "node".to_owned(),
            "-e".to_owned(),
            format!(
                "require('http').get('http://127.0.0.1:{port}/', r => \
                 process.exit(r.statusCode < 500 ? 0 : 1)).on('error', () => process.exit(1))"
            ),
        ]
    } else if has("python3") {
        vec![
            "python3".to_owned(),
            "-c".to_owned(),
            format!(
                "import http.client as h; c = h.HTTPConnection('127.0.0.1', {port}, timeout=3); \
                 c.request('GET', '/'); exit(c.getresponse().status >= 500)"
            ),
        ]
    } else if has("wget") && has("busybox") {
        let url = format!("http://127.0.0.1:{port}/");
        ["wget", "-q", "--spider", &url].map(str::to_owned).to_vec()
    } else {
        return None;
    };
    let words: Vec<String> =
        command.iter().filter_map(|word| serde_json::to_string(word).ok()).collect();
    let line = format!("HEALTHCHECK --interval=30s --timeout=5s CMD [{}]", words.join(", "));
    Some((put(context, &line)?, format!("let `{}` ask port {port}", command.first()?)))
}

/// Puts a line behind all that the last stage does to files, before what says how it is run.
fn put(context: &Context<'_>, line: &str) -> Option<Edit> {
    let stage = context.final_stage()?;
    let file = context.file;
    let own = file.instructions.get(stage.instructions.clone())?;
    let works = |one: &Instruction| {
        matches!(
            one.keyword,
            Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir | Keyword::Shell
        )
    };
    let behind = own.iter().rposition(works).map_or(0, |last| last.saturating_add(1));
    let runs = |one: &&Instruction| {
        matches!(one.keyword, Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck)
    };
    let is_last = stage.instructions.end >= file.instructions.len();
    match own.iter().skip(behind).find(runs) {
        Some(before) => {
            // Comments right above an instruction are about that one.
            let mut first = before.lines.0;
            for comment in file.comments.get(before.comments.clone())?.iter().rev() {
                if comment.line.saturating_add(1) != first {
                    break;
                }
                first = comment.line;
            }
            Some(Edit::insert(file.source.line_start(first), format!("{line}\n")))
        }
        None if is_last => {
            let from = file.instructions.get(stage.from)?;
            let end = own.last().unwrap_or(from).span.end;
            Some(Edit::insert(end, format!("\n{line}")))
        }
        None => None,
    }
}

/// The base of the last stage, where it is known.
pub(super) fn base(context: &Context<'_>) -> Option<Base> {
    lineage::base(context, context.final_stage()?).cloned()
}
