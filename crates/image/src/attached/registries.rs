//! Connections to registries that many repositories share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_model::{ImageName, Reference};

use super::Repository;
use super::remote::Remote;
use crate::Options;
use crate::error::ImageError;
use crate::sources::registry::Host;

/// Connections to registries that many repositories share; for many threads at a time.
pub struct Registries {
    options: Options,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

impl Registries {
    /// No connection yet.
    pub fn new(options: Options) -> Self {
        Self { options, hosts: Mutex::default() }
    }

    /// The place where `reference` is, as [`Repository::open`] has it.
    pub fn repository(&self, reference: &Reference) -> Result<Repository, ImageError> {
        Repository::with(reference, |name| self.remote(name))
    }

    /// The repository of an image's name, whatever its tag.
    pub fn of(&self, name: &ImageName) -> Result<Repository, ImageError> {
        Ok(Repository { place: Box::new(self.remote(name)?) })
    }

    fn remote(&self, name: &ImageName) -> Result<Remote, ImageError> {
        let options = &self.options.registry;
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = if let Some(host) = hosts.get(name.registry()) {
            Arc::clone(host)
        } else {
            let host = Arc::new(Host::new(name.registry(), options)?);
            hosts.insert(name.registry().to_owned(), Arc::clone(&host));
            host
        };
        drop(hosts);
        Ok(Remote::on(host, name, options))
    }
}
