//! What happens on this machine is judged until somebody interrupts it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context;
use plimsoll_outputs::{DropAction, DropSettings, Limit, RateSettings};
use plimsoll_runtime::event::Stream;
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::loader::Rule;
use plimsoll_runtime::scap::Limits;
use plimsoll_runtime::syscall::Capture;
use plimsoll_sensor::{Gauge, Options, Selection, Stop, Tally, privilege};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::drops::{self, Lost};
use super::{Plan, Watching, respond, teller};
use crate::exit::{Usage, tell};

/// How often it is looked whether events were lost.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often the kernel is told how many processes it may kill.
const ALLOWANCE: Duration = Duration::from_millis(50);
/// So many events are judged before the clock is looked at again.
const EVENTS: u32 = 256;

/// Starts the sensor and judges what it sends.
pub(super) fn run(watch: &mut Watching<'_>, plan: &Plan, rules: &[&Rule]) -> anyhow::Result<()> {
    let selection = selection(rules, plan)?;
    let options =
        Options { selection, buffer: plan.sensor.buffer, ask_runtimes: plan.sensor.ask_runtimes };
    // Before the sensor runs, so that it ends with what it has counted.
    let stop = Stop::default();
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, stop.flag()).context("cannot wait for signals")?;
    }
    let (mut live, gauge) = plimsoll_sensor::start(&options, stop.clone())?;
    let at_call = match &mut watch.responder {
        Some(responder) => respond::at_call(responder, &mut live, rules, watch.all_matches)?,
        None => None,
    };
    if let Some(loading) = &mut watch.loading {
        loading.recorder.begin_live(plimsoll_sensor::mapped_code());
    }
    let malformed = live.malformed();
    let blind = privilege::partly_blind();
    if !blind.is_empty() {
        let blind = blind.join(" and ");
        tell(&format!("warning: without {blind} not all that runs already is known"));
    }
    tell(&format!(
        "watching {} calls with {} rules",
        options.selection.names().count(),
        rules.len()
    ));
    let stop_on_loss = stop.clone();
    if let Some(seconds) = plan.sensor.duration {
        end_after(stop, Duration::from_secs(seconds));
    }
    let mut capture = Capture::new(live, Limits::default()).context("cannot read the sensor")?;
    if let Some(path) = &plan.record {
        let file =
            File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?;
        capture.record(Box::new(BufWriter::new(file)));
    }
    let gauge = Arc::new(gauge);
    if let Some(metrics) = &watch.metrics {
        let (gauge, malformed) = (Arc::clone(&gauge), Arc::clone(&malformed));
        metrics.ask_for_losses(move || all_losses(&gauge, malformed.load(Ordering::Relaxed)));
    }
    let mut losses = Losses::new(gauge, watch.on_loss.clone(), stop_on_loss);
    let mut allowed = Instant::now();
    watch
        .judge(&mut capture, "sensor", &mut |watch| {
            losses.look(watch);
            if let (Some(at_call), Some(responder)) = (&at_call, &mut watch.responder)
                && allowed.elapsed() > ALLOWANCE
            {
                at_call.allow(responder);
                allowed = Instant::now();
            }
        })
        .context("cannot read the sensor")?;
    if let (Some(at_call), Some(responder)) = (&at_call, &watch.responder)
        && let untold @ 1.. = at_call.untold(responder)
    {
        watch.failures = watch.failures.saturating_add(1);
        tell(&format!("error: {untold} processes were killed at a call whose events were lost"));
    }
    let recorded: io::Result<()> = capture.finish();
    recorded.context("cannot write the capture")?;
    losses.end(watch, malformed.load(Ordering::Relaxed));
    Ok(())
}

/// Calls that put other files in the place of an image's.
const CHANGING: [&str; 6] = ["rename", "renameat", "renameat2", "link", "linkat", "symlinkat"];

/// What the rules ask for, and what else is asked.
fn selection(rules: &[&Rule], plan: &Plan) -> Result<Selection, Usage> {
    let with_code = |selection: Selection| match &plan.loaded {
        Some(_) => selection.with_mapped_code(),
        None => selection,
    };
    let mut types: BTreeSet<&str> = BTreeSet::new();
    if plan.image.is_some() {
        types.extend(CHANGING);
    }
    let mut of_calls = 0_u32;
    for rule in rules.iter().filter(|rule| rule.source == Source::Syscall) {
        of_calls = of_calls.saturating_add(1);
        match &rule.event_types {
            Some(named) => types.extend(named.iter().copied()),
            None => return Ok(with_code(Selection::everything())),
        }
    }
    if of_calls == 0 && plan.image.is_none() && plan.loaded.is_none() {
        let why = "none of the rules is about system calls: name a log with --replay";
        return Err(Usage(why.to_owned()));
    }
    let (selection, unknown) = Selection::of(types.into_iter());
    if !unknown.is_empty() {
        let names: Vec<&str> = unknown.iter().map(String::as_str).collect();
        tell(&format!("warning: rules ask for what is not watched: {}", names.join(", ")));
    }
    Ok(with_code(selection))
}

