//! Requests to the API server.

use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reqwest::blocking::{Client as Http, RequestBuilder, Response};
use reqwest::{Certificate, Identity, Method, Proxy, Url};
use serde_json::Value;

use super::access::{Access, Token};
use super::login::Credential;

/// The largest answer that is read whole.
const MAX_ANSWER: u64 = 256 << 20;

/// How long an answer may take to begin.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long nothing need be told to whoever watches.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a page of a list may take to come in.
const PAGE_TIME: Duration = Duration::from_mins(2);

/// Who we say we are is not taken.
const UNAUTHORIZED: u16 = 401;

/// How often a busy server is asked again, and how long it is waited for at most.
const MAX_BUSY: u32 = 8;
const MAX_PAUSE: u64 = 10;

/// Objects as they are.
pub(crate) const WHOLE: &str = "application/json";

/// Of objects their metadata alone.
pub(crate) const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// Of lists the same.
pub(crate) const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// Asks an API server; for many threads at a time.
pub(crate) struct Client {
    access: Access,
    http: Http,
    /// What requests go to: the server, by the name that its certificate has.
    base: String,
    /// The same with the certificate that a program said last.
    with_certificate: Mutex<Option<(Arc<Credential>, Http)>>,
    /// When nobody waits for pages any more.
    deadline: Option<Instant>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It says no, with a status.
    #[error("the API server answers {0}: {1}")]
    Said(u16, String),
    /// Nothing came, or something odd.
    #[error("{0}")]
    Other(String),
}

/// What there is of a page.
pub(crate) enum Page {
    /// It streams in.
    Here(Response),
    /// The state that it is of is forgotten; the token goes on with the newest one.
    Expired(Option<String>),
}

impl Client {
    pub(crate) fn new(access: Access) -> anyhow::Result<Self> {
        // Another part of the process may have chosen one, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = http(&access, access.identity.as_deref())?;
        let base = match &access.server_name {
            Some(name) => renamed(&access.server, name)?,
            None => access.server.clone(),
        };
        Ok(Self { access, http, base, with_certificate: Mutex::default(), deadline: None })
    }

