//! Messages on a byte stream: `Content-Length: N`, an empty line, N bytes of JSON.
//!
//! Nothing that arrives ends the reading but the end of the stream: what cannot be read is told,
//! and the next header is looked for. Memory is bounded by [`MAX_BODY`], whatever a header says.
//! <https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#baseProtocol>

use std::io::{self, BufRead, Read, Write};

/// The longest message that is taken, in bytes.
pub(crate) const MAX_BODY: u64 = 64 << 20;
/// The longest line of a header, in bytes.
const MAX_HEADER: u64 = 4 << 10;

/// Why a message was passed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a header line is longer than {MAX_HEADER} bytes")]
    LongHeader,
    #[error("a header has no `Content-Length`")]
    NoLength,
    #[error("`{0}` is no length of a message")]
    Length(String),
    #[error("a message of {0} bytes is longer than the {MAX_BODY} that are taken")]
    LongBody(u64),
}

/// The bytes of the next message; `None` at the end of the stream.
pub(crate) fn read(input: &mut impl BufRead) -> io::Result<Option<Result<Vec<u8>, FrameError>>> {
    let mut length = None;
    let mut lines = 0_u32;
    loop {
        let line = match header_line(input)? {
            None => return Ok(None),
            Some(Err(error)) => return Ok(Some(Err(error))),
            Some(Ok(line)) => line,
        };
        let line = line.trim_ascii();
        if line.is_empty() {
            // Empty lines before a header are what a message of a wrong length leaves.
            if lines == 0 {
                continue;
            }
            break;
        }
        lines = lines.saturating_add(1);
        if let Some(value) = length_value(line) {
            let text = String::from_utf8_lossy(value.trim_ascii()).into_owned();
            length = Some(text.parse::<u64>().map_err(|_| FrameError::Length(text)));
        }
    }
    let length = match length {
        None => return Ok(Some(Err(FrameError::NoLength))),
        Some(Err(error)) => return Ok(Some(Err(error))),
        Some(Ok(length)) => length,
    };
    let mut body = input.take(length);
    if length > MAX_BODY {
        let passed = io::copy(&mut body, &mut io::sink())?;
        return Ok((passed == length).then_some(Err(FrameError::LongBody(length))));
    }
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == length).then_some(Ok(bytes)))
}

/// What stands behind `Content-Length:`, in any case.
///
/// The rest of a message whose length was wrong may stand before it in its line.
fn length_value(line: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"content-length";
    let colon = line.iter().rposition(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = name.trim_ascii_end();
    let name = name.get(name.len().checked_sub(NAME.len())?..)?;
    name.eq_ignore_ascii_case(NAME).then(|| value.get(1..)).flatten()
}

/// A line of a header with its break; a longer one is read to its end and dropped.
fn header_line(input: &mut impl BufRead) -> io::Result<Option<Result<Vec<u8>, FrameError>>> {
    let mut line = Vec::new();
    let read = input.by_ref().take(MAX_HEADER).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.ends_with(b"\n") || (read as u64) < MAX_HEADER {
        return Ok(Some(Ok(line)));
    }
    input.skip_until(b'\n')?;
    Ok(Some(Err(FrameError::LongHeader)))
}

/// Writes a message.
pub(crate) fn write(out: &mut impl Write, body: &[u8]) -> io::Result<()> {
    write!(out, "Content-Length: {}\r\n\r\n", body.len())?;
    out.write_all(body)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(mut bytes: &[u8]) -> Vec<Result<String, FrameError>> {
        let mut found = Vec::new();
        while let Some(one) = read(&mut bytes).unwrap() {
            found.push(one.map(|body| String::from_utf8_lossy(&body).into_owned()));
        }
        found
    }

    #[test]
    fn headers_are_read_in_any_case_and_order() {
        let bytes = b"content-length:2\r\nContent-Type: x\r\n\r\n{}Content-Length: 1\n\n1";
        assert_eq!(all(bytes), [Ok("{}".into()), Ok("1".into())]);
    }

    #[test]
    fn what_cannot_be_read_does_not_hide_what_follows() {
        let good = "Content-Length: 2\r\n\r\n{}";
        let long = format!("X: {}\r\n", "x".repeat(10_000));
        for (bad, error) in [
            (long, FrameError::LongHeader),
            ("Content-Type: x\r\n\r\n".to_owned(), FrameError::NoLength),
            ("Content-Type: x\r\n\r\n{\"a\":1}".to_owned(), FrameError::NoLength),
            ("Content-Length: -1\r\n\r\n".to_owned(), FrameError::Length("-1".to_owned())),
        ] {
            assert_eq!(all((bad + good).as_bytes()), [Err(error), Ok("{}".into())]);
        }
    }

    #[test]
    fn a_huge_length_takes_no_memory_and_a_cut_message_is_the_end() {
        assert_eq!(all(b"Content-Length: 18446744073709551615\r\n\r\n{}"), []);
        assert_eq!(all(b"Content-Length: 3\r\n\r\n{}"), []);
        let mut bytes = format!("Content-Length: {}\r\n\r\n", MAX_BODY + 1).into_bytes();
        bytes.resize(bytes.len() + usize::try_from(MAX_BODY).unwrap() + 1, b' ');
        bytes.extend_from_slice(b"Content-Length: 2\r\n\r\n{}");
        assert_eq!(all(&bytes), [Err(FrameError::LongBody(MAX_BODY + 1)), Ok("{}".into())]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end(bytes: Vec<u8>) {
            let _ = all(&bytes);
        }

        #[test]
        fn what_is_written_is_read_back(bodies in prop::collection::vec(".{0,30}", 0..4)) {
            let mut bytes = Vec::new();
            for body in &bodies {
                write(&mut bytes, body.as_bytes()).unwrap();
            }
            let wanted: Vec<Result<String, FrameError>> = bodies.into_iter().map(Ok).collect();
            prop_assert_eq!(all(&bytes), wanted);
        }
    }
}
