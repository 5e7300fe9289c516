//! Events are read, judged and told.

pub(crate) mod bench;
mod capture;
mod config;
mod drift;
mod drops;
pub(crate) mod flows;
mod image;
mod inline;
mod inventory;
#[cfg(target_os = "linux")]
mod live;
mod loaded;
mod origin;
pub(crate) mod profile;
#[cfg(target_os = "linux")]
pub(crate) mod respond;
mod rules;
mod teller;
pub(crate) mod trial;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use plimsoll_outputs::{Metrics, Settings};
use plimsoll_runtime::alert::{Alert, Formatter};
use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::event::{Arena, Next, Stream};
use plimsoll_runtime::loader::{Priority, Rule};
use plimsoll_runtime::why::Explainer;

use self::teller::Teller;
use crate::commands::lint::files::read;
use crate::exit::{Outcome, Usage, tell};

/// What is asked.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rules: Vec<PathBuf>,
    /// None of them: what happens on this machine.
    pub(crate) captures: Vec<PathBuf>,
    pub(crate) sensor: Sensor,
    pub(crate) config: Option<PathBuf>,
    pub(crate) form: Option<Form>,
    /// Settings as `KEY=VALUE`.
    pub(crate) pairs: Vec<String>,
    pub(crate) wanted: Wanted,
    /// Of several rules that hold all are told, or the first; none where nobody says it.
    pub(crate) matching: Option<Matching>,
    /// Seconds.
    pub(crate) group: u64,
    pub(crate) fail_on: Option<String>,
    /// The address of health and metrics.
    pub(crate) metrics: Option<SocketAddr>,
    /// Alerts say why their rules hold.
    pub(crate) explain: bool,
    /// The image of the containers.
    pub(crate) image: Option<String>,
    /// The Dockerfile of the image.
    pub(crate) dockerfile: Option<PathBuf>,
    /// The key that the image should be signed with.
    pub(crate) signed_with: Option<PathBuf>,
    /// Where it is recorded which files of images are used.
    pub(crate) loaded: Option<PathBuf>,
    /// The captures tell of all mappings.
    pub(crate) has_mappings: bool,
    /// The capture that events with alerts are recorded into.
    pub(crate) record: Option<PathBuf>,
    /// The address of a server that is told which containers run.
    pub(crate) server: Option<String>,
    /// What the server is to call this machine.
    pub(crate) place: Option<String>,
    /// What is done when a rule fires.
    #[cfg(target_os = "linux")]
    pub(crate) respond: respond::Respond,
}

/// How the machine is watched.
#[derive(Debug)]
pub(crate) struct Sensor {
    /// Memory of the rings in bytes.
    pub(crate) buffer: u64,
    /// Ends after so many seconds.
    pub(crate) duration: Option<u64>,
    /// Container runtimes are asked about containers.
    pub(crate) ask_runtimes: bool,
}

/// How alerts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Text,
}

/// Which rules are judged.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) tags: Vec<String>,
    pub(crate) no_tags: Vec<String>,
    pub(crate) disabled: Vec<String>,
    pub(crate) min_priority: Option<String>,
}

/// Messages about single events and alerts, before only their number is told.
const MAX_MESSAGES: u64 = 10;

/// Judges every capture and says at the end how much there was.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let settings = config::settings(plan)?;
    let loaded = rules::load(plan, &settings)?;
    let chosen = rules::chosen(&loaded, &plan.wanted, &settings)?;
    let fail_on = plan.fail_on.as_deref().map(priority).transpose()?;
    let is_told = plan.captures.is_empty() && plan.sensor.ask_runtimes;
    let image = plan.image.as_deref();
    let is_compared = plan.captures.is_empty();
    let image = image.map(|it| image::Surveyed::read(it, is_told, is_compared)).transpose()?;
    let mut watch = Watching::new(&chosen, &settings, plan)?;
    if plan.explain {
        let macros = &loaded.loader.definitions().macros;
        watch.explainer = Some(Explainer::new(chosen.iter().copied(), macros));
    }
    if plan.record.is_some() && plan.captures.len() > 1 {
        return Err(Usage("--write records one capture".to_owned()).into());
    }
    if let Some(image) = &image {
        if plan.explain {
            let (dockerfile, key) = (plan.dockerfile.as_deref(), plan.signed_with.as_deref());
            watch.origins = Some(origin::Origins::new(image, dockerfile, key)?);
        }
        watch.drifting = Some(drift::Drifting::new(image, &settings)?);
    }
    watch.loading = plan.loaded.as_ref().map(|_| loaded::Loading::new(image.as_ref()));
    if plan.captures.is_empty() {
        watch.machine(plan, &chosen)?;
    }
    for path in &plan.captures {
        if let Some(loading) = &mut watch.loading {
            loading.begin_capture(plan.has_mappings);
        }
        watch.capture(path, plan.record.as_deref())?;
    }
    watch.end();
    if let (Some(path), Some(loading)) = (&plan.loaded, watch.loading.take()) {
        loading.write(path, image.as_ref(), watch.failures > 0)?;
    }
    Ok(watch.outcome(fail_on))
}

