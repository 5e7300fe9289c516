//! What runs where.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use plimsoll_model::{ImageName, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::peer::Peer;
use super::problem::{Asked, Body};
use super::{Actor, Module, Page, Paging, Problem, Routes, key_text, parse_key};
use crate::app::App;
use crate::moment;
use crate::store::{self, running as stored};
use crate::{Error, jobs};

pub(super) const MODULE: Module = Module { name: "running", routes };

/// Members of teams see what runs of theirs; a report is of a whole place, and nobody's but who sees all.
pub(super) const BY_TEAM: &[&str] = &["GET /api/v1/running"];

/// What a report may have: a cluster of 10,000 pods has some megabytes.
const LARGEST: usize = 64 << 20;

/// How many containers a place may have.
const MOST: usize = 200_000;

fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list))
        .routes(routes!(report))
        .layer(DefaultBodyLimit::max(LARGEST))
}

/// What runs in a place; whatever was known of it is replaced. The whole output of
/// `plimsoll kube scan -o json` is taken too.
#[derive(Debug, Clone, Deserialize, ToSchema)]
struct Report {
    /// The cluster or the host.
    #[serde(alias = "cluster")]
    place: String,
    /// What runs there.
    #[serde(default)]
    containers: Vec<Container>,
    /// Workloads of a scan of a cluster, with places in `images`.
    #[serde(default)]
    #[schema(ignore)]
    workloads: Vec<Workload>,
    /// Images of a scan of a cluster.
    #[serde(default)]
    #[schema(ignore)]
    images: Vec<Image>,
}

/// A workload of a scan of a cluster (`plimsoll.cluster-scan/v1`).
#[derive(Debug, Clone, Deserialize)]
struct Workload {
    #[serde(default)]
    namespace: Option<String>,
    kind: String,
    name: String,
    #[serde(default)]
    images: Vec<usize>,
}

/// An image of a scan of a cluster.
#[derive(Debug, Clone, Deserialize)]
struct Image {
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    digest: Option<String>,
}

impl Report {
    /// Every container, however it was told.
    fn containers(&self) -> Vec<Container> {
        let mut all = self.containers.clone();
        for workload in &self.workloads {
            for (image, number) in
                workload.images.iter().filter_map(|at| self.images.get(*at)).zip(1..)
            {
                let name = image.names.first().cloned().unwrap_or_default();
                let bare = name.parse::<ImageName>().ok();
                let image_id = match (bare, &image.digest) {
                    (Some(bare), Some(digest)) => {
                        format!("{}/{}@{digest}", bare.registry(), bare.repository())
                    }
                    _ => String::new(),
                };
                all.push(Container {
                    namespace: workload.namespace.clone().unwrap_or_default(),
                    kind: workload.kind.clone(),
                    name: workload.name.clone(),
                    // A scan of a cluster does not say which container it is.
                    container: format!("image {number}"),
                    image: name,
                    image_id,
                });
            }
        }
        all
    }
}

/// A container.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
#[allow(clippy::struct_field_names, reason = "it is what agents send and clients read")]
struct Container {
    /// Namespace of the workload; empty on a host.
    namespace: String,
    /// Kind of the workload.
    kind: String,
    /// Name of the workload.
    name: String,
    /// Name of the container.
    container: String,
    /// The image as it was written.
    image: String,
    /// The image that runs, as the runtime tells: `ghcr.io/team/app@sha256:…`, or a digest.
    image_id: String,
}

/// What came of a report.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Received {
    /// Containers that run.
    containers: usize,
    /// Images that are to be read, before all others.
    to_read: usize,
}

/// Say what runs in a place
#[utoipa::path(post, path = "/api/v1/running", tag = "running", request_body = Report, responses(
    (status = 200, body = Received),
    (status = 422, description = "It makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn report(
    State(app): State<Arc<App>>,
    actor: Actor,
    peer: Peer,
    Body(report): Body<Report>,
) -> Result<Json<Received>, Problem> {
    let told = report.containers();
    if report.place.is_empty() || report.place.len() > 200 || told.len() > MOST {
        let why = format!("`place` is empty or too long, or there are more than {MOST} containers");
        return Err(Error::Refused(why).into());
    }
    let mut all: Vec<stored::Running> = told.iter().map(container).collect();
    let key = |it: &stored::Running| {
        (it.namespace.clone(), it.kind.clone(), it.name.clone(), it.container.clone())
    };
    all.sort_by_key(key);
    all.dedup_by_key(|it| key(it));
    let mut write = app.store.write().await?;
    stored::put(&mut write, &report.place, &all).await?;
    let unread = stored::unread(&mut write, &report.place).await?;
    let detail = format!("{} containers", all.len());
    store::audit::note(&mut write, &actor.name, "running", &report.place, &detail).await?;
    write.commit().await.map_err(Error::from)?;
    for it in &unread {
        let mut reference = format!("registry:{}", it.repository);
        for (mark, part) in [(':', &it.tag), ('@', &it.digest)] {
            if !part.is_empty() {
                reference.push(mark);
                reference.push_str(part);
            }
        }
        let request = jobs::Request { reference, client: peer.0, ..jobs::Request::default() };
        // What runs goes before what is only stored.
        app.push(jobs::scan(&request, 5)?).await?;
    }
    let images: HashSet<(&str, &str)> = unread.iter().map(stored::Running::image_key).collect();
    Ok(Json(Received { containers: all.len(), to_read: images.len() }))
}

