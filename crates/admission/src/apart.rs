//! Questions that wait for somebody else's answer, on threads of their own.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Asks on a thread that may wait, as soon as one of the places in `asking` is free; the place is
/// held until the answer is there, even where nobody waits for it any longer.
pub(crate) async fn apart<T: Send + 'static>(
    asking: Arc<Semaphore>,
    question: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let permit = asking.acquire_owned().await.map_err(|_| "nothing is asked any more")?;
    let work = tokio::task::spawn_blocking(move || {
        let answer = question();
        drop(permit);
        answer
    });
    work.await.map_err(|_| "the question failed")?
}
