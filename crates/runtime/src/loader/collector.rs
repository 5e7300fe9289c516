//! What was defined so far, and what a later definition makes of it.
//!
//! After Falco's `rule_loader_collector.cpp`.

use super::Redefinition;
use super::code::{ErrorCode, WarningCode};
use super::context::{Context, ItemType};
use super::item::{Entry, Exception, ListItem, MacroItem, Named, Order, RuleItem, RuleUpdate};
use super::report::{Failure, Report};
use crate::check::is_left_side;
use crate::condition::ast::Op;
use crate::fields::Source;

/// Everything that the files define.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    next: u32,
    /// Sources that are known beside those that always are.
    pub(crate) sources: Vec<Source>,
    pub(crate) lists: Named<ListItem>,
    pub(crate) macros: Named<MacroItem>,
    pub(crate) rules: Named<RuleItem>,
    pub(crate) redefined: Vec<Redefinition>,
}

/// A later definition of the same name, and where the first stands.
fn redefinition(kind: ItemType, name: &str, first: &Context, later: &Context) -> Redefinition {
    let line = first.locations.last().map_or(0, |last| last.line).saturating_add(1);
    let file = first.locations.first().map_or("", |file| &*file.name);
    let (first, place) = (format!("{file}:{line}"), later.place);
    Redefinition { kind, name: name.to_owned(), first, place }
}

fn refuse<T>(message: impl Into<String>, context: &Context) -> Result<T, Failure> {
    Err(Failure::new(ErrorCode::Validate, message, context.clone()))
}

impl Collector {
    fn order(&mut self) -> u32 {
        let next = self.next;
        self.next = next.saturating_add(1);
        next
    }

    /// Defines a list; `meant` says that it may take the place of another.
    pub(crate) fn define_list(&mut self, mut list: ListItem, meant: bool) {
        let id = self.order();
        if let Some(before) = self.lists.get_mut(&list.name) {
            if !meant && before.items != list.items {
                let (first, later) = (&before.context, &list.context);
                self.redefined.push(redefinition(ItemType::List, &list.name, first, later));
            }
            list.order = Order { index: before.order.index, visibility: id };
            *before = list;
        } else {
            list.order = Order { index: id, visibility: id };
            let name = list.name.clone();
            self.lists.insert(&name, list);
        }
    }

    pub(crate) fn append_list(&mut self, list: ListItem) -> Result<(), Failure> {
        let id = self.order();
        let Some(before) = self.lists.get_mut(&list.name) else {
            let why = "List uses 'append' or 'override.items: append' but no list by that name \
                       already exists";
            return refuse(why, &list.context);
        };
        before.items.extend(list.items);
        before.order.visibility = id;
        Ok(())
    }

    /// Defines a macro; `meant` says that it may take the place of another.
    pub(crate) fn define_macro(&mut self, mut item: MacroItem, meant: bool) {
        let id = self.order();
        if let Some(before) = self.macros.get_mut(&item.name) {
            if !meant && before.condition.text().trim() != item.condition.text().trim() {
                let (first, later) = (&before.context, &item.context);
                self.redefined.push(redefinition(ItemType::Macro, &item.name, first, later));
            }
            item.order = Order { index: before.order.index, visibility: id };
            *before = item;
        } else {
            item.order = Order { index: id, visibility: id };
            let name = item.name.clone();
            self.macros.insert(&name, item);
        }
    }

    pub(crate) fn append_macro(&mut self, item: &MacroItem) -> Result<(), Failure> {
        let id = self.order();
        let Some(before) = self.macros.get_mut(&item.name) else {
            let why = "Macro uses 'append' or 'override.condition: append' but no macro by that \
                       name already exists";
            return refuse(why, &item.context);
        };
        before.condition.push(" ", item.condition_context.place);
        before.condition.append(&item.condition);
        before.order.visibility = id;
        Ok(())
    }

    /// The rule of this name, which has to be of the same source where both say one.
    fn before(
        &mut self,
        name: &str,
        source: &str,
        context: &Context,
    ) -> Result<Option<&mut RuleItem>, Failure> {
        let before = self.rules.get_mut(name);
        match before {
            Some(rule)
                if !rule.source.is_empty() && !source.is_empty() && rule.source != source =>
            {
                refuse("Rule has been re-defined with a different source", context)
            }
            before => Ok(before),
        }
    }

