//! What is known of a machine while events of it come in: threads, open files, accounts.
//!
//! What libsinsp keeps, and kept as it keeps it, because rules are written for that.

mod accounts;
mod budget;
pub(crate) mod container;
pub(crate) mod containers;
pub(crate) mod descriptor;
mod descriptors;
mod interfaces;
pub(crate) mod path;
mod texts;
pub(crate) mod thread;
mod threads;

use std::sync::{Arc, LazyLock};

use budget::Budget;
use descriptors::Room;
use texts::Texts;

pub(crate) use accounts::{Accounts, User};
pub(crate) use containers::Containers;
pub(crate) use descriptor::Fd;
pub(crate) use descriptors::Descriptors;
pub(crate) use interfaces::Interfaces;
pub(crate) use thread::{Place, Thread};
pub(crate) use threads::Threads;

use crate::scap::{Account, Descriptor, DescriptorKind, Interface, Machine, Process};

/// A text that several share. It is bytes: nothing makes the names of files UTF-8.
pub(crate) type Text = Arc<[u8]>;

static EMPTY: LazyLock<Text> = LazyLock::new(|| Text::from(&[][..]));
static NOT_AVAILABLE: LazyLock<Text> = LazyLock::new(|| Text::from(&b"<NA>"[..]));
static NO_DESCRIPTORS: LazyLock<Arc<Descriptors>> = LazyLock::new(Arc::default);

pub(crate) fn empty() -> Text {
    Arc::clone(&EMPTY)
}

pub(crate) fn not_available() -> Text {
    Arc::clone(&NOT_AVAILABLE)
}

pub(crate) fn no_descriptors() -> Arc<Descriptors> {
    Arc::clone(&NO_DESCRIPTORS)
}

/// The same text again where it has not changed.
pub(crate) fn reuse(known: &Text, text: &[u8]) -> Text {
    if **known == *text {
        Arc::clone(known)
    } else if text.is_empty() {
        empty()
    } else {
        Text::from(text)
    }
}

/// Everything that is known of a machine.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) machine: Machine,
    pub(crate) threads: Threads,
    pub(crate) accounts: Accounts,
    pub(crate) interfaces: Interfaces,
    pub(crate) containers: Containers,
    /// The room that open files have.
    pub(crate) room: Arc<Room>,
    pub(crate) texts: Texts,
    /// The room that texts of processes have.
    budget: Budget,
    /// Ports that something listened on when the capture began.
    server_ports: Vec<u16>,
    /// Threads whose end has been seen: they go when the next event comes.
    pub(crate) leaving: Option<i64>,
    /// A file descriptor that was closed: it goes when the next event comes.
    pub(crate) closing: Option<(i64, i64)>,
    pub(crate) recently_gone: Recent,
    /// When each processor changed to another thread last.
    switches: Vec<u64>,
}

/// The most processors that a machine has.
const MOST_PROCESSORS: usize = 8192;

/// The threads that went last: a parent may hear of its child's birth after its death.
#[derive(Debug)]
pub(crate) struct Recent {
    ring: [(i64, i64, u64); 64],
    next: usize,
}

impl Default for Recent {
    fn default() -> Self {
        Self { ring: [(-1, -1, 0); 64], next: 0 }
    }
}

/// Within this time a child's number is taken for the same child, in nanoseconds.
pub(crate) const SAME_CHILD: u64 = 2_000_000_000;

impl Recent {
    pub(crate) fn note(&mut self, tid: i64, ptid: i64, time: u64) {
        if let Some(slot) = self.ring.get_mut(self.next) {
            *slot = (tid, ptid, time);
        }
        self.next = (self.next + 1) % self.ring.len();
    }

    pub(crate) fn has(&self, tid: i64, ptid: i64, time: u64) -> bool {
        self.ring.iter().any(|(gone, parent, at)| {
            (*gone, *parent) == (tid, ptid) && time >= *at && time - at < SAME_CHILD
        })
    }
}

impl State {
    /// Nothing is known yet; open files have so many bytes of room.
    pub(crate) fn new(open_files: usize) -> Self {
        Self { room: Arc::new(Room::of(open_files)), ..Self::default() }
    }

    /// A thread that was there when the capture began.
    pub(crate) fn add_process(&mut self, process: &Process) {
        self.threads.add(Thread::from_capture(process, &mut self.texts), 0);
    }

