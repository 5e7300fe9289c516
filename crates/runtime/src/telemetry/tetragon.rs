//! Events of Tetragon, as its export and `tetra getevents` write them: `api/v1/tetragon/events.proto`
//! of cilium/tetragon.

use std::net::SocketAddr;

use super::report::{
    Actor, Address, Call, Container, Datum, Deed, Report, Target, UNTOLD, nowhere,
};
use super::{Format, Json, account, calls, number, text};
use crate::sources::time;
use crate::syscall::signal_named;

/// Events of Tetragon.
pub(super) const FORMAT: Format = Format { is_event, report };

/// Each kind of event with the key that it stands under.
const KINDS: [&str; 7] = [
    "process_exec",
    "process_exit",
    "process_kprobe",
    "process_tracepoint",
    "process_lsm",
    "process_loader",
    "process_uprobe",
];

/// Reading, as the hooks of the kernel's security modules say it: `MAY_READ` and `MAY_WRITE` of
/// `include/linux/fs.h`.
const MAY_WRITE: i64 = 2;
/// `-EINPROGRESS`
const IN_PROGRESS: i64 = -115;
/// What captures have for a file that is opened to be read, or written.
const OPEN_READ: u64 = 1;
const OPEN_WRITE: u64 = 2;

fn kind(document: &Json) -> Option<(&'static str, &Json)> {
    KINDS.iter().find_map(|kind| document.get(kind).map(|event| (*kind, event)))
}

fn is_event(document: &Json) -> bool {
    kind(document).is_some_and(|(_, event)| event.get("process").is_some())
}

fn report(document: &Json) -> Result<Report, String> {
    let (kind, event) = kind(document).ok_or("it is no event")?;
    let time = time(document.get("time")).ok_or("it has no time in `time`")?;
    let process = event.get("process").ok_or("it has no `process`")?;
    let parent = event.get("parent").map(|it| actor(it, None));
    let mut actor = actor(process, parent.as_ref().map(|it| it.pid));
    // The calls of other threads are those of the process: captures know them by the first.
    actor.tid = actor.pid;
    if actor.pid <= 0 {
        return Err("the process has no `pid`".to_owned());
    }
    let deed = match kind {
        "process_exec" => Deed::Run(0),
        "process_exit" => Deed::End {
            status: number(event.get("status")).unwrap_or(0),
            signal: signal_named(&text(event.get("signal"))).unwrap_or(0),
        },
        "process_kprobe" | "process_lsm" => {
            let name = text(event.get("function_name"));
            hooked(name.trim(), event).map_or(Deed::Nothing, Deed::Call)
        }
        "process_tracepoint" => {
            let name = text(event.get("event"));
            hooked(name.trim(), event).map_or(Deed::Nothing, Deed::Call)
        }
        _ => Deed::Nothing,
    };
    let host = document.get("node_name").and_then(Json::text).map(str::to_owned);
    let ancestors = parent.filter(|it| it.pid > 0).into_iter().collect();
    Ok(Report { time, host, actor, ancestors, deed, users: Vec::new() })
}

fn actor(process: &Json, parent: Option<i64>) -> Actor {
    let binary = text(process.get("binary"));
    let mut argv = vec![binary.clone()];
    argv.extend(arguments(&text(process.get("arguments"))));
    let pid = number(process.get("pid")).unwrap_or(-1);
    let credentials = process.get("process_credentials");
    let user = |name| credentials.and_then(|it| account(it.get(name)));
    Actor {
        pid,
        tid: pid,
        ppid: parent.or_else(|| parent_pid(&text(process.get("parent_exec_id")))),
        vtid: None,
        vpid: process.at(&["pod", "container", "pid"]).and_then(|it| number(Some(it))),
        uid: user("euid").or_else(|| account(process.get("uid"))),
        gid: user("egid"),
        loginuid: account(process.get("auid")),
        binary,
        comm: None,
        argv,
        cwd: process.get("cwd").and_then(Json::text).map(str::to_owned),
        container: container(process),
        execution: text(process.get("exec_id")),
    }
}

