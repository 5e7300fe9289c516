//! A mistake of ours in one job or task ends that one, and not whoever would do the next.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use crate::error::{Error, Result};

/// Does some work; a panic in it is an error.
pub(crate) async fn caught<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    // What the work shares is locks, which are taken however they were left, and the store, where a
    // transaction that was not committed never was.
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => done,
        Err(why) => Err(Error::Panicked(said(&*why))),
    }
}

fn said(why: &(dyn Any + Send)) -> String {
    let text = why.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| why.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_that_says_what_it_said() {
        let number = 7;
        let error = caught::<()>(async move { panic!("number {number}") }).await.unwrap_err();
        assert!(error.to_string().ends_with("number 7"), "{error}");
        assert_eq!(caught(async { Ok(1) }).await.unwrap(), 1);
    }
}
