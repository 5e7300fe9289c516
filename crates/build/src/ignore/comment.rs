//! Writes an ignore comment for a finding.

use super::pragma::{Pragma, Reach, Tool};
use crate::Span;
use crate::config::Config;
use crate::finding::{Edit, Finding};
use crate::syntax::Dockerfile;
use plimsoll_model::text::offset;

/// The edit after which a finding does not count: a rule more in the ignore comment above its
/// instruction, or a comment of its own.
///
/// What belongs to no instruction is ignored for the file. `None` where comments count for nothing,
/// or where there is no instruction to write one above.
pub fn ignoring(file: &Dockerfile, finding: &Finding, config: &Config) -> Option<Edit> {
    if config.disable_ignore_pragma {
        return None;
    }
    let source = &file.source;
    let id = finding.rule.id;
    // hadolint understands codes of these letters only, and we understand its comments.
    let is_code = id.chars().all(|one| one.is_ascii_digit() || "DLSC".contains(one));
    let tool = if is_code { "hadolint" } else { "plimsoll" };
    let ours = file.instructions.iter().find(|one| one.lines.0 == finding.line);
    let (line, reach) = match ours {
        Some(instruction) => (instruction.lines.0, ""),
        None => (file.instructions.first()?.lines.0, "global "),
    };
    let above = line.checked_sub(1);
    let above = file.comments.iter().find(|comment| Some(comment.line) == above);
    let mut at = source.line_start(line);
    if let Some(comment) = above
        && let Ok(Some(pragma)) = Pragma::parse(source.slice(comment.span))
    {
        let takes = match pragma.tool {
            Tool::Hadolint => is_code,
            Tool::Plimsoll => true,
            Tool::Shellcheck => false,
        };
        let reaches = pragma.reach == Reach::Next && ours.is_some();
        if takes && reaches && !pragma.is_expired(config.today) {
            let end = end_of_rules(source.slice(comment.span))?;
            return Some(Edit::insert(comment.span.start.saturating_add(end), format!(",{id}")));
        }
        // hadolint reads a comment only right above its instruction; ours may stand further up.
        if pragma.tool == Tool::Hadolint {
            at = source.line_start(comment.line);
        }
    }
    let indented = source.slice(Span::new(at, offset(source.text().len())));
    let indent = indented.len().saturating_sub(indented.trim_start_matches([' ', '\t']).len());
    let indent = indented.get(..indent).unwrap_or_default();
    let first = source.line_span(1).end;
    let end = source.text().get(first as usize..).unwrap_or_default();
    let newline = if end.starts_with('\r') { "\r\n" } else { "\n" };
    Some(Edit::insert(at, format!("{indent}# {tool} {reach}ignore={id}{newline}")))
}

/// Where the last rule of an ignore comment ends.
fn end_of_rules(comment: &str) -> Option<u32> {
    let mut at = comment.find('=')?.saturating_add(1);
    loop {
        let rest = comment.get(at..)?;
        at = at.saturating_add(rest.len().saturating_sub(rest.trim_start().len()));
        let rest = comment.get(at..)?;
        let length = rest.find(|one: char| one == ',' || one == '#' || one.is_whitespace());
        at = at.saturating_add(length.unwrap_or(rest.len()));
        let behind = comment.get(at..)?.trim_start();
        let Some(next) = behind.strip_prefix(',') else { return Some(offset(at)) };
        at = comment.len().saturating_sub(next.len());
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_testkit::shared_records;

    use super::*;
    use crate::{Environment, Source, apply, lint};

    fn ignored(text: &str, id: &str) -> String {
        let file = Dockerfile::parse(Source::new(text));
        let config = Config::default();
        let found = lint(&file, &config, &Environment::default()).findings;
        let finding = found.iter().find(|one| one.rule.id == id).unwrap();
        apply(text, &[ignoring(&file, finding, &config).unwrap()])
    }

    #[test]
    fn a_comment_is_written_above_the_instruction() {
        assert_eq!(
            ignored("FROM a:1\r\n  ADD x /y\r\n", "DL3020"),
            "FROM a:1\r\n  # hadolint ignore=DL3020\r\n  ADD x /y\r\n"
        );
    }

    #[test]
    fn a_rule_joins_those_that_are_ignored_there() {
        assert_eq!(
            ignored("FROM a:1\n# hadolint ignore=DL3008 , SC1 # why\nADD x /y\n", "DL3020"),
            "FROM a:1\n# hadolint ignore=DL3008 , SC1,DL3020 # why\nADD x /y\n"
        );
        assert_eq!(
            ignored("FROM a:1\n# plimsoll ignore=DL3008 reason=x\nADD x /y\n", "DL3020"),
            "FROM a:1\n# plimsoll ignore=DL3008,DL3020 reason=x\nADD x /y\n"
        );
    }

    #[test]
    fn what_another_tool_reads_stays_where_it_reads_it() {
        let text = "FROM a:1 AS B\n# hadolint ignore=DL3006\nFROM B\n";
        let file = Dockerfile::parse(Source::new(text));
        let rule = crate::rules::named("StageNameCasing").unwrap();
        let finding = Finding {
            rule,
            level: rule.level,
            message: "".into(),
            span: Span::default(),
            line: 3,
            fix: None,
            related: Vec::new(),
        };
        let edit = ignoring(&file, &finding, &Config::default()).unwrap();
        assert_eq!(
            apply(text, &[edit]),
            "FROM a:1 AS B\n# plimsoll ignore=StageNameCasing\n# hadolint ignore=DL3006\nFROM B\n"
        );
    }

    #[test]
    fn after_the_edit_the_finding_is_gone_from_real_files() {
        let config = Config::default();
        let environment = Environment::default();
        let mut judged = 0;
        for record in shared_records("lint/real-dockerfiles.jsonl") {
            let text = record["dockerfile"].as_str().unwrap();
            let file = Dockerfile::parse(Source::new(text));
            let count = |file: &Dockerfile, id: &str| {
                let found = lint(file, &config, &environment).findings;
                found.iter().filter(|one| one.rule.id == id).count()
            };
            let found = lint(&file, &config, &environment).findings;
            let mut seen = std::collections::HashSet::new();
            for finding in found.iter().filter(|one| seen.insert(one.rule.id)) {
                let Some(edit) = ignoring(&file, finding, &config) else { continue };
                let after = Dockerfile::parse(Source::new(apply(file.source.text(), &[edit])));
                let (before, id) = (count(&file, finding.rule.id), finding.rule.id);
                assert!(count(&after, id) < before, "{id}:\n{}", after.source.text());
                judged += 1;
            }
        }
        println!("{judged} findings ignored");
    }
}