    /// A file that a thread had open then.
    pub(crate) fn add_descriptor(&mut self, tid: i64, descriptor: &Descriptor) {
        let mut fd = Fd::from_capture(descriptor, &mut self.texts);
        let mapped = fd.ends.map(|(address, _)| descriptor::mapped(address));
        if let (DescriptorKind::Ipv6, [Some(from), Some(to)]) = (fd.kind, mapped) {
            fd.kind = DescriptorKind::Ipv4;
            fd.ends = [(from, fd.ends[0].1), (to, fd.ends[1].1)];
        }
        match fd.kind {
            DescriptorKind::Ipv4Server | DescriptorKind::Ipv6Server => {
                self.server_ports.push(fd.ends[1].1);
            }
            DescriptorKind::Unix => {
                fd.role = if fd.name.is_empty() {
                    descriptor::Role::Client
                } else {
                    descriptor::Role::Server
                };
            }
            DescriptorKind::Ipv4 => self.interfaces.complete(&mut fd),
            _ => {}
        }
        fd.connected = fd.is_connection() && fd.protocol == descriptor::L4_TCP;
        if fd.kind.is_ip() {
            fd.name = crate::syscall::show::address::name_of(&fd);
        }
        let place = self.threads.find(tid);
        if let Some(thread) = place.and_then(|place| self.threads.get_mut(place))
            && let Some(fds) = Descriptors::own(&mut thread.fds, &self.room)
        {
            fds.insert(descriptor.fd, Arc::new(fd));
        }
    }

    pub(crate) fn add_interface(&mut self, interface: Interface) {
        self.interfaces.add(interface);
    }

    pub(crate) fn add_account(&mut self, account: Account) {
        self.accounts.add(account);
    }

    /// All that was there at the beginning is known: puts it in order.
    pub(crate) fn begin(&mut self) {
        for place in self.threads.places() {
            self.threads.link(place);
        }
        self.server_ports.sort_unstable();
        self.server_ports.dedup();
        let ports = std::mem::take(&mut self.server_ports);
        for thread in self.threads.iter_mut() {
            let numbers = thread.fds.iter().filter(|(_, fd)| fd.kind == DescriptorKind::Ipv4);
            let numbers: Vec<i64> = numbers.map(|(number, _)| number).collect();
            if numbers.is_empty() {
                continue;
            }
            let Some(fds) = Descriptors::own(&mut thread.fds, &self.room) else { continue };
            for number in numbers {
                let Some(fd) = fds.get_mut(number) else { continue };
                if ports.binary_search(&fd.ends[0].1).is_ok() {
                    fd.ends.swap(0, 1);
                    fd.name = crate::syscall::show::address::name_of(fd);
                    fd.role = descriptor::Role::Server;
                } else {
                    fd.role = descriptor::Role::Client;
                }
            }
        }
        self.server_ports = ports;
    }

    /// What there was no room for, in words.
    pub(crate) fn lost(&self) -> Option<String> {
        if self.room.refused() > 0 {
            let most = self.room.most();
            return Some(format!(
                "open files take more than {most} bytes: some from here on are not known"
            ));
        }
        if let Some(most) = self.budget.exceeded() {
            return Some(format!(
                "texts of processes took more than {most} bytes: those of processes that were quiet \
                 for longest are not known any more"
            ));
        }
        (self.threads.refused > 0).then(|| {
            let most = threads::MOST;
            format!("more than {most} threads at once: some from here on are not known")
        })
    }

    /// A processor changes to another thread: how long the one before has run.
    pub(crate) fn switch(&mut self, cpu: u16, time: u64) -> u64 {
        let cpu = usize::from(cpu);
        if cpu >= MOST_PROCESSORS {
            return 0;
        }
        if self.switches.len() <= cpu {
            self.switches.resize(cpu + 1, 0);
        }
        match self.switches.get_mut(cpu).map(|last| std::mem::replace(last, time)) {
            None | Some(0) => 0,
            Some(last) => time.wrapping_sub(last),
        }
    }

    /// An open file of a thread.
    pub(crate) fn fd(&self, place: Place, fd: i64) -> Option<&Fd> {
        if fd < 0 {
            return None;
        }
        self.threads.get(self.threads.owner(place)?)?.fds.get(fd)
    }

    pub(crate) fn fd_mut(&mut self, place: Place, fd: i64) -> Option<&mut Fd> {
        let owner = self.threads.owner(place)?;
        let thread = self.threads.get_mut(owner)?;
        thread.fds.get(fd)?;
        Descriptors::own(&mut thread.fds, &self.room)?.get_mut(fd)
    }

    /// Opens a file for a thread; false where its table is full.
    pub(crate) fn add_fd(&mut self, place: Place, number: i64, fd: Arc<Fd>) -> bool {
        let owner = self.threads.owner(place);
        let fds = owner
            .and_then(|owner| self.threads.get_mut(owner))
            .and_then(|thread| Descriptors::own(&mut thread.fds, &self.room));
        let added = fds.is_some_and(|fds| fds.insert(number, fd));
        if let Some(thread) = self.threads.get_mut(place) {
            thread.last_fd = number;
        }
        added
    }
}
