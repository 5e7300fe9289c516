//! dockle's layouts: its list, its JSON, SARIF.

use std::io::{self, Write};

use plimsoll_image::checkpoints::{ALL, Alert, Answer, Checkpoint, Facts, Level, Settings};
use serde_json::{Value, json};

use crate::output::printable;

/// How it is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    List,
    Json,
    Sarif,
}

impl Layout {
    /// dockle takes every other word for its list.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "json" => Self::Json,
            "sarif" => Self::Sarif,
            _ => Self::List,
        }
    }
}

/// How much an answer weighs, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Ignored,
    Skipped,
    Of(Level),
}

impl Weight {
    fn name(self) -> &'static str {
        match self {
            Self::Ignored => "IGNORE",
            Self::Skipped => "SKIP",
            Self::Of(Level::Info) => "INFO",
            Self::Of(Level::Warn) => "WARN",
            Self::Of(Level::Fatal) => "FATAL",
        }
    }

    fn sarif(self) -> &'static str {
        match self {
            Self::Ignored | Self::Skipped => "none",
            Self::Of(Level::Info) => "note",
            Self::Of(Level::Warn) => "warning",
            Self::Of(Level::Fatal) => "error",
        }
    }

    /// Parameters of "select graphic rendition".
    fn colour(self) -> &'static str {
        match self {
            Self::Ignored | Self::Skipped => "34",
            Self::Of(Level::Info) => "35",
            Self::Of(Level::Warn) => "33",
            Self::Of(Level::Fatal) => "31",
        }
    }
}

struct One {
    checkpoint: &'static Checkpoint,
    weight: Weight,
    alerts: Vec<Alert>,
}

/// What came of all checkpoints.
pub(super) struct Judged {
    /// Those that something came of, the heaviest first and then by code.
    told: Vec<One>,
    passed: usize,
}

impl Judged {
    /// Asks everything; what is ignored is told of only where that is asked for.
    pub(super) fn of(
        facts: &Facts,
        settings: &Settings,
        ignored: &[String],
        tells_ignored: bool,
    ) -> Self {
        let (mut told, mut passed) = (Vec::new(), 0_usize);
        for checkpoint in ALL {
            let (weight, alerts) = match (checkpoint.check)(facts, settings) {
                Answer::Found(alerts) => (Weight::Of(checkpoint.level), alerts),
                Answer::Skipped(why) => {
                    (Weight::Skipped, vec![Alert { place: String::new(), text: why }])
                }
            };
            let is_ignored = ignored.iter().any(|code| code == checkpoint.code);
            if alerts.is_empty() || is_ignored && !tells_ignored {
                passed = passed.saturating_add(1);
                continue;
            }
            let weight = if is_ignored { Weight::Ignored } else { weight };
            told.push(One { checkpoint, weight, alerts });
        }
        // What has no answer keeps the place that its checkpoint's level gives it.
        told.sort_by_key(|one: &One| {
            let is_ignored = one.weight == Weight::Ignored;
            let place = if is_ignored { Weight::Ignored } else { Weight::Of(one.checkpoint.level) };
            (std::cmp::Reverse(place), one.checkpoint.code)
        });
        Self { told, passed }
    }

    /// Whether something weighs as much as the level of that name; an unknown one is WARN.
    pub(super) fn is_over(&self, level: &str) -> bool {
        let level = match level {
            "info" | "INFO" => Level::Info,
            "fatal" | "FATAL" => Level::Fatal,
            _ => Level::Warn,
        };
        self.told.iter().any(|one| one.weight >= Weight::Of(level))
    }

    /// Writes it.
    pub(super) fn write(
        &self,
        layout: Layout,
        name: &str,
        colour: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match layout {
            Layout::List => self.list(colour, out),
            Layout::Json => document(&self.json(name), out),
            Layout::Sarif => document(&self.sarif(), out),
        }
    }

    fn list(&self, colour: bool, out: &mut dyn Write) -> io::Result<()> {
        for one in &self.told {
            let (word, code) = (one.weight.name(), one.checkpoint.code);
            let title = one.checkpoint.title;
            if colour {
                let paint = one.weight.colour();
                writeln!(
                    out,
                    "\u{1b}[{paint}m{word}\u{1b}[0m\t- \u{1b}[36m{code}\u{1b}[0m: {title}"
                )?;
            } else {
                writeln!(out, "{word}\t- {code}: {title}")?;
            }
            if one.weight == Weight::Ignored {
                continue;
            }
            for alert in &one.alerts {
                // Names of files and steps are the image's, and must not steer a terminal.
                writeln!(out, "\t* {}", printable(&alert.text))?;
            }
        }
        Ok(())
    }

    fn json(&self, name: &str) -> Value {
        let count = |weight: Weight| self.told.iter().filter(|it| it.weight == weight).count();
        let detail = |one: &One| {
            json!({
                "code": one.checkpoint.code,
                "title": one.checkpoint.title,
                "level": one.weight.name(),
                "alerts": one.alerts.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(),
            })
        };
        let mut document = json!({
            "summary": {
                "fatal": count(Weight::Of(Level::Fatal)),
                "warn": count(Weight::Of(Level::Warn)),
                "info": count(Weight::Of(Level::Info)),
                "skip": count(Weight::Skipped),
                "pass": self.passed,
            },
            "details": self.told.iter().map(detail).collect::<Vec<_>>(),
        });
        if let (Value::Object(fields), false) = (&mut document, name.is_empty()) {
            fields.insert("image".into(), json!(name));
        }
        document
    }

    fn sarif(&self) -> Value {
        let rule = |one: &One| {
            let code = one.checkpoint.code;
            json!({
                "id": code,
                "name": code,
                "shortDescription": { "text": one.checkpoint.title },
                "helpUri": format!("https://github.com/goodwithtech/dockle/blob/master/CHECKPOINT.md#{code}"),
            })
        };
        let result = |(index, one): (usize, &One)| {
            let texts: Vec<&str> = one.alerts.iter().map(|it| it.text.as_str()).collect();
            let place = |alert: &Alert| json!({ "physicalLocation": { "artifactLocation": { "uri": alert.place } } });
            json!({
                "ruleId": one.checkpoint.code,
                "ruleIndex": index,
                "level": one.weight.sarif(),
                "message": { "text": texts.join(", ") },
                "locations": one.alerts.iter().map(place).collect::<Vec<_>>(),
            })
        };
        json!({
            "version": "2.1.0",
            "$schema": "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/main/sarif-2.1/schema/sarif-schema-2.1.0.json",
            "runs": [{
                "tool": { "driver": {
                    "informationUri": "https://github.com/goodwithtech/dockle",
                    "name": "Dockle",
                    "rules": self.told.iter().map(rule).collect::<Vec<_>>(),
                } },
                "results": self.told.iter().enumerate().map(result).collect::<Vec<_>>(),
            }],
        })
    }
}

fn document(document: &Value, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    out.write_all(b"\n")
}
