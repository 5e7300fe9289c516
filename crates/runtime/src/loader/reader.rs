//! From the values of a file to what they define.
//!
//! After `read_item` of Falco's `rule_loader_reader.cpp`: the keys are asked for in its order,
//! because the first mistake ends the reading.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::code::{ErrorCode, WarningCode};
use super::collector::Collector;
use super::context::{Context, File, ItemType};
use super::decode::{Item, refuse};
use super::exceptions;
use super::item::{ListItem, MacroItem, Order, Priority, RuleItem, RuleUpdate};
use super::overrides::{self, Overrides};
use super::report::{Failure, Report};
use super::traced::Traced;
use super::version;
use crate::condition::{is_list_name, is_macro_name};
use crate::yaml::{self, Node};

const APPEND_IS_OLD: &str = "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: \
                             append') under 'override' instead.";
const ENABLED_IS_OLD: &str = "The standalone 'enabled' key usage is deprecated. The correct \
                              approach requires also a 'replace' entry under the 'override' key \
                              (i.e. 'enabled: replace').";
const BOTH: &str = "Keys 'override' and 'append: true' cannot be used together. Add an 'append' \
                    entry (e.g. 'condition: append') under 'override' instead.";

/// Reads a file into the collector.
pub(super) fn read(
    file: &File,
    name: &str,
    collector: &mut Collector,
    report: &mut Report,
) -> Result<(), Failure> {
    let context = Context::file(name, file.index);
    let documents = yaml::read(file.source.text()).map_err(|error| {
        let position = file.source.position(error.at);
        let (line, column) = (position.line, position.column);
        let message = format!("yaml-cpp: error at line {line}, column {column}: {}", error.what);
        let context = context.at(file, error.at, ItemType::ValueFor, "");
        Failure::new(ErrorCode::YamlParse, message, context)
    })?;
    report.schema = super::schema::differences(&documents);
    let mut reader = Reader { file, collector, report };
    for document in &documents {
        match document.sequence() {
            _ if document.is_null() => {}
            None if document.mapping().is_none() => {
                return refuse("Rules content is not yaml", context);
            }
            None => return refuse("Rules content is not yaml array of objects", context),
            Some(items) => {
                for item in items.iter().filter(|item| !item.is_null()) {
                    reader.item(item, &context)?;
                }
            }
        }
    }
    Ok(())
}

struct Reader<'a> {
    file: &'a File,
    collector: &'a mut Collector,
    report: &'a mut Report,
}

impl<'a> Reader<'a> {
    fn item(&mut self, node: &Arc<Node>, parent: &Context) -> Result<(), Failure> {
        let whole = |kind, name: &str| parent.within(self.file, node, kind, name);
        if node.mapping().is_none() {
            let why = "Unexpected element type. Each element should be a yaml associative array.";
            return refuse(why, whole(ItemType::RulesContentItem, ""));
        }
        if node.get("required_engine_version").is_some() {
            return self.engine_version(node, &whole(ItemType::RequiredEngineVersion, ""));
        }
        if let Some(versions) = node.get("required_plugin_versions") {
            version::plugins(self.file, versions, parent)?;
            let context = whole(ItemType::RequiredPluginVersions, "");
            self.unknown_keys(node, &["required_plugin_versions"], &context);
            return Ok(());
        }
        for (key, kind) in
            [("list", ItemType::List), ("macro", ItemType::Macro), ("rule", ItemType::Rule)]
        {
            if node.get(key).is_none() {
                continue;
            }
            let unnamed = whole(kind, "");
            let name: String = self.of(node, &unnamed).required(key)?;
            let context = whole(kind, &name);
            return match kind {
                ItemType::List => self.list(node, name, &context),
                ItemType::Macro => self.macro_(node, name, &context),
                _ => self.rule(node, name, &context),
            };
        }
        let context = whole(ItemType::RulesContentItem, "");
        let known =
            ["required_engine_version", "required_plugin_versions", "list", "macro", "rule"];
        let keys = node.mapping().unwrap_or_default().iter().filter_map(|(key, _)| key.scalar());
        let meant =
            keys.into_iter().find_map(|key| crate::nearest::nearest(key, known.into_iter()));
        let message = "Unknown top level item";
        self.report.warn_meaning(WarningCode::UnknownItem, message, context, meant);
        Ok(())
    }

    fn of<'i>(&self, node: &'i Node, context: &'i Context) -> Item<'i>
    where
        'a: 'i,
    {
        Item { file: self.file, node, context }
    }

    fn engine_version(&mut self, node: &Node, context: &Context) -> Result<(), Failure> {
        let text: String = self.of(node, context).required("required_engine_version")?;
        version::engine(&text, context)?;
        self.unknown_keys(node, &["required_engine_version"], context);
        Ok(())
    }

