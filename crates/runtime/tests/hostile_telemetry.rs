//! Whatever stands in a log of another sensor, it is read to its end.

use std::io;

use plimsoll_runtime::event::{Next, Stream};
use plimsoll_runtime::telemetry::Translation;
use proptest::prelude::*;

fn read(translation: io::Result<Translation<&[u8]>>) -> io::Result<(usize, usize)> {
    let mut translation = translation?;
    let (mut calls, mut skipped) = (0, 0);
    while let Some(next) = translation.next()? {
        match next {
            Next::Call(_) => calls += 1,
            _ => skipped += 1,
        }
    }
    Ok((calls, skipped))
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(serde_json::Value::from),
        "[a-z/:.\"= 0-9]{0,12}".prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
        prop_oneof![Just("127.0.0.1"), Just("::1"), Just("AF_INET"), Just("AF_UNIX")]
            .prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let key = prop_oneof![
            Just("pid"),
            Just("binary"),
            Just("arguments"),
            Just("file_arg"),
            Just("sock_arg"),
            Just("path"),
            Just("daddr"),
            Just("dport"),
            Just("int_arg"),
            Just("string_arg"),
            Just("name"),
            Just("value"),
            Just("args"),
            Just("sa_family"),
            Just("sin_addr"),
            Just("sin_port"),
            Just("sun_path"),
            Just("pod"),
            Just("container"),
            Just("id"),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            proptest::collection::vec((key, inner), 0..5).prop_map(|pairs| {
                pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_event_of_tetragon_is_a_call_or_is_named(
        process in value(), args in value(),
        kind in prop_oneof![Just("process_exec"), Just("process_kprobe"), Just("process_exit")],
        function in prop_oneof![
            Just("security_file_permission"), Just("tcp_connect"), Just("__x64_sys_openat"),
            Just("__x64_sys_connect"), Just("sys_renameat2"), Just("fd_install"),
        ],
    ) {
        let mut process = process;
        if let Some(map) = process.as_object_mut() { map.insert("pid".into(), 7.into()); }
        let event = serde_json::json!({
            "time": "2026-01-02T03:04:05Z",
            kind: {"process": process, "function_name": function, "args": [args]},
        });
        let text = event.to_string();
        read(Translation::json(text.as_bytes())).unwrap();
    }

    #[test]
    fn any_event_of_tracee_is_a_call_or_is_named(
        args in proptest::collection::vec(value(), 0..5),
        name in prop_oneof![
            Just("security_file_open"), Just("security_socket_connect"), Just("openat"),
            Just("connect"), Just("sched_process_exec"), Just("ptrace"),
        ],
    ) {
        let event = serde_json::json!({
            "timestamp": 1, "processId": 2, "hostProcessId": 2, "eventName": name, "args": args,
        });
        let text = event.to_string();
        read(Translation::json(text.as_bytes())).unwrap();
    }

    #[test]
    fn any_record_of_the_audit_is_read(
        fields in "[ -~\u{1d}]{0,200}", number in any::<u16>(),
        kind in prop_oneof![Just("SYSCALL"), Just("PATH"), Just("EXECVE"), Just("SOCKADDR")],
    ) {
        let text = format!(
            "type=SYSCALL msg=audit(1.5:{number}): arch=c000003e syscall=257 exit=3 pid=4 {fields}\n\
             type={kind} msg=audit(1.5:{number}): {fields}\n"
        );
        let (calls, skipped) = read(Translation::audit(text.as_bytes())).unwrap();
        prop_assert_eq!((calls, skipped), (1, 0));
    }

    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read(Translation::audit(bytes.as_slice())).unwrap();
        read(Translation::json(bytes.as_slice())).unwrap();
    }
}
