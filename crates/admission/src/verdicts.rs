//! Verdicts on images, kept by name and digest.
//!
//! What many ask at once is asked once; what takes longer than who asked can wait goes on and is
//! there for whoever asks next. The number of verdicts and of questions at a time is bounded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_model::{Digest, ImageName};
use tokio::sync::{Semaphore, watch};

use crate::apart::apart;
use crate::facts::{ImageFact, ImageJudge, ImageVerdict};
use crate::settings::Cache;

/// How many questions are asked of registries at a time.
const AT_ONCE: usize = 32;

/// How long nobody is asked again where no answer came.
const FAILED: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
enum Value {
    Digest(Digest),
    Verdict(Arc<ImageVerdict>),
}

type Known = Result<Value, String>;

enum Slot {
    Known {
        at: Instant,
        value: Known,
        /// The answer before, where this is none.
        before: Option<(Instant, Value)>,
    },
    Asked {
        answer: watch::Receiver<Option<Known>>,
        before: Option<(Instant, Value)>,
    },
}

/// How often a verdict was there.
#[derive(Debug, Default)]
pub struct Counts {
    /// It was.
    pub hits: AtomicU64,
    /// It was not.
    pub misses: AtomicU64,
    /// No answer came.
    pub failures: AtomicU64,
}

/// The verdicts.
pub struct Verdicts {
    judge: Arc<dyn ImageJudge>,
    limits: Cache,
    slots: Mutex<HashMap<String, Slot>>,
    asking: Arc<Semaphore>,
    /// How often a verdict was there.
    pub counts: Counts,
}