    pub(crate) fn define_rule(
        &mut self,
        mut rule: RuleItem,
        report: &mut Report,
    ) -> Result<(), Failure> {
        self.before(&rule.name, &rule.source, &rule.context)?;
        let source = Source::named(&rule.source)
            .filter(|source| *source != Source::AwsCloudtrail || self.sources.contains(source));
        if source.is_none() {
            rule.unknown_source = true;
            let message = format!("Unknown source {}, skipping", rule.source);
            let meant =
                crate::nearest::nearest(&rule.source, Source::ALL.map(Source::name).into_iter());
            report.warn_meaning(WarningCode::UnknownSource, message, rule.context.clone(), meant);
        }
        for exception in &mut rule.exceptions {
            if !exception.fields.is_given() {
                let why = "Rule exception item must have fields property with a list of fields";
                return refuse(why, &exception.context);
            }
            validate(source, exception)?;
        }
        self.order();
        if let Some(before) = self.rules.get_mut(&rule.name) {
            if before.condition.text().trim() != rule.condition.text().trim() {
                let (first, later) = (&before.context, &rule.context);
                self.redefined.push(redefinition(ItemType::Rule, &rule.name, first, later));
            }
            *before = rule;
        } else {
            let name = rule.name.clone();
            self.rules.insert(&name, rule);
        }
        Ok(())
    }

    pub(crate) fn append_rule(
        &mut self,
        name: &str,
        update: RuleUpdate,
        context: &Context,
    ) -> Result<(), Failure> {
        let Some(rule) = self.before(name, &update.source, context)? else {
            let why = "Rule uses 'append' or 'override.<key>: append' but no rule by that name \
                       already exists";
            return self.refuse_unknown(why, name, context);
        };
        if update.is_empty() {
            let why = "Appended rule must have exceptions or condition property";
            return refuse(why, context);
        }
        let source = known_source(rule, context)?;
        if let Some(condition) = update.condition.filter(|condition| condition.len() > 0) {
            rule.condition.push(" ", context.place);
            rule.condition.append(&condition);
        }
        let join = |own: &mut String, more: Option<String>| {
            if let Some(more) = more.filter(|more| !more.is_empty()) {
                own.push(' ');
                own.push_str(&more);
            }
        };
        join(&mut rule.output, update.output);
        join(&mut rule.description, update.description);
        rule.tags.extend(update.tags.unwrap_or_default());
        for mut exception in update.exceptions.unwrap_or_default() {
            append_exception(&mut rule.exceptions, &mut exception, source)?;
        }
        self.order();
        Ok(())
    }

    pub(crate) fn replace_in_rule(
        &mut self,
        name: &str,
        update: RuleUpdate,
        context: &Context,
    ) -> Result<(), Failure> {
        let Some(rule) = self.before(name, &update.source, context)? else {
            let why = "An 'override.<key>: replace' to a rule was requested but no rule by that \
                       name already exists";
            return self.refuse_unknown(why, name, context);
        };
        if update.is_empty() {
            return refuse("The rule must have at least one field that can be replaced", context);
        }
        known_source(rule, context)?;
        set(&mut rule.condition, update.condition);
        set(&mut rule.output, update.output);
        set(&mut rule.description, update.description);
        set(&mut rule.tags, update.tags);
        set(&mut rule.exceptions, update.exceptions);
        set(&mut rule.priority, update.priority);
        set(&mut rule.capture, update.capture);
        set(&mut rule.capture_duration, update.capture_duration);
        set(&mut rule.enabled, update.enabled);
        set(&mut rule.warn_event_types, update.warn_event_types);
        set(&mut rule.skip_if_unknown, update.skip_if_unknown);
        self.order();
        Ok(())
    }

    pub(crate) fn enable(
        &mut self,
        name: &str,
        enabled: bool,
        context: &Context,
    ) -> Result<(), Failure> {
        if let Some(rule) = self.rules.get_mut(name) {
            rule.enabled = enabled;
            return Ok(());
        }
        let why = "Rule has 'enabled' key but no rule by that name already exists";
        self.refuse_unknown(why, name, context)
    }