fn container(it: &Container) -> stored::Running {
    let written = it.image.parse::<ImageName>().ok();
    // `docker-pullable://…` is how older runtimes told it.
    let id = it.image_id.rsplit("://").next().unwrap_or_default();
    let runs = id.parse::<ImageName>().ok().filter(|it| it.digest().is_some());
    let digest = runs
        .as_ref()
        .and_then(ImageName::digest)
        .or_else(|| written.as_ref().and_then(ImageName::digest))
        .map(ToString::to_string);
    let bare = id.starts_with("sha256:").then(|| id.to_owned());
    let repository = written.as_ref().or(runs.as_ref());
    stored::Running {
        namespace: it.namespace.clone(),
        kind: it.kind.clone(),
        name: it.name.clone(),
        container: it.container.clone(),
        image: it.image.clone(),
        repository: repository
            .map(|name| format!("{}/{}", name.registry(), name.repository()))
            .unwrap_or_default(),
        tag: written.as_ref().and_then(ImageName::tag).unwrap_or_default().to_owned(),
        // The digest of a configuration is known to no registry.
        digest: digest.or_else(|| bare.filter(|_| repository.is_none())).unwrap_or_default(),
        ..stored::Running::default()
    }
}

/// A container that runs.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Running {
    /// The cluster or the host.
    place: String,
    /// The container.
    #[serde(flatten)]
    container: Container,
    /// When it was seen last.
    #[schema(value_type = String, format = DateTime)]
    last_seen: Timestamp,
}

/// What runs, by place
#[utoipa::path(get, path = "/api/v1/running", tag = "running", params(Paging), responses(
    (status = 200, body = Page<Running>),
    (status = 400, description = "What is asked for makes no sense", body = Problem,
        content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Running>>, Problem> {
    let limit = paging.limit()?;
    let after: Option<[String; 5]> = paging.after.as_deref().map(parse_key).transpose()?;
    let after = after.unwrap_or_default();
    let found = stored::after(&mut *app.store.read().await?, &after, limit + 1).await?;
    let mut page = Page::of(found, limit, |it| {
        key_text(&[&it.place, &it.namespace, &it.kind, &it.name, &it.container])
    });
    // A page may be short of what somebody does not see; the next one goes on behind it.
    page.items.retain(|it| actor.sees(&it.repository));
    let one = |it: stored::Running| Running {
        place: it.place,
        last_seen: moment::timestamp(it.last_seen),
        container: Container {
            namespace: it.namespace,
            kind: it.kind,
            name: it.name,
            container: it.container,
            image: it.image,
            image_id: it.digest,
        },
    };
    Ok(Json(page.map(one)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(image: &str, image_id: &str) -> (String, String, String) {
        let it =
            Container { image: image.into(), image_id: image_id.into(), ..Container::default() };
        let it = container(&it);
        (it.repository, it.tag, it.digest)
    }

    #[test]
    fn a_scan_of_a_cluster_is_a_report() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let text = serde_json::json!({
            "schema": "plimsoll.cluster-scan/v1", "cluster": "prod", "objects": {},
            "workloads": [{"namespace": "shop", "kind": "Deployment", "name": "web", "images": [1, 9]}],
            "images": [{"names": ["a:1"]}, {"names": ["ghcr.io/a/b:1"], "digest": digest, "pods": 3}],
        });
        let report: Report = serde_json::from_value(text).unwrap();
        let all = report.containers();
        assert_eq!((all.len(), report.place.as_str()), (1, "prod"));
        let it = container(&all[0]);
        assert_eq!((it.repository.as_str(), it.tag.as_str()), ("ghcr.io/a/b", "1"));
        assert_eq!((it.digest, it.namespace.as_str()), (digest, "shop"));
    }

    #[test]
    fn what_runs_is_told_by_its_runtime_and_named_as_it_was_written() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let text = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(
            of("nginx:1.27", &format!("docker.io/library/nginx@{digest}")),
            text("docker.io/library/nginx", "1.27", &digest)
        );
        assert_eq!(
            of("ghcr.io/a/b:1", &format!("docker-pullable://ghcr.io/a/b@{digest}")),
            text("ghcr.io/a/b", "1", &digest)
        );
        assert_eq!(of("ghcr.io/a/b:1", &digest), text("ghcr.io/a/b", "1", ""));
        assert_eq!(of("", &digest), text("", "", &digest));
    }
}
