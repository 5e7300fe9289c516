//! The kernel's side is loaded, set up and attached; it is gone when the last descriptor is closed,
//! because nothing of it is pinned.

use std::os::fd::{AsFd, AsRawFd};

use libbpf_rs::{
    Link, MapCore, MapFlags, MapHandle, MapType, Object, ObjectBuilder, OpenObject, PrintLevel,
};

use crate::calls::{self, Call};
use crate::loss::{Aftermath, Gauge};
use crate::ring::Ring;
use crate::selection::Selection;
use crate::{Error, privilege};

static OBJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sensor.bpf.o"));

/// Which of a pair of programs is loaded: the second where a kernel does not take the first.
const PROGRAMS: [[&str; 2]; 2] =
    [["call_ends", "process_ends"], ["call_ends_raw", "process_ends_raw"]];

const ON: u8 = 1;
pub(crate) const ONLY_SUCCESS: u8 = 2;
const ONLY_DESCRIPTORS: u8 = 4;
pub(crate) const KILLS: u8 = 8;
const ONLY_CODE: u8 = 16;
const MOST_PARAMETERS: usize = 32;

/// The programs while they run.
pub(crate) struct Kernel {
    /// Programs run as long as these are there.
    links: Vec<Link>,
    object: Object,
    _rings: Vec<MapHandle>,
}

impl Kernel {
    /// Ends the programs; their maps stay, with what they have sent and counted.
    pub(crate) fn detach(&mut self) {
        self.links.clear();
    }

    /// A map of the programs.
    pub(crate) fn map(&self, name: &str) -> Result<MapHandle, Error> {
        let map = self.object.maps().find(|map| map.name() == name).ok_or(Error::Incomplete)?;
        MapHandle::try_from(&map).map_err(failed("open its maps"))
    }
}

/// What there is to read once programs run.
pub(crate) struct Loaded {
    pub(crate) kernel: Kernel,
    pub(crate) rings: Vec<Ring>,
    pub(crate) gauge: Gauge,
    pub(crate) aftermath: Aftermath,
}

