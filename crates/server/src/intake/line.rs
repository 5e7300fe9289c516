//! An alert as Falco and Falcosidekick send it.
//!
//! Source: falcosecurity/falco, `formats.cpp`; falcosecurity/falcosidekick, `types.FalcoPayload`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::moment::Millis;

/// The longest line that is kept.
const MAX_LINE: usize = 256 << 10;

/// Falco's priorities, worst first.
pub const PRIORITIES: [&str; 8] =
    ["Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"];

#[derive(Debug, Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    output: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    priority: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    rule: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    time: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    hostname: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    output_fields: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tags: Option<Vec<Cow<'a, str>>>,
}

/// What of the fields says which image it was.
#[derive(Debug, Default, Deserialize)]
struct Image<'a> {
    #[serde(borrow, default, rename = "container.image.repository")]
    repository: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "container.image.tag")]
    tag: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "container.image")]
    name: Option<Cow<'a, str>>,
}

/// An alert as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// When the event was.
    pub at: Millis,
    /// Name of the rule.
    pub rule: String,
    /// One of Falco's words, as Falco writes it.
    pub priority: &'static str,
    /// `syscall`, `k8s_audit` …
    pub source: String,
    /// The machine.
    pub hostname: String,
    /// Repository and tag of the image; empty where it was none.
    pub image: String,
    /// What the rule says of the event.
    pub output: String,
    /// The fields, as JSON.
    pub fields: String,
    /// The rule's tags, one a line.
    pub tags: String,
}

fn priority(word: &str) -> Option<&'static str> {
    let word = if word.eq_ignore_ascii_case("info") { "Informational" } else { word };
    PRIORITIES.into_iter().find(|known| known.eq_ignore_ascii_case(word))
}

impl Wire<'_> {
    fn check(&self) -> Result<(), String> {
        if self.rule.as_ref().is_none_or(|rule| rule.is_empty()) {
            return Err("it names no `rule`".into());
        }
        let said = self.priority.as_deref().unwrap_or_default();
        if priority(said).is_none() {
            return Err(format!("its `priority` is `{}`, which Falco does not know", short(said)));
        }
        let fields = self.output_fields.map_or("{", RawValue::get).trim_start();
        if !fields.starts_with('{') && fields != "null" {
            return Err("its `output_fields` are no object".into());
        }
        Ok(())
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

impl Alert {
    /// From a line of the spool; `arrived` is its time where it says none.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &[u8], arrived: Millis) -> Result<Self, String> {
        let wire: Wire<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        wire.check()?;
        let text = |value: Option<Cow<'_, str>>| value.unwrap_or_default().into_owned();
        let fields = wire.output_fields.map_or("{}", RawValue::get);
        let fields = if fields == "null" { "{}" } else { fields };
        let image: Image<'_> = serde_json::from_str(fields).unwrap_or_default();
        let image = match (image.repository, image.tag, image.name) {
            (Some(repository), Some(tag), _) if !tag.is_empty() => format!("{repository}:{tag}"),
            (Some(repository), _, _) => repository.into_owned(),
            (None, _, image) => text(image),
        };
        let time = wire.time.as_deref().and_then(|time| time.parse::<jiff::Timestamp>().ok());
        Ok(Self {
            at: time.map_or(arrived, jiff::Timestamp::as_millisecond),
            priority: priority(wire.priority.as_deref().unwrap_or_default()).unwrap_or("Debug"),
            rule: text(wire.rule),
            source: wire.source.map_or_else(|| "syscall".to_owned(), Cow::into_owned),
            hostname: text(wire.hostname),
            image,
            output: text(wire.output),
            fields: fields.to_owned(),
            tags: wire.tags.unwrap_or_default().join("\n"),
        }
        .without_zeros())
    }

    /// PostgreSQL takes no zero character in a text.
    fn without_zeros(mut self) -> Self {
        for text in [
            &mut self.rule,
            &mut self.source,
            &mut self.hostname,
            &mut self.image,
            &mut self.output,
            &mut self.tags,
        ] {
            if text.contains('\0') {
                *text = text.replace('\0', "\u{fffd}");
            }
        }
        self
    }
}

/// What became of a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Alerts as lines, each with its end.
    pub lines: Vec<u8>,
    /// How many.
    pub count: usize,
    /// How many of the body were no alerts.
    pub refused: usize,
    /// What was wrong with the first of them.
    pub why: Option<String>,
}

