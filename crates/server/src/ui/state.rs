//! Figures of the whole estate, kept until they are no longer true.
//!
//! The very first ones take seconds where there are many images. Whoever asks for them waits a moment,
//! and is told to come again where that is not enough ([`Failure::counting`]).

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::visit::Failure;
use crate::app::App;
use crate::compliance::Checks;
use crate::error::{Error, Result as Done};
use crate::panics::caught;
use crate::store::estate::{self, Figures, QUICK};

/// Up to here whoever asks waits where there is nothing yet.
const FIRST: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
struct Kept {
    figures: Option<Arc<Figures>>,
    took: Duration,
    began: Option<Instant>,
}

/// What the pages keep between requests.
#[derive(Debug, Clone, Default)]
pub struct Ui {
    kept: Arc<Mutex<Kept>>,
    work: Arc<Mutex<()>>,
    checking: Arc<Mutex<()>>,
}

impl Ui {
    /// Figures of the estate. Up to [`QUICK`] whoever asks waits for new ones; where they take longer, the
    /// ones of before are shown meanwhile. They are at most as old as the time that they take, five times; right
    /// after a start they may be those that were kept before.
    pub(super) async fn figures(&self, app: &Arc<App>) -> Result<Arc<Figures>, Failure> {
        self.figures_in(app, FIRST).await
    }

    /// The same for a page that says more where there are some, and does not wait for the first.
    pub(super) async fn figures_if_any(&self, app: &Arc<App>) -> Option<Arc<Figures>> {
        self.figures_in(app, QUICK).await.ok()
    }

    async fn figures_in(&self, app: &Arc<App>, wait: Duration) -> Result<Arc<Figures>, Failure> {
        let mark = estate::mark(&mut *app.store.read().await?).await?;
        self.recall(app).await?;
        let (known, took, began) = {
            let kept = self.kept.lock().await;
            (kept.figures.clone(), kept.took, kept.began)
        };
        let Some(known) = known else {
            let (ui, app) = (self.clone(), Arc::clone(app));
            return soon(wait, async move { ui.renew(&app).await }).await;
        };
        if known.mark == mark {
            return Ok(known);
        }
        if took < QUICK {
            return Ok(self.renew(app).await?);
        }
        if began.is_none_or(|began| began.elapsed() > took * 5) {
            let (ui, app) = (self.clone(), Arc::clone(app));
            self.kept.lock().await.began = Some(Instant::now());
            tokio::spawn(async move {
                if let Err(error) = ui.renew(&app).await {
                    app.tell(&format!("pages: {error}"));
                }
            });
        }
        Ok(known)
    }

    /// Takes up what was kept before the start. Only what took long is kept at all.
    async fn recall(&self, app: &Arc<App>) -> Done<()> {
        let mut kept = self.kept.lock().await;
        if kept.figures.is_none() {
            kept.figures = Figures::kept(&app.store).await?.map(Arc::new);
            kept.took = QUICK;
        }
        Ok(())
    }

    async fn renew(&self, app: &Arc<App>) -> Done<Arc<Figures>> {
        let _one = self.work.lock().await;
        let mark = estate::mark(&mut *app.store.read().await?).await?;
        if let Some(known) = self.kept.lock().await.figures.clone().filter(|it| it.mark == mark) {
            return Ok(known);
        }
        let began = Instant::now();
        let figures = Arc::new(Figures::of(&app.store).await?);
        let took = began.elapsed();
        if took >= QUICK {
            figures.keep(&app.store).await?;
        }
        *self.kept.lock().await =
            Kept { figures: Some(Arc::clone(&figures)), took, began: Some(began) };
        Ok(figures)
    }

    /// What came of the last look at all images, which metrics tell too; where nobody has looked yet,
    /// somebody does now.
    pub(super) async fn checks(&self, app: &Arc<App>) -> Result<Checks, Failure> {
        if let Some(kept) = Checks::kept(&mut *app.store.read().await?).await? {
            return Ok(kept);
        }
        let (ui, app) = (self.clone(), Arc::clone(app));
        soon(FIRST, async move {
            let _one = ui.checking.lock().await;
            if let Some(kept) = Checks::kept(&mut *app.store.read().await?).await? {
                return Ok(kept);
            }
            app.metrics.measure(&app).await?;
            Ok(Checks::kept(&mut *app.store.read().await?).await?.unwrap_or_default())
        })
        .await
    }
}

/// Waits for work as long as that; where it is not enough the work goes on by itself.
async fn soon<T: Send + 'static>(
    wait: Duration,
    work: impl Future<Output = Done<T>> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::time::timeout(wait, tokio::spawn(caught(work))).await {
        Ok(done) => Ok(done.map_err(Error::from)??),
        Err(_) => Err(Failure::counting()),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{StatusCode, header};
    use axum::response::IntoResponse;

    use super::*;

    #[tokio::test]
    async fn what_takes_long_goes_on_and_whoever_asked_is_told_to_come_again() {
        let (send, done) = tokio::sync::oneshot::channel();
        let wait = Duration::from_millis(10);
        let asked = soon(wait, async move {
            tokio::time::sleep(wait * 10).await;
            send.send(7).map_err(|_| Error::Damaged("the test"))
        });
        let response = asked.await.unwrap_err().into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::REFRESH], "3");
        assert_eq!(response.headers()[header::RETRY_AFTER], "3");
        assert_eq!(done.await, Ok(7));
        assert_eq!(soon(FIRST, async { Ok(1) }).await.unwrap(), 1);
    }
}
