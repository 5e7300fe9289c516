//! `proc` and `thread`: the thread that an event happened in, its process and their ancestors.
//!
//! After libsinsp's `sinsp_filtercheck_thread.cpp`.

use std::fmt::Write;

use super::{Answer, bytes, number, signed, yes};
use crate::event::{Arena, Event, FieldRef, Value, Values};
use crate::scap::codes as code;
use crate::syscall::call::SystemCall;
use crate::syscall::show::{Words, names};
use crate::syscall::state::thread::list;
use crate::syscall::state::{Place, Thread};

/// How many generations a search in environments goes up.
const ENVIRONMENTS: usize = 20;

/// A text of a thread.
type Part = for<'e> fn(&'e Thread, &'e Arena) -> &'e [u8];

pub(super) fn answer(name: &str) -> Option<Answer> {
    identity(name).or_else(|| family(name)).or_else(|| details(name)).or_else(|| files(name))
}

fn of<'e>(call: &SystemCall<'e>, value: impl FnOnce(&'e Thread) -> Values<'e>) -> Values<'e> {
    call.thread().map_or(Values::Absent, value)
}

/// A number that is none where it is zero.
fn some(value: u64) -> Values<'static> {
    if value == 0 { Values::Absent } else { number(value) }
}

/// Numbers of processes are 32 bits wide; others are of sources that have no such numbers.
fn id(value: i64) -> Values<'static> {
    if (-1..=i64::from(u32::MAX)).contains(&value) { signed(value) } else { Values::Absent }
}

fn comm<'e>(thread: &'e Thread, _: &'e Arena) -> &'e [u8] {
    &thread.comm
}

fn exe<'e>(thread: &'e Thread, _: &'e Arena) -> &'e [u8] {
    &thread.exe
}

fn exepath<'e>(thread: &'e Thread, _: &'e Arena) -> &'e [u8] {
    &thread.exepath
}

fn joined<'e>(thread: &'e Thread, arena: &'e Arena) -> &'e [u8] {
    spaced(&thread.args, arena)
}

fn cmdline<'e>(thread: &'e Thread, arena: &'e Arena) -> &'e [u8] {
    if thread.args.is_empty() {
        return &thread.comm;
    }
    let mut words = Words::new(arena);
    words.push(&thread.comm);
    words.push(b" ");
    words.push(spaced(&thread.args, arena));
    words.finish()
}

/// A list with spaces between its texts.
fn spaced<'e>(texts: &[u8], arena: &'e Arena) -> &'e [u8] {
    let spaced = texts.iter().map(|byte| if *byte == 0 { b' ' } else { *byte });
    arena.alloc_slice_fill_iter(spaced)
}

fn identity(name: &str) -> Option<Answer> {
    Some(match name {
        "proc.name" => |call, _, arena| of(call, |thread| bytes(comm(thread, arena))),
        "proc.exe" => |call, _, arena| of(call, |thread| bytes(exe(thread, arena))),
        "proc.exepath" => |call, _, arena| of(call, |thread| bytes(exepath(thread, arena))),
        "proc.cmdline" => |call, _, arena| of(call, |thread| bytes(cmdline(thread, arena))),
        "proc.args" => |call, field, arena| {
            of(call, |thread| match field.index() {
                Some(at) => {
                    let at = usize::try_from(at).unwrap_or(usize::MAX);
                    bytes(thread.arguments().nth(at).unwrap_or_default())
                }
                None => bytes(joined(thread, arena)),
            })
        },
        "proc.exeline" => |call, _, arena| {
            of(call, |thread| {
                let mut words = Words::new(arena);
                words.push(&thread.exe);
                words.push(b" ");
                words.push(joined(thread, arena));
                bytes(words.finish())
            })
        },
        "proc.cmdnargs" => {
            |call, _, _| of(call, |thread| number(thread.arguments().count() as u64))
        }
        "proc.cmdlenargs" => |call, _, _| {
            of(call, |thread| number(thread.arguments().map(<[u8]>::len).sum::<usize>() as u64))
        },
        "proc.env" => {
            |call, field, arena| of(call, |thread| environment(call, thread, field, arena))
        }
        "proc.aenv" => ancestors_environment,
        "proc.cwd" => |call, _, _| {
            of(call, |_| {
                let main = call.place().and_then(|place| call.state().threads.main_thread(place));
                bytes(main.map_or(&b"./"[..], |main| &main.cwd))
            })
        },
        "proc.pid" => |call, _, _| of(call, |thread| id(thread.pid)),
        "proc.vpid" => |call, _, _| {
            of(call, |thread| if thread.vpid == -1 { Values::Absent } else { signed(thread.vpid) })
        },
        "proc.sid" => |call, _, _| of(call, |thread| signed(thread.sid)),
        "proc.vpgid" => |call, _, _| of(call, |thread| signed(thread.vpgid)),
        "proc.pgid" => |call, _, _| of(call, |thread| signed(thread.pgid)),
        "proc.tty" => |call, _, _| of(call, |thread| number(thread.tty.into())),
        "thread.tid" => |call, _, _| id(call.tid()),
        "thread.ismain" => |call, _, _| of(call, |thread| yes(thread.is_main())),
        "thread.vtid" => |call, _, _| {
            of(call, |thread| if thread.vtid == -1 { Values::Absent } else { signed(thread.vtid) })
        },
        "thread.nametid" => |call, _, arena| {
            of(call, |thread| {
                let mut words = Words::new(arena);
                words.push(&thread.comm);
                let _ = write!(words, "{}", call.tid());
                bytes(words.finish())
            })
        },
        _ => return None,
    })
}