/// The number of the parent is the last part of its execution's, which is base64 of
/// `node:start:pid`.
fn parent_pid(execution: &str) -> Option<i64> {
    use base64::Engine as _;
    let decoded = base64::engine::general_purpose::STANDARD.decode(execution).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.rsplit(':').next()?.parse().ok()
}

/// Arguments are one text, in which those with blanks stand in quotes.
fn arguments(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = closing(quoted);
            let (argument, behind) = quoted.split_at(end);
            all.push(argument.replace("\\\"", "\""));
            rest = behind.strip_prefix('"').unwrap_or(behind).trim_start();
        } else {
            let (argument, behind) = rest.split_once(' ').unwrap_or((rest, ""));
            all.push(argument.to_owned());
            rest = behind.trim_start();
        }
    }
    all
}

/// Where a quote ends that is not written with a backslash.
fn closing(text: &str) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices() {
        match char {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return at,
            _ => escaped = false,
        }
    }
    text.len()
}

fn container(process: &Json) -> Option<Container> {
    let pod = process.get("pod");
    let told = pod.and_then(|pod| pod.get("container"));
    let id = told.map(|it| text(it.get("id"))).filter(|id| !id.is_empty());
    let id = id.or_else(|| Some(text(process.get("docker"))).filter(|id| !id.is_empty()))?;
    let (runtime, id) = id.split_once("://").unwrap_or(("", &id));
    let part = |keys: &[&str]| text(told.and_then(|it| it.at(keys)));
    let image_id = part(&["image", "id"]);
    let labels = match pod.and_then(|pod| pod.get("pod_labels")) {
        Some(Json::Object(labels)) => labels
            .iter()
            .filter_map(|(key, value)| Some((key.to_string(), value.text()?.to_owned())))
            .collect(),
        _ => Vec::new(),
    };
    Some(Container {
        id: id.to_owned(),
        runtime: runtime.to_owned(),
        name: part(&["name"]),
        image: part(&["image", "name"]),
        digest: image_id.split_once('@').map_or_else(String::new, |(_, digest)| digest.to_owned()),
        namespace: text(pod.and_then(|pod| pod.get("namespace"))),
        pod: text(pod.and_then(|pod| pod.get("name"))),
        pod_uid: text(pod.and_then(|pod| pod.get("uid"))),
        labels,
    })
}

/// The call that a function of the kernel tells of.
fn hooked(function: &str, event: &Json) -> Option<Call> {
    let arguments = event.get("args").and_then(Json::items).unwrap_or_default();
    let result = event.get("return").and_then(|it| numeric(Some(it)));
    let first = |key: &str| arguments.iter().find_map(|it| it.get(key));
    let file =
        first("file_arg").or_else(|| first("path_arg")).map(|it| path(&text(it.get("path"))));
    let call =
        |name: &str, arguments, target| Call { name: name.to_owned(), result, arguments, target };
    match function {
        "security_file_permission"
        | "security_file_open"
        | "fd_install"
        | "security_path_truncate"
        | "vfs_read"
        | "vfs_write"
        | "do_filp_open"
        | "file_open"
        | "file_permission" => {
            let mask = arguments.iter().find_map(|it| number(it.get("int_arg")));
            let writes = mask.is_some_and(|mask| mask & MAY_WRITE != 0) || function == "vfs_write";
            let access = if writes { OPEN_WRITE } else { OPEN_READ };
            let name = Datum::Text(file?.into_bytes());
            let number = if function == "fd_install" { mask } else { None };
            let arguments =
                vec![Some(Datum::Number(-100)), Some(name), Some(Datum::Converted(access))];
            let mut call = call("openat", arguments, None);
            // Whoever asks for a file that is open has it.
            let failed = result.filter(|result| *result < 0);
            call.result = failed.or(number).or(Some(UNTOLD));
            Some(call)
        }
        "tcp_connect" | "security_socket_connect" | "udp_sendmsg" | "socket_connect" => {
            let target = first("sock_arg").and_then(connection);
            let target = match (target, first("sockaddr_arg")) {
                (Some(target), _) => Some(target),
                (None, Some(address)) => {
                    let to = end(&text(address.get("addr")), number(address.get("port")))?;
                    Some(Target::Connection { from: nowhere(to), to, udp: false })
                }
                (None, None) => None,
            };
            let mut call = call("connect", Vec::new(), Some(target?));
            // It is being made.
            call.result = result.or(Some(IN_PROGRESS));
            Some(call)
        }
        _ => {
            let name = system_call(function)?;
            let known = calls::named(name);
            let data: Vec<_> = arguments.iter().map(datum).collect();
            let target = known
                .filter(|known| known.texts().is_empty())
                .and_then(|_| first("file_arg"))
                .map(|file| Target::File(path(&text(file.get("path")))))
                .or_else(|| first("sock_arg").and_then(connection));
            known.map(|_| call(name, data, target))
        }
    }
}