impl Accepted {
    fn take(&mut self, text: &[u8], number: usize) {
        let checked = match serde_json::from_slice::<Wire<'_>>(text) {
            Ok(_) if text.len() > MAX_LINE => Err(format!("it is longer than {MAX_LINE} bytes")),
            Ok(wire) => wire.check(),
            Err(error) => Err(error.to_string()),
        };
        match checked {
            Ok(()) => {
                // Between values of JSON a line's end is worth a space, and within them there is none.
                let flat = text
                    .iter()
                    .map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte });
                self.lines.extend(flat);
                self.lines.push(b'\n');
                self.count += 1;
            }
            Err(why) => self.refuse(number, &why),
        }
    }

    fn refuse(&mut self, number: usize, why: &str) {
        self.refused += 1;
        self.why.get_or_insert_with(|| format!("alert {number}: {why}"));
    }
}

/// Takes what is in a body: one alert, one a line, several one after the other, or a list.
pub fn accept(body: &[u8]) -> Accepted {
    let mut accepted = Accepted::default();
    let lines =
        body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|it| !it.is_empty());
    let first = lines.clone().next().unwrap_or_default();
    if first.starts_with(b"{") && serde_json::from_slice::<&RawValue>(first).is_ok() {
        for (number, line) in lines.enumerate() {
            accepted.take(line, number + 1);
        }
        return accepted;
    }
    if first.starts_with(b"[") {
        match serde_json::from_slice::<Vec<&RawValue>>(body) {
            Ok(list) => {
                for (number, one) in list.into_iter().enumerate() {
                    accepted.take(one.get().as_bytes(), number + 1);
                }
            }
            Err(error) => accepted.refuse(1, &error.to_string()),
        }
        return accepted;
    }
    let documents = serde_json::Deserializer::from_slice(body).into_iter::<&RawValue>();
    for (number, one) in documents.enumerate() {
        match one {
            Ok(one) => accepted.take(one.get().as_bytes(), number + 1),
            Err(error) => accepted.refuse(number + 1, &error.to_string()),
        }
    }
    accepted
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALERT: &str = r#"{"hostname":"box","output":"16:00:00.1: Warning a shell","priority":"Warning","rule":"Shell","source":"syscall","tags":["container","T1059"],"time":"2026-11-24T08:00:00.123456789Z","output_fields":{"container.image.repository":"nginx","container.image.tag":"1.27","proc.pid":7}}"#;

    #[test]
    fn an_alert_of_falco_is_kept_with_its_image_and_time() {
        let alert = Alert::parse(ALERT.as_bytes(), 0).unwrap();
        assert_eq!((alert.at, alert.image.as_str()), (1_795_507_200_123, "nginx:1.27"));
        assert_eq!((alert.priority, alert.tags.as_str()), ("Warning", "container\nT1059"));
        assert!(alert.fields.contains("\"proc.pid\":7"));
        let bare =
            Alert::parse(br#"{"rule":"a","priority":"info","output_fields":null}"#, 5).unwrap();
        assert_eq!((bare.at, bare.priority, bare.fields.as_str()), (5, "Informational", "{}"));
    }

    #[test]
    fn bodies_have_one_alert_or_many() {
        let pretty = ALERT.replace(',', ",\n");
        for (body, count) in [
            (ALERT.to_owned(), 1),
            (format!("{ALERT}\n\n{ALERT}\r\n"), 2),
            (format!("{ALERT}{ALERT}"), 2),
            (format!("[{ALERT}, {ALERT}]"), 2),
            (format!("{pretty}\n{pretty}"), 2),
            (String::new(), 0),
        ] {
            let accepted = accept(body.as_bytes());
            assert_eq!(
                (accepted.count, accepted.refused),
                (count, 0),
                "{body}: {:?}",
                accepted.why
            );
            let lines = accepted.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            assert!(lines.clone().all(|line| Alert::parse(line, 0).is_ok()));
            assert_eq!(lines.count(), count);
        }
    }

    #[test]
    fn what_is_no_alert_is_told_with_its_number_and_costs_the_others_nothing() {
        let body = format!("{ALERT}\n{{\"rule\":\"a\",\"priority\":\"loud\"}}\nnonsense\n{ALERT}");
        let accepted = accept(body.as_bytes());
        assert_eq!((accepted.count, accepted.refused), (2, 2));
        assert!(accepted.why.unwrap().starts_with("alert 2: its `priority` is `loud`"));
    }

    proptest::proptest! {
        #[test]
        fn what_is_accepted_is_read_again_and_nothing_panics(body in r#"([\[\]{}":,a-z0-9 \n\\]|"rule"|"priority":"Alert"|\PC){0,80}"#) {
            let accepted = accept(body.as_bytes());
            let lines: Vec<_> = accepted.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
            proptest::prop_assert_eq!(lines.len(), accepted.count);
            for line in lines {
                proptest::prop_assert!(Alert::parse(line, 0).is_ok());
            }
        }
    }
}