/// The parent, or an ancestor further up.
fn ancestor<'e>(call: &SystemCall<'e>, generations: u64) -> Option<&'e Thread> {
    let threads = &call.state().threads;
    threads.get(threads.ancestor(call.place()?, generations)?)
}

fn parent<'e>(call: &SystemCall<'e>, value: impl FnOnce(&'e Thread) -> Values<'e>) -> Values<'e> {
    ancestor(call, 1).map_or(Values::Absent, value)
}

/// A text of one ancestor, or of all of them, the nearest first.
fn ancestry<'e>(
    call: &SystemCall<'e>,
    field: &FieldRef,
    arena: &'e Arena,
    part: Part,
) -> Values<'e> {
    if let Some(generations) = field.index() {
        return ancestor(call, generations).map_or(Values::Absent, |it| bytes(part(it, arena)));
    }
    all_ancestors(call, arena, |it| Value::c_string(part(it, arena)))
}

fn all_ancestors<'e>(
    call: &SystemCall<'e>,
    arena: &'e Arena,
    value: impl Fn(&'e Thread) -> Value<'e>,
) -> Values<'e> {
    let threads = &call.state().threads;
    let Some(main) = call.place().and_then(|place| threads.main(place)) else {
        return Values::Absent;
    };
    let mut values = bumpalo::collections::Vec::new_in(arena);
    values.extend(threads.parents(main).map(value));
    if values.is_empty() { Values::Absent } else { Values::Many(values.into_bump_slice()) }
}

/// The furthest ancestor in a row that is in the same session or group.
fn leader<'e>(
    call: &SystemCall<'e>,
    id_of: fn(&Thread) -> i64,
    is_virtual: bool,
) -> Option<&'e Thread> {
    let thread = call.thread()?;
    let wanted = id_of(thread);
    if wanted == -1 {
        return None;
    }
    let threads = &call.state().threads;
    if (!is_virtual || !thread.in_pid_namespace())
        && let Some(leader) = threads.by_tid(wanted)
    {
        return Some(leader);
    }
    threads.parents(call.place()?).take_while(|parent| id_of(parent) == wanted).last()
}

/// A text of a leader, empty where it is not known.
fn led<'e>(
    call: &SystemCall<'e>,
    arena: &'e Arena,
    id_of: fn(&Thread) -> i64,
    is_virtual: bool,
    part: Part,
) -> Values<'e> {
    of(call, |_| {
        let leader = leader(call, id_of, is_virtual);
        bytes(leader.map_or(&b""[..], |leader| part(leader, arena)))
    })
}