fn end_after(stop: Stop, time: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(time);
        stop.stop();
    });
}

/// What became of all events, by reason and call.
fn all_losses(gauge: &Gauge, malformed: u64) -> plimsoll_outputs::Losses {
    let tally = gauge.tally();
    plimsoll_outputs::Losses {
        made: tally.made,
        truncated: tally.truncated,
        dropped: vec![
            ("malformed", malformed),
            ("ring_full", tally.ring_full),
            ("too_large", tally.too_large),
        ],
        dropped_calls: gauge.lost_by_call(),
    }
}

/// Looks once in a while whether events were lost.
struct Losses {
    gauge: Arc<Gauge>,
    /// What `falco.yaml` says of them; every loss is told where it says nothing.
    asked: Option<(DropSettings, Limit)>,
    stop: Stop,
    told: Tally,
    looked: Instant,
    events: u32,
}

impl Losses {
    fn new(gauge: Arc<Gauge>, asked: Option<DropSettings>, stop: Stop) -> Self {
        let asked = asked.map(|asked| {
            let rate = RateSettings { rate: asked.rate, max_burst: asked.max_burst };
            (asked, Limit::new(rate))
        });
        Self { gauge, asked, stop, told: Tally::default(), looked: Instant::now(), events: 0 }
    }

    /// What is to be done about so many lost events of those that were made.
    #[allow(clippy::cast_precision_loss, reason = "a part of a whole needs no more")]
    fn actions(&mut self, lost: u64, made: u64, now: u64) -> Vec<DropAction> {
        let Some((asked, limit)) = &mut self.asked else { return vec![DropAction::Alert] };
        let part = lost as f64 / made.max(1) as f64;
        if part < asked.threshold || !limit.passes(now) {
            return Vec::new();
        }
        asked.actions.clone()
    }

    fn look(&mut self, watch: &mut Watching<'_>) {
        self.events = self.events.wrapping_add(1);
        if !self.events.is_multiple_of(EVENTS) || self.looked.elapsed() < INTERVAL {
            return;
        }
        self.looked = Instant::now();
        self.tell(watch);
    }

    fn tell(&mut self, watch: &mut Watching<'_>) {
        let tally = self.gauge.tally();
        let since = tally.since(&self.told);
        self.told = tally;
        if since.lost() == 0 {
            return;
        }
        let lost = Lost {
            made: since.made,
            ring_full: since.ring_full,
            too_large: since.too_large,
            calls: self.gauge.lost_by_call(),
        };
        let now = teller::now();
        for action in self.actions(since.lost(), since.made, now) {
            match action {
                DropAction::Ignore => {}
                DropAction::Log => tell(&format!("warning: {} events were lost", since.lost())),
                DropAction::Alert => watch.teller.send(drops::alert(&lost, now, &watch.host)),
                DropAction::Exit => {
                    tell("error: events were lost, at which `syscall_event_drops` ends the watch");
                    self.stop.stop();
                }
            }
        }
    }

    /// Says at the end what became of all events.
    fn end(&mut self, watch: &mut Watching<'_>, malformed: u64) {
        self.tell(watch);
        let tally = self.told;
        tell(&format!(
            "{} events made, {} sent, {} lost ({} ring full, {} too large), {} cut, {} with memory \
             that was not there",
            tally.made,
            tally.sent,
            tally.lost(),
            tally.ring_full,
            tally.too_large,
            tally.truncated,
            tally.faults
        ));
        if tally.lost() > 0 {
            watch.failures = watch.failures.saturating_add(1);
            for (cpu, one) in self.gauge.by_processor().iter().enumerate() {
                if one.lost() > 0 {
                    tell(&format!("  {:>9} lost on processor {cpu}", one.lost()));
                }
            }
            for (call, count) in self.gauge.lost_by_call() {
                tell(&format!("  {count:>9} of {call}"));
            }
        }
        if malformed > 0 {
            watch.failures = watch.failures.saturating_add(1);
            tell(&format!("error: {malformed} records were not what they said"));
        }
    }
}
