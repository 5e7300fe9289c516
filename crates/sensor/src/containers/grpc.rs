//! Questions over gRPC on a unix socket: HTTP/2 and messages of Protocol Buffers, with bounds on time and
//! size.
//!
//! After `doc/PROTOCOL-HTTP2.md` of grpc/grpc: a message has five bytes before it, whether it is compressed
//! and how long it is; how the call ended stands in `grpc-status` behind it.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, Method, Request, Version};
use prost::Message;
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// The longest answer.
const LONGEST: usize = 8 * 1024 * 1024;
/// The longest list of headers.
const LONGEST_HEAD: u32 = 16 * 1024;
/// What stands before a message.
const PREFIX: usize = 5;

/// A connection to a server, for a few questions within a time.
pub(super) struct Session {
    runtime: Runtime,
    sender: SendRequest<Bytes>,
    until: Instant,
}

impl Session {
    /// None where nobody listens.
    pub(super) fn open(socket: &Path, within: Duration) -> Option<Self> {
        let until = Instant::now() + within;
        let runtime = Builder::new_current_thread().enable_io().enable_time().build().ok()?;
        let connect = async {
            let stream = UnixStream::connect(socket).await?;
            let (sender, connection) = h2::client::Builder::new()
                .max_header_list_size(LONGEST_HEAD)
                .enable_push(false)
                .handshake::<_, Bytes>(stream)
                .await
                .map_err(io::Error::other)?;
            tokio::spawn(connection);
            Ok::<_, io::Error>(sender)
        };
        let sender = runtime.block_on(async { timeout(within, connect).await }).ok()?.ok()?;
        Some(Self { runtime, sender, until })
    }

    /// Asks, and reads the answer; none where there is no good one in time.
    pub(super) fn ask<A: Message + Default>(
        &mut self,
        method: &str,
        namespace: Option<&str>,
        question: &impl Message,
    ) -> Option<A> {
        let left = self.until.checked_duration_since(Instant::now())?;
        let mut request = Request::builder()
            .method(Method::POST)
            .version(Version::HTTP_2)
            .uri(format!("http://localhost/{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        if let Some(namespace) = namespace {
            request = request.header("containerd-namespace", namespace);
        }
        let (request, body) = (request.body(()).ok()?, framed(question)?);
        let sender = self.sender.clone();
        let answer =
            self.runtime.block_on(async { timeout(left, call(sender, request, body)).await });
        A::decode(answer.ok()??).ok()
    }

    /// Whether the time is over.
    pub(super) fn is_late(&self) -> bool {
        Instant::now() >= self.until
    }
}

fn framed(message: &impl Message) -> Option<Bytes> {
    let length = u32::try_from(message.encoded_len()).ok()?;
    let mut out = BytesMut::with_capacity(PREFIX + message.encoded_len());
    out.put_u8(0);
    out.put_u32(length);
    message.encode(&mut out).ok()?;
    Some(out.freeze())
}

async fn call(sender: SendRequest<Bytes>, request: Request<()>, body: Bytes) -> Option<Bytes> {
    let mut sender = sender.ready().await.ok()?;
    let (response, mut stream) = sender.send_request(request, false).ok()?;
    stream.send_data(body, true).ok()?;
    let response = response.await.ok()?;
    if response.status() != 200 || !is_good(response.headers(), true) {
        return None;
    }
    let mut body = response.into_body();
    let mut answer = BytesMut::new();
    while let Some(piece) = body.data().await {
        let piece = piece.ok()?;
        if answer.len().saturating_add(piece.len()) > LONGEST {
            return None;
        }
        answer.extend_from_slice(&piece);
        body.flow_control().release_capacity(piece.len()).ok()?;
    }
    let trailers = body.trailers().await.ok()??;
    if !is_good(&trailers, false) {
        return None;
    }
    message(&answer.freeze())
}

/// Whether a call went well; before the message nothing need be said of that.
fn is_good(headers: &HeaderMap, unsaid: bool) -> bool {
    headers.get("grpc-status").map_or(unsaid, |status| status.as_bytes() == b"0")
}

/// The one message of an answer.
fn message(answer: &Bytes) -> Option<Bytes> {
    let (prefix, rest) = answer.split_first_chunk::<PREFIX>()?;
    let [0, length @ ..] = prefix else { return None };
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (rest.len() == length).then(|| answer.slice(PREFIX..))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn only_a_whole_message_that_is_not_compressed_is_read() {
        let read = |bytes: &'static [u8]| message(&Bytes::from_static(bytes));
        assert_eq!(read(&[0, 0, 0, 0, 2, 7, 8]), Some(Bytes::from_static(&[7, 8])));
        assert_eq!(read(&[1, 0, 0, 0, 2, 7, 8]), None);
        assert_eq!(read(&[0, 0, 0, 0, 3, 7, 8]), None);
        assert_eq!(read(&[0, 255, 255, 255, 255, 7]), None);
        assert_eq!(read(&[0, 0]), None);
    }

    #[test]
    fn a_server_that_says_nothing_or_nonsense_is_left_after_its_time() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Session::open(&folder.path().join("none"), Duration::from_millis(50)).is_none());
        for nonsense in [&b""[..], b"HTTP/1.1 400 Bad Request\r\n\r\n", &[0xff; 4096]] {
            let socket = folder.path().join(format!("socket-{}", nonsense.len()));
            let listener = UnixListener::bind(&socket).unwrap();
            std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.write_all(nonsense);
                let _ = stream.read_to_end(&mut Vec::new());
            });
            let begun = Instant::now();
            if let Some(mut session) = Session::open(&socket, Duration::from_millis(100)) {
                assert_eq!(session.ask::<()>("a.B/C", None, &()), None);
            }
            assert!(begun.elapsed() < Duration::from_secs(1));
        }
    }
}