    fn refuse_unknown<T>(&self, why: &str, name: &str, context: &Context) -> Result<T, Failure> {
        let known = self.rules.iter().map(|rule| rule.name.as_str());
        let meant = crate::nearest::nearest(name, known).map(str::to_owned);
        let failure = Failure::new(ErrorCode::Validate, why, context.clone());
        Err(Failure { meant, ..failure })
    }
}

fn set<T>(own: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *own = new;
    }
}

/// The source of a rule, or none where it is not known and the rule is passed over.
fn known_source(rule: &RuleItem, context: &Context) -> Result<Option<Source>, Failure> {
    match Source::named(&rule.source) {
        None if !rule.unknown_source => refuse(format!("Unknown source {}", rule.source), context),
        source => Ok(source),
    }
}

fn append_exception(
    all: &mut Vec<Exception>,
    exception: &mut Exception,
    source: Option<Source>,
) -> Result<(), Failure> {
    let context = exception.context.clone();
    let Some(before) = all.iter_mut().find(|before| before.name == exception.name) else {
        if !exception.fields.is_given() {
            let why = "Rule exception must have fields property with a list of fields";
            return refuse(why, &context);
        }
        if exception.values.is_empty() {
            let why = "Rule exception must have values property with a list of values";
            return refuse(why, &context);
        }
        validate(source, exception)?;
        all.push(exception.clone());
        return Ok(());
    };
    for (given, what) in [(&exception.fields, "fields"), (&exception.comps, "comps")] {
        if given.is_given() {
            let why = format!("Can not append exception {what} to existing exception, only values");
            return refuse(why, &context);
        }
    }
    before.values.append(&mut exception.values);
    Ok(())
}

/// An operator as it is written in an exception, without blanks around it.
fn trimmed(entry: &mut Entry) {
    if let Entry::Text(text) = entry {
        *text = text.trim_matches([' ', '\t', '\r', '\n']).to_owned();
    }
}

fn is_modified(op: &str) -> bool {
    Op::named(op).is_some_and(|op| op.modifier.is_some() && op.may_be_modified())
}

fn validate(source: Option<Source>, exception: &mut Exception) -> Result<(), Failure> {
    let context = exception.context.clone();
    let unknown = |field: &str| {
        let is_there = source.is_none_or(|source| is_left_side(field, source));
        if is_there {
            return Ok(());
        }
        let message = format!("'{field}' is not a supported filter field");
        let meant = source.and_then(|source| source.nearest(field)).map(str::to_owned);
        Err(Failure { meant, ..Failure::new(ErrorCode::Validate, message, context.clone()) })
    };
    let Entry::List(fields) = &exception.fields else {
        if !exception.comps.is_given() {
            exception.comps = Entry::Text("in".to_owned());
        }
        if matches!(exception.comps, Entry::List(_)) {
            return refuse("Fields and comps must both be strings", &context);
        }
        trimmed(&mut exception.comps);
        let op = exception.comps.text();
        if !matches!(op, "in" | "pmatch" | "intersects") && !is_modified(op) {
            let why = "When fields is a single value, comps must be one of (in, pmatch, \
                       intersects) or a modifier operator (e.g. startswith oneof)";
            return refuse(why, &context);
        }
        return unknown(exception.fields.text());
    };
    if !exception.comps.is_given() {
        exception.comps = Entry::List(vec![Entry::Text("=".to_owned()); fields.len()]);
    }
    if fields.len() != exception.comps.items().len() {
        return refuse("Fields and comps lists must have equal length", &context);
    }
    if let Entry::List(comps) = &mut exception.comps {
        for comp in comps {
            trimmed(comp);
            let op = comp.text();
            let known = Op::named(op).is_some_and(|op| op.modifier.is_none());
            if !known && !is_modified(op) {
                return refuse(format!("'{op}' is not a supported comparison operator"), &context);
            }
        }
    }
    fields.iter().try_for_each(|field| unknown(field.text()))
}