/// The call that a function carries out, such as `__x64_sys_ptrace` or `sys_enter_ptrace`.
fn system_call(function: &str) -> Option<&str> {
    const BEFORE: [&str; 8] = [
        "__x64_sys_",
        "__arm64_sys_",
        "__se_sys_",
        "__do_sys_",
        "sys_enter_",
        "sys_exit_",
        "do_sys_",
        "sys_",
    ];
    BEFORE.iter().find_map(|before| function.strip_prefix(before))
}

fn datum(argument: &Json) -> Option<Datum> {
    if let Some(text) = argument.get("string_arg").and_then(Json::text) {
        return Some(Datum::Text(text.as_bytes().to_vec()));
    }
    if let Some(address) = argument.get("sockaddr_arg") {
        let end = end(&text(address.get("addr")), number(address.get("port")))?;
        return Some(Datum::Address(Address::Ip(end)));
    }
    if let Some(file) = argument.get("path_arg").or_else(|| argument.get("file_arg")) {
        return Some(Datum::Text(path(&text(file.get("path"))).into_bytes()));
    }
    numeric(Some(argument)).map(Datum::Number)
}

/// A number by whatever key it stands under.
fn numeric(argument: Option<&Json>) -> Option<i64> {
    const KEYS: [&str; 5] = ["int_arg", "uint_arg", "size_arg", "long_arg", "ulong_arg"];
    KEYS.iter().find_map(|key| number(argument?.get(key)))
}

/// Older versions leave the first slash out.
fn path(path: &str) -> String {
    if path.starts_with('/') || path.is_empty() { path.to_owned() } else { format!("/{path}") }
}

fn connection(sock: &Json) -> Option<Target> {
    let to = end(&text(sock.get("daddr")), number(sock.get("dport")))?;
    let from = end(&text(sock.get("saddr")), number(sock.get("sport")));
    let from = from.filter(|from| from.is_ipv4() == to.is_ipv4()).unwrap_or_else(|| nowhere(to));
    Some(Target::Connection { from, to, udp: text(sock.get("protocol")) == "IPPROTO_UDP" })
}

fn end(address: &str, port: Option<i64>) -> Option<SocketAddr> {
    Some(SocketAddr::new(address.parse().ok()?, u16::try_from(port.unwrap_or(0)).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_with_blanks_stand_in_quotes() {
        assert_eq!(arguments(r#"-c "cat /etc/shadow" x"#), ["-c", "cat /etc/shadow", "x"]);
        assert_eq!(arguments(r#""a \"b\" c""#), [r#"a "b" c"#]);
        assert_eq!(arguments(""), [""; 0]);
        assert_eq!(arguments("\"open"), ["open"]);
    }

    #[test]
    fn the_parent_is_in_the_number_of_its_execution() {
        assert_eq!(parent_pid("bWluaWt1YmU6MTIzNjkyODQ2NzQ4NToxNzAyMg=="), Some(17022));
        assert_eq!(parent_pid("?"), None);
    }
}
