//! TUF metadata of any bytes: a root, and a whole repository that hands the same bytes out under
//! every name.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use plimsoll_model::Timestamp;
use plimsoll_supply::tuf::{Client, Repository, check_root};

struct Same<'a>(&'a [u8]);

impl Repository for Same<'_> {
    fn metadata(&mut self, name: &str, _: u64) -> Result<Option<Vec<u8>>, String> {
        Ok((!name.ends_with("root.json")).then(|| self.0.to_vec()))
    }

    fn target(&mut self, _: &str, _: u64) -> Result<Option<Vec<u8>>, String> {
        Ok(Some(self.0.to_vec()))
    }
}

fuzz_target!(|bytes: &[u8]| {
    let _ = check_root(bytes);
    let mut store = BTreeMap::from([("root.json".to_owned(), bytes.to_vec())]);
    let mut same = Same(bytes);
    let client = Client::refresh(&mut same, &mut store, None, Timestamp::from_unix(0));
    if let Ok(mut client) = client {
        let _ = client.download("a/b");
    }
});