/// Loads and attaches the programs with a ring of so many bytes for each processor; so many of the ways
/// to attach them are not tried.
pub(crate) fn load(selection: &Selection, ring_size: u32, skipped: usize) -> Result<Loaded, Error> {
    let missing = privilege::missing();
    if !missing.is_empty() {
        return Err(Error::Privilege(missing));
    }
    if !privilege::has_types() {
        return Err(Error::NoTypes);
    }
    // What libbpf has to say stands in its errors.
    libbpf_rs::set_print(Some((PrintLevel::Debug, |_, _| {})));
    let processors = libbpf_rs::num_possible_cpus().map_err(failed("count processors"))?;
    let processors = u32::try_from(processors).unwrap_or(1);
    let mut first = None;
    for programs in PROGRAMS.into_iter().skip(skipped) {
        match attempt(selection, ring_size, processors, programs) {
            Ok(loaded) => return Ok(loaded),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or(Error::NoTypes))
}

pub(crate) fn failed(action: &'static str) -> impl Fn(libbpf_rs::Error) -> Error {
    move |source| Error::Kernel { action, source }
}

fn attempt(
    selection: &Selection,
    ring_size: u32,
    processors: u32,
    programs: [&str; 2],
) -> Result<Loaded, Error> {
    let mut object =
        ObjectBuilder::default().open_memory(OBJECT).map_err(failed("read its programs"))?;
    prepare(&mut object, processors, programs)?;
    let rings = make_rings(ring_size, processors)?;
    if let Some(ring) = rings.first() {
        for mut map in object.maps_mut().filter(|map| map.name() == "rings") {
            map.set_inner_map_fd(ring.as_fd()).map_err(failed("prepare its rings"))?;
        }
    }
    let object = object.load().map_err(failed("load its programs into the kernel"))?;
    let handle = |name: &str| {
        let map = object.maps().find(|map| map.name() == name).ok_or(Error::Incomplete)?;
        MapHandle::try_from(&map).map_err(failed("open its maps"))
    };
    let outer = handle("rings")?;
    for (at, ring) in (0_u32..).zip(&rings) {
        let fd = ring.as_fd().as_raw_fd().to_ne_bytes();
        outer.update(&at.to_ne_bytes(), &fd, MapFlags::ANY).map_err(failed("set its rings"))?;
    }
    choose(&handle("calls")?, &handle("compat")?, selection)?;
    let size = usize::try_from(ring_size).unwrap_or(0);
    let mapped: Result<Vec<Ring>, _> =
        rings.iter().map(|ring| Ring::map(&ring.as_fd().as_raw_fd(), size)).collect();
    let mapped = mapped.map_err(Error::Ring)?;
    let links: Result<Vec<Link>, Error> = object
        .progs_mut()
        .filter(|program| programs.iter().any(|name| program.name() == *name))
        .map(|program| program.attach().map_err(failed("attach its programs")))
        .collect();
    let gauge = || Ok::<_, Error>(Gauge { tallies: handle("tallies")?, lost: handle("lost")? });
    let (gauge, aftermath) = (gauge()?, Aftermath::new(gauge()?));
    Ok(Loaded {
        kernel: Kernel { links: links?, object, _rings: rings },
        rings: mapped,
        gauge,
        aftermath,
    })
}

/// Sets what has to be known before the programs are loaded.
fn prepare(object: &mut OpenObject, processors: u32, programs: [&str; 2]) -> Result<(), Error> {
    for mut map in object.maps_mut() {
        let name = map.name().to_owned();
        if name == "scratches" || name == "rings" {
            map.set_max_entries(processors).map_err(failed("size its maps"))?;
        } else if name.to_string_lossy().ends_with(".rodata")
            && let Some(value) = map.initial_value_mut()
            && let Some(own) = value.first_chunk_mut::<4>()
        {
            // The first constant: the process that is left out.
            *own = std::process::id().to_ne_bytes();
        }
    }
    for mut program in object.progs_mut() {
        let wanted = programs.iter().any(|name| program.name() == *name);
        program.set_autoload(wanted);
    }
    Ok(())
}

fn make_rings(size: u32, processors: u32) -> Result<Vec<MapHandle>, Error> {
    let options = libbpf_sys::bpf_map_create_opts {
        sz: size_of::<libbpf_sys::bpf_map_create_opts>() as _,
        ..Default::default()
    };
    (0..processors)
        .map(|_| {
            MapHandle::create(MapType::RingBuf, Some("ring"), 0, 0, size, &options)
                .map_err(failed("make its rings"))
        })
        .collect()
}

/// Tells the programs which calls are sent and what of each.
fn choose(calls: &MapHandle, compat: &MapHandle, selection: &Selection) -> Result<(), Error> {
    for call in calls::all().filter(|call| selection.has(call)) {
        let value = encoded(call, selection);
        calls
            .update(&call.number.to_ne_bytes(), &value, MapFlags::ANY)
            .map_err(failed("choose calls"))?;
        if let Some(number) = call.compat {
            let value = (call.number + 1).to_ne_bytes();
            compat
                .update(&number.to_ne_bytes(), &value, MapFlags::ANY)
                .map_err(failed("choose calls"))?;
        }
    }
    Ok(())
}

/// `struct call` of `bpf/scratch.h`.
fn encoded(call: &Call, selection: &Selection) -> Vec<u8> {
    let flags = match call.name {
        _ if selection.wants_failures(call) => ON,
        _ if selection.only_code(call) => ON | ONLY_CODE,
        "fcntl" => ON | ONLY_SUCCESS | ONLY_DESCRIPTORS,
        _ => ON | ONLY_SUCCESS,
    };
    let mut value = Vec::with_capacity(4 + 4 * MOST_PARAMETERS);
    value.extend_from_slice(&call.event.to_ne_bytes());
    value.push(u8::try_from(call.parameters.len()).unwrap_or(0));
    value.push(flags);
    let words = call.parameters.iter().map(|parameter| parameter.word);
    for word in words.chain(std::iter::repeat(0)).take(MOST_PARAMETERS) {
        value.extend_from_slice(&word.to_ne_bytes());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `BPF_STX | BPF_ATOMIC` on eight and on four bytes.
    const ATOMICS: [u8; 2] = [0xdb, 0xc3];
    /// `BPF_ADD` without `BPF_FETCH`: what kernels before 5.12 know.
    const ADD: u32 = 0;

    fn number(bytes: &[u8], at: usize, size: usize) -> usize {
        bytes[at..at + size].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    }

    /// Instructions of all sections of an ELF64 object that hold some.
    fn instructions(object: &[u8]) -> Vec<&[u8]> {
        let (table, size, count) =
            (number(object, 40, 8), number(object, 58, 2), number(object, 60, 2));
        let mut found = Vec::new();
        for section in object[table..].chunks(size).take(count) {
            let (kind, flags) = (number(section, 4, 4), number(section, 8, 8));
            let (at, length) = (number(section, 24, 8), number(section, 32, 8));
            // `SHT_PROGBITS` with `SHF_EXECINSTR`.
            if kind == 1 && flags & 4 != 0 {
                found.extend(object[at..at + length].chunks(8));
            }
        }
        found
    }

    #[test]
    fn no_program_needs_the_atomics_of_a_newer_kernel_than_is_promised() {
        let all = instructions(OBJECT);
        assert!(all.len() > 1_000);
        let mut wide = false;
        let mut adds = 0;
        for instruction in all {
            // The second half of a wide constant is none.
            let constant = wide;
            wide = instruction[0] == 0x18 && !constant;
            if !constant && ATOMICS.contains(&instruction[0]) {
                let operation = u32::from_ne_bytes(instruction[4..].try_into().unwrap());
                assert_eq!(operation, ADD, "an atomic operation that Linux has since 5.12");
                adds += 1;
            }
        }
        assert!(adds > 0);
    }
}
