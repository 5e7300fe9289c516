//! Two layers read at the same time, member by member.
//!
//! Builds of one Dockerfile have their members in the same order, so each is compared as soon as
//! both sides have it and is then forgotten. Only what is out of step waits.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, sync_channel};

use sha2::Digest as _;

use super::cause;
use super::tally::Tally;
use crate::error::ImageError;
use crate::opened::{Member, OpenImage, Walked};
use crate::tar::{Details, Entry, EntryKind};

/// Members that wait for their partner, on one side: a million, of some hundred bytes each.
const MAX_WAITING: usize = 1_000_000;

/// Members on their way from a reader.
const ON_THE_WAY: usize = 512;

/// Files whose content differs and is looked into, in one layer.
pub(super) const MAX_DIFFERING: usize = 10_000;

/// What is compared of a member.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) entry: Entry,
    position: u64,
    digest: [u8; 32],
}

/// A file whose content differs.
#[derive(Debug)]
pub(super) struct Differing {
    pub(super) path: String,
    /// The times of change, of both sides.
    pub(super) times: [i64; 2],
    /// Sizes, of both sides.
    pub(super) sizes: [u64; 2],
}

/// What two layers came to, before anybody looked into their files.
#[derive(Debug, Default)]
pub(super) struct Stepped {
    pub(super) members: u64,
    pub(super) differing: Vec<Differing>,
    /// Files that differ beyond [`MAX_DIFFERING`].
    pub(super) not_looked_into: u64,
    pub(super) walked: Option<[Walked; 2]>,
}

/// Reads layer `a` of one image and `b` of the other, and tells what is not content.
pub(super) fn compare(
    one: &OpenImage,
    a: usize,
    other: &OpenImage,
    b: usize,
    tally: &mut Tally,
) -> Result<Stepped, ImageError> {
    std::thread::scope(|scope| {
        let (to_one, from_one) = sync_channel(ON_THE_WAY);
        let (to_other, from_other) = sync_channel(ON_THE_WAY);
        let reading = scope
            .spawn(move || one.walk(a, &mut recorder(move |record| to_one.send(record).is_ok())));
        let rereading = scope.spawn(move || {
            other.walk(b, &mut recorder(move |record| to_other.send(record).is_ok()))
        });
        let mut step = Step { tally, waiting: Default::default(), last: None, is_ordered: true };
        let mut stepped = Stepped::default();
        let full = step.run(&from_one, &from_other, &mut stepped);
        // Both readers end by themselves once nobody listens.
        drop((from_one, from_other));
        let joined = |handle: std::thread::ScopedJoinHandle<'_, _>| {
            handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        let walked: [Result<Walked, ImageError>; 2] = [joined(reading), joined(rereading)];
        let [first, second] = walked;
        stepped.walked = Some([first?, second?]);
        if full {
            return Err(ImageError::Unsupported {
                what: format!("layer #{a}"),
                why: format!("more than {MAX_WAITING} of its members are in another order"),
                hint: "build both images with the same builder",
            });
        }
        step.rest(&mut stepped);
        Ok(stepped)
    })
}