fn family(name: &str) -> Option<Answer> {
    Some(match name {
        "proc.ppid" => |call, _, _| parent(call, |it| id(it.pid)),
        "proc.pname" => |call, _, arena| parent(call, |it| bytes(comm(it, arena))),
        "proc.pexe" => |call, _, arena| parent(call, |it| bytes(exe(it, arena))),
        "proc.pexepath" => |call, _, arena| parent(call, |it| bytes(exepath(it, arena))),
        "proc.pcmdline" => |call, _, arena| parent(call, |it| bytes(cmdline(it, arena))),
        "proc.aname" => |call, field, arena| ancestry(call, field, arena, comm),
        "proc.aexe" => |call, field, arena| ancestry(call, field, arena, exe),
        "proc.aexepath" => |call, field, arena| ancestry(call, field, arena, exepath),
        "proc.acmdline" => |call, field, arena| ancestry(call, field, arena, cmdline),
        "proc.aargs" => |call, field, arena| ancestry(call, field, arena, joined),
        "proc.apid" => |call, field, arena| match field.index() {
            Some(generations) => {
                ancestor(call, generations).map_or(Values::Absent, |it| id(it.pid))
            }
            None => all_ancestors(call, arena, |it| Value::Signed(it.pid)),
        },
        "proc.pvpid" => |call, _, _| of_ptid(call, |it| signed(it.vpid)),
        "proc.ppid.ts" => |call, _, _| of_ptid(call, |it| number(it.clone_time)),
        "proc.sname" => |call, _, arena| led(call, arena, |it| it.sid, true, comm),
        "proc.sid.exe" => |call, _, arena| led(call, arena, |it| it.sid, true, exe),
        "proc.sid.exepath" => |call, _, arena| led(call, arena, |it| it.sid, true, exepath),
        "proc.vpgid.name" => |call, _, arena| led(call, arena, |it| it.vpgid, true, comm),
        "proc.vpgid.exe" => |call, _, arena| led(call, arena, |it| it.vpgid, true, exe),
        "proc.vpgid.exepath" => |call, _, arena| led(call, arena, |it| it.vpgid, true, exepath),
        "proc.pgid.name" => |call, _, arena| led(call, arena, |it| it.pgid, false, comm),
        "proc.pgid.exe" => |call, _, arena| led(call, arena, |it| it.pgid, false, exe),
        "proc.pgid.exepath" => |call, _, arena| led(call, arena, |it| it.pgid, false, exepath),
        "proc.is_sid_leader" => |call, _, _| of(call, |it| yes(it.sid == it.vpid)),
        "proc.is_vpgid_leader" => |call, _, _| of(call, |it| yes(it.vpgid == it.vpid)),
        "proc.is_pgid_leader" => |call, _, _| of(call, |it| yes(it.pgid == it.pid)),
        "proc.loginshellid" => |call, _, _| login_shell(call),
        _ => return None,
    })
}

fn of_ptid<'e>(call: &SystemCall<'e>, value: impl FnOnce(&'e Thread) -> Values<'e>) -> Values<'e> {
    let parent = call.thread().and_then(|thread| call.state().threads.by_tid(thread.ptid));
    parent.map_or(Values::Absent, value)
}

/// The oldest ancestor whose name ends like that of a shell.
fn login_shell(call: &SystemCall<'_>) -> Values<'static> {
    let threads = &call.state().threads;
    let Some(main) = call.place().and_then(|place| threads.main(place)) else {
        return Values::Absent;
    };
    let line = threads.get(main).into_iter().chain(threads.parents(main));
    let shell = line.filter(|thread| thread.comm.ends_with(b"sh")).last();
    shell.map_or(Values::Absent, |shell| signed(shell.pid))
}

/// A variable's value without spaces around it; all variables where none is named.
fn environment<'e>(
    call: &SystemCall<'e>,
    thread: &'e Thread,
    field: &FieldRef,
    arena: &'e Arena,
) -> Values<'e> {
    let env = environment_of(call, thread);
    match field.key() {
        Some(name) => bytes(variable(env, name).unwrap_or_default()),
        None => bytes(spaced(env, arena)),
    }
}

fn environment_of<'e>(call: &SystemCall<'e>, thread: &'e Thread) -> &'e [u8] {
    if thread.is_main() {
        return &thread.env;
    }
    let threads = &call.state().threads;
    let main = threads.find(thread.tid).and_then(|place| threads.main_thread(place));
    main.map_or(&thread.env, |main| &main.env)
}

fn variable<'e>(env: &'e [u8], name: &str) -> Option<&'e [u8]> {
    let value = list(env).find_map(|one| {
        let value = one.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        (!value.is_empty()).then_some(value)
    })?;
    let begin = value.iter().position(|byte| *byte != b' ')?;
    let end = value.iter().rposition(|byte| *byte != b' ')?;
    value.get(begin..=end)
}

