//! Bodies enter, answers leave: what has to be known is asked for before, in the time there is.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use plimsoll_kube::manifest::Manifest;
use plimsoll_model::Timestamp;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::answer::{Answer, Status};
use crate::apart::apart;
use crate::facts::{Cluster, Facts, ImageFact, ImageJudge, Needs};
use crate::images;
use crate::judge::{judge, needs};
use crate::metrics::Metrics;
use crate::review::{Malformed, Request, Review};
use crate::settings::{Failure, Settings};
use crate::tally::Tally;
use crate::verdicts::Verdicts;

/// How many questions are asked of the API server at a time.
const AT_ONCE: usize = 16;

/// A review of more bytes is judged apart, so that small ones need not wait.
const LARGE: usize = 128 << 10;

/// What answers reviews.
pub struct Engine {
    settings: Arc<Settings>,
    cluster: Arc<dyn Cluster>,
    verdicts: Option<Arc<Verdicts>>,
    clock: fn() -> Timestamp,
    asking: Arc<Semaphore>,
    /// What is counted.
    pub metrics: Metrics,
}

/// What is sent back.
#[derive(Debug)]
pub struct Reply {
    /// As HTTP has it.
    pub code: u16,
    /// The review.
    pub body: Value,
    /// Whether it may be.
    pub allowed: bool,
}

/// Which of the two questions is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// May it be?
    Validate,
    /// What is it changed to?
    Mutate,
}

impl Question {
    fn path(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Mutate => "mutate",
        }
    }
}

impl Engine {
    /// One that judges by `settings`.
    pub fn new(
        settings: Settings,
        cluster: Arc<dyn Cluster>,
        images: Option<Arc<dyn ImageJudge>>,
        clock: fn() -> Timestamp,
    ) -> Self {
        let limits = settings.images.as_ref().map(|images| images.cache).unwrap_or_default();
        Self {
            settings: Arc::new(settings),
            cluster,
            verdicts: images.map(|judge| Arc::new(Verdicts::new(judge, limits))),
            clock,
            asking: Arc::new(Semaphore::new(AT_ONCE)),
            metrics: Metrics::default(),
        }
    }

    /// Whether reviews can be judged.
    pub fn is_ready(&self) -> bool {
        self.cluster.is_ready()
    }

    /// Everything that is counted.
    pub fn metrics_text(&self) -> String {
        let Some(verdicts) = &self.verdicts else { return self.metrics.text(&[]) };
        let counts = &verdicts.counts;
        let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        let size = u64::try_from(verdicts.len()).unwrap_or(u64::MAX);
        self.metrics.text(&[
            (
                "plimsoll_admission_image_cache_hits_total",
                "counter",
                "Verdicts on images that were there.",
                of(&counts.hits),
            ),
            (
                "plimsoll_admission_image_cache_misses_total",
                "counter",
                "Verdicts on images that were not there.",
                of(&counts.misses),
            ),
            (
                "plimsoll_admission_image_failures_total",
                "counter",
                "Images of which no verdict came.",
                of(&counts.failures),
            ),
            (
                "plimsoll_admission_image_cache_entries",
                "gauge",
                "Verdicts on images that are kept.",
                size,
            ),
        ])
    }

    /// The answer to what is no review, or one that cannot be judged: by the mode that the settings
    /// state, with the reason.
    pub fn refuse(&self, reason: &'static str, error: &Malformed, code: u16) -> Reply {
        self.metrics.refused(reason);
        let status = Status::bad_request(error.why.clone());
        let allowed = self.settings.failure == Failure::Open;
        let answer =
            Answer { allowed, ..Answer::denied(status) }.annotated("error", error.why.clone());
        let uid = error.uid.as_deref().unwrap_or_default();
        // Without its identifier no answer counts, and the API server goes by its own mode.
        let code = if error.uid.is_some() { 200 } else { code };
        Reply { code, body: answer.to_json(uid, error.api_version.as_deref()), allowed }
    }

    /// Answers a review.
    pub async fn answer(
        self: &Arc<Self>,
        question: Question,
        body: Vec<u8>,
        until: Instant,
    ) -> Reply {
        if body.len() <= LARGE {
            return self.answer_here(question, &body, until).await;
        }
        let own = Arc::clone(self);
        let handle = tokio::runtime::Handle::current();
        let work = tokio::task::spawn_blocking(move || {
            handle.block_on(own.answer_here(question, &body, until))
        });
        work.await.unwrap_or_else(|_| self.refuse("panic", &nameless("the judgement failed"), 500))
    }

    async fn answer_here(
        self: &Arc<Self>,
        question: Question,
        body: &[u8],
        until: Instant,
    ) -> Reply {
        let began = Instant::now();
        let review = match guarded(|| Review::parse(body)) {
            Some(Ok(review)) => review,
            Some(Err(error)) => return self.refuse("malformed", &error, 400),
            None => return self.refuse("panic", &nameless("the review could not be read"), 500),
        };
        let request = review.request();
        let (answer, tally) = match question {
            Question::Validate => self.validate(&request, until).await,
            Question::Mutate => (self.mutate(&request, until).await, Tally::default()),
        };
        let allowed = answer.allowed;
        self.metrics.answered(&request, question.path(), &tally, allowed, began.elapsed());
        Reply { code: 200, body: answer.to_json(request.uid, None), allowed }
    }