    /// The answer to a request, whatever its status. Where a program says who we are and that is not
    /// taken any more, the program is asked anew, once.
    fn answer(
        &self,
        method: &Method,
        path: &str,
        fill: &dyn Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, Failure> {
        let url = format!("{}{path}", self.base);
        let send = |request: RequestBuilder| {
            fill(request).send().map_err(|error| Failure::Other(causes(&error)))
        };
        let Some(login) = &self.access.login else {
            return send(self.shown(self.http.request(method.clone(), url))?);
        };
        let once = || {
            let credential = login.credential().map_err(Failure::Other)?;
            let http = self.of(&credential)?;
            let request = http.request(method.clone(), &url);
            let request = match &credential.token {
                Some(token) => request.bearer_auth(token),
                None => request,
            };
            send(request).map(|response| (response, credential))
        };
        let (response, credential) = once()?;
        if response.status().as_u16() != UNAUTHORIZED {
            return Ok(response);
        }
        login.forget(&credential);
        once().map(|(response, _)| response)
    }

    /// A request with what the kubeconfig has of us.
    fn shown(&self, request: RequestBuilder) -> Result<RequestBuilder, Failure> {
        Ok(match &self.access.token {
            None => request,
            Some(Token::Text(token)) => request.bearer_auth(token),
            Some(Token::File(file)) => {
                let shown = file.display();
                let token = fs::read_to_string(file)
                    .map_err(|error| Failure::Other(format!("cannot read `{shown}`: {error}")))?;
                request.bearer_auth(token.trim())
            }
        })
    }

    /// What sends requests with a certificate that a program said, where it said one.
    fn of(&self, credential: &Arc<Credential>) -> Result<Http, Failure> {
        let Some(identity) = &credential.identity else { return Ok(self.http.clone()) };
        let mut last = self.with_certificate.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, http)) = last.as_ref().filter(|(known, _)| Arc::ptr_eq(known, credential)) {
            return Ok(http.clone());
        }
        let new = http(&self.access, Some(identity));
        let new = new.map_err(|error| Failure::Other(format!("{error:#}")))?;
        *last = Some((Arc::clone(credential), new.clone()));
        Ok(new)
    }

    /// Reads what is under a path.
    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>, Failure> {
        whole(taken(self.answer(&Method::GET, path, &|request| request)?)?)
    }

    /// The same as a value.
    pub(crate) fn get_json(&self, path: &str) -> Result<Value, Failure> {
        let bytes = self.get(path)?;
        serde_json::from_slice(&bytes).map_err(|error| Failure::Other(error.to_string()))
    }

    /// What is told under a path for as long as the API server wants, line by line.
    pub(crate) fn watch(&self, path: &str) -> Result<Response, Failure> {
        self.watch_as(path, WHOLE)
    }

    /// The same in another form.
    pub(crate) fn watch_as(&self, path: &str, form: &str) -> Result<Response, Failure> {
        // A connection that died unseen is found out by its silence.
        let fill = |request: RequestBuilder| request.header("Accept", form).timeout(SILENCE);
        taken(self.answer(&Method::GET, path, &fill)?)
    }

    /// Waits for pages until then and no longer.
    #[must_use]
    pub(crate) fn until(self, deadline: Option<Instant>) -> Self {
        Self { deadline, ..self }
    }

    /// How long a page may take.
    fn patience(&self) -> Result<Duration, Failure> {
        let left = self.deadline.map(|at| at.saturating_duration_since(Instant::now()));
        match left {
            Some(left) if left.is_zero() => Err(Failure::Other("there is no time left".to_owned())),
            left => Ok(left.map_or(PAGE_TIME, |left| left.min(PAGE_TIME))),
        }
    }

    /// A page of a list. A server that is busy is asked again.
    pub(crate) fn page(&self, path: &str, form: &str) -> Result<Page, Failure> {
        let mut busy = 0;
        loop {
            let patience = self.patience()?;
            let fill = |request: RequestBuilder| request.header("Accept", form).timeout(patience);
            let response = self.answer(&Method::GET, path, &fill)?;
            match response.status().as_u16() {
                410 => {
                    let body = whole(response).unwrap_or_default();
                    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
                    let token = said.pointer("/metadata/continue").and_then(Value::as_str);
                    return Ok(Page::Expired(token.map(str::to_owned)));
                }
                429 if busy < MAX_BUSY => {
                    busy += 1;
                    let after = response.headers().get("retry-after");
                    let after = after.and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
                    let pause = Duration::from_secs(after.unwrap_or(1).min(MAX_PAUSE));
                    std::thread::sleep(pause.min(self.patience()?));
                }
                _ => return taken(response).map(Page::Here),
            }
        }
    }

    /// Writes the fields of an object, whoever else owns some of them; makes it where it is not.
    ///
    /// <https://kubernetes.io/docs/reference/using-api/server-side-apply/>
    pub(crate) fn apply(&self, path: &str, manager: &str, body: &Value) -> Result<(), Failure> {
        let path = format!("{path}?fieldManager={manager}&force=true");
        let text = body.to_string();
        let fill = |request: RequestBuilder| {
            let request = request.header("Content-Type", "application/apply-patch+yaml");
            request.timeout(PAGE_TIME).body(text.clone())
        };
        whole(taken(self.answer(&Method::PATCH, &path, &fill)?)?).map(drop)
    }

    /// Takes an object away; what is not there is no failure.
    pub(crate) fn delete(&self, path: &str) -> Result<(), Failure> {
        let response = self.answer(&Method::DELETE, path, &|request| request)?;
        match taken(response).and_then(whole) {
            Ok(_) | Err(Failure::Said(404, _)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes something, or replaces it.
    pub(crate) fn send(
        &self,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Result<Vec<u8>, Failure> {
        let kind = if *method == Method::PATCH {
            "application/json-patch+json"
        } else {
            "application/json"
        };
        let fill =
            |request: RequestBuilder| request.header("Content-Type", kind).body(body.to_string());
        whole(taken(self.answer(method, path, &fill)?)?)
    }
}

fn http(access: &Access, identity: Option<&[u8]>) -> anyhow::Result<Http> {
    let mut builder = Http::builder()
        .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(PATIENCE)
        .timeout(PATIENCE);
    builder = match &access.proxy {
        Some(url) => builder.proxy(
            Proxy::all(url).with_context(|| format!("`proxy-url: {url}` is no proxy's address"))?,
        ),
        None => builder.no_proxy(),
    };
    if let Some(name) = &access.server_name {
        if access.proxy.is_some() {
            bail!("the kubeconfig has `tls-server-name` and `proxy-url`: take one of them out");
        }
        builder = builder.resolve_to_addrs(name, &addresses(&access.server)?);
    }
    if let Some(authority) = &access.authority {
        let certificates = Certificate::from_pem_bundle(authority)
            .context("the cluster's certificate authority cannot be read")?;
        builder = builder.tls_certs_only(certificates);
    }
    if let Some(identity) = identity {
        let identity = Identity::from_pem(identity).context("our certificate cannot be read")?;
        builder = builder.identity(identity);
    }
    if access.is_lax {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    builder.build().context("no client can be made")
}

/// The addresses of a server.
fn addresses(server: &str) -> anyhow::Result<Vec<SocketAddr>> {
    let url = Url::parse(server).with_context(|| format!("`{server}` is no address"))?;
    let found = url.socket_addrs(|| None);
    found.with_context(|| format!("`{server}` has no address"))
}

/// A server by another name.
fn renamed(server: &str, name: &str) -> anyhow::Result<String> {
    let mut url = Url::parse(server).with_context(|| format!("`{server}` is no address"))?;
    let refused = || format!("`tls-server-name: {name}` is no name of a host");
    url.set_host(Some(name)).with_context(refused)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn taken(response: Response) -> Result<Response, Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = whole(response).unwrap_or_default();
    let said: Option<Value> = serde_json::from_slice(&body).ok();
    let said = said.as_ref().and_then(|it| it.get("message")?.as_str()).unwrap_or("nothing more");
    Err(Failure::Said(status.as_u16(), said.to_owned()))
}

fn whole(response: Response) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = response.take(MAX_ANSWER.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| Failure::Other(error.to_string()))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_ANSWER) {
        return Err(Failure::Other(format!("the answer has more than {MAX_ANSWER} bytes")));
    }
    Ok(bytes)
}

fn causes(error: &reqwest::Error) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        let text = one.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = one.source();
    }
    said
}