fn ancestors_environment<'e>(
    call: &SystemCall<'e>,
    field: &FieldRef,
    arena: &'e Arena,
) -> Values<'e> {
    let Some(thread) = call.thread() else { return Values::Absent };
    let generations = field.index().unwrap_or(0);
    if field.key().is_none() && generations == 0 {
        return bytes(spaced(environment_of(call, thread), arena));
    }
    let threads = &call.state().threads;
    let Some(mut at) = call.place().and_then(|place| threads.main(place)) else {
        return bytes(b"");
    };
    let up = |at: Place| threads.get(at).and_then(|thread| threads.find(thread.ptid));
    if let Some(name) = field.key() {
        for _ in 0..ENVIRONMENTS {
            let Some(parent) = up(at) else { break };
            at = parent;
            let env = threads.get(at).map_or(&b""[..], |thread| environment_of(call, thread));
            if let Some(value) = variable(env, name).filter(|value| !value.is_empty()) {
                return bytes(value);
            }
        }
        return bytes(b"");
    }
    for _ in 0..generations.min(4096) {
        let Some(parent) = up(at) else { return Values::Absent };
        at = parent;
    }
    let env = threads.get(at).map_or(&b""[..], |thread| environment_of(call, thread));
    bytes(spaced(env, arena))
}

fn capabilities(set: u64, arena: &Arena) -> Values<'_> {
    let mut words = Words::new(arena);
    for name in names::capabilities(set) {
        if !words.is_empty() {
            words.push(b" ");
        }
        words.push(name.as_bytes());
    }
    bytes(words.finish())
}

/// How long a process has been there; none where it was before the capture.
fn since(call: &SystemCall<'_>, clone_time: u64) -> Option<u64> {
    (clone_time != 0).then(|| call.time().wrapping_sub(clone_time))
}

fn details(name: &str) -> Option<Answer> {
    Some(match name {
        "proc.duration" => {
            |call, _, _| of(call, |it| since(call, it.clone_time).map_or(Values::Absent, number))
        }
        // Where the parent was before the capture, libsinsp falls through to the next field.
        "proc.ppid.duration" => |call, _, _| {
            parent(call, |it| match since(call, it.clone_time) {
                Some(duration) => number(duration),
                None => Values::Absent,
            })
        },
        "proc.pid.ts" => |call, _, _| of(call, |it| some(it.clone_time)),
        "proc.is_exe_writable" => |call, _, _| of(call, |it| yes(it.exe_writable)),
        "proc.is_exe_upper_layer" => |call, _, _| of(call, |it| yes(it.exe_upper_layer)),
        "proc.is_exe_lower_layer" => |call, _, _| of(call, |it| yes(it.exe_lower_layer)),
        "proc.is_exe_from_memfd" => |call, _, _| of(call, |it| yes(it.exe_from_memfd)),
        "proc.exe_ino" => |call, _, _| {
            of(call, |it| match it.exe_ino {
                0 => Values::Absent,
                inode => signed(inode.cast_signed()),
            })
        },
        "proc.exe_ino.ctime" => |call, _, _| of(call, |it| some(it.exe_ino_ctime)),
        "proc.exe_ino.mtime" => |call, _, _| of(call, |it| some(it.exe_ino_mtime)),
        "proc.exe_ino.ctime_duration_proc_start" => {
            |call, _, _| of(call, |it| some(it.exe_ino_ctime_duration_clone))
        }
        "proc.exe_ino.ctime_duration_pidns_start" => {
            |call, _, _| of(call, |it| some(it.exe_ino_ctime_duration_pidns))
        }
        "proc.pidns_init_start_ts" => |call, _, _| of(call, |it| some(it.pidns_start)),
        "thread.cap_permitted" => {
            |call, _, arena| of(call, |it| capabilities(it.cap_permitted, arena))
        }
        "thread.cap_inheritable" => {
            |call, _, arena| of(call, |it| capabilities(it.cap_inheritable, arena))
        }
        "thread.cap_effective" => {
            |call, _, arena| of(call, |it| capabilities(it.cap_effective, arena))
        }
        "proc.vmsize" => |call, _, _| of(call, |it| number(it.vmsize_kb.into())),
        "proc.vmrss" => |call, _, _| of(call, |it| number(it.vmrss_kb.into())),
        "proc.vmswap" => |call, _, _| of(call, |it| number(it.vmswap_kb.into())),
        "thread.pfmajor" => |call, _, _| of(call, |it| number(it.pfmajor)),
        "thread.pfminor" => |call, _, _| of(call, |it| number(it.pfminor)),
        "thread.vmsize" => |call, _, _| of(call, |it| number(main_only(it, it.vmsize_kb))),
        "thread.vmrss" => |call, _, _| of(call, |it| number(main_only(it, it.vmrss_kb))),
        "thread.vmsize.b" => |call, _, _| of(call, |it| number(main_only(it, it.vmsize_kb) * 1024)),
        "thread.vmrss.b" => |call, _, _| of(call, |it| number(main_only(it, it.vmrss_kb) * 1024)),
        "proc.nthreads" => {
            |call, _, _| of(call, |it| number(call.state().threads.alive(it).into()))
        }
        "proc.nchilds" => |call, _, _| {
            of(call, |it| {
                let threads = &call.state().threads;
                let main = call.place().and_then(|place| threads.main_thread(place));
                let living = u32::from(main.is_some_and(|main| !main.is_dead()));
                number(threads.alive(it).saturating_sub(living).into())
            })
        },
        "thread.cgroups" => |call, _, arena| {
            of(call, |it| {
                let mut words = Words::new(arena);
                for (subsystem, path) in it.cgroups.iter() {
                    if !words.is_empty() {
                        words.push(b" ");
                    }
                    words.push(subsystem);
                    words.push(b"=");
                    words.push(path);
                }
                if words.is_empty() { Values::Absent } else { bytes(words.finish()) }
            })
        },
        "thread.cgroup" => |call, field, _| {
            of(call, |it| {
                let wanted = field.key().unwrap_or_default().as_bytes();
                let found = it.cgroups.iter().find(|(subsystem, _)| *subsystem == wanted);
                found.map_or(Values::Absent, |(_, path)| bytes(path))
            })
        },
        "thread.exectime" => |call, _, _| number(call.run()),
        "thread.totexectime" => |call, _, _| of(call, |it| number(it.run_time)),
        "thread.cpu" => |call, _, _| share(call, true, true),
        "thread.cpu.user" => |call, _, _| share(call, true, false),
        "thread.cpu.system" => |call, _, _| share(call, false, true),
        _ => return None,
    })
}

