//! From definitions to rules whose conditions can be judged.
//!
//! After Falco's `rule_loader_compiler.cpp`.

use std::collections::HashMap;

use super::code::{ErrorCode, WarningCode};
use super::collector::Collector;
use super::context::Context;
use super::exceptions::with_exceptions;
use super::item::{Named, RuleItem};
use super::lists::{self, List};
use super::macros;
use super::output::{self, DEPRECATED};
use super::report::{Failure, Report};
use super::traced::Traced;
use super::{Definitions, Macro, Options, Rule, doubtful};
use crate::check;
use crate::condition::ast::Expr;
use crate::condition::{self, RULE_DEPTH};
use crate::events;
use crate::fields::Source;

/// From how many kinds of events on a rule is said to look at too many.
const MANY_EVENTS: u32 = 100;

/// Compiles everything; what could be compiled is left in `into` where something could not.
pub(super) fn compile(
    collector: &Collector,
    options: &Options,
    into: &mut Definitions,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut lists = lists::compile(collector)?;
    let mut macros = compile_macros(collector, &mut lists)?;
    for item in collector.rules.iter().filter(|rule| !rule.unknown_source) {
        let compiler = RuleCompiler { collector, options, item };
        if let Some(rule) = compiler.compile(&mut lists, &mut macros, report)? {
            into.rules.push(rule);
        }
    }
    for (item, own) in collector.macros.iter().zip(macros.iter()) {
        if !own.used {
            let message = "Macro not referred to by any other rule/macro";
            report.warn(WarningCode::UnusedMacro, message, item.context.clone());
        }
    }
    for (item, own) in collector.lists.iter().zip(lists.iter()) {
        if !own.used {
            let message = "List not referred to by any other rule/macro";
            report.warn(WarningCode::UnusedList, message, item.context.clone());
        }
    }
    into.redefined.clone_from(&collector.redefined);
    into.macros = macros.iter().cloned().collect();
    into.lists = lists.iter().map(|list| (list.name.clone(), list.items.clone())).collect();
    Ok(())
}

/// A condition with its lists in place as a tree.
fn parse(
    condition: &Traced,
    lists: &mut Named<List>,
    context: &Context,
) -> Result<(Expr, Traced), Failure> {
    let mut text = condition.clone();
    lists::resolve(&mut text, lists, context)?;
    match condition::parse(text.text(), RULE_DEPTH) {
        Ok(tree) => Ok((tree, text)),
        Err(error) => {
            let place = text.place(error.at.index);
            let context = context.in_condition(error.at, text.text(), place);
            Err(Failure::new(ErrorCode::CompileCondition, error.message, context))
        }
    }
}

fn compile_macros(collector: &Collector, lists: &mut Named<List>) -> Result<Named<Macro>, Failure> {
    let mut macros = Named::default();
    let mut texts = Vec::new();
    for item in collector.macros.iter() {
        let (condition, text) = parse(&item.condition, lists, &item.condition_context)?;
        let name = item.name.clone();
        macros.insert(&item.name, Macro { name, condition, used: false });
        texts.push(text);
    }
    for (item, text) in collector.macros.iter().zip(&texts) {
        let visible = |own: &super::item::MacroItem| own.order.index < item.order.visibility;
        let Some(own) = macros.get(&item.name) else { continue };
        let (condition, used) =
            resolved(&own.condition, collector, &macros, visible, text, &item.context)?;
        mark(&mut macros, &used);
        if let Some(own) = macros.get_mut(&item.name) {
            own.condition = condition;
        }
    }
    Ok(macros)
}

fn mark(macros: &mut Named<Macro>, used: &[String]) {
    for name in used {
        if let Some(own) = macros.get_mut(name) {
            own.used = true;
        }
    }
}

fn resolved(
    condition: &Expr,
    collector: &Collector,
    macros: &Named<Macro>,
    is_visible: impl Fn(&super::item::MacroItem) -> bool,
    text: &Traced,
    context: &Context,
) -> Result<(Expr, Vec<String>), Failure> {
    let visible: HashMap<&str, &Expr> = collector
        .macros
        .iter()
        .filter(|item| is_visible(item))
        .filter_map(|item| Some((item.name.as_str(), &macros.get(&item.name)?.condition)))
        .collect();
    macros::resolve(condition, &visible).map_err(|error| {
        let place = text.place(error.at.index);
        let known = collector.macros.iter().map(|item| item.name.as_str());
        let meant = error.unknown.and_then(|name| crate::nearest::nearest(&name, known));
        let context = context.in_condition(error.at, text.text(), place);
        let failure = Failure::new(ErrorCode::Validate, error.message, context);
        Failure { meant: meant.map(str::to_owned), ..failure }
    })
}

