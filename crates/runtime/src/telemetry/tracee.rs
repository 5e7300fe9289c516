//! Events of Tracee in JSON: `types/trace` of aquasecurity/tracee.

use std::net::{IpAddr, SocketAddr};

use super::report::{
    Actor, Address, Call, Container, Datum, Deed, Report, Target, UNTOLD, nowhere,
};
use super::{Format, Json, account, calls, number, text};
use crate::scap::schema::Detail;

/// Events of Tracee.
pub(super) const FORMAT: Format = Format { is_event, report };

/// What captures have for a file that is opened to be read.
const OPEN_READ: u64 = 1;

fn is_event(document: &Json) -> bool {
    ["eventName", "timestamp", "processId"].iter().all(|key| document.get(key).is_some())
}

fn report(document: &Json) -> Result<Report, String> {
    let time = number(document.get("timestamp")).and_then(|time| u64::try_from(time).ok());
    let time = time.ok_or("it has no time in `timestamp`")?;
    let name = text(document.get("eventName"));
    let arguments = document.get("args").and_then(Json::items).unwrap_or_default();
    let told = Told { arguments };
    let mut actor = actor(document);
    if actor.pid <= 0 {
        return Err("the process has no `hostProcessId`".to_owned());
    }
    let result = number(document.get("returnValue")).unwrap_or(0);
    let deed = match &*name {
        "sched_process_exec" => {
            let binary = told.text("pathname").or_else(|| told.text("cmdpath"));
            if let Some(binary) = binary.filter(|path| !path.is_empty()) {
                actor.binary = binary;
            }
            actor.argv = told.texts("argv");
            actor.comm = None;
            Deed::Run(0)
        }
        // What came of it, `sched_process_exec` tells.
        "execve" | "execveat" if result >= 0 => Deed::Nothing,
        "execve" | "execveat" => {
            actor.argv = told.texts("argv");
            Deed::Run(result)
        }
        "sched_process_exit" => {
            Deed::End { status: told.number("exit_code").unwrap_or(0), signal: 0 }
        }
        _ => told.call(&name, result).map_or(Deed::Nothing, Deed::Call),
    };
    let host = document.get("hostName").and_then(Json::text).map(str::to_owned);
    Ok(Report { time, host, actor, ancestors: Vec::new(), deed, users: Vec::new() })
}

fn actor(document: &Json) -> Actor {
    let id = |on_host: &str, inside: &str| {
        number(document.get(on_host)).or_else(|| number(document.get(inside))).unwrap_or(-1)
    };
    let comm = text(document.get("processName"));
    let path = text(document.at(&["executable", "path"]));
    let binary = if path.is_empty() { comm.clone() } else { path };
    let execution = ["processEntityId", "threadStartTime"]
        .iter()
        .find_map(|key| number(document.get(key)))
        .unwrap_or(0);
    Actor {
        pid: id("hostProcessId", "processId"),
        tid: id("hostThreadId", "threadId"),
        ppid: Some(id("hostParentProcessId", "parentProcessId")),
        vpid: number(document.get("processId")),
        vtid: number(document.get("threadId")),
        uid: account(document.get("userId")),
        gid: None,
        loginuid: None,
        argv: vec![binary.clone()],
        binary: binary.clone(),
        comm: Some(comm),
        cwd: None,
        container: container(document),
        execution: format!("{execution} {binary}"),
    }
}

fn container(document: &Json) -> Option<Container> {
    // Older versions have all of it beside the event.
    let part = |keys: &[&str], older: &str| {
        let told = text(document.at(keys));
        if told.is_empty() { text(document.get(older)) } else { told }
    };
    let id = part(&["container", "id"], "containerId");
    (!id.is_empty()).then(|| Container {
        id,
        name: part(&["container", "name"], "containerName"),
        image: part(&["container", "image"], "containerImage"),
        digest: text(document.at(&["container", "imageDigest"])),
        pod: part(&["kubernetes", "podName"], "podName"),
        namespace: part(&["kubernetes", "podNamespace"], "podNamespace"),
        pod_uid: part(&["kubernetes", "podUID"], "podUID"),
        ..Container::default()
    })
}

/// The arguments of an event, each with its name.
struct Told<'d> {
    arguments: &'d [Json],
}