pub(crate) fn priority(name: &str) -> Result<Priority, Usage> {
    Priority::named(name).ok_or_else(|| Usage(format!("`{name}` is no priority")))
}

/// The text of a file.
fn text(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let bytes = read(path).with_context(|| format!("cannot read `{shown}`"))?;
    Ok(String::from_utf8(bytes).map_err(|_| Usage(format!("`{shown}` is no UTF-8 text")))?)
}

/// How many alerts there were of each rule.
type Counts<'r> = BTreeMap<(Priority, &'r str), u64>;

fn count<'r>(counts: &mut Counts<'r>, priority: Priority, rule: &'r str) {
    let count = counts.entry((priority, rule)).or_default();
    *count = count.saturating_add(1);
}

/// What goes on while captures are read.
struct Watching<'r> {
    rules: &'r [&'r Rule],
    formatters: Vec<Formatter>,
    engine: Engine,
    explainer: Option<Explainer<'r>>,
    drifting: Option<drift::Drifting>,
    #[cfg(target_os = "linux")]
    responder: Option<plimsoll_response::Responder>,
    #[cfg(target_os = "linux")]
    all_matches: bool,
    /// What is done when events are lost.
    #[cfg(target_os = "linux")]
    on_loss: Option<plimsoll_outputs::DropSettings>,
    loading: Option<loaded::Loading>,
    inventory: Option<inventory::Inventory>,
    origins: Option<origin::Origins<'r>>,
    host: String,
    teller: Teller,
    metrics: Option<Arc<Metrics>>,
    counts: Counts<'r>,
    events: u64,
    skipped: u64,
    failures: u64,
}

