//! A report as an object: its name, its labels, whom it belongs to, and what changed about it.

use plimsoll_kube::assessment::{Identity, fingerprint};
use serde_json::{Map, Value, json};

use super::{GROUP, MANAGER, ReportKind, VERSION};

/// What reports may be called: a label's value that is a name as well.
const MAX_NAME: usize = 63;

/// How many findings of each severity there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counts(pub [usize; 5]);

impl Counts {
    /// As labels of metrics have the severities, worst first.
    pub const NAMES: [&'static str; 5] = ["Critical", "High", "Medium", "Low", "Unknown"];

    /// The summary of a report; of checks none is unknown.
    pub fn summary(&self, with_unknown: bool) -> Value {
        let [critical, high, medium, low, unknown] = self.0;
        let mut one = json!({ "criticalCount": critical, "highCount": high, "mediumCount": medium,
            "lowCount": low });
        if with_unknown && let Value::Object(fields) = &mut one {
            fields.insert("unknownCount".into(), unknown.into());
            fields.insert("noneCount".into(), 0.into());
        }
        one
    }

    /// One more of a severity, as reports call it.
    pub fn add(&mut self, severity: &str) {
        let place = Self::NAMES.iter().position(|name| name.eq_ignore_ascii_case(severity));
        if let Some(count) = place.and_then(|place| self.0.get_mut(place)) {
            *count = count.saturating_add(1);
        }
    }

    /// As an annotation keeps them.
    fn text(&self) -> String {
        self.0.map(|count| count.to_string()).join(",")
    }

    /// From an annotation.
    fn parse(text: &str) -> Option<Self> {
        let all: Vec<usize> = text.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Self(all.try_into().ok()?))
    }
}

/// Of which kind a report is, in which namespace, and its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// `VulnerabilityReport`.
    pub kind: &'static str,
    /// Its namespace, where the kind has one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// What annotations keep, beside what trivy-operator has.
const CONTENT: &str = "plimsoll.dev/content";
const COUNTS: &str = "plimsoll.dev/counts";
const JUDGED: &str = "plimsoll.dev/judged-by";
const ARTIFACT: &str = "plimsoll.dev/artifact";
const RESOURCE: &str = "trivy-operator.resource.name";

/// A report, or what is known of one that is there: without its text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Which object it is about.
    pub about: Identity,
    /// What it is called, where that is not made of what it is about.
    pub named: Option<String>,
    /// The container that it is about, where it is about one.
    pub container: Option<String>,
    /// Registry, repository, tag and digest of an image.
    pub artifact: [String; 4],
    /// How many findings it has.
    pub counts: Counts,
    /// What it was judged by, where it need not be judged again by the same.
    pub judged: String,
    /// A hash of all that is in it but the time.
    pub content: String,
    /// What it has beside its metadata.
    pub body: Value,
}

impl Report {
    /// Where a report of some kind stands.
    pub fn place(&self, kind: &ReportKind) -> Place {
        let Identity { kind: of, name, namespace, .. } = &self.about;
        Place {
            kind: kind.kind,
            namespace: namespace.clone().filter(|_| kind.is_namespaced),
            name: match &self.named {
                Some(named) => named.clone(),
                None => report_name(of, name, self.container.as_deref()),
            },
        }
    }

    /// Takes note of a hash of what it says; of times it has none.
    pub fn seal(&mut self) {
        let times = ["updateTimestamp", "timestamp", "serialNumber"];
        let body = without(&self.body, &times);
        let all = format!(
            "{body}{}{:?}{:?}{}",
            self.about.hash, self.about.uid, self.artifact, self.judged
        );
        self.content = format!("{:016x}", fingerprint(all.as_bytes()));
    }

