//! Layers, copied out of an image and offered over HTTP for as long as Clair reads them.
//!
//! Their address has a part that nobody can guess, so that nobody else on the network reads them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use plimsoll_image::opened::OpenImage;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

/// How much is read at a time.
const PIECE: usize = 64 << 10;

/// Layers by their digests.
type Layers = BTreeMap<String, Arc<File>>;

/// Layers that are offered until this is dropped.
pub(super) struct Served {
    digest: String,
    layers: Vec<String>,
    secret: String,
    port: u16,
    /// Ends the serving.
    _runtime: tokio::runtime::Runtime,
}

impl Served {
    /// Copies the layers and listens: to this machine alone, or to all.
    pub(super) fn of(
        image: &OpenImage,
        address: &str,
        is_public: bool,
        port: u16,
    ) -> anyhow::Result<Self> {
        let (mut names, mut files) = (Vec::new(), Layers::new());
        for index in 0..image.layers.len() {
            let file = tempfile::tempfile().context("cannot make a file for a layer")?;
            let mut out = BufWriter::new(file);
            let digest = image.copy(index, &mut out)?.to_string();
            out.flush().context("cannot write a layer")?;
            let file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
            names.push(digest.clone());
            files.insert(digest, Arc::new(file));
        }
        let artifact = &image.artifact;
        let known = artifact.manifest_digest.as_ref().or(artifact.config_digest.as_ref());
        let known = known.context("the image has no digest that it could be known by")?.to_string();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("no thread can be started")?;
        let is_here = !is_public || address.parse::<IpAddr>().is_ok_and(|it| it.is_loopback());
        let host = if is_here { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
        let bind = |port| tokio::net::TcpListener::bind(SocketAddr::from((host, port)));
        let listener = runtime.block_on(async {
            match bind(port).await {
                Ok(listener) => Ok(listener),
                Err(_) => bind(0).await,
            }
        });
        let listener = listener.context("no port is free for offering layers")?;
        let port = listener.local_addr().context("the port is not known")?.port();
        let mut secret = [0; 16];
        SystemRandom::new()
            .fill(&mut secret)
            .map_err(|_| anyhow::anyhow!("no randomness is to be had"))?;
        let secret = format!("{:032x}", u128::from_be_bytes(secret));
        let routes = Router::new()
            .route(&format!("/{secret}/{{digest}}"), get(layer))
            .with_state(Arc::new(files));
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { digest: known, layers: names, secret, port, _runtime: runtime })
    }

    /// What Clair is told, where it reaches this machine by that name.
    pub(super) fn manifest(&self, address: &str) -> Value {
        let host = match address.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => address.to_owned(),
        };
        let layer = |digest: &String| {
            let uri = format!("http://{host}:{}/{}/{digest}", self.port, self.secret);
            json!({ "hash": digest, "uri": uri })
        };
        json!({ "hash": self.digest, "layers": self.layers.iter().map(layer).collect::<Vec<_>>() })
    }
}

async fn layer(State(layers): State<Arc<Layers>>, Path(digest): Path<String>) -> Response {
    let open = || {
        let file = layers.get(&digest)?;
        Some((Arc::clone(file), file.metadata().ok()?.len()))
    };
    let Some((file, length)) = open() else { return StatusCode::NOT_FOUND.into_response() };
    let pieces = stream::unfold((file, 0_u64), |(file, at)| async move {
        match piece(&file, at) {
            Ok(bytes) if bytes.is_empty() => None,
            Ok(bytes) => {
                let next = at.saturating_add(bytes.len() as u64);
                Some((Ok(bytes), (file, next)))
            }
            Err(error) => Some((Err(error), (file, at))),
        }
    });
    ([("content-length", length.to_string())], Body::from_stream(pieces)).into_response()
}

/// Reads at a place: several may read a file at a time.
fn piece(file: &File, at: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; PIECE];
    let read = file.read_at(&mut bytes, at)?;
    bytes.truncate(read);
    Ok(bytes)
}
