//! Alerts enter, and what their responses say is done: what only kills at once, everything else by a
//! thread of its own, so that events are not held up.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use plimsoll_runtime::alert::Alert;
use plimsoll_runtime::event::{Arena, Event};
use plimsoll_runtime::loader::Rule;

use crate::actions::{Done, Order, Outcome};
use crate::allowance::{Account, Allowance};
use crate::guard::Guard;
use crate::journal::{Journal, Result as ActionResult, Subject};
use crate::policy::{Policy, Response, Scope};
use crate::process::{Absent, Clock, Living};
use crate::switch::Switch;
use crate::target::{Observer, Target};

/// How many responses wait for the thread that takes them.
const WAITING: usize = 64;
/// How long that thread is waited for at the end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether and how responses act.
pub struct Orders {
    /// Otherwise it is said what would be done.
    pub enforce: bool,
    /// Stops them.
    pub switch: Switch,
}

/// Asks whether the kernel has killed a process, by its number and the time of its event.
type Killed = Box<dyn FnMut(i32, u64) -> bool + Send>;

/// Responds to alerts.
pub struct Responder {
    shared: std::sync::Arc<Shared>,
    orders: Orders,
    observer: Observer,
    guard: Guard,
    clock: Clock,
    allowance: Allowance,
    killed_at_call: Option<Killed>,
    work: Option<SyncSender<Job>>,
    worker: Option<JoinHandle<()>>,
}

struct Shared {
    policy: Policy,
    journal: Journal,
    switch: Switch,
}

/// A response that is to be taken.
struct Job {
    /// Which response.
    at: usize,
    rule: String,
    priority: &'static str,
    target: Target,
    living: Result<Living, Absent>,
    enforce: bool,
    is_own_container: bool,
}

impl Responder {
    /// Responds by a policy from now on.
    ///
    /// # Errors
    /// Where no thread can be made.
    pub fn new(policy: Policy, orders: Orders, journal: Journal) -> std::io::Result<Self> {
        let shared = std::sync::Arc::new(Shared { policy, journal, switch: orders.switch.clone() });
        let (work, jobs) = sync_channel::<Job>(WAITING);
        let of_worker = std::sync::Arc::clone(&shared);
        let worker = thread::Builder::new().name("responses".to_owned()).spawn(move || {
            while let Ok(job) = jobs.recv() {
                of_worker.take(&job, None);
            }
        })?;
        Ok(Self {
            shared,
            orders,
            observer: Observer::new(),
            guard: Guard::new(),
            clock: Clock::new(),
            allowance: Allowance::default(),
            killed_at_call: None,
            work: Some(work),
            worker: Some(worker),
        })
    }

    /// Whether it acts.
    pub fn enforces(&self) -> bool {
        self.orders.enforce
    }

    /// What stops it.
    pub fn switch(&self) -> Switch {
        self.orders.switch.clone()
    }

    /// Processes that are never killed, by their numbers.
    pub fn spared(&self) -> Vec<i32> {
        self.guard.spared().collect()
    }

    /// Which responses the kernel may take by itself for a rule: those that only kill, whatever the
    /// event has. The number of the response and whose processes it may touch.
    pub fn kills(&self, rule: &Rule) -> Option<(usize, Scope)> {
        let tags: Vec<String> = rule.tags.iter().cloned().collect();
        let responses = self.shared.policy.responses.iter().enumerate();
        let meant =
            responses.filter(|(_, it)| it.matches.is_of_rule(&rule.name, rule.priority, &tags));
        let mut meant = meant.peekable();
        // Another response may have to read of the process what is gone once it is dead.
        let (at, first) = meant.next()?;
        let alone = meant.all(|(_, it)| it.only_kills());
        let may = first.only_kills() && alone && !first.matches.looks_at_fields() && !first.dry_run;
        may.then_some((at, first.scope))
    }

    /// How many more the kernel may kill at the moment for each of some responses, by how many it has
    /// killed since the begin.
    pub fn shares(&mut self, executed: &[(usize, u64)]) -> Vec<u32> {
        if self.orders.switch.off().is_some() || !self.orders.enforce {
            return vec![0; executed.len()];
        }
        let own = |at: usize| self.shared.policy.responses.get(at).map_or(0, |it| it.limit);
        let account = |&(response, executed): &(usize, u64)| Account {
            response,
            own: own(response),
            executed,
        };
        let accounts: Vec<Account> = executed.iter().map(account).collect();
        self.allowance.share(Instant::now(), self.shared.policy.limit, &accounts)
    }

    /// How the kernel is asked whether it has killed a process already.
    pub fn ask_kernel(&mut self, killed: Killed) {
        self.killed_at_call = Some(killed);
    }

    /// How many of the kernel's kills were noted.
    pub fn noted_kills(&self) -> u64 {
        self.allowance.noted()
    }