impl Verdicts {
    /// None yet.
    pub fn new(judge: Arc<dyn ImageJudge>, limits: Cache) -> Self {
        let asking = Arc::new(Semaphore::new(AT_ONCE));
        Self { judge, limits, slots: Mutex::default(), asking, counts: Counts::default() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The digest that a name stands for.
    pub async fn digest(self: &Arc<Self>, image: &str, until: Instant) -> Result<Digest, String> {
        let judge = Arc::clone(&self.judge);
        let name = image.to_owned();
        let ask = move || judge.resolve(&name).map(Value::Digest);
        match self.value(format!("tag {image}"), self.limits.tags.0, until, ask).await? {
            Value::Digest(digest) => Ok(digest),
            Value::Verdict(verdict) => Ok(verdict.digest.clone()),
        }
    }

    /// What is known of an image.
    pub async fn of(self: &Arc<Self>, image: &str, until: Instant) -> ImageFact {
        match self.verdict(image, until).await {
            Ok(verdict) => ImageFact::Judged(verdict),
            Err(why) => ImageFact::Unknown(why),
        }
    }

    async fn verdict(
        self: &Arc<Self>,
        image: &str,
        until: Instant,
    ) -> Result<Arc<ImageVerdict>, String> {
        let name: ImageName = image.parse().map_err(|error| format!("{error}"))?;
        let digest = match name.digest() {
            Some(digest) => digest.clone(),
            None => self.digest(image, until).await?,
        };
        let judge = Arc::clone(&self.judge);
        let key = match name.digest() {
            Some(_) => name.to_string(),
            None => format!("{name}@{digest}"),
        };
        let image = image.to_owned();
        let ask = move || judge.judge(&image, &digest).map(|it| Value::Verdict(Arc::new(it)));
        match self.value(key, self.limits.passes.0, until, ask).await? {
            Value::Verdict(verdict) => Ok(verdict),
            Value::Digest(_) => Err("a digest where a verdict was asked for".into()),
        }
    }

    /// How long an answer counts.
    fn life(&self, value: &Known, life: Duration) -> Duration {
        match value {
            Ok(Value::Verdict(verdict)) if !verdict.violations.is_empty() => {
                self.limits.refusals.0.min(life)
            }
            Ok(_) => life,
            Err(_) => FAILED,
        }
    }

    async fn value(
        self: &Arc<Self>,
        key: String,
        life: Duration,
        until: Instant,
        ask: impl FnOnce() -> Known + Send + 'static,
    ) -> Known {
        let mut answer = match self.begin(key, life, ask) {
            Begun::Known(value) => return value,
            Begun::Asked(answer) => answer,
        };
        let wait = async {
            loop {
                if let Some(value) = answer.borrow_and_update().clone() {
                    return value;
                }
                if answer.changed().await.is_err() {
                    return Err("nobody answers".to_owned());
                }
            }
        };
        match tokio::time::timeout_at(until.into(), wait).await {
            Ok(value) => value,
            Err(_) => Err("no answer came in time from its registry".into()),
        }
    }

    fn begin(
        self: &Arc<Self>,
        key: String,
        life: Duration,
        ask: impl FnOnce() -> Known + Send + 'static,
    ) -> Begun {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = None;
        match slots.get(&key) {
            Some(Slot::Known { at, value, before }) if at.elapsed() < self.life(value, life) => {
                self.counts.hits.fetch_add(1, Ordering::Relaxed);
                let stale = if value.is_err() { self.stale(before.as_ref(), life) } else { None };
                return Begun::Known(stale.map_or_else(|| value.clone(), Ok));
            }
            Some(Slot::Asked { answer, .. }) => return Begun::Asked(answer.clone()),
            Some(Slot::Known { at, value: Ok(value), .. }) => before = Some((*at, value.clone())),
            Some(Slot::Known { before: older, .. }) => before.clone_from(older),
            None => {}
        }
        self.counts.misses.fetch_add(1, Ordering::Relaxed);
        self.make_room(&mut slots);
        let (tell, answer) = watch::channel(None);
        slots.insert(key.clone(), Slot::Asked { answer: answer.clone(), before });
        drop(slots);
        let own = Arc::clone(self);
        tokio::spawn(async move {
            let value = apart(Arc::clone(&own.asking), ask).await;
            let _ = tell.send(Some(own.keep(key, life, value)));
        });
        Begun::Asked(answer)
    }

    /// Keeps an answer; where it is none, the one before may stand in for it.
    fn keep(&self, key: String, life: Duration, value: Known) -> Known {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match slots.remove(&key) {
            Some(Slot::Asked { before, .. } | Slot::Known { before, .. }) => before,
            None => None,
        };
        let said = if value.is_err() {
            self.counts.failures.fetch_add(1, Ordering::Relaxed);
            self.stale(before.as_ref(), life).map_or_else(|| value.clone(), Ok)
        } else {
            value.clone()
        };
        let before = before.filter(|_| value.is_err());
        slots.insert(key, Slot::Known { at: Instant::now(), value, before });
        said
    }

    /// The answer before, where it may stand in for none.
    fn stale(&self, before: Option<&(Instant, Value)>, life: Duration) -> Option<Value> {
        let (since, value) = before?;
        let holds = match value {
            Value::Verdict(verdict) => verdict.violations.is_empty(),
            Value::Digest(_) => true,
        };
        let horizon = life.saturating_add(self.limits.stale.0);
        (holds && since.elapsed() < horizon).then(|| value.clone())
    }

    /// Takes away the oldest quarter where there is no more room.
    fn make_room(&self, slots: &mut HashMap<String, Slot>) {
        if slots.len() < self.limits.entries {
            return;
        }
        let mut times: Vec<Instant> = slots
            .values()
            .filter_map(|slot| if let Slot::Known { at, .. } = slot { Some(*at) } else { None })
            .collect();
        times.sort_unstable();
        let Some(end) = times.get(times.len() / 4).copied() else { return };
        slots.retain(|_, slot| !matches!(slot, Slot::Known { at, .. } if *at <= end));
    }
}

enum Begun {
    Known(Known),
    Asked(watch::Receiver<Option<Known>>),
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use plimsoll_supply::image_policy::Glob;

    use super::*;
    use crate::facts::{ImageRule, ImageViolation};
    use crate::settings::Length;

    #[derive(Default)]
    struct Registry {
        asked: AtomicU64,
        is_down: AtomicBool,
        slow: Duration,
    }

    impl ImageJudge for Registry {
        fn resolve(&self, _: &str) -> Result<Digest, String> {
            self.judge("", &Digest::sha256(&[7; 32])).map(|verdict| verdict.digest)
        }

        fn judge(&self, image: &str, digest: &Digest) -> Result<ImageVerdict, String> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(self.slow);
            if self.is_down.load(Ordering::SeqCst) {
                return Err("it is down".into());
            }
            let unsigned = Glob::parse("**/bad*").unwrap().matches(image);
            let violation = ImageViolation {
                rule: ImageRule::Signature,
                why: "is not signed".into(),
                warns: false,
            };
            let violations = if unsigned { vec![violation] } else { Vec::new() };
            Ok(ImageVerdict { digest: digest.clone(), violations })
        }
    }

    fn milliseconds(number: u64) -> Length {
        Length(Duration::from_millis(number))
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    fn verdicts(registry: Registry, limits: Cache) -> (Arc<Registry>, Arc<Verdicts>) {
        let registry = Arc::new(registry);
        let judge: Arc<dyn ImageJudge> = Arc::<Registry>::clone(&registry);
        (registry, Arc::new(Verdicts::new(judge, limits)))
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn what_many_ask_at_once_is_asked_once() {
        run(async {
            let slow = Registry { slow: Duration::from_millis(50), ..Registry::default() };
            let (registry, verdicts) = verdicts(slow, Cache::default());
            let image = format!("registry.example/app@sha256:{}", "0".repeat(64));
            let all: Vec<_> = (0..50)
                .map(|_| {
                    let (verdicts, image) = (Arc::clone(&verdicts), image.clone());
                    tokio::spawn(async move { verdicts.of(&image, soon()).await })
                })
                .collect();
            for one in all {
                assert!(matches!(one.await.unwrap(), ImageFact::Judged(_)));
            }
            assert_eq!(registry.asked.load(Ordering::SeqCst), 1);
        });
    }

    #[test]
    fn what_takes_too_long_is_there_for_whoever_asks_next() {
        run(async {
            let slow = Registry { slow: Duration::from_millis(150), ..Registry::default() };
            let (registry, verdicts) = verdicts(slow, Cache::default());
            let image = format!("registry.example/app@sha256:{}", "0".repeat(64));
            let now = Instant::now() + Duration::from_millis(20);
            assert!(matches!(verdicts.of(&image, now).await, ImageFact::Unknown(_)));
            assert!(matches!(verdicts.of(&image, soon()).await, ImageFact::Judged(_)));
            assert_eq!(registry.asked.load(Ordering::SeqCst), 1);
        });
    }

    #[test]
    fn a_pass_that_is_over_stands_in_while_the_registry_is_away_only_as_long_as_is_said() {
        run(async {
            let limits = Cache { passes: milliseconds(1), ..Cache::default() };
            let image = format!("registry.example/app@sha256:{}", "0".repeat(64));
            for (stale, wanted) in [(0, false), (60_000, true)] {
                let limits = Cache { stale: milliseconds(stale), ..limits };
                let (registry, verdicts) = verdicts(Registry::default(), limits);
                assert!(matches!(verdicts.of(&image, soon()).await, ImageFact::Judged(_)));
                registry.is_down.store(true, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
                for _ in 0..2 {
                    let fact = verdicts.of(&image, soon()).await;
                    assert_eq!(matches!(fact, ImageFact::Judged(_)), wanted, "{fact:?}");
                }
            }
        });
    }

    #[test]
    fn the_number_of_verdicts_is_bounded() {
        run(async {
            let limits = Cache { entries: 8, ..Cache::default() };
            let (_, verdicts) = verdicts(Registry::default(), limits);
            for number in 0..50 {
                let image = format!("registry.example/app@sha256:{number:064}");
                verdicts.of(&image, soon()).await;
            }
            assert!(verdicts.len() <= 8, "{}", verdicts.len());
        });
    }
}
