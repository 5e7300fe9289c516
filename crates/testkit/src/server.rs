//! An HTTP server in a test's own process that answers as the test says: broken, slow or right.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One request, as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header fields; names in lower case.
    pub headers: HashMap<String, String>,
    /// The body as text.
    pub body: String,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// How many requests for this path came before.
    pub before: usize,
}

impl Request {
    /// A header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What is sent back.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header fields beside the length.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The connection is closed after this many bytes of the body.
    pub cut_at: Option<usize>,
    /// After that many bytes of the body nothing more comes, but the connection stays.
    pub hang_at: Option<usize>,
    /// The body is sent in chunks of this size.
    pub chunked: Option<usize>,
}

impl Reply {
    /// A status with a body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), ..Self::default() }
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

struct Shared {
    handler: Box<Handler>,
    requests: Mutex<Vec<Request>>,
    stopped: AtomicBool,
}

enum Place {
    Port(SocketAddr),
    Socket(PathBuf),
}

/// The server; it ends when it is dropped.
pub struct Server {
    place: Place,
    shared: Arc<Shared>,
}

impl Server {
    /// Listens on a free port of the loopback address.
    pub fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = Place::Port(listener.local_addr().unwrap());
        let shared = shared(handler);
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            accept(&serving, listener.incoming().flatten());
        });
        Self { place, shared }
    }

    /// Listens on a socket at `path`.
    pub fn start_unix(
        path: &Path,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let shared = shared(handler);
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            accept(&serving, listener.incoming().flatten());
        });
        Self { place: Place::Socket(path.into()), shared }
    }

    /// Host and port, or the socket's path.
    pub fn host(&self) -> String {
        match &self.place {
            Place::Port(address) => address.to_string(),
            Place::Socket(path) => path.display().to_string(),
        }
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection; it may have ended already.
        match &self.place {
            Place::Port(address) => drop(TcpStream::connect(address)),
            Place::Socket(path) => drop(UnixStream::connect(path)),
        }
    }
}

fn shared(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Arc<Shared> {
    Arc::new(Shared {
        handler: Box::new(handler),
        requests: Mutex::default(),
        stopped: AtomicBool::new(false),
    })
}

fn accept<S: Read + Write + Send + 'static>(
    shared: &Arc<Shared>,
    streams: impl Iterator<Item = S>,
) {
    for stream in streams {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let shared = Arc::clone(shared);
        std::thread::spawn(move || serve(&shared, stream));
    }
}

/// Answers one request; a client that is gone is no concern of the server.
fn serve(shared: &Shared, stream: impl Read + Write) {
    let mut stream = BufReader::new(stream);
    // A client that tries TLS first is told at once that there is none.
    if stream.fill_buf().is_ok_and(|bytes| bytes.first() == Some(&0x16)) {
        return;
    }
    let Some(mut request) = read_request(&mut stream) else { return };
    {
        let mut requests = shared.requests.lock().unwrap();
        request.before = requests.iter().filter(|before| before.path == request.path).count();
        requests.push(request.clone());
    }
    let reply = (shared.handler)(&request);
    let _ = write_reply(shared, stream.get_mut(), &reply);
}

fn read_request(stream: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let mut bytes = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut bytes).ok()?;
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Some(Request { method, path, headers, body, bytes, before: 0 })
}

fn write_reply(shared: &Shared, to: &mut impl Write, reply: &Reply) -> std::io::Result<()> {
    write!(to, "HTTP/1.1 {} Scripted\r\nConnection: close\r\n", reply.status)?;
    for (name, value) in &reply.headers {
        write!(to, "{name}: {value}\r\n")?;
    }
    match reply.chunked {
        Some(_) => write!(to, "Transfer-Encoding: chunked\r\n\r\n")?,
        None => write!(to, "Content-Length: {}\r\n\r\n", reply.body.len())?,
    }
    let end = reply.cut_at.or(reply.hang_at).unwrap_or(reply.body.len()).min(reply.body.len());
    let sent = reply.body.get(..end).unwrap_or_default();
    match reply.chunked {
        Some(size) => {
            for chunk in sent.chunks(size) {
                write!(to, "{:x}\r\n", chunk.len())?;
                to.write_all(chunk)?;
                write!(to, "\r\n")?;
            }
            if reply.cut_at.is_none() && reply.hang_at.is_none() {
                write!(to, "0\r\n\r\n")?;
            }
        }
        None => to.write_all(sent)?,
    }
    to.flush()?;
    while reply.hang_at.is_some() && !shared.stopped.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
