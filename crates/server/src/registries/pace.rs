//! How often registries are asked, by looks and readings together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_image::{Pace, RegistryOptions};

use crate::app::App;
use crate::error::Result;
use crate::store::registries::{self as stored, Registry};

/// The pace of each host, which everybody in this process keeps.
#[derive(Debug, Default)]
pub struct Paces(Mutex<HashMap<String, (u32, Arc<Pace>)>>);

impl Paces {
    /// The pace of a host that may be asked so often a minute; none where that is as often as it comes.
    fn of(&self, host: &str, per_minute: u32) -> Option<Arc<Pace>> {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if per_minute == 0 {
            paces.remove(host);
            return None;
        }
        if let Some((_, pace)) = paces.get(host).filter(|(before, _)| *before == per_minute) {
            return Some(Arc::clone(pace));
        }
        let pace = Arc::new(Pace::per_minute(per_minute));
        paces.insert(host.to_owned(), (per_minute, Arc::clone(&pace)));
        Some(pace)
    }
}

/// How often a host may be asked: as the strictest says that watches a part of it; 0 is as often as it
/// comes.
fn strictest(all: &[Registry], host: &str) -> u32 {
    let limits = all.iter().filter(|it| it.host == host && it.per_minute > 0);
    limits.filter_map(|it| u32::try_from(it.per_minute).ok()).min().unwrap_or(0)
}

/// Options that keep the pace of a host.
pub async fn paced(app: &App, host: &str, options: RegistryOptions) -> Result<RegistryOptions> {
    let all = stored::all(&mut *app.store.read().await?).await?;
    Ok(RegistryOptions { pace: app.paces.of(host, strictest(&all, host)), ..options })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_pace_which_is_the_strictest_until_it_changes() {
        let registry = |host: &str, per_minute| Registry {
            host: host.into(),
            per_minute,
            ..Registry::default()
        };
        let all = [registry("a", 0), registry("a", 600), registry("a", 60), registry("b", 0)];
        assert_eq!(["a", "b", "c"].map(|host| strictest(&all, host)), [60, 0, 0]);
        let paces = Paces::default();
        let one = paces.of("a", 60).unwrap();
        assert!(Arc::ptr_eq(&one, &paces.of("a", 60).unwrap()));
        assert!(!Arc::ptr_eq(&one, &paces.of("b", 60).unwrap()));
        assert!(!Arc::ptr_eq(&one, &paces.of("a", 600).unwrap()));
        assert!(paces.of("a", 0).is_none());
    }
}
