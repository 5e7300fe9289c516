//! `plimsoll rules fields`: what rules may name.

use std::io::{self, BufWriter, Write};

use clap::builder::PossibleValuesParser;
use plimsoll_runtime::fields::{self, Class, Field, Source};
use serde_json::json;

use crate::exit::{Outcome, Usage};

/// How far names are filled up; those that are longer push what follows.
const WIDTH: usize = 32;

/// List the fields that rules may use, or show one
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll rules fields
  plimsoll rules fields proc.aname
  plimsoll rules fields ka.req.pod --source k8s_audit
  plimsoll rules fields -o json fd

Exit codes: 0 listed, 2 there is no such field.")]
pub(crate) struct Fields {
    /// A field, a class of fields (`proc`, `user-group`), or what fields begin with (`proc.sid`)
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Only fields that rules of this source may use
    #[arg(long, value_parser = PossibleValuesParser::new(Source::ALL.map(Source::name)))]
    source: Option<String>,

    /// How to print them
    #[arg(short = 'o', long = "output", value_enum, default_value = "table")]
    output: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// A line each; of one field all that is to be known
    Table,
    /// All that is to be known of each
    Json,
}

impl Fields {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let (found, one) = self.found()?;
        let mut out = BufWriter::new(io::stdout().lock());
        match (self.output, found.as_slice()) {
            (Form::Json, found) => {
                let all: Vec<_> = found.iter().map(|field| described(field)).collect();
                serde_json::to_writer_pretty(&mut out, &json!({ "fields": all }))?;
                writeln!(out)?;
            }
            (Form::Table, [field]) if one => page(field, &mut out)?,
            (Form::Table, found) => {
                let longest = found.iter().map(|field| field.name.len()).max().unwrap_or(0);
                let width = longest.min(WIDTH);
                for Field { name, type_name, description, traits, .. } in found {
                    let old = if traits.deprecated { " (deprecated)" } else { "" };
                    writeln!(out, "{name:<width$}  {type_name:<8}  {description}{old}")?;
                }
            }
        }
        out.flush()?;
        Ok(Outcome::Clean)
    }

    /// The fields that are asked for, and whether one was by its name.
    fn found(&self) -> Result<(Vec<&'static Field>, bool), Usage> {
        let sources: Vec<Source> = match self.source.as_deref().and_then(Source::named) {
            Some(source) => vec![source],
            None => Source::ALL.to_vec(),
        };
        let all = || {
            fields::all()
                .filter(|field| field.sources().iter().any(|source| sources.contains(source)))
        };
        let Some(name) = self.name.as_deref() else { return Ok((all().collect(), false)) };
        let (bare, argument) = match name.split_once('[') {
            Some((bare, rest)) => (bare, Some(rest.strip_suffix(']').unwrap_or(rest))),
            None => (name, None),
        };
        // `evt.arg.flags` is a form of `evt.arg`.
        let resolved = sources.iter().find_map(|source| source.resolve(bare, argument).ok());
        let fits = resolved.is_some();
        let exact = resolved.map_or(bare, |resolved| resolved.name);
        if let Some(field) = all().find(|field| field.name == exact) {
            return match argument {
                Some(argument) if !fits => {
                    Err(Usage(format!("`{exact}` does not take the argument `[{argument}]`")))
                }
                _ => Ok((vec![field], true)),
            };
        }
        let begins = |field: &&Field| {
            field
                .name
                .strip_prefix(name.trim_end_matches('.'))
                .is_some_and(|it| it.starts_with('.'))
        };
        let found: Vec<&'static Field> = match Class::named(name) {
            Some(class) => all().filter(|field| field.class() == Some(class)).collect(),
            None => all().filter(begins).collect(),
        };
        if found.is_empty() {
            return Err(unknown(name, bare, &sources));
        }
        Ok((found, false))
    }
}

fn unknown(name: &str, bare: &str, sources: &[Source]) -> Usage {
    let meant = sources.iter().find_map(|source| source.nearest(bare));
    let hint = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`plimsoll rules fields` lists them".to_owned(),
    };
    let of = match sources {
        [source] => format!(" of the source `{}`", source.name()),
        _ => String::new(),
    };
    Usage(format!("there is no field `{name}`{of}: {hint}"))
}

fn page(field: &Field, out: &mut dyn Write) -> io::Result<()> {
    let sources: Vec<&str> = field.sources().into_iter().map(Source::name).collect();
    writeln!(out, "{} ({}; {})", field.name, field.type_name, sources.join(", "))?;
    writeln!(out, "\n{}\n", field.description)?;
    if let Some(argument) = field.argument() {
        let needs = if argument.required { "" } else { ", may be left out" };
        writeln!(out, "Argument   {}{needs}", argument.form)?;
    }
    writeln!(out, "Operators  {}", field.operators().join(", "))?;
    if let Some(when) = field.when {
        writeln!(out, "Has value  {when}")?;
    }
    let notes = field.notes();
    if !notes.is_empty() {
        writeln!(out, "Flags      {}", notes.join("; "))?;
    }
    writeln!(out, "Example    {}", field.example)
}

fn described(field: &Field) -> serde_json::Value {
    let sources: Vec<&str> = field.sources().into_iter().map(Source::name).collect();
    let argument = field
        .argument()
        .map(|argument| json!({ "form": argument.form, "required": argument.required }));
    let traits = field.traits;
    json!({
        "name": field.name,
        "class": field.class().map(|class| class.name),
        "sources": sources,
        "type": field.type_name,
        "argument": argument,
        "list": traits.list,
        "deprecated": traits.deprecated,
        "filter_only": traits.filter_only,
        "print_only": traits.print_only,
        "comparable_with_fields": !traits.no_right,
        "transformable": !traits.no_transformer,
        "operators": field.operators(),
        "description": field.description,
        "has_value": field.when,
        "example": field.example,
    })
}
