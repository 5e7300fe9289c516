//! Cuts a container off from every network: nothing comes in and nothing goes out, loopback included.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::{Action, Done, Order, Outcome, group, members};
use crate::nft;

/// The most network namespaces of one container.
const MOST: usize = 16;

/// A table of nftables in each network namespace that processes of the container are in.
#[derive(Debug)]
pub(super) struct Isolate;

impl Action for Isolate {
    fn name(&self) -> &'static str {
        "isolate"
    }

    fn needs(&self) -> &'static [(&'static str, u32)] {
        &[("CAP_NET_ADMIN", 12), ("CAP_SYS_ADMIN", 21), ("CAP_SYS_PTRACE", 19)]
    }

    fn plan(&self, order: &Order<'_>) -> String {
        match spaces(order) {
            Ok(found) => format!(
                "add the nftables table `inet {}` to {} network namespace(s) of {}",
                nft::TABLE,
                found.len(),
                order.target.words()
            ),
            Err(done) => format!("isolate nothing: {}", done.detail),
        }
    }

    fn act(&self, order: &Order<'_>) -> Done {
        let spaces = match spaces(order) {
            Ok(spaces) => spaces,
            Err(done) => return done,
        };
        let mut done =
            Done::new("nothing comes in or goes out; containers of the same pod share this");
        for (pid, file) in spaces {
            match enter(file) {
                Ok(()) => {
                    done.undo.push(format!(
                        "nsenter --net=/proc/{pid}/ns/net nft delete table inet {}",
                        nft::TABLE
                    ));
                }
                Err(error) => {
                    let why = format!("its network namespace took no rules: {error}");
                    return Done { result: Outcome::Failed, detail: why, undo: done.undo };
                }
            }
        }
        done
    }
}

/// One process and the opened namespace for each that the container's processes are in.
fn spaces(order: &Order<'_>) -> Result<Vec<(i32, File)>, Done> {
    let group = group(order)?;
    let id = order.target.container().unwrap_or_default();
    let number = |pid: &str| fs::metadata(format!("/proc/{pid}/ns/net")).ok().map(|it| it.ino());
    let Some(machine) = machine(number("1"), number("self")) else {
        let why = "which network is the machine's cannot be read from `/proc/1/ns/net`";
        return Err(Done::of(Outcome::Failed, why));
    };
    let (mut seen, mut found, mut shared) = (BTreeSet::new(), Vec::new(), false);
    for pid in members(&group, id) {
        let Ok(file) = File::open(format!("/proc/{pid}/ns/net")) else { continue };
        let Ok(inode) = file.metadata().map(|it| it.ino()) else { continue };
        // The number may have come to mean another while the file was opened. It is looked at once for
        // each network: that takes all processes again.
        if seen.contains(&inode) || !members(&group, id).contains(&pid) {
            continue;
        }
        seen.insert(inode);
        if machine.contains(&inode) {
            shared = true;
            continue;
        }
        found.push((pid, file));
        if found.len() >= MOST {
            break;
        }
    }
    match (found.is_empty(), shared) {
        (false, _) => Ok(found),
        (true, true) => {
            Err(Done::of(Outcome::Refused, "the container shares the machine's network"))
        }
        (true, false) => Err(Done::of(Outcome::Gone, "no process of the container runs any more")),
    }
}

/// The number of the first network namespace: `NET_NS_INIT_INO` of `linux/nsfs.h`. Kernels before 6.18 give it
/// another, and this one to none.
const FIRST: u64 = 0xEFFF_FFF9;

/// The namespaces that are never cut off: the machine's and that of this process. None where the former is
/// not known.
fn machine(of_first: Option<u64>, own: Option<u64>) -> Option<Vec<u64>> {
    let machine = of_first.or(own.filter(|own| *own == FIRST))?;
    Some([machine].into_iter().chain(own).collect())
}

/// Does it in a thread of its own, which enters the namespace and ends there.
fn enter(space: File) -> io::Result<()> {
    let inside = move || -> io::Result<()> {
        move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network))?;
        nft::isolate()
    };
    let thread = thread::Builder::new().name("isolate".to_owned()).spawn(inside)?;
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread ended early")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_network_is_known_or_nothing_is_done() {
        assert_eq!(machine(Some(7), Some(8)), Some(vec![7, 8]));
        assert_eq!(machine(Some(7), None), Some(vec![7]));
        assert_eq!(machine(None, Some(8)), None);
        assert_eq!(machine(None, None), None);
        assert_eq!(machine(None, Some(FIRST)), Some(vec![FIRST, FIRST]));
    }
}
