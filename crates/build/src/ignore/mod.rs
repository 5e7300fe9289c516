//! Comments that ignore findings: hadolint's, the builder's, `ShellCheck`'s and our own.
//!
//! - `# hadolint ignore=DL3008,SC2086 # reason` right above an instruction
//! - `# hadolint stage ignore=DL3008` right above a `FROM`, for the stage
//! - `# hadolint global ignore=DL3008` anywhere between instructions
//! - `# check=skip=StageNameCasing;experimental=all;error=true` as a directive; without `error` also
//!   among the comments before an instruction
//! - `# shellcheck disable=SC2086` before an instruction, or within one for its next line
//! - `# plimsoll ignore=DL3008 until=2027-01-31 reason=text` before an instruction, or within one
//!   for its next line
//!
//! hadolint reads no comment within an instruction, and none that is followed by another comment
//! or an empty line.

mod comment;
mod pragma;

pub use comment::ignoring;
pub(crate) use pragma::{Pragma, Reach, Tool};

use std::collections::HashMap;

use crate::config::Config;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use crate::syntax::{Comment, Dockerfile, Instruction, Keyword};

/// All ignore comments of a file.
#[derive(Debug, Default)]
pub(crate) struct Ignores {
    everywhere: Vec<String>,
    /// By the first line of the stage's `FROM`.
    stages: HashMap<u32, Vec<String>>,
    /// By the first line of the instruction.
    instructions: HashMap<u32, Vec<String>>,
    /// By the line of the finding's own place.
    lines: HashMap<u32, Vec<String>>,
    builder: Checks,
    /// What the builder skips, by the first line of the instruction.
    skipped: HashMap<u32, Checks>,
    /// The first lines of all `FROM`s.
    froms: Vec<u32>,
}

/// The value of a `# check=`.
#[derive(Debug, Default, Clone)]
pub(crate) struct Checks {
    skip: Vec<String>,
    skip_all: bool,
    /// Experimental checks that are turned on.
    experimental: Vec<String>,
    experimental_all: bool,
    /// Violations of the builder's checks are errors.
    pub(crate) error: bool,
}

impl Checks {
    /// Those of the whole file.
    pub(crate) fn of_file(file: &Dockerfile) -> Self {
        let directive = file.directives.iter().find(|one| one.name == "check");
        directive.map(|one| Self::parse(&one.value)).unwrap_or_default()
    }

    fn parse(value: &str) -> Self {
        let mut checks = Self::default();
        let names = |list: &str| list.split(',').map(|name| name.trim().to_owned()).collect();
        for (key, value) in value.splitn(3, ';').filter_map(|part| part.split_once('=')) {
            match (key.trim(), value.trim()) {
                ("skip", "all") => checks.skip_all = true,
                ("skip", list) => checks.skip = names(list),
                ("experimental", "all") => checks.experimental_all = true,
                ("experimental", list) => checks.experimental = names(list),
                ("error", value) => {
                    checks.error = matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True");
                }
                _ => {}
            }
        }
        checks
    }

    /// The builder skips no experimental check that it was told to make.
    fn skips(&self, rule: &Rule) -> bool {
        if rule.level == Level::Ignore && self.turns_on(rule) {
            return false;
        }
        self.skip_all && builder_name(rule).is_some()
            || self.skip.iter().any(|name| rule.is_called(name))
    }

    fn turns_on(&self, rule: &Rule) -> bool {
        self.experimental_all && builder_name(rule).is_some()
            || self.experimental.iter().any(|name| rule.is_called(name))
    }
}

/// The experimental checks of the builder that comments turn on.
#[derive(Debug, Default)]
pub(crate) struct Experiments {
    everywhere: Checks,
    /// By the first line of the instruction.
    instructions: HashMap<u32, Checks>,
}

impl Experiments {
    pub(crate) fn of(file: &Dockerfile) -> Self {
        let mut experiments =
            Self { everywhere: Checks::of_file(file), instructions: HashMap::new() };
        for comment in &file.comments {
            let value = check_value(&comment.text).filter(|value| value.contains("experimental"));
            let Some(value) = value else { continue };
            if let Some(next) = instruction_behind(file, comment.line)
                && instruction_around(file, comment.line).is_none()
            {
                experiments.instructions.insert(next.lines.0, Checks::parse(value));
            }
        }
        experiments
    }

