//! A compiled database of any bytes: opened, searched and read out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_advisory::database::Database;

fuzz_target!(|data: &[u8]| {
    let Ok(database) = Database::from_bytes(data.to_vec()) else { return };
    let names: Vec<String> = database.ecosystems().take(10).collect();
    for ecosystem in names.iter().filter_map(|name| name.parse().ok()) {
        for entry in database.affected(&ecosystem, "openssl").take(100) {
            let _ = (entry.id(), entry.rating(), entry.aliases().count(), entry.ranges().count());
            let _ = database.advisory(entry.advisory());
        }
    }
    let _ = (database.kev("CVE-2021-44228"), database.epss("CVE-2021-44228"), database.data());
});
