//! Kubernetes manifests: what `plimsoll kube lint` finds in the file alone, its edits, and what a
//! field means to the rules.

use std::sync::{Arc, OnceLock};

use plimsoll_kube::manifest::Manifest as File;
use plimsoll_kube::{Config, Estate, Finding, fix, hover, lint, objects};
use plimsoll_model::text::{self, Level, Safety, Source, offset};

use crate::changes::changes;
use crate::document::{
    Action, Document, Edit, Hover, Kind, Opened, Part, Problem, Project, Severity, Span, Symbol,
};

pub(super) const KIND: Kind = Kind { configured_by: &[], owns, open };

/// YAML and JSON belong to many: a manifest names its API and its kind. What a template still has
/// to fill in is none yet.
fn owns(opened: Opened<'_>) -> bool {
    let language = opened.language.to_ascii_lowercase();
    let names = |field: &str| {
        opened.text.lines().any(|line| {
            let line = line.trim_start_matches([' ', '-', '{', '"', '\t']);
            line.strip_prefix(field).is_some_and(|rest| rest.starts_with([':', '"']))
        })
    };
    match language.as_str() {
        "kubernetes" => true,
        "yaml" | "json" | "jsonc" => {
            names("apiVersion") && names("kind") && !opened.text.contains("{{")
        }
        _ => false,
    }
}

fn open(opened: Opened<'_>, _: &Arc<Project>) -> Arc<dyn Document> {
    Arc::new(Manifest {
        text: opened.text.to_owned(),
        judged: OnceLock::new(),
        mended: OnceLock::new(),
    })
}

/// A version of a manifest; all that takes time is done once, when it is first asked for.
struct Manifest {
    text: String,
    judged: OnceLock<Judged>,
    mended: OnceLock<Vec<Edit>>,
}

/// The text, read and judged.
struct Judged {
    file: File,
    estate: Estate,
    findings: Vec<Finding>,
}

impl Manifest {
    fn judged(&self) -> &Judged {
        self.judged.get_or_init(|| {
            let file = File::parse(Source::new(self.text.as_str()));
            let estate = Estate::of([&file]);
            let findings = lint(&file, &estate, &Config::default());
            Judged { file, estate, findings }
        })
    }
}

impl Document for Manifest {
    fn problems(&self) -> Vec<Problem> {
        self.judged().findings.iter().map(problem).collect()
    }

    fn hover(&self, at: usize) -> Option<Hover> {
        let shown = hover(&self.judged().file, offset(at))?;
        Some(Hover { text: shown.text, span: shown.span.range() })
    }

    fn actions(&self, span: &Span) -> Vec<Action> {
        let touches = |finding: &&Finding| {
            finding.span.start as usize <= span.end && span.start <= finding.span.end as usize
        };
        let findings = self.judged().findings.iter().filter(touches);
        findings.filter_map(action).collect()
    }

    fn mend(&self) -> Vec<Edit> {
        let mend = || {
            let judged = self.judged();
            let fixed = fix(&self.text, &judged.estate, &Config::default(), Safety::Safe);
            changes(&self.text, &fixed.text)
        };
        self.mended.get_or_init(mend).clone()
    }

    fn symbols(&self) -> Vec<Symbol> {
        let (objects, _) = objects(&self.judged().file);
        let symbol = |object: &plimsoll_kube::Object<'_>| {
            let span = object.node.span.range();
            let head = object.head().range();
            Symbol {
                name: object.called(),
                detail: object.namespace.unwrap_or_default().to_owned(),
                part: Part::Section,
                name_span: if span.start <= head.start && head.end <= span.end {
                    head
                } else {
                    span.start..span.start
                },
                span,
                children: Vec::new(),
            }
        };
        objects.iter().map(symbol).collect()
    }
}

fn action(finding: &Finding) -> Option<Action> {
    let fix = finding.fix.as_ref()?;
    let mut title = fix.title.clone().into_owned();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let safe = fix.safety == Safety::Safe;
    let doubt = if safe { "" } else { ", the program may notice" };
    Some(Action {
        title: format!("{title} ({}{doubt})", finding.rule.id),
        edits: fix.edits.iter().map(edit).collect(),
        problem: problem(finding),
        preferred: safe,
    })
}

fn edit(edit: &text::Edit) -> Edit {
    Edit { span: edit.span.range(), text: edit.text.clone() }
}

/// The same finding in the words of every kind of document.
fn problem(finding: &Finding) -> Problem {
    Problem {
        span: finding.span.range(),
        severity: match finding.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Info => Severity::Information,
            Level::Style | Level::Ignore => Severity::Hint,
        },
        code: finding.rule.id,
        url: finding.rule.source,
        message: finding.message.clone().into_owned(),
        mark: None,
        related: finding
            .related
            .iter()
            .map(|(span, message)| (span.range(), message.clone().into_owned()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  \
                       hostPID: true\n  containers:\n  - name: a\n    image: a:1\n";

    fn opened(language: &'static str, text: &str) -> Arc<dyn Document> {
        let project = Project { lint: Box::new(|_| unreachable!("no Dockerfile is judged")) };
        open(Opened { language, path: None, text }, &Arc::new(project))
    }

    #[test]
    fn a_manifest_is_yaml_or_json_that_names_its_api_and_kind() {
        let owns = |language, text| owns(Opened { language, path: None, text });
        assert!(owns("yaml", POD) && owns("kubernetes", ""));
        assert!(owns("json", "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\"\n}\n"));
        assert!(!owns("yaml", "services:\n  web:\n    image: a\n"));
        assert!(!owns("yaml", "apiVersion: v1\nkind: {{ .Values.kind }}\n"));
        assert!(!owns("dockerfile", POD));
    }

    #[test]
    fn a_field_that_the_standards_forbid_is_marked_explained_and_listed() {
        let document = opened("yaml", POD);
        let at = POD.find("hostPID").unwrap_or_default();
        let problems = document.problems();
        let found = problems.iter().find(|one| one.code == "hostNamespaces");
        assert!(found.is_some_and(|one| POD[one.span.clone()].contains("true")), "{problems:?}");
        let hover = document.hover(at.saturating_add(1)).map(|hover| hover.text);
        assert!(hover.is_some_and(|text| text.contains("host")));
        assert_eq!(document.symbols().first().map(|one| one.name.as_str()), Some("Pod/web"));
    }

    #[test]
    fn a_quick_fix_removes_what_it_is_for() {
        let document = opened("yaml", POD);
        let actions = document.actions(&(0..POD.len()));
        assert!(!actions.is_empty());
        for action in actions {
            let mut text = POD.to_owned();
            for edit in action.edits.iter().rev() {
                text.replace_range(edit.span.clone(), &edit.text);
            }
            let left = opened("yaml", &text).problems();
            let same = |one: &&Problem| {
                one.code == action.problem.code && one.message == action.problem.message
            };
            assert_eq!(left.iter().find(same).map(|one| &one.message), None, "{text}");
        }
    }
}
