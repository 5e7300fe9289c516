//! `plimsoll serve` beside a test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::machine::Machine;

/// A server, which ends with the test.
pub(crate) struct Serving {
    child: Child,
    /// Host and port of its API.
    pub(crate) host: String,
}

impl Serving {
    /// With the advisories of a machine.
    pub(crate) fn on(machine: &Machine) -> Self {
        let mut child = machine
            .command()
            .args(["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"])
            .args(["--introspection", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.starts_with("listening on http://")).unwrap();
        let host = line.rsplit_once("http://").unwrap().1.to_owned();
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, host }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.host)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