    /// Responds to an alert about an event.
    pub fn fired(&mut self, alert: &Alert, event: &dyn Event, host: &str, arena: &Arena) {
        let is_meant = |response: &Response| {
            response.matches.is_of_rule(&alert.rule, alert.priority, &alert.tags)
        };
        if self.shared.policy.responses.iter().any(is_meant)
            && let Some(target) = self.observer.target(event, host, arena)
        {
            self.fired_at(alert, &target);
        }
    }

    /// Responds to an alert about a process that was noted before.
    pub fn fired_at(&mut self, alert: &Alert, target: &Target) {
        let shared = std::sync::Arc::clone(&self.shared);
        for (at, response) in shared.policy.responses.iter().enumerate() {
            if response.matches.is_of_rule(&alert.rule, alert.priority, &alert.tags)
                && response.matches.holds(alert, target)
            {
                self.respond(at, response, alert, target);
            }
        }
    }

    fn respond(&mut self, at: usize, response: &Response, alert: &Alert, target: &Target) {
        let subject = Subject {
            rule: &alert.rule,
            priority: alert.priority.name(),
            response: &response.name,
            target,
        };
        let shared = std::sync::Arc::clone(&self.shared);
        let not = |result: ActionResult, why: String| {
            for action in &response.actions {
                let done = Done { result: Outcome::Refused, detail: why.clone(), undo: Vec::new() };
                shared.journal.write(&subject, action.name(), &done, Some(result));
            }
        };
        let living = Living::open(target, &self.clock);
        let enforce = self.orders.enforce && !response.dry_run;
        let killed = enforce
            && response.only_kills()
            && self.killed_at_call.as_mut().is_some_and(|killed| killed(target.pid, target.time));
        if killed {
            self.allowance.note(at);
        }
        if !killed
            && let Some(why) = self.guard.refuses(target, response.scope, living.as_ref().ok())
        {
            return not(ActionResult::Refused, why);
        }
        if enforce
            && !killed
            && let Some(why) = self.orders.switch.off()
        {
            return not(ActionResult::Off, why);
        }
        let limit = self.shared.policy.limit;
        // What the kernel has done counts, and is noted whatever is left.
        if !self.allowance.take(Instant::now(), limit, at, response.limit) && !killed {
            let why = format!("more than {limit} a minute, or {} of this response", response.limit);
            return not(ActionResult::Limited, why);
        }
        let job = Job {
            at,
            rule: alert.rule.clone(),
            priority: alert.priority.name(),
            target: target.clone(),
            living,
            enforce,
            is_own_container: self.guard.is_own_container(target),
        };
        if response.only_kills() {
            let at_call = Done {
                result: Outcome::Done,
                detail: "the kernel sent SIGKILL at the call itself".to_owned(),
                undo: Vec::new(),
            };
            self.shared.take(&job, killed.then_some(&at_call));
            return;
        }
        let Some(work) = &self.work else { return };
        match work.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                not(ActionResult::Limited, format!("{WAITING} responses wait already"));
            }
            Err(TrySendError::Disconnected(_)) => {
                not(ActionResult::Failed, "the thread of responses has ended".to_owned());
            }
        }
    }

    /// Waits for what is being done, for some time. What is not done by then counts as a line that could
    /// not be written.
    pub fn end(&mut self) -> Journal {
        self.work = None;
        if let Some(worker) = self.worker.take() {
            let begun = Instant::now();
            while !worker.is_finished() && begun.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(5));
            }
            if !worker.is_finished() || worker.join().is_err() {
                self.shared.journal.lose();
            }
        }
        self.shared.journal.clone()
    }
}

impl Shared {
    /// Takes the actions of a response one after the other, or notes what would be done.
    fn take(&self, job: &Job, instead: Option<&Done>) {
        let Some(response) = self.policy.responses.get(job.at) else { return };
        let subject = Subject {
            rule: &job.rule,
            priority: job.priority,
            response: &response.name,
            target: &job.target,
        };
        let order = Order {
            target: &job.target,
            living: job.living.as_ref(),
            folder: &self.policy.folder,
            max_size: self.policy.max_size,
            max_folder: self.policy.max_folder,
            is_own_container: job.is_own_container,
            rule: &job.rule,
        };
        for action in &response.actions {
            let plain = |detail| Done { result: Outcome::Refused, detail, undo: Vec::new() };
            let (done, result) = if !job.enforce {
                (plain(format!("would {}", action.plan(&order))), Some(ActionResult::DryRun))
            } else if let Some(done) = instead {
                (done.clone(), None)
            } else if let Some(why) = self.switch.off() {
                (plain(why), Some(ActionResult::Off))
            } else {
                (action.act(&order), None)
            };
            self.journal.write(&subject, action.name(), &done, result);
        }
    }
}
