//! A plan as the text of a file, on a given base for the last stage.

use plimsoll_model::text::{apply, offset};

use crate::Span;
use crate::bases::{self, Base, PackageManager, ShellFact};
use crate::finding::Edit;
use crate::script::Form;
use crate::syntax::{Comment, Instruction, Keyword};

use super::packages::install;
use super::plan::{Place, Plan};
use super::recipe::{Recipe, Step, Work};
use super::{Reason, ReasonKind};

/// Commands whose absence from the last stage is worth a word.
const TOOLS: &[&str] = &[
    "gcc", "g++", "make", "git", "curl", "wget", "go", "cargo", "rustc", "mvn", "gradle", "javac",
    "perl", "apt-get", "apk", "bash", "sh",
];

/// The file and its reasons; `None` where the last stage needs what `base` does not have.
pub(super) fn render(
    recipe: &Recipe<'_>,
    plan: &Plan,
    base: &str,
) -> Option<(String, Vec<Reason>)> {
    let name =
        base.split('$').next().filter(|_| base.contains('$')).map_or(base, |_| &recipe.image);
    let facts = bases::known(name);
    let mut writer = Writer {
        recipe,
        plan,
        places: plan.places.clone(),
        has_shell: facts
            .as_ref()
            .and_then(|base| base.shell.as_ref())
            .is_none_or(ShellFact::exists),
        facts,
        reasons: plan.reasons.clone(),
        out: String::with_capacity(recipe.file.source.text().len().saturating_mul(2)),
        commented: vec![false; recipe.steps.len()],
    };
    writer.fit()?;
    writer.write(base);
    let Writer { out, mut reasons, .. } = writer;
    reasons.sort_by_key(|reason| reason.kind);
    Some((out, reasons))
}

struct Writer<'r, 'a> {
    recipe: &'r Recipe<'a>,
    plan: &'r Plan,
    places: Vec<Place>,
    facts: Option<Base>,
    has_shell: bool,
    reasons: Vec<Reason>,
    out: String,
    /// Which steps had their comments written.
    commented: Vec<bool>,
}

