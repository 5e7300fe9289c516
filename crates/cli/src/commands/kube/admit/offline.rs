//! One review in a file, as the server would answer it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use plimsoll_admission::settings::Settings;
use plimsoll_admission::{Cluster, Engine, ImageJudge, Question};

use crate::clock;
use crate::commands::lint::files::read;
use crate::exit::{Outcome, Usage};
use crate::output;

/// Where nothing is known of namespaces: none has any label.
struct Nothing;

impl Cluster for Nothing {
    fn labels(&self, _: &str) -> Result<BTreeMap<String, String>, String> {
        Ok(BTreeMap::new())
    }

    fn pods(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("there is no cluster".into())
    }

    fn is_ready(&self) -> bool {
        true
    }
}

pub(super) fn run(
    file: &Path,
    settings: Settings,
    cluster: Option<Arc<dyn Cluster>>,
    judge: Option<Arc<dyn ImageJudge>>,
) -> anyhow::Result<Outcome> {
    let shown = file.display();
    let body = read(file).with_context(|| format!("cannot read `{shown}`"))?;
    let cluster = cluster.unwrap_or_else(|| Arc::new(Nothing));
    let engine = Arc::new(Engine::new(settings, cluster, judge, clock::now));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.context("no thread can be started")?;
    let time = engine.time(None);
    let until = Instant::now().checked_add(time).unwrap_or_else(Instant::now);
    let reply = runtime.block_on(engine.answer(Question::Validate, body, until));
    if reply.code != 200 {
        let why = reply.body.pointer("/response/status/message").and_then(|it| it.as_str());
        return Err(Usage(format!("{shown}: {}", why.unwrap_or("it is no review"))).into());
    }
    output::write(None, |out| {
        serde_json::to_writer_pretty(&mut *out, &reply.body)?;
        writeln!(out)
    })?;
    Ok(if reply.allowed { Outcome::Clean } else { Outcome::Gate(5) })
}
