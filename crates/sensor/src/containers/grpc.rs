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

use super::LISTED;

/// The longest answer about one thing: what it takes decoded is a multiple.
const LONGEST: usize = 2 * 1024 * 1024;
/// The longest list: some thousand containers with their specifications.
const LONGEST_LIST: usize = 64 * 1024 * 1024;
/// The key of the field that a list has its entries in: the first, by their lengths.
const ENTRY: usize = 1 << 3 | 2;
/// The longest list of headers.
const LONGEST_HEAD: u32 = 16 * 1024;
/// What stands before a message.
const PREFIX: usize = 5;

/// The entries of a list, decoded when they are asked for.
type Entries<A> = std::iter::FilterMap<std::vec::IntoIter<Bytes>, fn(Bytes) -> Option<A>>;

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
        A::decode(self.answer(method, namespace, question, LONGEST)?).ok()
    }

    /// Asks for a list, whose entries are decoded one after the other: the first [`LISTED`] of them.
    pub(super) fn list<A: Message + Default>(
        &mut self,
        method: &str,
        namespace: Option<&str>,
        question: &impl Message,
    ) -> Option<Entries<A>> {
        let answer = self.answer(method, namespace, question, LONGEST_LIST)?;
        let decoded: fn(Bytes) -> Option<A> = |entry| A::decode(entry).ok();
        Some(entries(answer)?.into_iter().filter_map(decoded))
    }

    fn answer(
        &mut self,
        method: &str,
        namespace: Option<&str>,
        question: &impl Message,
        longest: usize,
    ) -> Option<Bytes> {
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
        let call = async { timeout(left, call(sender, request, body, longest)).await };
        self.runtime.block_on(call).ok()?
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

/// Where the entries of a list stand. A field may be as short as two bytes, so that an answer could have
/// many times more of them than may be kept.
fn entries(mut answer: Bytes) -> Option<Vec<Bytes>> {
    let mut found = Vec::new();
    while !answer.is_empty() && found.len() < LISTED {
        let key = prost::decode_length_delimiter(&mut answer).ok()?;
        let length = match key & 7 {
            0 => prost::decode_length_delimiter(&mut answer).map(|_| 0).ok()?,
            1 => 8,
            2 => prost::decode_length_delimiter(&mut answer).ok()?,
            5 => 4,
            _ => return None,
        };
        if length > answer.len() {
            return None;
        }
        let field = answer.split_to(length);
        if key == ENTRY && length <= LONGEST {
            found.push(field);
        }
    }
    Some(found)
}

async fn call(
    sender: SendRequest<Bytes>,
    request: Request<()>,
    body: Bytes,
    longest: usize,
) -> Option<Bytes> {
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
        if answer.len().saturating_add(piece.len()) > longest {
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
    fn of_a_list_no_more_entries_are_kept_than_may_be() {
        // Four million empty messages.
        let many = Bytes::from([10, 0].repeat(LONGEST_LIST / 16));
        assert_eq!(entries(many).unwrap().len(), LISTED);
        // Numbers and fields of a fixed length, and such as are not the entries.
        let mixed = [&[16, 200, 1][..], &[10, 2, 7, 8], &[25, 1, 2, 3, 4, 5, 6, 7, 8]].concat();
        let mixed = [mixed, vec![37, 1, 2, 3, 4, 18, 1, 9, 10, 0]].concat();
        let found = entries(Bytes::from(mixed)).unwrap();
        assert_eq!(found, [Bytes::from_static(&[7, 8]), Bytes::new()]);
        for broken in [&[10, 5, 1][..], &[10], &[0xff; 11], &[11, 0], &[25, 1]] {
            assert_eq!(entries(Bytes::from_static(broken)), None, "{broken:?}");
        }
        let huge = [&[10, 0x81, 0x80, 0x80, 1][..], &vec![0; LONGEST + 1]].concat();
        assert_eq!(entries(Bytes::from(huge)), Some(Vec::new()), "what decodes to too much");
    }

    proptest::proptest! {
        #[test]
        fn entries_are_those_that_a_message_has(all: Vec<Vec<u8>>, bytes: Vec<u8>) {
            let _ = entries(Bytes::from(bytes));
            let list = List { entries: all.clone() };
            let found = entries(Bytes::from(list.encode_to_vec())).unwrap();
            proptest::prop_assert_eq!(found, all);
        }
    }

    #[derive(Clone, PartialEq, Message)]
    struct List {
        #[prost(bytes = "vec", repeated, tag = "1")]
        entries: Vec<Vec<u8>>,
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