fn main_only(thread: &Thread, kilobytes: u32) -> u64 {
    if thread.is_main() { kilobytes.into() } else { 0 }
}

/// The share of the processor, which only one kind of event tells.
#[allow(clippy::cast_precision_loss, reason = "a share of time does not need all its digits")]
fn share(call: &SystemCall<'_>, user: bool, system: bool) -> Values<'static> {
    if call.event_type().code != code::PROCINFO_E || call.thread().is_none() {
        return Values::Absent;
    }
    let part = |counts: bool, at| {
        if counts { call.parameters().unsigned(at).unwrap_or(0) } else { 0 }
    };
    Values::One(Value::Double(part(user, 0).saturating_add(part(system, 1)) as f64))
}

fn files(name: &str) -> Option<Answer> {
    Some(match name {
        "proc.fdopencount" => |call, _, _| of_main(call, |main| number(main.fds.len() as u64)),
        "proc.fdlimit" => |call, _, _| of_main(call, |main| signed(main.fdlimit)),
        "proc.fdusage" => |call, _, _| {
            of_main(call, |main| Values::One(Value::Double(usage(main.fds.len(), main.fdlimit))))
        },
        "proc.stdin.type" => |call, _, _| standard(call, 0, true),
        "proc.stdout.type" => |call, _, _| standard(call, 1, true),
        "proc.stderr.type" => |call, _, _| standard(call, 2, true),
        "proc.stdin.name" => |call, _, _| standard(call, 0, false),
        "proc.stdout.name" => |call, _, _| standard(call, 1, false),
        "proc.stderr.name" => |call, _, _| standard(call, 2, false),
        _ => return None,
    })
}

fn of_main<'e>(call: &SystemCall<'e>, value: impl FnOnce(&'e Thread) -> Values<'e>) -> Values<'e> {
    of(call, |_| {
        let main = call.place().and_then(|place| call.state().threads.main_thread(place));
        main.map_or_else(|| number(0), value)
    })
}

/// How much of what may be open is open, in percent.
#[allow(clippy::cast_precision_loss, reason = "a share does not need all its digits")]
fn usage(open: usize, limit: i64) -> f64 {
    if limit <= 0 {
        return 0.0;
    }
    (open as f64 * 100.0 / limit as f64).min(100.0)
}

fn standard<'e>(call: &SystemCall<'e>, number: i64, kind: bool) -> Values<'e> {
    let fd = call.place().and_then(|place| call.state().fd(place, number));
    fd.map_or(Values::Absent, |fd| bytes(if kind { fd.word().as_bytes() } else { &fd.name }))
}
