//! Figures of the whole estate, kept until they are no longer true.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::app::App;
use crate::error::Result;
use crate::store::estate::{self, Figures};

/// Up to here whoever asks waits for new figures; where they take longer, the ones of before are shown
/// meanwhile.
const QUICK: Duration = Duration::from_millis(40);

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
}

impl Ui {
    /// Figures of the estate. They are at most as old as the time that they take, five times; right
    /// after a start they may be those that were kept before.
    pub(super) async fn figures(&self, app: &Arc<App>) -> Result<Arc<Figures>> {
        let mark = estate::mark(&mut *app.store.read().await?).await?;
        self.recall(app).await?;
        let (known, took, began) = {
            let kept = self.kept.lock().await;
            (kept.figures.clone(), kept.took, kept.began)
        };
        let Some(known) = known else { return self.renew(app).await };
        if known.mark == mark {
            return Ok(known);
        }
        if took < QUICK {
            return self.renew(app).await;
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
    async fn recall(&self, app: &Arc<App>) -> Result<()> {
        let mut kept = self.kept.lock().await;
        if kept.figures.is_none() {
            kept.figures = Figures::kept(&app.store).await?.map(Arc::new);
            kept.took = QUICK;
        }
        Ok(())
    }

    async fn renew(&self, app: &Arc<App>) -> Result<Arc<Figures>> {
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
}