    fn is_appended(&mut self, node: &Node, context: &Context) -> Result<bool, Failure> {
        let append = self.of(node, context).optional("append")?.unwrap_or(false);
        if append {
            self.report.warn(WarningCode::DeprecatedItem, APPEND_IS_OLD, context.clone());
        }
        Ok(append)
    }

    fn overridden(
        &self,
        node: &Node,
        append: bool,
        (appendable, replaceable): (&[&str], &[&str]),
        context: &Context,
    ) -> Result<Overrides, Failure> {
        let item = self.of(node, context);
        let overrides = overrides::read(item, appendable, replaceable)?;
        if append && !overrides.is_empty() {
            return refuse(BOTH, context.clone());
        }
        Ok(overrides)
    }

    fn list(&mut self, node: &Node, name: String, context: &Context) -> Result<(), Failure> {
        if !is_list_name(&name) {
            let message = "List has an invalid name. List names should match a regular \
                           expression: ([^()\"'[:space:]=,]+)";
            self.report.warn(WarningCode::InvalidListName, message, context.clone());
        }
        let items = self.of(node, context).texts("items")?;
        let append = self.is_appended(node, context)?;
        let overrides = self.overridden(node, append, (&["items"], &["items"]), context)?;
        let list = ListItem { context: context.clone(), order: Order::default(), name, items };
        if append || overrides.append.contains("items") {
            self.collector.append_list(list)?;
        } else {
            self.collector.define_list(list, !overrides.is_empty());
        }
        self.unknown_keys(node, &["list", "items", "append", "override"], context);
        Ok(())
    }

    fn macro_(&mut self, node: &Node, name: String, context: &Context) -> Result<(), Failure> {
        if !is_macro_name(&name) {
            let message = "Macro has an invalid name. Macro names should match a regular \
                           expression: ([a-zA-Z]+[a-zA-Z0-9_]*)";
            self.report.warn(WarningCode::InvalidMacroName, message, context.clone());
        }
        let (condition, condition_context) =
            self.condition(node, ItemType::MacroCondition, context)?;
        let append = self.is_appended(node, context)?;
        let keys: &[&str] = &["condition"];
        let overrides = self.overridden(node, append, (keys, keys), context)?;
        let order = Order::default();
        let item =
            MacroItem { context: context.clone(), condition_context, order, name, condition };
        if append || overrides.append.contains("condition") {
            self.collector.append_macro(&item)?;
        } else {
            self.collector.define_macro(item, !overrides.is_empty());
        }
        self.unknown_keys(node, &["macro", "condition", "append", "override"], context);
        Ok(())
    }

    fn condition(
        &self,
        node: &Node,
        kind: ItemType,
        context: &Context,
    ) -> Result<(Traced, Context), Failure> {
        let item = self.of(node, context);
        let _: String = item.required("condition")?;
        let value = item.node("condition")?;
        Ok((Traced::of(self.file, value), context.within(self.file, value, kind, "")))
    }

    fn rule(&mut self, node: &Node, name: String, context: &Context) -> Result<(), Failure> {
        let item = self.of(node, context);
        let source = item.maybe_empty("source")?;
        let append = self.is_appended(node, context)?;
        let keys = (overrides::APPENDABLE, overrides::REPLACEABLE);
        let overrides = self.overridden(node, append, keys, context)?;
        if !overrides.is_empty() {
            self.override_rule(node, &name, &source, &overrides, context)?;
        } else if append {
            let mut update = RuleUpdate { source, ..RuleUpdate::default() };
            if node.get("condition").is_some() {
                update.condition = Some(self.condition(node, ItemType::RuleCondition, context)?.0);
            }
            if node.get("exceptions").is_some() {
                update.exceptions = Some(self.exceptions(node, true, context)?);
            }
            self.collector.append_rule(&name, update, context)?;
        } else if ["condition", "output", "desc", "priority"]
            .iter()
            .all(|key| node.get(key).is_none())
        {
            let enabled = self.of(node, context).required("enabled")?;
            self.report.warn(WarningCode::DeprecatedItem, ENABLED_IS_OLD, context.clone());
            self.collector.enable(&name, enabled, context)?;
        } else {
            let rule = self.whole_rule(node, name, context)?;
            self.collector.define_rule(rule, self.report)?;
        }
        self.unknown_keys(node, &overrides::RULE_KEYS, context);
        Ok(())
    }

    fn exceptions(
        &mut self,
        node: &Node,
        append: bool,
        context: &Context,
    ) -> Result<Vec<super::item::Exception>, Failure> {
        let item = Item { file: self.file, node, context };
        exceptions::read(item, append, self.report)
    }