struct RuleCompiler<'a> {
    collector: &'a Collector,
    options: &'a Options,
    item: &'a RuleItem,
}

impl RuleCompiler<'_> {
    /// The rule; none where it asked to be passed over.
    fn compile(
        &self,
        lists: &mut Named<List>,
        macros: &mut Named<Macro>,
        report: &mut Report,
    ) -> Result<Option<Rule>, Failure> {
        let item = self.item;
        let Some(source) = Source::named(&item.source) else {
            let why = format!("Unknown source at compile-time{}", item.source);
            return Err(Failure::new(ErrorCode::Validate, why, item.context.clone()));
        };
        let condition = if item.exceptions.is_empty() {
            item.condition.clone()
        } else {
            with_exceptions(&item.condition, &item.exceptions, item.condition_context.place)?
        };
        let Some(output) = self.output(source, report)? else { return Ok(None) };

        let (tree, text) = parse(&condition, lists, &item.condition_context)?;
        let (tree, used) = resolved(&tree, self.collector, macros, |_| true, &text, &item.context)?;
        mark(macros, &used);
        doubtful::warn(&tree, &text, &item.condition_context, report);
        match check::check(&tree, source) {
            Ok(warnings) => {
                for warning in warnings {
                    let context = item.condition_context.in_condition(
                        warning.at,
                        text.text(),
                        Some(item.condition_context.place),
                    );
                    report.warn(WarningCode::CompileCondition, warning.message, context);
                }
            }
            Err(error) => {
                let place = text.place_of(error.at, error.word());
                let context = item.condition_context.in_condition(error.at, text.text(), place);
                if error.is_unknown && item.skip_if_unknown {
                    let (code, message) = (WarningCode::UnknownFilter, error.message);
                    report.warn_meaning(code, message, context, error.meant);
                    return Ok(None);
                }
                let failure = Failure::new(ErrorCode::CompileCondition, error.message, context);
                return Err(Failure { meant: error.meant.map(str::to_owned), ..failure });
            }
        }
        let event_types = self.event_types(&tree, source, report)?;
        Ok(Some(Rule {
            name: item.name.clone(),
            source,
            description: item.description.clone(),
            condition: tree,
            condition_text: item.condition.text().trim().to_owned(),
            output_text: item.output.clone(),
            output,
            priority: item.priority,
            tags: item.tags.clone(),
            enabled: item.enabled,
            capture: item.capture,
            capture_duration: item.capture_duration,
            macros: used,
            event_types,
            place: item.context.place,
            condition_place: item.condition_context.place,
            text,
        }))
    }

    fn output(&self, source: Source, report: &mut Report) -> Result<Option<String>, Failure> {
        let item = self.item;
        let mut text = item.output.clone();
        for extra in self.options.added.iter().filter(|extra| extra.is_for(item)) {
            text.push(' ');
            text.push_str(&extra.format);
        }
        if text.contains("%container.info") {
            let message = "%container.info is deprecated and no more useful, and will be dropped \
                           by Falco 1.0.0. The container plugin will automatically add required \
                           fields to the output message.";
            report.warn(WarningCode::DeprecatedItem, message, item.context.clone());
            text = text.replace("%container.info", "");
        }
        if let Err(error) = output::check(&text, source) {
            let context = item.output_context.clone();
            let is_unknown = error.message.starts_with("invalid formatting token");
            if is_unknown && item.skip_if_unknown {
                let (code, message) = (WarningCode::UnknownFilter, error.message);
                report.warn_meaning(code, message, context, error.meant);
                return Ok(None);
            }
            let failure = Failure::new(ErrorCode::CompileOutput, error.message, context);
            return Err(Failure { meant: error.meant.map(str::to_owned), ..failure });
        }
        for (field, _) in DEPRECATED.iter().filter(|(field, _)| text.contains(field)) {
            let message =
                format!("usage of deprecated field '{field}' has been detected in the rule output");
            report.warn(WarningCode::DeprecatedItem, message, item.output_context.clone());
        }
        Ok(Some(text))
    }

    fn event_types(
        &self,
        tree: &Expr,
        source: Source,
        report: &mut Report,
    ) -> Result<Option<Vec<&'static str>>, Failure> {
        if source != Source::Syscall {
            return Ok(None);
        }
        let item = self.item;
        let set = events::of_condition(tree).map_err(|why| {
            Failure::new(ErrorCode::CompileCondition, why, item.condition_context.clone())
        })?;
        if set.kinds() > MANY_EVENTS && item.warn_event_types {
            let message = "Rule matches too many evt.type values. This has a significant \
                           performance penalty.";
            report.warn(WarningCode::NoEventType, message, item.context.clone());
        }
        Ok((!set.is_all()).then(|| set.names().collect()))
    }
}