impl<'a> Writer<'_, 'a> {
    fn say(&mut self, kind: ReasonKind, text: String) {
        self.reasons.push(Reason { kind, text });
    }

    fn put(&mut self, index: usize, place: Place) {
        if let Some(slot) = self.places.get_mut(index) {
            *slot = place;
        }
    }

    fn place(&self, index: usize) -> Place {
        self.places.get(index).copied().unwrap_or(Place::Out)
    }

    fn steps(&self) -> impl Iterator<Item = (usize, &'_ Step<'a>)> {
        self.recipe.steps.iter().enumerate()
    }

    /// The last step that the first stage cannot do without.
    fn last_build(&self) -> usize {
        self.places.iter().rposition(|place| *place == Place::Build).unwrap_or(0)
    }

    /// Puts aside what this base has no use or no program for.
    fn fit(&mut self) -> Option<()> {
        if !self.plan.packages.is_empty() {
            let manager = self.facts.as_ref()?.package_manager?;
            let wanted = match manager {
                PackageManager::Apk => self.recipe.is_alpine(),
                PackageManager::Apt => !self.recipe.is_alpine(),
                _ => false,
            };
            if !wanted {
                return None;
            }
        }
        let runs: Vec<usize> = self
            .steps()
            .filter(|(index, step)| {
                step.instruction.keyword == Keyword::Run && self.place(*index).runs()
            })
            .map(|(index, _)| index)
            .collect();
        if !self.has_shell {
            for index in runs {
                let step = self.recipe.steps.get(index)?;
                let users = step.programs.iter().all(|program| {
                    let program = program.through_wrappers();
                    ["useradd", "groupadd", "adduser", "addgroup"].contains(&program.program())
                });
                if step.work != Work::Files || !users {
                    return None;
                }
                let rest = if index < self.last_build() { Place::Build } else { Place::Out };
                self.put(index, rest);
            }
            for keyword in [Keyword::Cmd, Keyword::Entrypoint] {
                if let Some((index, step)) = self.recipe.of(keyword).last()
                    && step.text.is_none_or(|text| text.form != Form::Exec)
                    && !self.plan.commands.iter().any(|(known, _)| *known == index)
                {
                    return None;
                }
            }
        }
        self.fit_health();
        self.fit_user();
        self.fit_arguments();
        Some(())
    }

    /// `HEALTHCHECK` goes on where its program surely does.
    fn fit_health(&mut self) {
        let Some((index, step)) = self.recipe.of(Keyword::Healthcheck).last() else { return };
        let Some(text) = step.text else { return };
        let line = step.instruction.lines.0;
        if text.form != Form::Exec && !self.has_shell {
            self.put(index, Place::Out);
            let why = "is written for a shell, and the last stage has none: ask the program \
                       itself, or let the orchestrator ask";
            self.say(ReasonKind::LeftOut, format!("the HEALTHCHECK of line {line} {why}"));
            return;
        }
        let copied: String = self.plan.copies.join("\n");
        let mut unknown = Vec::new();
        for program in &step.programs {
            let inner = program.through_wrappers();
            let name = inner.program();
            let builtin = ["exit", "test", "[", "true", "false", "echo", "cd"].contains(&name);
            let own = copied.contains(&format!("/{name}"))
                || self.plan.packages.iter().any(|package| package == name);
            if builtin || own || inner.name().starts_with("./") {
                continue;
            }
            match self.facts.as_ref().and_then(|base| base.has_command(name)) {
                Some(true) => {}
                Some(false) => {
                    self.put(index, Place::Out);
                    let text = format!(
                        "the HEALTHCHECK of line {line}: the last stage has no `{name}`; ask the \
                         program itself, or let the orchestrator ask"
                    );
                    self.say(ReasonKind::LeftOut, text);
                    return;
                }
                None => unknown.push(name.to_owned()),
            }
        }
        for name in unknown {
            let text = format!("the HEALTHCHECK of line {line} calls `{name}`: is it there?");
            self.say(ReasonKind::Check, text);
        }
    }

    /// The last `USER` goes on where its account does; those before it are of the first stage.
    fn fit_user(&mut self) {
        let users: Vec<(usize, u32, String)> = self
            .recipe
            .of(Keyword::User)
            .filter_map(|(index, step)| {
                let user = step.instruction.arguments.text()?;
                Some((index, step.instruction.lines.0, user.text.clone()))
            })
            .collect();
        let last_build = self.last_build();
        for (index, ..) in &users {
            let before = *index < last_build;
            self.put(*index, if before { Place::Build } else { Place::Out });
        }
        let Some((index, line, user)) = users.last() else { return };
        let account = user.split(':').next().unwrap_or_default();
        let made = self.steps().any(|(index, step)| {
            self.place(index).runs()
                && step.programs.iter().any(|program| {
                    let program = program.through_wrappers();
                    ["useradd", "adduser"].contains(&program.program())
                        && program.args().iter().any(|arg| arg.text == account)
                })
        });
        let known = self.facts.as_ref().is_some_and(|base| base.user_named(account).is_some());
        let numeric = account.parse::<u32>().is_ok_and(|id| id != 0);
        if is_root(account) {
            let text = format!("USER {user} of line {line} is replaced: the program needs no root");
            self.say(ReasonKind::Changed, text);
        } else if made || known || numeric {
            let keep = if self.place(*index) == Place::Build { Place::Both } else { Place::Final };
            self.put(*index, keep);
        } else {
            let text = format!(
                "USER {user} of line {line} becomes a number: the account is not in the last stage"
            );
            self.say(ReasonKind::Changed, text);
        }
    }

    /// `ARG` goes on where the last stage asks for it.
    fn fit_arguments(&mut self) {
        let mut asked = String::new();
        for (index, step) in self.steps() {
            if self.place(index).runs() {
                asked.push_str(step.instruction.arguments_text.text());
                asked.push('\n');
            }
        }
        asked.push_str(&self.plan.copies.join("\n"));
        let last_build = self.last_build();
        let arguments: Vec<(usize, Vec<String>)> = self
            .recipe
            .of(Keyword::Arg)
            .map(|(index, step)| {
                let words = step.instruction.arguments.words().iter();
                let name = |text: &str| text.split('=').next().unwrap_or_default().to_owned();
                (index, words.map(|word| name(&word.text)).collect())
            })
            .collect();
        for (index, names) in arguments {
            let wanted = names.iter().any(|name| mentions(&asked, name));
            let place = match (wanted, index < last_build) {
                (true, true) => Place::Both,
                (true, false) => Place::Final,
                (false, _) => Place::Build,
            };
            self.put(index, place);
        }
    }

    fn write(&mut self, base: &str) {
        let recipe = self.recipe;
        let file = recipe.file;
        let Some(from) = file.instructions.get(recipe.stage.from) else { return };
        let head = file.source.slice(Span::new(0, recipe.stage.image.span.end)).to_owned();
        self.out.push_str(&head);
        let named = recipe.stage.name.as_ref().map(|name| name.text.clone());
        let stage = named.clone().unwrap_or_else(|| self.plan.build_name.to_owned());
        if named.is_some() {
            let rest = Span::new(recipe.stage.image.span.end, from.span.end);
            let rest = file.source.slice(rest).to_owned();
            self.out.push_str(&rest);
        } else {
            let is_lower = from.name.text.chars().all(char::is_lowercase);
            self.out.push_str(if is_lower { " as " } else { " AS " });
            self.out.push_str(&stage);
        }
        self.out.push('\n');
        self.write_build();
        self.write_final(base, from);
        let behind = file
            .source
            .line_start(file.instructions.last().map_or(0, |last| last.lines.1).saturating_add(1));
        let rest = file.source.slice(Span::new(behind, offset(file.source.text().len())));
        if !rest.trim().is_empty() {
            self.out.push_str(rest);
        }
    }

    fn write_build(&mut self) {
        let last = self.last_build();
        for index in 0..self.recipe.steps.len() {
            if !self.place(index).builds() || index > last {
                continue;
            }
            for (_, line) in self.plan.before.iter().filter(|(before, _)| *before == index) {
                self.out.push_str(line);
                self.out.push('\n');
            }
            let text = self.chunk(index, &self.plan.edits);
            self.out.push_str(&text);
        }
        for line in &self.plan.build_end {
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    fn write_final(&mut self, base: &str, from: &Instruction) {
        let platform = from.flag("platform").map(|flag| format!("{} ", flag.text));
        let keyword = &from.name.text;
        self.out.push('\n');
        self.line(&format!("{keyword} {}{base}", platform.unwrap_or_default()));
        for line in &self.plan.final_start {
            self.line(line);
        }
        if !self.plan.packages.is_empty() {
            let line = install(self.recipe.is_alpine(), &self.plan.packages);
            self.line(&line);
        }
        let count = self.recipe.steps.len();
        let copies_at = self.plan.copies_at.min(self.first_command());
        let user_at = self.user_at(copies_at);
        let own_user = self.steps().any(|(index, step)| {
            step.instruction.keyword == Keyword::User && self.place(index).runs()
        });
        for index in 0..=count {
            if index == copies_at {
                for line in &self.plan.copies {
                    self.line(line);
                }
            }
            if index == user_at && !own_user {
                self.line(&format!("USER {}", self.plan.user));
                self.say(
                    ReasonKind::Changed,
                    format!(
                        "USER {} is added: a mistake in the program is then no mistake of root",
                        self.plan.user
                    ),
                );
            }
            if index == count {
                break;
            }
            match self.place(index) {
                Place::Final | Place::Both => {
                    let text = self.final_text(index);
                    self.out.push_str(&text);
                }
                _ => self.comments_alone(index),
            }
        }
        self.left_out();
        self.privileged_ports();
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// The first step that says how the image is run.
    fn first_command(&self) -> usize {
        let runs = |keyword| {
            matches!(
                keyword,
                Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck | Keyword::User
            )
        };
        self.steps()
            .find(|(index, step)| self.place(*index).runs() && runs(step.instruction.keyword))
            .map_or(self.recipe.steps.len(), |(index, _)| index)
    }

    /// Before which step a new `USER` stands: behind all that is done as root.
    fn user_at(&self, copies_at: usize) -> usize {
        let works = |keyword| {
            matches!(keyword, Keyword::Copy | Keyword::Add | Keyword::Run | Keyword::Workdir)
        };
        let last = self
            .steps()
            .filter(|(index, step)| self.place(*index).runs() && works(step.instruction.keyword))
            .map(|(index, _)| index.saturating_add(1))
            .last()
            .unwrap_or(0);
        let declares = |keyword| {
            matches!(
                keyword,
                Keyword::Expose
                    | Keyword::Volume
                    | Keyword::Stopsignal
                    | Keyword::Healthcheck
                    | Keyword::Entrypoint
                    | Keyword::Cmd
            )
        };
        let from = last.max(copies_at);
        self.steps()
            .find(|(index, step)| *index >= from && declares(step.instruction.keyword))
            .map_or(self.recipe.steps.len(), |(index, _)| index)
    }

    /// A step of the last stage.
    fn final_text(&mut self, index: usize) -> String {
        let words = self.plan.commands.iter().find(|(step, _)| *step == index);
        let (Some((_, words)), Some(step)) = (words, self.recipe.steps.get(index)) else {
            return self.chunk(index, &[]);
        };
        let array: Vec<String> =
            words.iter().filter_map(|word| serde_json::to_string(word).ok()).collect();
        let comments = self.comments_of(index);
        format!("{comments}{} [{}]\n", step.instruction.name.text, array.join(", "))
    }

    /// The comments of a step that is in neither stage.
    fn comments_alone(&mut self, index: usize) {
        let text = self.comments_of(index);
        if self.place(index) == Place::Out {
            self.out.push_str(&text);
            if let Some(step) = self.recipe.steps.get(index)
                && step.instruction.keyword == Keyword::Healthcheck
            {
                let text = self.recipe.file.source.slice(step.instruction.span).to_owned();
                text.lines().for_each(|line| self.line(&format!("# {line}")));
            }
        } else if let Some(slot) = self.commented.get_mut(index) {
            *slot = true;
        }
    }

    /// What stands before a step, once.
    fn comments_of(&mut self, index: usize) -> String {
        let Some(step) = self.recipe.steps.get(index) else { return String::new() };
        let source = &self.recipe.file.source;
        let start = source.line_start(self.lines_before(index).saturating_add(1));
        let own = source.line_start(step.instruction.lines.0);
        match self.commented.get_mut(index) {
            Some(done) if !*done => {
                *done = true;
                let text = source.slice(Span::new(start, own));
                // Empty lines between two steps are kept as one.
                let kept = text.trim_start_matches(['\n', '\r', ' ', '\t']);
                if kept.is_empty() && text.contains('\n') || text.starts_with('\n') {
                    format!("\n{kept}")
                } else {
                    text.to_owned()
                }
            }
            _ => {
                let comments = self.recipe.file.comments.get(step.instruction.comments.clone());
                let judged = |one: &&Comment| {
                    one.text.starts_with("hadolint ") || one.text.starts_with("plimsoll ")
                };
                let lines = comments.unwrap_or_default().iter().filter(judged);
                lines.fold(String::new(), |all, one| all + source.slice(one.span) + "\n")
            }
        }
    }

    /// The last line of the step before, or of `FROM`.
    fn lines_before(&self, index: usize) -> u32 {
        let before = index.checked_sub(1).and_then(|before| self.recipe.steps.get(before));
        let from = self.recipe.file.instructions.get(self.recipe.stage.from);
        before.map(|step| step.instruction).or(from).map_or(0, |one| one.lines.1)
    }

    /// A step as it is written, with what stands before it.
    fn chunk(&mut self, index: usize, edits: &[Edit]) -> String {
        let comments = self.comments_of(index);
        let Some(step) = self.recipe.steps.get(index) else { return comments };
        let source = &self.recipe.file.source;
        let (first, last) = step.instruction.lines;
        let span = Span::new(source.line_start(first), source.line_span(last).end);
        let mut own: Vec<Edit> = edits
            .iter()
            .filter(|edit| span.contains(edit.span))
            .map(|edit| Edit {
                span: Span::new(
                    edit.span.start.saturating_sub(span.start),
                    edit.span.end.saturating_sub(span.start),
                ),
                text: edit.text.clone(),
            })
            .collect();
        own.sort();
        format!("{comments}{}\n", apply(source.slice(span), &own))
    }

    /// Which tools are surely in the base and surely not in the last stage.
    fn left_out(&mut self) {
        let (Some(before), Some(after)) = (&self.recipe.base, &self.facts) else { return };
        let gone: Vec<&str> = TOOLS
            .iter()
            .filter(|tool| {
                before.has_command(tool) == Some(true)
                    && after.has_command(tool) == Some(false)
                    && !self.plan.packages.iter().any(|package| package == *tool)
            })
            .copied()
            .collect();
        if !gone.is_empty() {
            let text = format!("{}: nothing of them is needed to run", gone.join(", "));
            self.say(ReasonKind::LeftOut, text);
        }
    }

    /// A port below 1024 may need a right that the user does not have.
    fn privileged_ports(&mut self) {
        let ports: Vec<String> = self
            .recipe
            .of(Keyword::Expose)
            .flat_map(|(_, step)| step.instruction.arguments.words())
            .filter(|word| {
                let port = word.text.split('/').next().unwrap_or_default();
                port.parse::<u32>().is_ok_and(|port| port < 1024)
            })
            .map(|word| word.text.clone())
            .collect();
        if !ports.is_empty() {
            let text = format!(
                "port {} is below 1024: Docker lets every user open it, other runtimes may not",
                ports.join(", ")
            );
            self.say(ReasonKind::Check, text);
        }
    }
}

pub(super) fn is_root(account: &str) -> bool {
    account == "root" || account.parse() == Ok(0_u32)
}

/// Whether a text asks for a variable.
fn mentions(text: &str, name: &str) -> bool {
    text.split('$').skip(1).any(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.strip_prefix(name).is_some_and(|behind| {
            !behind.starts_with(|one: char| one.is_alphanumeric() || one == '_')
        })
    })
}
