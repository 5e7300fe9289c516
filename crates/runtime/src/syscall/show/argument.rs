//! An argument of an event in words: its value, and what the value stands for.
//!
//! After libsinsp's `sinsp_evt::get_param_as_str`.

use std::fmt::Write;

use super::address::{self, Address, Tuple};
use super::{Words, names};
use crate::event::Arena;
use crate::scap::schema::{self, Base, Detail, Shape};
use crate::syscall::call::SystemCall;
use crate::syscall::changes::{AT_FDCWD, folder_of};
use crate::syscall::state::descriptor::{L4_ICMP, L4_RAW, L4_TCP, L4_UDP};
use crate::syscall::state::{Fd, Text};

/// An argument and what it stands for, which is empty where that says no more.
pub(crate) struct Shown<'e> {
    pub(crate) value: &'e [u8],
    pub(crate) meaning: &'e [u8],
}

impl<'e> Shown<'e> {
    /// The meaning, or the value where there is none.
    pub(crate) fn best(&self) -> &'e [u8] {
        if self.meaning.is_empty() { self.value } else { self.meaning }
    }
}

/// What is shown of bytes that are not there.
fn missing(shape: Shape) -> &'static [u8] {
    match shape {
        Shape::Bytes | Shape::Tuple | Shape::DescriptorList | Shape::Dynamic => b"NULL",
        _ => b"<NA>",
    }
}

/// An argument of an event, by its place.
pub(crate) fn shown<'e>(call: &SystemCall<'e>, at: usize, arena: &'e Arena) -> Option<Shown<'e>> {
    let parameter =
        call.event_type().parameters.get(at).filter(|_| at < call.parameters().len())?;
    let mut bytes = call.parameters().get(at);
    let (mut shape, base) = (parameter.shape, parameter.base);
    let textual = matches!(shape, Shape::Text | Shape::Path | Shape::RelativePath);
    if bytes.is_empty() && !textual {
        return Some(Shown { value: missing(shape), meaning: &[] });
    }
    if let (Shape::Dynamic, Detail::Shapes(shapes)) = (shape, &parameter.detail) {
        let (first, rest) = bytes.split_first()?;
        if let Some((known, _)) = shapes.get(usize::from(*first)) {
            (shape, bytes) = (*known, rest);
        }
    }
    let mut out = Out { call, arena, value: Words::new(arena), meaning: Words::new(arena) };
    match shape {
        Shape::Signed | Shape::Unsigned => {
            number(&mut out.value, bytes, shape == Shape::Signed, base);
        }
        Shape::Text => return Some(Shown { value: text(bytes), meaning: &[] }),
        Shape::Path | Shape::RelativePath => {
            let path = text(bytes);
            return Some(Shown { value: path, meaning: resolved_path(call, at, path, arena) });
        }
        Shape::Bytes => out.dots(bytes),
        Shape::Errno => out.errno(signed(bytes)),
        Shape::Descriptor => out.descriptor(signed(bytes)),
        Shape::Process => out.process(signed(bytes)),
        Shape::Address => out.address(bytes),
        Shape::Tuple => out.tuple(bytes),
        Shape::DescriptorList => out.descriptors(bytes),
        Shape::SystemCall => out.system_call(unsigned(bytes)),
        Shape::Signal => {
            let _ = write!(out.value, "{}", unsigned(bytes));
            out.meaning.push(names::signal(unsigned(bytes)).unwrap_or_default().as_bytes());
        }
        Shape::Duration => out.duration(unsigned(bytes)),
        Shape::Flags | Shape::Enumeration => {
            let value = unsigned(bytes);
            let _ = write!(out.value, "{value}");
            out.names(&parameter.detail, value, shape == Shape::Enumeration);
        }
        Shape::Mode => {
            number(&mut out.value, bytes, false, base);
            out.mode(&parameter.detail, unsigned(bytes));
        }
        Shape::Uid | Shape::Gid => out.account(unsigned(bytes), shape == Shape::Uid),
        Shape::SignalSet => out.signals(unsigned(bytes)),
        Shape::Time | Shape::Bool => number(&mut out.value, bytes, false, Base::Decimal),
        Shape::Dynamic => out.value.push(b"INVALID DYNAMIC PARAMETER"),
        Shape::Other => out.value.push(b"(n.a.)"),
    }
    Some(Shown { value: out.value.finish(), meaning: out.meaning.finish() })
}