    /// Whether a comment turns the rule on, for the file or for an instruction.
    pub(crate) fn name(&self, rule: &Rule) -> bool {
        let mut all = std::iter::once(&self.everywhere).chain(self.instructions.values());
        all.any(|one| one.turns_on(rule))
    }

    /// Whether the finding stands where its rule is turned on.
    pub(crate) fn reach(&self, finding: &Finding) -> bool {
        self.everywhere.turns_on(finding.rule)
            || self.instructions.get(&finding.line).is_some_and(|one| one.turns_on(finding.rule))
    }
}

/// The name that the builder has for a rule: its checks are not numbered.
pub(crate) fn builder_name(rule: &Rule) -> Option<&'static str> {
    let names = std::iter::once(&rule.id).chain(rule.aliases);
    names.copied().find(|name| name.contains(|one: char| one.is_ascii_lowercase()))
}

impl Ignores {
    pub(crate) fn new(file: &Dockerfile, config: &Config) -> Self {
        let mut ignores = Self::default();
        if config.disable_ignore_pragma {
            return ignores;
        }
        let froms = file.instructions.iter().filter(|one| one.keyword == Keyword::From);
        ignores.froms = froms.map(|from| from.lines.0).collect();
        ignores.builder = Checks::of_file(file);
        // From the end, to know at each comment the line behind it and the comments that follow.
        let mut behind: Option<(u32, u32)> = None;
        for comment in file.comments.iter().rev() {
            let next = comment.line.saturating_add(1);
            let next = match behind {
                Some((line, code)) if line == next => code,
                _ => next,
            };
            behind = Some((comment.line, next));
            ignores.comment(file, config, comment, next);
        }
        ignores
    }

    /// Reads a comment; `code` is the first line behind it that is none.
    fn comment(&mut self, file: &Dockerfile, config: &Config, comment: &Comment, code: u32) {
        let within = instruction_around(file, comment.line).is_some();
        let next = instruction_behind(file, comment.line);
        if let Some(value) = check_value(&comment.text).filter(|_| !within) {
            if let Some(next) = next {
                self.skipped.insert(next.lines.0, Checks::parse(value));
            }
            return;
        }
        let Ok(Some(pragma)) = Pragma::parse(file.source.slice(comment.span)) else { return };
        if pragma.is_expired(config.today) {
            return;
        }
        let strict = pragma.tool == Tool::Hadolint;
        match (pragma.reach, within) {
            (_, true) if strict => {}
            (Reach::Global, _) => self.everywhere.extend(pragma.rules),
            (Reach::Next, true) => self.lines.entry(code).or_default().extend(pragma.rules),
            (Reach::Stage, true) => {}
            (reach, false) => {
                let line = if strict {
                    Some(comment.line.saturating_add(1))
                } else {
                    next.map(|one| one.lines.0)
                };
                let slots =
                    if reach == Reach::Stage { &mut self.stages } else { &mut self.instructions };
                if let Some(line) = line {
                    slots.entry(line).or_default().extend(pragma.rules);
                }
            }
        }
    }

    pub(crate) fn covers(&self, finding: &Finding, file: &Dockerfile) -> bool {
        let called = |rules: &Vec<String>| rules.iter().any(|name| finding.rule.is_called(name));
        let at =
            |slots: &HashMap<u32, Vec<String>>, line: u32| slots.get(&line).is_some_and(called);
        if called(&self.everywhere) || self.builder.skips(finding.rule) {
            return true;
        }
        if at(&self.instructions, finding.line)
            || self.skipped.get(&finding.line).is_some_and(|one| one.skips(finding.rule))
        {
            return true;
        }
        if !self.lines.is_empty() && at(&self.lines, file.source.line(finding.span.start)) {
            return true;
        }
        let stage = self.froms.partition_point(|from| *from <= finding.line).checked_sub(1);
        let from =
            stage.filter(|_| !self.stages.is_empty()).and_then(|stage| self.froms.get(stage));
        from.is_some_and(|from| at(&self.stages, *from))
    }
}

