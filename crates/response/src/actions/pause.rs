//! Stops every process of a container where it stands: the freezer of control groups, version 1 or 2.

use std::fs;
use std::time::{Duration, Instant};

use super::{Action, Done, Order, Outcome, group};

/// How long it may take until all of them stand.
const PATIENCE: Duration = Duration::from_millis(500);

/// The freezer of the container's control group.
#[derive(Debug)]
pub(super) struct Pause;

impl Action for Pause {
    fn name(&self) -> &'static str {
        "pause"
    }

    fn needs(&self) -> &'static [(&'static str, u32)] {
        &[("CAP_DAC_OVERRIDE", 1)]
    }

    fn plan(&self, order: &Order<'_>) -> String {
        match group(order) {
            Ok(group) => format!("write {} to {}", group.words().0, group.file().display()),
            Err(done) => format!("pause nothing: {}", done.detail),
        }
    }

    fn act(&self, order: &Order<'_>) -> Done {
        let group = match group(order) {
            Ok(group) => group,
            Err(done) => return done,
        };
        if group.is_frozen() {
            return Done::of(Outcome::Already, "the container is paused");
        }
        let (stop, go) = group.words();
        let file = group.file();
        let undo = format!("echo {go} > {}", file.display());
        if let Err(error) = fs::write(&file, stop) {
            let why = format!("`{}` cannot be written: {error}", file.display());
            return Done::of(Outcome::Failed, why);
        }
        let begun = Instant::now();
        while !group.is_frozen() {
            if begun.elapsed() > PATIENCE {
                let why = "not every process of the container stands yet";
                return Done::of(Outcome::Failed, why).undone_by(undo);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Done::new("every process of the container stands").undone_by(undo)
    }
}