    /// The whole object.
    pub fn object(&self, kind: &ReportKind) -> Value {
        let Place { name, namespace, .. } = self.place(kind);
        let about = &self.about;
        let mut labels = json!({ "app.kubernetes.io/managed-by": MANAGER });
        if !about.kind.is_empty() {
            let namespace = about.namespace.clone().unwrap_or_default();
            labels = json!({ "app.kubernetes.io/managed-by": MANAGER,
                "trivy-operator.resource.kind": about.kind,
                "trivy-operator.resource.namespace": namespace });
        }
        let mut notes = json!({ CONTENT: self.content, COUNTS: self.counts.text() });
        put(&mut notes, JUDGED, Some(&self.judged));
        put(
            &mut notes,
            ARTIFACT,
            Some(&self.artifact.join(" ")).filter(|it| !it.trim().is_empty()),
        );
        if is_label(&about.name) {
            put(&mut labels, RESOURCE, Some(&about.name));
        } else {
            // What is no value of a label is told by its hash, and whole in an annotation.
            let hash = format!("{:016x}", fingerprint(about.name.as_bytes()));
            put(&mut labels, "trivy-operator.resource.name-hash", Some(&hash));
            put(&mut notes, RESOURCE, Some(&about.name));
        }
        put(&mut labels, "resource-spec-hash", Some(&about.hash));
        let container = self.container.as_ref().filter(|name| is_label(name));
        put(&mut labels, "trivy-operator.container.name", container);
        let mut metadata = json!({ "name": name, "labels": labels, "annotations": notes });
        if let (Value::Object(fields), Some(namespace)) = (&mut metadata, namespace) {
            fields.insert("namespace".into(), namespace.into());
        }
        // A dependent of an object in a namespace has to be in that namespace itself.
        if let (Value::Object(fields), Some(uid)) = (&mut metadata, &about.uid) {
            let owner = json!({ "apiVersion": about.api_version, "kind": about.kind,
                "name": about.name, "uid": uid, "controller": true, "blockOwnerDeletion": false });
            fields.insert("ownerReferences".into(), json!([owner]));
        }
        let mut object = Map::new();
        object.insert("apiVersion".into(), format!("{GROUP}/{VERSION}").into());
        object.insert("kind".into(), kind.kind.into());
        object.insert("metadata".into(), metadata);
        if let Value::Object(fields) = &self.body {
            object.extend(fields.clone());
        }
        Value::Object(object)
    }

    /// What the metadata of a report say that is there; `None` where we did not write it.
    pub fn of_metadata(metadata: &Value) -> Option<Self> {
        let text = |part: &str, name: &str| {
            let value = metadata.get(part).and_then(|it| it.get(name)).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        if text("labels", "app.kubernetes.io/managed-by") != MANAGER {
            return None;
        }
        let some = |text: String| Some(text).filter(|it| !it.is_empty());
        let name = some(text("labels", RESOURCE));
        let owner = metadata.pointer("/ownerReferences/0");
        let of_owner = |name: &str| {
            let value = owner.and_then(|owner| owner.get(name)).and_then(Value::as_str);
            value.map(str::to_owned)
        };
        let mut parts = text("annotations", ARTIFACT);
        parts.push_str("    ");
        let mut parts = parts.split(' ').map(str::to_owned);
        let mut piece = || parts.next().unwrap_or_default();
        Some(Self {
            about: Identity {
                api_version: of_owner("apiVersion").unwrap_or_default(),
                kind: text("labels", "trivy-operator.resource.kind"),
                namespace: some(text("labels", "trivy-operator.resource.namespace")),
                name: name.unwrap_or_else(|| text("annotations", RESOURCE)),
                uid: of_owner("uid"),
                hash: text("labels", "resource-spec-hash"),
            },
            named: None,
            container: some(text("labels", "trivy-operator.container.name")),
            artifact: [piece(), piece(), piece(), piece()],
            counts: Counts::parse(&text("annotations", COUNTS)).unwrap_or_default(),
            judged: text("annotations", JUDGED),
            content: text("annotations", CONTENT),
            body: Value::Null,
        })
    }
}

fn put(object: &mut Value, name: &str, value: Option<&String>) {
    if let (Value::Object(fields), Some(value)) = (object, value)
        && !value.is_empty()
    {
        fields.insert(name.into(), value.clone().into());
    }
}

fn without(value: &Value, names: &[&str]) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| !names.contains(&name.as_str()));
            kept.map(|(name, value)| (name.clone(), without(value, names))).collect()
        }
        Value::Array(items) => items.iter().map(|item| without(item, names)).collect(),
        other => other.clone(),
    }
}

/// What a report about an object is called: `replicaset-web-5d8f-nginx`; where that is no name, the
/// kind and a hash.
pub fn report_name(kind: &str, name: &str, container: Option<&str>) -> String {
    let kind = kind.to_lowercase();
    let whole = match container {
        Some(container) => format!("{kind}-{name}-{container}"),
        None => format!("{kind}-{name}"),
    };
    if is_label(&whole) && is_subdomain(&whole) {
        return whole;
    }
    let kind: String = kind.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("{kind}-{:016x}", fingerprint(whole.as_bytes()))
}

/// Whether a text may be the value of a label.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>
fn is_label(text: &str) -> bool {
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let (mut bytes, mut back) = (text.bytes(), text.bytes().rev());
    text.len() <= MAX_NAME
        && ends(bytes.next())
        && ends(back.next())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Whether a text may be a name: RFC 1123.
fn is_subdomain(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.split('.').all(|part| {
        !part.is_empty() && !part.starts_with('-') && !part.ends_with('-') && part.bytes().all(fits)
    })
}
