//! Just enough HTTP/1.1 to ask a container daemon over its socket.
//!
//! One request a connection, bodies of a stated length, in chunks or up to the end. Reading is
//! blocking all the way down to the tar reader, so an asynchronous client would only add threads
//! and copies between the socket and it.
//!
//! Source: RFC 9112.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

use super::address::Address;

/// The longest line of a head, and of a chunk's size.
const MAX_LINE: u64 = 16 << 10;

/// Header fields of one response.
const MAX_FIELDS: usize = 200;

/// A two-way connection.
pub(super) trait Connection: Read + Write + Send {}

impl<C: Read + Write + Send> Connection for C {}

/// A response: its status, and its body as a reader.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: Body,
}

/// A body, whose end is not mistaken for that of a broken connection.
pub(super) struct Body {
    from: BufReader<Box<dyn Connection>>,
    framing: Framing,
}

enum Framing {
    Length { left: u64 },
    Chunks { left: u64, state: Chunk },
    UpToEnd,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Chunk {
    First,
    Inside,
    Last,
}

/// Gets `path`; the other side may be silent for `timeout` at a time.
pub(super) fn get(address: &Address, path: &str, timeout: Duration) -> io::Result<Response> {
    exchange(address.connect(timeout)?, path)
}

fn exchange(mut connection: Box<dyn Connection>, path: &str) -> io::Result<Response> {
    if path.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no path of a URL"));
    }
    let version = env!("CARGO_PKG_VERSION");
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: plimsoll/{version}\r\n\
         Accept: */*\r\nConnection: close\r\n\r\n"
    )?;
    connection.flush()?;
    let mut from = BufReader::with_capacity(128 << 10, connection);
    loop {
        let status = status(&line(&mut from)?)?;
        let framing = fields(&mut from)?;
        match status {
            // An interim response; the real one follows.
            100..=199 => {}
            204 | 304 => {
                return Ok(Response {
                    status,
                    body: Body { from, framing: Framing::Length { left: 0 } },
                });
            }
            _ => return Ok(Response { status, body: Body { from, framing } }),
        }
    }
}

fn status(line: &str) -> io::Result<u16> {
    let rest = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "));
    let code = rest.and_then(|rest| rest.split(' ').next()).and_then(|code| code.parse().ok());
    code.filter(|code| (100..=599).contains(code)).ok_or_else(|| bad("it speaks no HTTP"))
}

/// Reads the header fields and says where the body ends.
fn fields(from: &mut impl BufRead) -> io::Result<Framing> {
    let mut framing = Framing::UpToEnd;
    for _ in 0..MAX_FIELDS {
        let line = line(from)?;
        if line.is_empty() {
            return Ok(framing);
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad("a header without a colon"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case("chunked") {
                return Err(bad("an unknown transfer encoding"));
            }
            framing = Framing::Chunks { left: 0, state: Chunk::First };
        } else if name.eq_ignore_ascii_case("content-length")
            && !matches!(framing, Framing::Chunks { .. })
        {
            let left = value.parse().map_err(|_| bad("a content length that is no number"))?;
            framing = Framing::Length { left };
        }
    }
    Err(bad("too many headers"))
}

/// One line without its end.
fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.take(MAX_LINE).read_until(b'\n', &mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        let cut = (bytes.len() as u64) < MAX_LINE - 1;
        return Err(if cut { cut_off() } else { bad("a line is too long") });
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        match &mut self.framing {
            Framing::UpToEnd => self.from.read(buffer),
            Framing::Length { left } => read_part(&mut self.from, buffer, left),
            Framing::Chunks { left, state } => {
                if *left == 0 {
                    next_chunk(&mut self.from, left, state)?;
                }
                if *state == Chunk::Last {
                    return Ok(0);
                }
                read_part(&mut self.from, buffer, left)
            }
        }
    }
}

/// Reads of a part that has `left` bytes still to come.
fn read_part(from: &mut impl Read, buffer: &mut [u8], left: &mut u64) -> io::Result<usize> {
    let wanted = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
    let Some(buffer) = buffer.get_mut(..wanted).filter(|b| !b.is_empty()) else { return Ok(0) };
    match from.read(buffer)? {
        0 => Err(cut_off()),
        read => {
            *left -= read as u64;
            Ok(read)
        }
    }
}

/// Reads the size of the next chunk; after the last one also the trailer.
fn next_chunk(from: &mut impl BufRead, left: &mut u64, state: &mut Chunk) -> io::Result<()> {
    match *state {
        Chunk::Last => return Ok(()),
        Chunk::Inside if !line(from)?.is_empty() => return Err(bad("a chunk is too long")),
        Chunk::First | Chunk::Inside => {}
    }
    let size = line(from)?;
    let digits = size.split(';').next().unwrap_or_default().trim();
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(bad("a chunk's size is no number"));
    }
    *left = u64::from_str_radix(digits, 16).map_err(|_| bad("a chunk's size is no number"))?;
    *state = Chunk::Inside;
    if *left == 0 {
        *state = Chunk::Last;
        for _ in 0..MAX_FIELDS {
            if line(from)?.is_empty() {
                return Ok(());
            }
        }
        return Err(bad("too many headers"));
    }
    Ok(())
}

fn bad(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed HTTP response: {why}"))
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed early")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scripted(io::Cursor<Vec<u8>>);

    impl Read for Scripted {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            // Small reads, so that every boundary is met.
            let few = buffer.len().min(3);
            self.0.read(&mut buffer[..few])
        }
    }

    impl Write for Scripted {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            Ok(buffer.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn answer(text: &[u8]) -> io::Result<(u16, String)> {
        let mut response = exchange(Box::new(Scripted(io::Cursor::new(text.to_vec()))), "/x")?;
        let mut body = Vec::new();
        response.body.read_to_end(&mut body)?;
        Ok((response.status, String::from_utf8_lossy(&body).into_owned()))
    }

    fn shown(text: &str) -> String {
        match answer(text.as_bytes()) {
            Ok((status, body)) => format!("{status} {body}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        assert_eq!(shown("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyrest"), "200 body");
        assert_eq!(shown("HTTP/1.0 404 Not Found\n\nbody"), "404 body");
        assert_eq!(shown("HTTP/1.1 204 No Content\r\n\r\n"), "204 ");
        let chunks =
            "Transfer-Encoding: chunked\r\n\r\n4;x=y\r\nbody\r\n6\r\n, more\r\n0\r\nT: x\r\n\r\n";
        assert_eq!(shown(&format!("HTTP/1.1 200 OK\r\n{chunks}")), "200 body, more");
        assert_eq!(
            shown(&format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n{chunks}")),
            "200 body, more"
        );
    }

    #[test]
    fn a_broken_connection_is_no_end() {
        let early = "the connection was closed early";
        assert_eq!(shown("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody"), early);
        assert_eq!(
            shown("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n"),
            early
        );
        assert_eq!(shown("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nbody"), early);
        assert_eq!(shown("HTTP/1.1 200 OK\r\nConte"), early);
        assert_eq!(shown(""), early);
    }

    #[test]
    fn what_is_no_http_is_named() {
        assert!(shown("SSH-2.0-x\r\n").contains("it speaks no HTTP"));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert!(shown(&format!("{chunked}+4\r\nbody\r\n0\r\n\r\n")).contains("no number"));
        assert!(shown(&format!("{chunked}2\r\nbody\r\n0\r\n\r\n")).contains("a chunk is too long"));
        assert!(shown(&format!("HTTP/1.1 200 {}\r\n", "x".repeat(20_000))).contains("too long"));
        assert!(
            shown("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n")
                .contains("unknown transfer")
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(head in "(Transfer-Encoding: chunked|Content-Length: [0-9]{1,22}|[a-z:]{0,9})", body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let mut text = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").into_bytes();
            text.extend(body);
            let _ = answer(&text);
        }
    }
}
