//! Ends a process at once.

use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

use super::{Action, Done, Order, Outcome};

/// SIGKILL to the process by its descriptor, never by its number.
#[derive(Debug)]
pub(super) struct Kill;

impl Action for Kill {
    fn name(&self) -> &'static str {
        "kill"
    }

    fn needs(&self) -> &'static [(&'static str, u32)] {
        &[("CAP_KILL", 5)]
    }

    fn plan(&self, order: &Order<'_>) -> String {
        format!("send SIGKILL to {}", order.target.words())
    }

    fn act(&self, order: &Order<'_>) -> Done {
        let living = match order.living {
            Ok(living) => living,
            Err(absent) => return Done::absent(absent),
        };
        match pidfd_send_signal(&living.fd, Signal::KILL) {
            Ok(()) => Done::new("SIGKILL was sent"),
            Err(Errno::SRCH) => Done::of(Outcome::Gone, "the process has ended"),
            Err(error) => Done::of(Outcome::Failed, format!("SIGKILL was not sent: {error}")),
        }
    }
}