impl<'r> Watching<'r> {
    fn new(rules: &'r [&'r Rule], settings: &Settings, plan: &Plan) -> anyhow::Result<Self> {
        let style = settings.style();
        let formatters: Result<Vec<Formatter>, Usage> = rules
            .iter()
            .map(|rule| {
                Formatter::new(rule, &style, &settings.added_fields(rule))
                    .map_err(|why| Usage(format!("rule `{}`: {why}", rule.name)))
            })
            .collect();
        let host = host();
        let metrics = metrics(plan, settings, rules.len())?;
        // What is replayed waits for an output; a machine does not.
        let teller =
            Teller::new(settings, plan.group, plan.captures.is_empty(), metrics.as_ref(), &host)?;
        let matching = matching(plan, settings);
        Ok(Self {
            rules,
            formatters: formatters?,
            engine: Engine::new(rules.iter().copied(), matching).with_host(host.clone()),
            explainer: None,
            drifting: None,
            #[cfg(target_os = "linux")]
            responder: respond::new(&plan.respond, rules)?,
            #[cfg(target_os = "linux")]
            all_matches: matching == Matching::All,
            #[cfg(target_os = "linux")]
            on_loss: settings.syscall_event_drops.clone(),
            loading: None,
            inventory: inventory(plan, &host)?,
            origins: None,
            host,
            teller,
            metrics,
            counts: BTreeMap::new(),
            events: 0,
            skipped: 0,
            failures: 0,
        })
    }

    fn capture(&mut self, path: &Path, record: Option<&Path>) -> anyhow::Result<()> {
        let shown = path.display().to_string();
        let mut stream =
            capture::open(path, record).with_context(|| format!("cannot read `{shown}`"))?;
        self.judge(stream.as_mut(), &shown, &mut |_| {})
            .with_context(|| format!("cannot read `{shown}`"))?;
        stream.finish().with_context(|| format!("cannot record `{shown}`"))
    }

    #[cfg(target_os = "linux")]
    fn machine(&mut self, plan: &Plan, rules: &[&Rule]) -> anyhow::Result<()> {
        let (take, metrics) = (self.teller.taking(), self.metrics.clone());
        let hand_over = move |alert: Alert| {
            if let Some(metrics) = &metrics {
                metrics.fired(&alert);
            }
            take(alert);
        };
        if let Some(drifting) = &mut self.drifting {
            drifting.compare(hand_over, self.responder.is_some())?;
        }
        live::run(self, plan, rules)
    }

    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_self, reason = "elsewhere it watches")]
    fn machine(&mut self, _plan: &Plan, _rules: &[&Rule]) -> anyhow::Result<()> {
        Err(Usage("only Linux can be watched: name a capture with --replay".to_owned()).into())
    }

    /// Judges a stream to its end; after each event something else may be done.
    fn judge(
        &mut self,
        stream: &mut dyn Stream,
        shown: &str,
        meanwhile: &mut dyn FnMut(&mut Self),
    ) -> std::io::Result<()> {
        let mut matched = Vec::new();
        let mut arena = Arena::new();
        while let Some(next) = stream.next()? {
            let event = match &next {
                Next::Event(event) => *event,
                Next::Call(call) => call,
                Next::Damaged(why) => {
                    self.failures = self.failures.saturating_add(1);
                    if self.failures <= MAX_MESSAGES {
                        tell(&format!("error: {shown}: {why}"));
                    }
                    continue;
                }
                Next::Skipped(why) => {
                    self.skipped = self.skipped.saturating_add(1);
                    if self.skipped <= MAX_MESSAGES {
                        tell(&format!("warning: {shown}: {why}"));
                    }
                    continue;
                }
            };
            self.events = self.events.saturating_add(1);
            if let Some(metrics) = &self.metrics {
                metrics.judged(self.events);
            }
            self.teller.is_now(event.time());
            self.engine.judge(event, &mut matched);
            for at in &matched {
                let (Some(rule), Some(formatter)) = (self.rules.get(*at), self.formatters.get(*at))
                else {
                    continue;
                };
                count(&mut self.counts, rule.priority, &rule.name);
                arena.reset();
                let mut alert = formatter.alert(event, &self.host, &arena);
                if let Some(metrics) = &self.metrics {
                    metrics.fired(&alert);
                }
                // Before anything else: whoever is to be stopped does not wait meanwhile.
                #[cfg(target_os = "linux")]
                if let Some(responder) = &mut self.responder {
                    responder.fired(&alert, event, &self.host, &arena);
                }
                if let Some(explainer) = &mut self.explainer {
                    let mut why = explainer.explain(*at, event, &self.host, &arena);
                    if let (Some(why), Some(origins), Next::Call(call)) =
                        (&mut why, &self.origins, &next)
                    {
                        why.origin = origins.of(call);
                    }
                    alert.explanation = why.map(Box::new);
                }
                self.teller.take(alert);
            }
            if let (Some(loading), Next::Call(call)) = (&mut self.loading, &next) {
                loading.recorder.take(call);
            }
            if let (Some(inventory), Next::Call(call)) = (&mut self.inventory, &next) {
                inventory.look(call);
            }
            let mut kept = !matched.is_empty();
            if let (Some(drifting), Next::Call(call)) = (&mut self.drifting, &next) {
                arena.reset();
                if let Some(alert) = drifting.alert(call, &self.host, &arena) {
                    if let Some(metrics) = &self.metrics {
                        metrics.fired(&alert);
                    }
                    #[cfg(target_os = "linux")]
                    if let Some(responder) = &mut self.responder {
                        responder.fired(&alert, call, &self.host, &arena);
                    }
                    count(&mut self.counts, drift::PRIORITY, drift::NAME);
                    self.teller.take(alert);
                    kept = true;
                }
                #[cfg(target_os = "linux")]
                self.compared();
            }
            if kept {
                drop(next);
                stream.keep();
            }
            meanwhile(self);
        }
        Ok(())
    }

    /// Counts and responds to what was found by content since it was looked last.
    #[cfg(target_os = "linux")]
    fn compared(&mut self) {
        let Some(drifting) = &self.drifting else { return };
        for told in drifting.told() {
            count(&mut self.counts, drift::PRIORITY, drift::NAME);
            if let (Some(responder), Some(target)) = (&mut self.responder, &told.target) {
                responder.fired_at(&told.alert, target);
            }
        }
    }

    fn end(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(left @ 1..) = self.drifting.as_mut().map(drift::Drifting::end) {
            tell(&format!(
                "warning: {left} programs had ended before their content could be compared"
            ));
        }
        #[cfg(target_os = "linux")]
        self.compared();
        self.failures = self.failures.saturating_add(self.teller.end());
        if let Some(inventory) = self.inventory.take() {
            self.failures = self.failures.saturating_add(u64::from(!inventory.end()));
        }
        if self.skipped > MAX_MESSAGES {
            tell(&format!("warning: {} parts of the captures are no events", self.skipped));
        }
        let alerts: u64 = self.counts.values().sum();
        tell(&format!("{} events, {} rules: {alerts} alerts", self.events, self.rules.len()));
        for ((priority, rule), count) in &self.counts {
            tell(&format!("  {count:>6}  {:<13}  {rule}", priority.name()));
        }
        #[cfg(target_os = "linux")]
        if let Some(responder) = self.responder.take() {
            self.failures = self.failures.saturating_add(respond::end(responder));
        }
    }

    fn outcome(&self, fail_on: Option<Priority>) -> Outcome {
        let is_over = |limit| self.counts.keys().any(|(priority, _)| *priority <= limit);
        let gate = if fail_on.is_some_and(is_over) { Outcome::Gate(1) } else { Outcome::Clean };
        let is_whole = self.failures == 0 && (self.skipped == 0 || self.events > 0);
        if is_whole { gate } else { Outcome::Partial }
    }
}

