//! The server: what it listens on, which certificate it shows, and when it ends.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use plimsoll_admission::serve::{Certificates, Limits, Pair, Source, follow, serve};
use plimsoll_admission::settings::{Failure, Settings};
use plimsoll_admission::{Cluster, Engine};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Admit, Known};
use crate::clock;
use crate::cluster::Namespaces;
use crate::exit::{Outcome, Usage, chain, tell};

/// How often files with certificates are looked at.
const FILES: Duration = Duration::from_secs(2);

/// How often it is asked whether a certificate of one's own is to be renewed.
const OWN: Duration = Duration::from_secs(10);

impl Admit {
    pub(super) fn listen(&self, settings: Settings) -> anyhow::Result<Outcome> {
        let judge = self.judge(&settings)?;
        let (client, cluster): (_, Arc<dyn Cluster>) = match self.known()? {
            Known::Files(labels) => (None, Arc::new(labels)),
            Known::Cluster(client) => (Some(Arc::clone(&client)), Namespaces::follow(client)),
        };
        let (source, pause): (Source, Duration) = if let (Some(certificate), Some(key)) =
            (&self.tls_cert, &self.tls_key)
        {
            let (certificate, key) = (certificate.clone(), key.clone());
            let read = |file: &std::path::Path| {
                fs::read(file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))
            };
            let source = move || Ok(Pair { certificate: read(&certificate)?, key: read(&key)? });
            (Arc::new(source), FILES)
        } else {
            let own = self.own(client, &settings)?.ok_or_else(|| {
                let why = "an API server speaks TLS alone: --tls-cert FILE --tls-key FILE, or \
                               --own-tls";
                Usage(why.into())
            })?;
            (Arc::new(move || own.pair().map_err(|error| chain(&error))), OWN)
        };
        // Whoever starts it wants to know at once what is wrong.
        let first = source().map_err(|why| anyhow::anyhow!("the certificate: {why}"))?;
        let certificates = Arc::new(Certificates::default());
        certificates
            .show(&first.certificate, &first.key)
            .map_err(|error| anyhow::anyhow!("the certificate: {error}"))?;
        let failure = match settings.failure {
            Failure::Open => "is let in",
            Failure::Closed => "is refused",
        };
        let engine = Arc::new(Engine::new(settings, cluster, judge, clock::now));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .max_blocking_threads(64)
            .thread_stack_size(1 << 20)
            .build()
            .context("no thread can be started")?;
        runtime.block_on(async {
            let listener = TcpListener::bind(self.listen)
                .await
                .with_context(|| format!("cannot listen on {}", self.listen))?;
            let address = listener.local_addr()?;
            tell(&format!("listening on https://{address}; what cannot be decided {failure}"));
            let following = follow(Arc::clone(&certificates), source, pause, tell);
            let following = tokio::spawn(following);
            let mut end = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let ended = async {
                tokio::select! {
                    _ = end.recv() => {}
                    _ = interrupt.recv() => {}
                }
            };
            serve(listener, engine, certificates, Limits::default(), ended).await;
            following.abort();
            anyhow::Ok(())
        })?;
        runtime.shutdown_timeout(Duration::from_secs(1));
        Ok(Outcome::Clean)
    }
}