fn text(bytes: &[u8]) -> &[u8] {
    if bytes.is_empty() || bytes == b"(NULL)\0" {
        return b"<NA>";
    }
    bytes.get(..memchr::memchr(0, bytes).unwrap_or(bytes.len())).unwrap_or_default()
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn signed(bytes: &[u8]) -> i64 {
    match *bytes {
        [a] => i64::from(a.cast_signed()),
        [a, b] => i64::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        _ => unsigned(bytes).cast_signed(),
    }
}

/// A number as C writes it.
fn number(out: &mut Words<'_>, bytes: &[u8], negative: bool, base: Base) {
    let value = unsigned(bytes);
    let _ = match base {
        Base::Hexadecimal => write!(out, "{value:X}"),
        Base::Octal if value == 0 => write!(out, "0"),
        Base::Octal => write!(out, "0{value:o}"),
        Base::Padded => write!(out, "{value:09}"),
        Base::Decimal if negative => write!(out, "{}", signed(bytes)),
        Base::Decimal => write!(out, "{value}"),
    };
}

/// A path from the root on, where it is not one already.
fn resolved_path<'e>(call: &SystemCall<'e>, at: usize, path: &[u8], arena: &'e Arena) -> &'e [u8] {
    let Some(place) = call.place().filter(|_| path != b"<NA>") else { return &[] };
    if path.is_empty() || path.starts_with(b"/") {
        return &[];
    }
    let parameter = call.event_type().parameters.get(at);
    let dirfd = match parameter.map(|parameter| &parameter.detail) {
        Some(Detail::Directory(at)) => call.parameters().signed(*at).unwrap_or(AT_FDCWD),
        _ => AT_FDCWD,
    };
    let mut buffer = [0; 1024];
    let folder = folder_of(call.state(), Some(place), path, dirfd);
    let joined = if folder.is_unknown() {
        crate::syscall::state::path::joined(b"", path, &mut buffer)
    } else {
        folder.join(path, &mut buffer)
    };
    arena.alloc_slice_copy(joined)
}

struct Out<'c, 'e> {
    call: &'c SystemCall<'e>,
    arena: &'e Arena,
    value: Words<'e>,
    meaning: Words<'e>,
}

impl Out<'_, '_> {
    /// Bytes of which only what can be printed is shown.
    fn dots(&mut self, bytes: &[u8]) {
        self.value.push(dotted(bytes, self.arena));
    }

    fn errno(&mut self, value: i64) {
        let _ = write!(self.value, "{value}");
        self.meaning.push(names::error(value).unwrap_or_default().as_bytes());
    }

    fn descriptor(&mut self, number: i64) {
        let _ = write!(self.value, "{number}");
        let Some(place) = self.call.place() else { return };
        if number == AT_FDCWD {
            self.meaning.push(b"AT_FDCWD");
        } else if number < 0 {
            self.meaning.push(names::error(number).unwrap_or_default().as_bytes());
        } else if let Some(fd) = self.call.state().fd(place, number) {
            self.meaning.push(b"<");
            self.meaning.push(&[fd.letter()]);
            let protocol: &[u8] = match fd.l4() {
                _ if !fd.kind.is_ip() => b"",
                L4_TCP => b"t",
                L4_UDP => b"u",
                L4_ICMP => b"i",
                L4_RAW => b"r",
                _ => b"",
            };
            self.meaning.push(protocol);
            self.meaning.push(b">");
            self.meaning.push(&fd.name);
        }
    }

    fn process(&mut self, tid: i64) {
        let _ = write!(self.value, "{tid}");
        if let Some(thread) = self.call.state().threads.by_tid(tid) {
            self.meaning.push(&thread.comm);
        }
    }

    fn address(&mut self, bytes: &[u8]) {
        match Address::read(bytes) {
            Some(known) => self.value.push(&address::text(&known)),
            None => self.value.push(invalid(bytes, b"INVALID SOCKADDR")),
        }
    }

    fn tuple(&mut self, bytes: &[u8]) {
        match Tuple::read(bytes) {
            Some(known) => self.value.push(&address::tuple_text(&known)),
            None => self.value.push(invalid(bytes, b"INVALID SOCKTUPLE")),
        }
    }

    fn descriptors(&mut self, bytes: &[u8]) {
        let Some(place) = self.call.place() else { return };
        for (number, events) in descriptor_list(bytes) {
            if !self.value.is_empty() {
                self.value.push(b" ");
            }
            let letter = self.call.state().fd(place, number).map_or(b'?', Fd::letter);
            let events = i32::from(events.cast_signed()).cast_unsigned();
            let _ =
                write!(self.value, "{}:{}{events:x}", number.cast_unsigned(), char::from(letter));
        }
    }

    fn system_call(&mut self, number: u64) {
        let name = u16::try_from(number).ok().and_then(schema::system_call);
        match name {
            Some(name) => {
                let _ = write!(self.value, "{number}");
                self.meaning.push(name.as_bytes());
            }
            None => self.value.push(b"<unknown syscall>"),
        }
    }

    fn duration(&mut self, nanoseconds: u64) {
        if nanoseconds == u64::MAX {
            self.value.push(b"none");
            return;
        }
        let _ = write!(self.value, "{nanoseconds}");
        #[allow(clippy::cast_precision_loss, reason = "it is shown with six digits")]
        general(&mut self.meaning, nanoseconds as f64 / 1e9);
        self.meaning.push(b"s");
    }

    /// The names of bits, or all names of a number.
    fn names(&mut self, detail: &Detail, whole: u64, exact: bool) {
        let Detail::Names(names) = detail else { return };
        let mut left = whole;
        for (name, value) in *names {
            let value = u64::from(*value);
            let fits = if exact {
                value == whole
            } else {
                (value == 0 && whole == 0) || (value != 0 && left & value == value)
            };
            if !fits {
                continue;
            }
            if !exact {
                left &= !value;
            }
            if !self.meaning.is_empty() {
                self.meaning.push(b"|");
            }
            self.meaning.push(name.as_bytes());
            if !exact && value == whole {
                break;
            }
        }
    }

    fn mode(&mut self, detail: &Detail, whole: u64) {
        let Detail::Names(names) = detail else { return };
        let mut left = whole;
        for (name, value) in *names {
            let value = u64::from(*value);
            let last = value == whole;
            if last || (value != 0 && left & value == value) {
                if !self.meaning.is_empty() {
                    self.meaning.push(b"|");
                }
                self.meaning.push(name.as_bytes());
                left &= !value;
            }
            if last {
                break;
            }
        }
    }

    fn account(&mut self, id: u64, user: bool) {
        let Some(id) = u32::try_from(id).ok().filter(|id| *id != u32::MAX) else {
            self.value.push(b"-1");
            self.meaning.push(b"<NONE>");
            return;
        };
        let _ = write!(self.value, "{}", id.cast_signed());
        let name: Option<&Text> = self.call.thread().and_then(|thread| {
            let (accounts, container) = (&self.call.state().accounts, thread.cgroups.container());
            if user {
                accounts.user(container, id).map(|user| &user.name)
            } else {
                accounts.group(container, id)
            }
        });
        let name = name.filter(|name| !name.is_empty()).map_or(&b"<NA>"[..], |name| name);
        self.meaning.push(name);
    }

    fn signals(&mut self, set: u64) {
        for signal in 0..32 {
            if set >> signal & 1 == 1
                && let Some(name) = names::signal(signal + 1)
            {
                if !self.value.is_empty() {
                    self.value.push(b" ");
                }
                self.value.push(name.as_bytes());
            }
        }
    }
}

fn invalid(bytes: &[u8], otherwise: &'static [u8]) -> &'static [u8] {
    match bytes.first() {
        Some(1) => b"INVALID PATH",
        Some(2) => b"INVALID IPv4",
        Some(10) => b"INVALID IPv6",
        _ => otherwise,
    }
}

/// The files of a poll and what is waited for.
pub(crate) fn descriptor_list(bytes: &[u8]) -> impl Iterator<Item = (i64, u16)> {
    let (count, rest) = bytes.split_first_chunk::<2>().unwrap_or((&[0, 0], &[]));
    let entries = rest.chunks_exact(10).take(u16::from_le_bytes(*count).into());
    entries.filter_map(|entry| {
        let (fd, events) = entry.split_first_chunk::<8>()?;
        let events = events.first_chunk::<2>()?;
        Some((i64::from_le_bytes(*fd), u16::from_le_bytes(*events)))
    })
}

/// Bytes of which only what can be printed is shown, in the arena.
pub(crate) fn dotted<'e>(bytes: &[u8], arena: &'e Arena) -> &'e [u8] {
    let dots = bytes.iter().map(|byte| if (32..127).contains(byte) { *byte } else { b'.' });
    arena.alloc_slice_fill_iter(dots)
}

/// A number with six digits as C's `%g` writes it.
pub(crate) fn general(out: &mut Words<'_>, number: f64) {
    let scientific = format!("{number:.5e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |digits: &str| {
        if digits.contains('.') {
            digits.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            digits.to_owned()
        }
    };
    let _ = if (-4..6).contains(&exponent) {
        let places = usize::try_from(5 - exponent).unwrap_or(0);
        write!(out, "{}", trimmed(&format!("{number:.places$}")))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{}e{sign}{:02}", trimmed(digits), exponent.abs())
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_c_writes_them() {
        let arena = Arena::new();
        for (number, text) in [
            (0.0, "0"),
            (1.5, "1.5"),
            (0.000_05, "5e-05"),
            (123_456.7, "123457"),
            (1_234_567.0, "1.23457e+06"),
            (0.000_123_456_7, "0.000123457"),
            (100.0, "100"),
        ] {
            let mut out = Words::new(&arena);
            general(&mut out, number);
            assert_eq!(String::from_utf8_lossy(out.finish()), text);
        }
    }
}
