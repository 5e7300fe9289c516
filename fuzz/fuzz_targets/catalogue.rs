//! Every cataloguer on any bytes under every path that it wants. The first byte chooses the
//! cataloguer, the second one of its wishes, so that a corpus of one target serves all formats:
//! dpkg, apk, rpm in its three forms, each lock file, archives, executables.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_image::cataloguer::{File, Found, Want};
use plimsoll_image::cataloguers::ALL;

fuzz_target!(|data: &[u8]| {
    let [chosen, wish, content @ ..] = data else { return };
    let cataloguer = ALL[usize::from(*chosen) % ALL.len()];
    let wants = cataloguer.wants();
    let path = match wants[usize::from(*wish) % wants.len()] {
        Want::Path(path) => path.to_owned(),
        Want::Name(name) => format!("app/{name}"),
        Want::Suffix(end) => format!("app/name{end}"),
        Want::In(folder, end) => format!("{folder}/name{end}"),
        Want::InNamed(folder, end) => format!("app/{folder}/name{end}"),
        Want::Executable => "usr/bin/program".to_owned(),
    };
    let content = content.to_vec();
    let _ = cataloguer.catalogue(&File::new(&path, &content, true), &mut Found::default());
});
