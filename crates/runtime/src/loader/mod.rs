//! Rule files in the order of loading, and the rules that they make.
//!
//! ```
//! use plimsoll_runtime::loader::{Loader, Options};
//!
//! let mut loader = Loader::new(Options::default());
//! let report = loader.load("rules.yaml", "
//! - rule: shell
//!   desc: A shell was started
//!   condition: evt.type = execve and proc.name in (sh, bash)
//!   output: shell %proc.cmdline
//!   priority: NOTICE
//! ");
//! assert!(report.is_loaded());
//! assert_eq!(loader.definitions().rules[0].event_types, Some(vec!["execve"]));
//! ```

mod code;
mod collector;
mod compiler;
mod context;
mod decode;
mod doubtful;
mod exceptions;
mod item;
mod json;
mod lists;
mod macros;
pub(crate) mod output;
mod overrides;
mod reader;
mod report;
mod schema;
mod snippet;
mod traced;
mod version;

use std::collections::BTreeSet;

use plimsoll_model::text::Source as Text;

use crate::condition::ast::{Expr, Pos};
use crate::fields::Source;
use collector::Collector;
use context::File;

pub use code::{ErrorCode, WarningCode};
pub use context::{Context, ItemType, Location, Place};
pub use doubtful::{Doubts, doubts};
pub use item::Priority;
pub use report::{Diagnostic, Report};
pub use version::ENGINE_VERSION;

/// What is asked of the loader beside the files.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What is added to outputs.
    pub added: Vec<AddedOutput>,
    /// Sources whose rules are loaded beside those of system calls and audit logs; rules of others
    /// are passed over, as in a Falco without the plugin.
    pub sources: Vec<Source>,
}

/// A text that is added to the outputs of some rules.
#[derive(Debug, Clone, Default)]
pub struct AddedOutput {
    /// The text.
    pub format: String,
    /// Only to rules of this source, if it is not empty.
    pub source: String,
    /// Only to rules with all of these tags.
    pub tags: BTreeSet<String>,
    /// Only to this rule, if it is not empty.
    pub rule: String,
}

impl AddedOutput {
    fn is_for(&self, rule: &item::RuleItem) -> bool {
        (self.source.is_empty() || self.source == rule.source)
            && self.tags.is_subset(&rule.tags)
            && (self.rule.is_empty() || self.rule == rule.name)
    }
}

/// A rule that can be judged on events.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Where its events come from.
    pub source: Source,
    /// What it is for.
    pub description: String,
    /// The condition with lists, macros and exceptions in place.
    pub condition: Expr,
    /// The condition as it was written, with what was appended.
    pub condition_text: String,
    /// The output as it was written, with what was appended.
    pub output_text: String,
    /// The output as it is shown, with what the options add.
    pub output: String,
    /// How grave it is.
    pub priority: Priority,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// Whether it fires.
    pub enabled: bool,
    /// Whether a capture begins when it fires.
    pub capture: bool,
    /// How long that capture goes on, in milliseconds.
    pub capture_duration: u32,
    /// The macros of its condition, those within macros too.
    pub macros: Vec<String>,
    /// The types of events that it can hold for; none where it looks at all.
    pub event_types: Option<Vec<&'static str>>,
    /// Where it is defined.
    pub place: Place,
    /// Where its condition is.
    pub condition_place: Place,
    /// The text that was parsed, with the places that it came from.
    text: traced::Traced,
}

impl Rule {
    /// A rule that holds where a part of the condition does.
    pub(crate) fn of_part(&self, part: &Expr) -> Self {
        Self {
            name: part.to_string(),
            source: self.source,
            description: String::new(),
            condition: part.clone(),
            condition_text: String::new(),
            output_text: String::new(),
            output: String::new(),
            priority: self.priority,
            tags: BTreeSet::new(),
            enabled: true,
            capture: false,
            capture_duration: 0,
            macros: Vec::new(),
            event_types: None,
            place: self.place,
            condition_place: self.condition_place,
            text: traced::Traced::default(),
        }
    }

    /// The place of a part of the condition that begins with these words; none where it came from a
    /// macro.
    pub(crate) fn place_of(&self, at: Pos, begins: &str) -> Option<Place> {
        self.text.place_of(at, begins)
    }
}

/// A definition that takes the place of an earlier one.
#[derive(Debug, Clone)]
pub struct Redefinition {
    /// What is defined.
    pub kind: ItemType,
    /// Its name.
    pub name: String,
    /// The file and line of the first.
    pub first: String,
    /// Where the later is.
    pub place: Place,
}

/// A macro with the macros within it in place.
#[derive(Debug, Clone)]
pub struct Macro {
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub condition: Expr,
    /// Whether a rule or macro uses it.
    pub used: bool,
}

/// Everything that the files define, compiled.
#[derive(Debug, Default)]
pub struct Definitions {
    /// The rules, in the order of their first definition.
    pub rules: Vec<Rule>,
    /// The macros.
    pub macros: Vec<Macro>,
    /// The lists with their values.
    pub lists: Vec<(String, Vec<String>)>,
    /// Definitions that take the place of different ones, without `override`.
    pub redefined: Vec<Redefinition>,
}

/// Reads rule files one after the other; later ones may change what earlier ones define.
#[derive(Debug, Default)]
pub struct Loader {
    options: Options,
    collector: Collector,
    definitions: Definitions,
    files: Vec<(String, File)>,
}

impl Loader {
    /// A loader without files.
    pub fn new(options: Options) -> Self {
        let mut collector = Collector::default();
        collector.sources.clone_from(&options.sources);
        Self { options, collector, ..Self::default() }
    }

    /// Reads a file and compiles everything that is defined by now.
    pub fn load(&mut self, name: &str, text: &str) -> Report {
        let mut report = Report { name: name.to_owned(), ..Report::default() };
        let index = u16::try_from(self.files.len()).unwrap_or(u16::MAX);
        let file = File { index, source: Text::new(text) };
        self.definitions = Definitions::default();
        let read = reader::read(&file, name, &mut self.collector, &mut report);
        self.files.push((name.to_owned(), file));
        let compiled = read.and_then(|()| {
            compiler::compile(&self.collector, &self.options, &mut self.definitions, &mut report)
        });
        report.errors.extend(compiled.err());
        report
    }

    /// What is defined after the last file.
    pub fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// The name and the text of a file.
    pub fn file(&self, index: u16) -> Option<(&str, &Text)> {
        self.files.get(index as usize).map(|(name, file)| (name.as_str(), &file.source))
    }
}
