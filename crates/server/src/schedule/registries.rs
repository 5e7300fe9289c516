//! Pushes a look at each registry when it is due, and drops what a scan has replaced.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Task;
use super::cron::Times;
use crate::app::App;
use crate::error::Result;
use crate::moment::now;
use crate::registries::retire;
use crate::store::registries;

/// The task.
#[derive(Debug)]
pub(super) struct Watch;

#[async_trait]
impl Task for Watch {
    fn name(&self) -> &'static str {
        "registries"
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn run(&self, app: &Arc<App>) -> Result<()> {
        let all = registries::all(&mut *app.store.read().await?).await?;
        if all.is_empty() {
            return Ok(());
        }
        for registry in all.iter().filter(|it| it.enabled) {
            let next = Times::parse(&registry.schedule, &registry.zone)?.next(now());
            // Later than the next time is what a clock said that was set back since.
            let is_odd = next.is_some_and(|next| registry.due > next);
            if registry.due <= now() {
                app.push(crate::jobs::registry(registry.id)).await?;
            } else if !is_odd {
                continue;
            }
            // A time that comes never again: in a year somebody will have seen it.
            let due = next.unwrap_or_else(|| now().saturating_add(365 * 24 * 3600 * 1000));
            let mut write = app.store.write().await?;
            registries::set_due(&mut write, registry.id, due).await?;
            write.commit().await?;
        }
        let mut write = app.store.write().await?;
        let loose = registries::drop_moved(&mut write).await?;
        retire(&mut write, app.store.dialect(), &loose).await?;
        write.commit().await?;
        Ok(())
    }
}