/// Makes records of members, with the digest of their content.
fn recorder(
    mut send: impl FnMut(Record) -> bool + Send,
) -> impl FnMut(Member<'_>) -> ControlFlow<()> + Send {
    let mut position = 0;
    let mut buffer = vec![0; 64 << 10];
    move |member| {
        let mut hash = sha2::Sha256::new();
        // An error here comes back from the archive's next step, with its place.
        while let Ok(read @ 1..) = member.content.read(&mut buffer) {
            hash.update(buffer.get(..read).unwrap_or_default());
        }
        position += 1;
        let record = Record { entry: member.entry, position, digest: hash.finalize().into() };
        if send(record) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

struct Step<'t> {
    tally: &'t mut Tally,
    /// By path; a layer may have a path twice.
    waiting: [HashMap<String, Vec<Record>>; 2],
    /// Positions of the pair that met last.
    last: Option<[u64; 2]>,
    is_ordered: bool,
}

impl Step<'_> {
    /// Whether too many wait.
    fn run(
        &mut self,
        one: &Receiver<Record>,
        other: &Receiver<Record>,
        stepped: &mut Stepped,
    ) -> bool {
        loop {
            match (one.recv().ok(), other.recv().ok()) {
                (None, None) => return false,
                (Some(a), Some(b)) if a.entry.path == b.entry.path => self.meet(&a, &b, stepped),
                (a, b) => {
                    if let Some(a) = a {
                        self.arrive(0, a, stepped);
                    }
                    if let Some(b) = b {
                        self.arrive(1, b, stepped);
                    }
                }
            }
            if self.waiting.iter().any(|side| side.len() > MAX_WAITING) {
                return true;
            }
        }
    }

    fn arrive(&mut self, side: usize, record: Record, stepped: &mut Stepped) {
        let [one, other] = &mut self.waiting;
        let (own, partner) = if side == 0 { (one, other) } else { (other, one) };
        let path = &record.entry.path;
        let Some(there) = partner.get_mut(path) else {
            own.entry(path.clone()).or_default().push(record);
            return;
        };
        // The first that waits is the first that was stored.
        let met = there.remove(0);
        if there.is_empty() {
            partner.remove(path);
        }
        let (a, b) = if side == 0 { (&record, &met) } else { (&met, &record) };
        self.meet(a, b, stepped);
    }

    fn meet(&mut self, a: &Record, b: &Record, stepped: &mut Stepped) {
        stepped.members += 1;
        let now = [a.position, b.position];
        if let Some(last) = self.last
            && (now[0] < last[0] || now[1] < last[1])
            && self.is_ordered
        {
            self.is_ordered = false;
            self.tally.add(
                &cause::ORDER,
                &a.entry.path,
                format!("entry {}", a.position),
                format!("entry {}", b.position),
            );
        }
        self.last = Some(now);
        self.attributes(a, b);
        if a.digest != b.digest || a.entry.sparse != b.entry.sparse {
            if stepped.differing.len() == MAX_DIFFERING {
                stepped.not_looked_into += 1;
                return;
            }
            let time = |record: &Record| record.entry.details.as_ref().map_or(0, |it| it.mtime);
            stepped.differing.push(Differing {
                path: a.entry.path.clone(),
                times: [time(a), time(b)],
                sizes: [a.entry.size, b.entry.size],
            });
        }
    }

    /// Everything that a header says.
    fn attributes(&mut self, a: &Record, b: &Record) {
        let (one, other) = (&a.entry, &b.entry);
        let path = one.path.as_str();
        if one.kind != other.kind {
            self.tally.add(&cause::KIND, path, kind(one.kind), kind(other.kind));
        }
        if one.link != other.link {
            self.tally.add(&cause::LINK, path, one.link.as_str(), other.link.as_str());
        }
        if one.mode != other.mode {
            let mode = |entry: &Entry| format!("{:04o}", entry.mode);
            self.tally.add(&cause::MODE, path, mode(one), mode(other));
        }
        let (Some(x), Some(y)) = (&one.details, &other.details) else { return };
        if (x.uid, x.gid) != (y.uid, y.gid) {
            let owner = |it: &Details| format!("{}:{}", it.uid, it.gid);
            self.tally.add(&cause::OWNER, path, owner(x), owner(y));
        }
        if (&x.user, &x.group) != (&y.user, &y.group) {
            let names = |it: &Details| format!("{}:{}", it.user, it.group);
            self.tally.add(&cause::OWNER_NAME, path, names(x), names(y));
        }
        if x.device != y.device {
            let device = |it: &Details| format!("device {}:{}", it.device.0, it.device.1);
            self.tally.add(&cause::KIND, path, device(x), device(y));
        }
        if x.attributes != y.attributes {
            let names = |it: &Details| {
                it.attributes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" ")
            };
            self.tally.add(&cause::ATTRIBUTES, path, names(x), names(y));
        }
        if (x.mtime, &x.fraction) != (y.mtime, &y.fraction) {
            self.tally.add(&cause::MTIME, path, time(x), time(y));
        }
    }

    /// What never met its partner.
    fn rest(&mut self, stepped: &mut Stepped) {
        let [one, other] = std::mem::take(&mut self.waiting);
        let sides = [
            (&cause::ONLY_ORIGINAL, one, ["there", "-"]),
            (&cause::ONLY_REBUILT, other, ["-", "there"]),
        ];
        for (cause, side, [a, b]) in sides {
            let mut paths: Vec<(String, usize)> =
                side.into_iter().map(|(path, records)| (path, records.len())).collect();
            paths.sort();
            for (path, count) in paths {
                let cause = super::volatile::of(&path).unwrap_or(cause);
                for _ in 0..count {
                    stepped.members += 1;
                    self.tally.add(cause, &path, a, b);
                }
            }
        }
    }
}

fn time(details: &Details) -> String {
    let seconds = plimsoll_model::Timestamp::from_unix(details.mtime).to_string();
    if details.fraction.is_empty() {
        return seconds;
    }
    format!("{}.{}Z", seconds.trim_end_matches('Z'), details.fraction)
}

fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "file",
        EntryKind::HardLink => "hard link",
        EntryKind::Symlink => "symbolic link",
        EntryKind::Folder => "folder",
        _ => "device or pipe",
    }
}