impl<'d> Told<'d> {
    fn value(&self, name: &str) -> Option<&'d Json> {
        let own = |argument: &&Json| argument.get("name").and_then(Json::text) == Some(name);
        self.arguments.iter().find(own)?.get("value")
    }

    fn text(&self, name: &str) -> Option<String> {
        self.value(name).and_then(Json::text).map(str::to_owned)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let items = self.value(name).and_then(Json::items).unwrap_or_default();
        items.iter().filter_map(|item| item.text().map(str::to_owned)).collect()
    }

    fn number(&self, name: &str) -> Option<i64> {
        number(self.value(name))
    }

    /// The call that an event is about.
    fn call(&self, name: &str, result: i64) -> Option<Call> {
        let call = |name: &str, result, arguments, target| {
            Some(Call { name: name.to_owned(), result: Some(result), arguments, target })
        };
        match name {
            "security_file_open" => {
                let path = self.text("syscall_pathname").filter(|path| !path.is_empty());
                let path = self.text("pathname").or(path)?;
                let flags = self.value("flags").map_or(OPEN_READ, opened);
                let arguments = vec![
                    Some(Datum::Number(-100)),
                    Some(Datum::Text(path.into_bytes())),
                    Some(Datum::Converted(flags)),
                ];
                call("openat", if result < 0 { result } else { UNTOLD }, arguments, None)
            }
            "security_socket_connect" => {
                let Some(Address::Ip(to)) = self.value("remote_addr").and_then(address) else {
                    return None;
                };
                let udp = self.text("type").is_some_and(|kind| kind == "SOCK_DGRAM");
                let from = nowhere(to);
                call("connect", result, Vec::new(), Some(Target::Connection { from, to, udp }))
            }
            _ => {
                calls::named(name)?;
                let arguments = self.arguments.iter().map(datum).collect();
                call(name, result, arguments, None)
            }
        }
    }
}

fn datum(argument: &Json) -> Option<Datum> {
    let name = argument.get("name").and_then(Json::text).unwrap_or_default();
    match argument.get("value")? {
        value @ Json::Object(_) => address(value).map(Datum::Address),
        value @ Json::Plain(_) => number(Some(value)).map(Datum::Number),
        Json::Text(text) => match name {
            // With `parse-arguments` numbers have their names.
            "flags" if text.starts_with("O_") => {
                Some(Datum::Converted(opened(argument.get("value")?)))
            }
            "request" => named("ptrace", "request", text).map(Datum::Converted),
            "mode" => {
                u64::from_str_radix(text.trim_start_matches('0'), 8).ok().map(Datum::Converted)
            }
            _ => Some(Datum::Text(text.as_bytes().to_vec())),
        },
        Json::Array(_) => None,
    }
}

/// The flags that a file is opened with, in the numbers of captures.
fn opened(flags: &Json) -> u64 {
    if let Some(number) = number(Some(flags)) {
        return crate::scap::Fix::Open.apply(number.cast_unsigned());
    }
    let text = flags.text().unwrap_or_default();
    let numbers = text.split('|').map(str::trim).filter_map(|name| named("openat", "flags", name));
    numbers.fold(0, |all, number| all | number)
}

/// The number that captures have for a name of an event's parameter.
fn named(event: &str, parameter: &str, name: &str) -> Option<u64> {
    let kind = calls::event_of(event)?;
    match &kind.parameters.get(kind.position(parameter)?)?.detail {
        Detail::Names(names) => {
            names.iter().find(|(known, _)| *known == name).map(|(_, number)| u64::from(*number))
        }
        _ => None,
    }
}

/// The address of a socket: `{"sa_family": "AF_INET", "sin_addr": …, "sin_port": …}`.
fn address(value: &Json) -> Option<Address> {
    let (ip, port) = match value.get("sa_family")?.text()? {
        "AF_INET" => ("sin_addr", "sin_port"),
        "AF_INET6" => ("sin6_addr", "sin6_port"),
        "AF_UNIX" => return Some(Address::Unix(text(value.get("sun_path")).into_bytes())),
        _ => return Some(Address::Other(0)),
    };
    let ip: IpAddr = value.get(ip)?.text()?.parse().ok()?;
    let port = number(value.get(port)).and_then(|port| u16::try_from(port).ok())?;
    Some(Address::Ip(SocketAddr::new(ip, port)))
}