    async fn validate(self: &Arc<Self>, request: &Request<'_>, until: Instant) -> (Answer, Tally) {
        let needs = guarded(|| needs(request, &self.settings)).unwrap_or_default();
        let facts = self.facts(needs, until).await;
        let judged = guarded(|| {
            let mut tally = Tally::default();
            let answer = judge(request, &self.settings, &facts, &mut tally);
            (answer, tally)
        });
        judged.unwrap_or_else(|| {
            let allowed = self.settings.failure == Failure::Open;
            let status = Status::internal("the review could not be judged");
            (Answer { allowed, ..Answer::denied(status) }, Tally::default())
        })
    }

    /// Asks for all that is needed, at once.
    async fn facts(self: &Arc<Self>, needs: Needs, until: Instant) -> Facts {
        let Needs { namespace, pods, images } = needs;
        let labels = async {
            let name = namespace?;
            Some(self.ask(until, move |cluster| cluster.labels(&name)).await)
        };
        let pods = async {
            let name = pods?;
            let list = self.ask(until, move |cluster| cluster.pods(&name)).await;
            Some(list.and_then(|bytes| Manifest::from_json(&bytes)))
        };
        let images = async {
            let mut facts = BTreeMap::new();
            let Some(verdicts) = &self.verdicts else { return facts };
            let asked: Vec<_> = images
                .into_iter()
                .map(|image| {
                    let verdicts = Arc::clone(verdicts);
                    tokio::spawn(async move { (verdicts.of(&image, until).await, image) })
                })
                .collect();
            for one in asked {
                if let Ok((fact, image)) = one.await {
                    facts.insert(image, fact);
                }
            }
            facts
        };
        let (namespace, pods, images) = tokio::join!(labels, pods, images);
        Facts { now: (self.clock)(), namespace, pods, images }
    }

    /// Asks the API server in the time there is.
    async fn ask<T: Send + 'static>(
        &self,
        until: Instant,
        question: impl FnOnce(&dyn Cluster) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let cluster = Arc::clone(&self.cluster);
        let asking = Arc::clone(&self.asking);
        let work = apart(asking, move || question(&*cluster));
        let answer = tokio::time::timeout_at(until.into(), work).await;
        answer.unwrap_or_else(|_| Err("the API server did not answer in time".into()))
    }

    /// The digests that the images of a pod get. Whoever cannot be asked changes nothing: whether the
    /// pod may be is the other question.
    async fn mutate(self: &Arc<Self>, request: &Request<'_>, until: Instant) -> Answer {
        let mut answer = Answer::allowed();
        let Some(verdicts) = &self.verdicts else { return answer };
        let named = guarded(|| images::to_pin(request, &self.settings)).unwrap_or_default();
        let mut asked = Vec::new();
        for image in named {
            let verdicts = Arc::clone(verdicts);
            asked.push(tokio::spawn(
                async move { (verdicts.digest(&image.name, until).await, image) },
            ));
        }
        for one in asked {
            match one.await {
                Ok((Ok(digest), image)) => {
                    answer.patch.push((image.pointer, format!("{}@{digest}", image.name)));
                }
                Ok((Err(why), image)) => {
                    let text = format!("image `{}` is not pinned by digest: {why}", image.name);
                    answer.warnings.push(text);
                }
                Err(_) => {}
            }
        }
        answer
    }

    /// How long an answer may take: as the API server asks, but not longer than the settings say, and
    /// with a margin for the way back.
    pub fn time(&self, asked: Option<Duration>) -> Duration {
        let limit = self.settings.timeout.0;
        let time = asked.map_or(limit, |asked| asked.min(limit));
        time.saturating_sub((time / 10).min(Duration::from_millis(500)))
    }
}

fn nameless(why: &str) -> Malformed {
    Malformed { uid: None, api_version: None, why: why.to_owned() }
}

/// What a function says, or nothing where it fails: one review must not cost the others.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Judges one review whose facts are at hand, as a server would.
pub fn answer_at_once(
    body: &[u8],
    settings: &Settings,
    now: Timestamp,
    labels: impl Fn(&str) -> Result<BTreeMap<String, String>, String>,
    image: impl Fn(&str) -> ImageFact,
) -> Result<Answer, Malformed> {
    let review = Review::parse(body)?;
    let request = review.request();
    let needs = needs(&request, settings);
    let facts = Facts {
        now,
        namespace: needs.namespace.as_deref().map(&labels),
        pods: needs.pods.map(|_| Err("there is no cluster".to_owned())),
        images: needs.images.into_iter().map(|name| (name.clone(), image(&name))).collect(),
    };
    Ok(judge(&request, settings, &facts, &mut Tally::default()))
}
