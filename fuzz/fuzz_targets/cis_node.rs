//! A machine by the CIS benchmark: one text as its files, one as its command lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_kube::cis::{File, Machine, Process, assess};

struct Made {
    text: Vec<u8>,
    lines: Vec<String>,
}

impl Machine for Made {
    fn file(&self, path: &str) -> Result<Option<File>, String> {
        if path.len() % 7 == 0 {
            return Err(format!("`{path}` cannot be read"));
        }
        let bits = self
            .text
            .iter()
            .take(12)
            .fold(0, |sum: u32, byte| sum.wrapping_mul(8).wrapping_add(u32::from(*byte)));
        Ok(Some(File { mode: bits, uid: bits >> 3, gid: bits >> 5, is_folder: false }))
    }

    fn text(&self, _: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(Some(self.text.clone()))
    }

    fn below(&self, path: &str) -> Result<Vec<String>, String> {
        Ok(vec![format!("{path}/a.crt"), format!("{path}/b.key")])
    }

    fn processes(&self) -> Vec<Process> {
        let command = |line: &String| line.split('\0').map(str::to_owned).collect();
        self.lines.iter().map(|line| Process { id: 1, command: command(line) }).collect()
    }
}

fuzz_target!(|input: (Vec<u8>, Vec<String>)| {
    let (text, lines) = input;
    let found = assess(&Made { text, lines });
    assert_eq!(found.checks.len(), 97);
});
