//! `plimsoll kube lint --effective`: what containers run with, instead of findings.

use plimsoll_kube::effective::effective;
use plimsoll_kube::{Estate, Workload, objects};
use plimsoll_report::effective::{Effective, EffectiveFormat};

use super::files::Read;
use crate::output;
use crate::style::stdout_style;

/// Writes what the containers of all workloads run with.
pub(super) fn run(formats: &[String], reads: &[Read], estate: &Estate) -> anyhow::Result<()> {
    let known: Vec<&str> = EffectiveFormat::ALL.iter().map(|format| format.name).collect();
    let formats = if formats.is_empty() { vec!["text".to_owned()] } else { formats.to_vec() };
    let outputs = output::parse(&formats, EffectiveFormat::named, &known)?;
    let shown: Vec<String> = reads.iter().map(|read| read.path.display().to_string()).collect();
    let mut all = Vec::new();
    for (read, path) in reads.iter().zip(&shown) {
        let source = &read.manifest.source;
        for object in objects(&read.manifest).0 {
            let Some(workload) = Workload::new(object, source) else { continue };
            for container in &workload.pod.containers {
                all.push(Effective {
                    path,
                    source,
                    line: source.line(container.head().start),
                    object: match object.namespace {
                        Some(namespace) => format!("{namespace}/{}", object.called()),
                        None => object.called(),
                    },
                    list: container.sort.field(),
                    name: container.name,
                    settings: effective(&workload.pod, container, estate),
                });
            }
        }
    }
    for (format, file) in outputs {
        let style = if file.is_some() { plimsoll_report::Style::default() } else { stdout_style() };
        output::write(file, |out| (format.write)(&all, &style, out))?;
    }
    Ok(())
}