    fn whole_rule(
        &mut self,
        node: &Node,
        name: String,
        context: &Context,
    ) -> Result<RuleItem, Failure> {
        let (condition, condition_context) =
            self.condition(node, ItemType::RuleCondition, context)?;
        let item = self.of(node, context);
        let output: String = item.required("output")?;
        let output_context =
            context.within(self.file, item.node("output")?, ItemType::RuleOutput, "");
        let description = item.required("desc")?;
        let priority = self.priority(node, context)?;
        let item = self.of(node, context);
        Ok(RuleItem {
            condition_context,
            output_context,
            condition,
            output: output.trim().to_owned(),
            description,
            priority,
            source: item.optional("source")?.unwrap_or_else(|| "syscall".to_owned()),
            unknown_source: false,
            enabled: item.optional("enabled")?.unwrap_or(true),
            capture: item.optional("capture")?.unwrap_or(false),
            capture_duration: item.optional("capture_duration")?.unwrap_or(0),
            warn_event_types: item.optional("warn_evttypes")?.unwrap_or(true),
            skip_if_unknown: item.optional("skip-if-unknown-filter")?.unwrap_or(false),
            tags: self.tags(node, context)?,
            exceptions: self.exceptions(node, false, context)?,
            name,
            context: context.clone(),
        })
    }

    fn tags(&self, node: &Node, context: &Context) -> Result<BTreeSet<String>, Failure> {
        match node.get("tags") {
            None => Ok(BTreeSet::new()),
            Some(_) => Ok(self.of(node, context).texts("tags")?.into_iter().collect()),
        }
    }

    fn priority(&self, node: &Node, context: &Context) -> Result<Priority, Failure> {
        let item = self.of(node, context);
        let text: String = item.required("priority")?;
        if let Some(priority) = Priority::named(&text) {
            return Ok(priority);
        }
        let place = context.within(self.file, item.node("priority")?, ItemType::RulePriority, "");
        let meant = crate::nearest::nearest(&text.to_lowercase(), ["warn", "err"].into_iter())
            .or_else(|| {
                Priority::names().find(|name| {
                    strsim::osa_distance(&name.to_lowercase(), &text.to_lowercase()) <= 3
                })
            });
        let failure = Failure::new(ErrorCode::YamlValidate, "Invalid priority", place);
        Err(Failure { meant: meant.map(str::to_owned), ..failure })
    }

    fn override_rule(
        &mut self,
        node: &Node,
        name: &str,
        source: &str,
        overrides: &Overrides,
        context: &Context,
    ) -> Result<(), Failure> {
        let mut open = overrides::defined(node);
        for (keys, append) in [(&overrides.append, true), (&overrides.replace, false)] {
            if keys.is_empty() {
                continue;
            }
            let mut update = RuleUpdate::default();
            for key in overrides::REPLACEABLE.iter().filter(|key| keys.contains(**key)) {
                if !open.remove(*key) {
                    let kind = if append { "append" } else { "replace" };
                    let why = format!(
                        "An {kind} override for '{key}' was specified but '{key}' is not defined"
                    );
                    return refuse(why, context.clone());
                }
                self.update(node, key, source, append, &mut update, context)?;
            }
            if append {
                self.collector.append_rule(name, update, context)?;
            } else {
                self.collector.replace_in_rule(name, update, context)?;
            }
        }
        if let Some(key) = open.first() {
            let why = format!(
                "Unexpected key '{key}': no corresponding entry under 'override' is defined."
            );
            let value = self.of(node, context).node(key)?;
            return refuse(why, context.within(self.file, value, ItemType::Overrides, key));
        }
        Ok(())
    }

    fn update(
        &mut self,
        node: &Node,
        key: &str,
        source: &str,
        append: bool,
        update: &mut RuleUpdate,
        context: &Context,
    ) -> Result<(), Failure> {
        let item = self.of(node, context);
        match key {
            "condition" => {
                source.clone_into(&mut update.source);
                update.condition = Some(self.condition(node, ItemType::RuleCondition, context)?.0);
            }
            "exceptions" => update.exceptions = Some(self.exceptions(node, append, context)?),
            "output" => update.output = Some(item.required(key)?),
            "desc" => update.description = Some(item.required(key)?),
            "tags" => update.tags = Some(self.tags(node, context)?),
            "priority" => update.priority = Some(self.priority(node, context)?),
            "capture" => update.capture = Some(item.required(key)?),
            "capture_duration" => update.capture_duration = Some(item.required(key)?),
            "enabled" => update.enabled = Some(item.required(key)?),
            "warn_evttypes" => update.warn_event_types = Some(item.required(key)?),
            _ => update.skip_if_unknown = Some(item.required(key)?),
        }
        Ok(())
    }

    fn unknown_keys(&mut self, node: &Node, known: &[&'static str], context: &Context) {
        for (key, _) in node.mapping().unwrap_or_default() {
            let text = key.scalar().unwrap_or_default();
            if !known.contains(&text) {
                let message = format!("Unknown key '{text}'. The key will be ignored.");
                let mut context = context.clone();
                context.place.offset = key.span.start;
                let meant = crate::nearest::nearest(text, known.iter().copied());
                self.report.warn_meaning(WarningCode::UnknownKey, message, context, meant);
            }
        }
    }
}