/// What stands behind `check=` in a comment, without a reason.
fn check_value(comment: &str) -> Option<&str> {
    let (name, value) = comment.split_once('=')?;
    name.trim().eq_ignore_ascii_case("check").then(|| value.trim().split(' ').next()).flatten()
}

/// The instruction that a line stands within, its first line not counted.
pub(crate) fn instruction_around(file: &Dockerfile, line: u32) -> Option<&Instruction> {
    let behind = file.instructions.partition_point(|one| one.lines.0 < line);
    file.instructions.get(behind.checked_sub(1)?).filter(|one| line <= one.lines.1)
}

/// The first instruction that begins behind a line.
pub(crate) fn instruction_behind(file: &Dockerfile, line: u32) -> Option<&Instruction> {
    file.instructions.get(file.instructions.partition_point(|one| one.lines.0 <= line))
}

#[cfg(test)]
mod tests {
    use crate::syntax::Dockerfile;
    use crate::{Config, Environment, Source, lint};

    fn found_with(text: &str, config: &Config) -> Vec<(&'static str, u32)> {
        let file = Dockerfile::parse(Source::new(text));
        let findings = lint(&file, config, &Environment::default()).findings;
        findings.into_iter().map(|one| (one.rule.id, one.line)).collect()
    }

    fn lines(text: &str) -> Vec<u32> {
        let found = found_with(text, &Config::default());
        found.into_iter().filter(|(id, _)| *id == "DL3020").map(|(_, line)| line).collect()
    }

    #[test]
    fn hadolint_reads_comments_right_above_an_instruction() {
        assert_eq!(lines("FROM a:1\n# hadolint ignore=DL3020\nADD x /y\nADD z /q\n"), [4]);
        assert_eq!(lines("FROM a:1\n# hadolint ignore=DL3020\n\nADD x /y\n"), [4]);
        assert_eq!(lines("FROM a:1\n# hadolint ignore=DL3020\n# other\nADD x /y\n"), [4]);
        assert_eq!(lines("FROM a:1\nADD \\\n# hadolint ignore=DL3020\n x /y\n"), [2]);
        assert_eq!(lines("FROM a:1\nADD x /y\n# hadolint global ignore=DL3020\n"), [0; 0]);
    }

    #[test]
    fn a_stage_can_be_ignored() {
        let text = "# hadolint stage ignore=DL3020\nFROM a:1\nADD x /y\nFROM b:1\nADD x /y\n";
        assert_eq!(lines(text), [5]);
    }

    #[test]
    fn our_comments_reach_over_other_comments_and_into_instructions() {
        assert_eq!(lines("FROM a:1\n# plimsoll ignore=DL3020\n# other\n\nADD x /y\n"), [0; 0]);
        assert_eq!(lines("FROM a:1\n# plimsoll ignore=DS005\nADD x /y\n"), [0; 0]);
    }

    #[test]
    fn an_ignore_past_its_day_does_not_count_and_is_told() {
        let text = "FROM a:1\n# plimsoll ignore=DL3020 until=2027-01-31\nADD x /y\n";
        let on =
            |day: &str| found_with(text, &Config { today: day.parse().ok(), ..Config::default() });
        assert_eq!(on("2027-01-31"), []);
        assert_eq!(on("2027-02-01"), [("PL1000", 2), ("DL3020", 3)]);
    }

    #[test]
    fn the_builder_s_comments_skip_its_checks_only() {
        let text = "# check=skip=all\nFROM a\nMAINTAINER x\n";
        assert_eq!(found_with(text, &Config::default()), [("DL3006", 2)]);
        let text =
            "FROM a:1\n# check=skip=MaintainerDeprecated // why\nMAINTAINER x\nMAINTAINER y\n";
        assert_eq!(found_with(text, &Config::default()), [("DL4000", 4)]);
    }

    #[test]
    fn comments_count_for_nothing_where_the_project_says_so() {
        let config = Config { disable_ignore_pragma: true, ..Config::default() };
        let text = "# hadolint global ignore=DL3020\nFROM a:1\nADD x /y\n";
        assert_eq!(found_with(text, &config), [("DL3020", 3)]);
    }
}