/// Who is told which containers run, where one is named.
fn inventory(plan: &Plan, host: &str) -> anyhow::Result<Option<inventory::Inventory>> {
    let Some(address) = &plan.server else { return Ok(None) };
    let place = plan.place.as_deref().unwrap_or(host);
    if place.is_empty() || place.len() > 200 {
        return Err(Usage("--place is empty or longer than 200 bytes".to_owned()).into());
    }
    inventory::Inventory::start(address, place, plan.captures.is_empty()).map(Some)
}

/// All rules that hold are told, but with settings of Falco, whose own word is the first.
fn matching(plan: &Plan, settings: &Settings) -> Matching {
    let unsaid = if plan.config.is_some() { Matching::First } else { Matching::All };
    plan.matching.unwrap_or(match settings.rule_matching.as_deref() {
        Some("first") => Matching::First,
        Some(_) => Matching::All,
        None => unsaid,
    })
}

/// The counters, and the address that gives them, where one is asked for.
fn metrics(plan: &Plan, settings: &Settings, rules: usize) -> anyhow::Result<Option<Arc<Metrics>>> {
    let mut webserver = settings.webserver.clone();
    if let Some(address) = plan.metrics {
        webserver.listen_address = address.ip().to_string();
        webserver.listen_port = address.port();
        webserver.prometheus_metrics_enabled = true;
        webserver.enabled = true;
    }
    if !webserver.enabled {
        return Ok(None);
    }
    let metrics = Arc::new(Metrics::default());
    metrics.judging(rules);
    let address = plimsoll_outputs::serve(&webserver, Arc::clone(&metrics)).with_context(|| {
        let (address, port) = (&webserver.listen_address, webserver.listen_port);
        format!("cannot tell of health and metrics on {address} port {port}")
    })?;
    tell(&format!("health and metrics are told on http://{address}"));
    Ok(Some(metrics))
}

/// The name of the machine, which `FALCO_HOSTNAME` may give as it does in Falco.
fn host() -> String {
    std::env::var("FALCO_HOSTNAME")
        .ok()
        .filter(|name| !name.is_empty())
        .or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())
        .map_or_else(String::new, |name| name.trim().to_owned())
}
