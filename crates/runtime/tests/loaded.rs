//! What of images is used: executed, mapped and opened files of containers, as a capture tells.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use plimsoll_model::{How, Timestamp, Window};
use plimsoll_runtime::loaded::{
    Gap, Image, ImageUse, Mappings, Only, Record, Recorder, Running, Use,
};
use plimsoll_runtime::scap::{Limits, Process, Writer};
use plimsoll_runtime::syscall::Capture;
use plimsoll_testkit::capture::{event, large_event, values};
use proptest::prelude::*;

const CONTAINER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const START: u64 = 1_700_000_000_000_000_000;
/// Events by the numbers of the schema.
const OPEN: u16 = 3;
const MMAP: u16 = 161;
const EXECVE: u16 = 293;
const CONTAINER_EVENT: u16 = 402;

fn cgroups() -> Vec<u8> {
    format!("memory=/docker/{CONTAINER}\0").into_bytes()
}

/// A capture of a container's process 100, and of the machine's 200.
fn begin() -> Vec<u8> {
    let process = |tid: i64| Process {
        tid,
        pid: tid,
        ptid: 1,
        vtid: 1,
        vpid: 1,
        comm: b"server".to_vec(),
        exe: b"/usr/bin/server".to_vec(),
        exepath: b"/usr/bin/server".to_vec(),
        cwd: b"/".to_vec(),
        root: b"/".to_vec(),
        cgroups: if tid == 100 { cgroups() } else { b"memory=/\0".to_vec() },
        ..Process::default()
    };
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.processes([100, 200].into_iter().map(process)).unwrap();
    writer.finish().unwrap()
}

fn open(bytes: &mut Vec<u8>, at: u64, tid: i64, fd: i64, path: &str) {
    let zero = 0_u64.to_le_bytes();
    let open = values().i64(fd).text(path).u32(1).u32(0).u32(1).bytes(&zero);
    event(bytes, (START + at, tid), OPEN, &open);
}

fn map(bytes: &mut Vec<u8>, at: u64, tid: i64, fd: i64, protection: u32) {
    let zero = 0_u64.to_le_bytes();
    let map = values().i64(0x7f00_0000_0000).u32(0).u32(0).u32(0).bytes(&zero).bytes(&zero);
    let map = map.u32(protection).u32(2).i64(fd).bytes(&zero);
    event(bytes, (START + at, tid), MMAP, &map);
}

fn execute(bytes: &mut Vec<u8>, at: u64, path: &str, asked: &str) {
    let zero = 0_u64.to_le_bytes();
    let mut execve = values().i64(0).text(path).bytes(b"-v\0").i64(100).i64(100).i64(1);
    execve = execve.text("/").bytes(&zero).bytes(&zero).bytes(&zero).u32(0).u32(0).u32(0);
    execve = execve.text("x").bytes(&cgroups()).bytes(b"").u32(0).i64(100).u32(0).u32(0);
    for _ in 0..6 {
        execve = execve.bytes(&zero);
    }
    let execve = execve.u32(0).text(path).i64(100).u32(0).text(asked);
    event(bytes, (START + at, 100), EXECVE, &execve);
}

fn described(bytes: &mut Vec<u8>, at: u64) {
    let json =
        r#"{"container": {"id": "0123456789ab", "image": "web:1", "imageid": "aabbccddeeff00"}}"#;
    let told = values().u32(0).text("container").text(json);
    large_event(bytes, (START + at, 100), CONTAINER_EVENT, &told);
}

fn recorded(capture: &[u8], only: Option<Only>) -> Record {
    let mut recorder = Recorder::new(only);
    take(&mut recorder, Mappings::Said, capture);
    recorder.finish()
}

fn take(recorder: &mut Recorder, mappings: Mappings, capture: &[u8]) {
    recorder.section(mappings);
    replay(recorder, capture);
}

fn replay(recorder: &mut Recorder, capture: &[u8]) {
    let mut capture = Capture::new(capture, Limits::default()).unwrap();
    while let Some(call) = capture.next() {
        recorder.take(&call);
    }
    assert_eq!(capture.problems(), []);
}

fn files(used: &ImageUse) -> Vec<(&str, How, &str)> {
    used.files.iter().map(|(path, used)| (path.as_str(), used.how, used.by.as_str())).collect()
}

#[test]
fn what_a_container_executes_maps_and_opens_is_recorded_and_nothing_else() {
    let mut bytes = begin();
    described(&mut bytes, 0);
    open(&mut bytes, 1, 100, 5, "/usr/lib/libz.so.1");
    map(&mut bytes, 2, 100, 5, 1 | 4);
    open(&mut bytes, 3, 100, 6, "/usr/lib/libdata.so.1");
    map(&mut bytes, 4, 100, 6, 1);
    open(&mut bytes, 5, 100, 7, "/app/main.py");
    open(&mut bytes, 6, 100, 8, "/etc/passwd");
    execute(&mut bytes, 7, "/usr/bin/perl", "/usr/bin/c_rehash");
    open(&mut bytes, 8, 200, 5, "/host/x.py");
    let record = recorded(&bytes, None);
    assert_eq!(record.images.len(), 1);
    let used = &record.images[0];
    assert_eq!(used.image.name, "web:1");
    assert_eq!(
        files(used),
        [
            ("/app/main.py", How::Opened, "/usr/bin/server"),
            ("/usr/bin/c_rehash", How::Executed, "/usr/bin/perl"),
            ("/usr/bin/perl", How::Executed, "/usr/bin/perl"),
            ("/usr/bin/server", How::Executed, "/usr/bin/server"),
            ("/usr/lib/libz.so.1", How::Mapped, "/usr/bin/server"),
        ]
    );
    // It ran before the capture began, and what it had mapped until then no capture tells.
    assert_eq!(used.gaps, [Gap::MappingsNotWatched, Gap::BegunBefore]);
    let since = used.windows.iter().map(|window| window.since).min();
    assert_eq!(since, Some(Timestamp::from_unix(1_700_000_000)));
}

#[test]
fn a_capture_without_mappings_and_files_without_names_are_gaps() {
    let mut bytes = begin();
    described(&mut bytes, 0);
    open(&mut bytes, 1, 100, 7, "/app/main.py");
    assert!(recorded(&bytes, None).images[0].gaps.contains(&Gap::MappingsNotWatched));
    map(&mut bytes, 2, 100, 99, 4);
    let gaps = recorded(&bytes, None).images[0].gaps.clone();
    assert_eq!(gaps, [Gap::MappingsNotWatched, Gap::UnknownFiles, Gap::BegunBefore]);
}

/// The container's process with what it had mapped.
fn live(mapped: Option<&[&str]>) -> Recorder {
    let mapped = mapped.map(|all| all.iter().map(|path| path.as_bytes().to_vec()).collect());
    let mut recorder = Recorder::new(None);
    recorder.begin_live(vec![Running { pid: 100, mapped }]);
    recorder
}

#[test]
fn code_that_cannot_be_read_of_a_process_that_ran_before_is_a_gap() {
    let mut bytes = begin();
    described(&mut bytes, 0);
    let gaps = |mapped: Option<&[&str]>| {
        let mut recorder = live(mapped);
        replay(&mut recorder, &bytes);
        recorder.finish().images[0].gaps.clone()
    };
    assert_eq!(gaps(Some(&["/usr/lib/libz.so.1"])), [Gap::BegunBefore]);
    assert_eq!(gaps(None), [Gap::UnknownFiles, Gap::BegunBefore]);
}

#[test]
fn names_whose_folder_is_not_known_are_a_gap() {
    let gaps = |event: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = begin();
        described(&mut bytes, 0);
        event(&mut bytes);
        let mut recorder = live(Some(&[]));
        replay(&mut recorder, &bytes);
        recorder.finish().images[0].gaps.clone()
    };
    let long = "a".repeat(1100);
    assert_eq!(gaps(&|bytes| open(bytes, 1, 100, 7, "/etc/passwd")), [Gap::BegunBefore]);
    assert!(gaps(&|bytes| open(bytes, 1, 100, 7, &long)).contains(&Gap::UnknownFiles));
    assert!(gaps(&|bytes| execute(bytes, 1, "", "")).contains(&Gap::UnknownFiles));
}

#[test]
fn each_capture_is_watched_by_itself() {
    let hour = 3_600_000_000_000;
    let mut a = begin();
    described(&mut a, 0);
    open(&mut a, 1, 100, 5, "/usr/lib/libz.so.1");
    map(&mut a, 1_000_000_000, 100, 5, 4);
    let mut b = begin();
    described(&mut b, hour);
    open(&mut b, hour + 1_000_000_000, 100, 7, "/app/main.py");
    let mut recorder = Recorder::new(None);
    take(&mut recorder, Mappings::Said, &a);
    take(&mut recorder, Mappings::Said, &b);
    let record = recorder.finish();
    let window = |since: i64| Window {
        since: Timestamp::from_unix(1_700_000_000 + since),
        until: Timestamp::from_unix(1_700_000_001 + since),
        containers: 1,
    };
    assert_eq!(record.images[0].windows, [window(0), window(3600)]);
    // What ran when the second began counts as well as what did when the first began.
    let mut recorder = Recorder::new(None);
    take(&mut recorder, Mappings::Said, &Writer::new(Vec::new()).unwrap().finish().unwrap());
    take(&mut recorder, Mappings::Said, &b);
    assert!(recorder.finish().images[0].gaps.contains(&Gap::BegunBefore));
}

#[test]
fn a_mapping_does_not_prove_that_a_capture_has_all() {
    let mut bytes = begin();
    described(&mut bytes, 0);
    execute(&mut bytes, 1, "/usr/bin/server", "");
    open(&mut bytes, 1, 100, 5, "/usr/lib/libz.so.1");
    map(&mut bytes, 2, 100, 5, 4);
    let mut recorder = Recorder::new(None);
    take(&mut recorder, Mappings::Unknown, &bytes);
    assert!(recorder.finish().images[0].gaps.contains(&Gap::MappingsNotWatched));
}

#[test]
fn a_container_whose_image_nobody_tells_may_be_of_any_image() {
    let mut known = begin();
    described(&mut known, 0);
    let other = String::from_utf8_lossy(&cgroups()).replace("0123456789ab", "ba9876543210");
    let process = Process {
        tid: 300,
        pid: 300,
        ptid: 1,
        comm: b"x".to_vec(),
        exepath: b"/x".to_vec(),
        cgroups: other.into_bytes(),
        ..Process::default()
    };
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.processes(std::iter::once(process)).unwrap();
    let mut nobody = writer.finish().unwrap();
    open(&mut nobody, 1, 300, 7, "/app/main.py");
    let mut recorder = Recorder::new(None);
    take(&mut recorder, Mappings::Said, &known);
    assert_eq!(recorder.unknown_containers(), 0);
    take(&mut recorder, Mappings::Said, &nobody);
    assert_eq!(recorder.unknown_containers(), 1);
    let record = recorder.finish();
    assert_eq!(record.images.len(), 1);
    assert!(record.images[0].gaps.contains(&Gap::UnknownContainers));
}

#[test]
fn a_record_of_too_many_images_or_windows_is_refused_where_it_becomes_too_long() {
    let document =
        |images: &str| format!(r#"{{"schema":"plimsoll.loaded/v1","images":[{images}]}}"#);
    let images = document(&format!("{}{{}}", "{},".repeat(16_384)));
    let error = Record::parse(images.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("16384 images"), "{error}");
    let window =
        r#"{"since":"2026-01-01T00:00:00Z","until":"2026-01-01T00:00:00Z","containers":1},"#;
    let windows = window.repeat(65_537);
    let windows = document(&format!(r#"{{"windows":[{}]}}"#, windows.trim_end_matches(',')));
    let error = Record::parse(windows.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("65536 windows"), "{error}");
}

#[test]
fn many_images_of_one_name_are_put_together_at_once() {
    let many = |first: u32| Record {
        images: (first..first + 8_192)
            .map(|at| ImageUse {
                image: Image {
                    id: format!("{at:012x}{:052}", 0),
                    name: "web:1".into(),
                    ..Image::default()
                },
                ..ImageUse::default()
            })
            .collect(),
    };
    let begun = std::time::Instant::now();
    let mut record = many(0);
    record.merge(many(4_096));
    assert_eq!(record.images.len(), 12_288);
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[test]
fn only_containers_of_the_named_image_count_and_those_that_nobody_names() {
    let image =
        |id: &str, name: &str| Image { id: id.into(), name: name.into(), ..Image::default() };
    let mut bytes = begin();
    open(&mut bytes, 1, 100, 7, "/app/main.py");
    let mut told = begin();
    described(&mut told, 0);
    open(&mut told, 1, 100, 7, "/app/main.py");
    let among = |bytes: &[u8], image: Image, is_told| {
        recorded(bytes, Some(Only { image, is_told })).images.len()
    };
    let count = |bytes: &[u8], image| among(bytes, image, false);
    assert_eq!(among(&bytes, image("", "web:1"), true), 0);
    assert_eq!(among(&told, image("", "web:1"), true), 1);
    assert_eq!(count(&bytes, image("", "web:1")), 1);
    assert_eq!(count(&told, image("aabbccddeeff00112233", "other")), 1);
    assert_eq!(count(&told, image("ffffffffffffffffffff", "web:1")), 0);
    assert_eq!(count(&told, image("", "docker:web:1")), 1);
    // Nobody knows which image it is: nothing can be said of one.
    assert!(recorded(&bytes, None).images.is_empty());
}

#[test]
fn images_are_one_by_digest_before_name() {
    let image = |id: &str, digest: &str, name: &str| Image {
        id: id.into(),
        digest: digest.into(),
        name: name.into(),
    };
    let (a, b) = ("a".repeat(64), "b".repeat(64));
    assert_eq!(image(&a, "", "x").is(&image(a.get(..12).unwrap(), "", "y")), Some(true));
    assert_eq!(image(&a, "", "x").is(&image("", &a, "y")), Some(true));
    assert_eq!(image(&a, "", "x").is(&image(&b, "", "x")), Some(false));
    // A digest of the manifest says nothing of one of the configuration: the names decide.
    assert_eq!(image(&a, "", "x").is(&image("", &b, "docker.io/library/x:latest")), Some(true));
    assert_eq!(image("", "", "x:1").is(&image("", "", "x:2")), Some(false));
    assert_eq!(image(&a, "", "").is(&image("", "", "x")), None);
}

#[test]
fn records_merge_and_keep_what_either_does_not_know() {
    let mut bytes = begin();
    described(&mut bytes, 0);
    open(&mut bytes, 1, 100, 5, "/usr/lib/libz.so.1");
    let mut later = begin();
    described(&mut later, 3_600_000_000_000);
    open(&mut later, 3_601_000_000_000, 100, 5, "/usr/lib/libz.so.1");
    map(&mut later, 3_602_000_000_000, 100, 5, 4);
    let (mut first, second) = (recorded(&bytes, None), recorded(&later, None));
    first.merge(second);
    let used = first.of(&Image { name: "web:1".into(), ..Image::default() }).unwrap();
    assert_eq!(used.windows.len(), 2);
    assert!(used.gaps.contains(&Gap::MappingsNotWatched));
    assert!(used.files.contains_key("/usr/lib/libz.so.1"));
    let text = first.to_json();
    assert_eq!(Record::parse(text.as_bytes()).unwrap(), first);
}

#[test]
fn what_is_no_record_is_refused_with_the_reason() {
    for (text, why) in [
        ("", "no record"),
        ("[]", "no record"),
        (r#"{"schema": "plimsoll.loaded/v9", "images": []}"#, "plimsoll.loaded/v9"),
        (
            r#"{"schema": "plimsoll.loaded/v1", "images": [{"windows": [{"since": "x"}]}]}"#,
            "no record",
        ),
        (
            r#"{"schema": "plimsoll.loaded/v1", "images": [{"windows": [
                {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z", "containers": 1}]}]}"#,
            "ends before",
        ),
    ] {
        let error = Record::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}

fn used() -> impl Strategy<Value = (String, Use)> {
    let how = prop_oneof![Just(How::Opened), Just(How::Mapped), Just(How::Executed)];
    ("/[a-c]{1,3}", how, "[a-z]{0,3}", 0_i64..1000, 0_i64..1000).prop_map(
        |(path, how, by, first, long)| {
            let (first, last) = (Timestamp::from_unix(first), Timestamp::from_unix(first + long));
            (path, Use { how, by, path: String::new(), first, last })
        },
    )
}

fn record() -> impl Strategy<Value = Record> {
    prop::collection::vec(used(), 0..6).prop_map(|files| Record {
        images: vec![ImageUse {
            image: Image { name: "x".into(), ..Image::default() },
            files: files.into_iter().collect(),
            ..ImageUse::default()
        }],
    })
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Record::parse(&bytes);
        let text = format!(r#"{{"schema":"plimsoll.loaded/v1","images":[{}]}}"#, String::from_utf8_lossy(&bytes));
        let _ = Record::parse(text.as_bytes());
    }

    #[test]
    fn what_either_saw_the_merged_record_has(a in record(), b in record()) {
        let mut merged = a.clone();
        merged.merge(b.clone());
        prop_assert_eq!(merged.images.len(), 1);
        for one in [a, b] {
            for (path, used) in &one.images[0].files {
                let known = &merged.images[0].files[path];
                prop_assert!(known.how >= used.how);
                prop_assert!(known.first <= used.first && known.last >= used.last);
            }
        }
        prop_assert_eq!(&Record::parse(merged.to_json().as_bytes()).unwrap(), &merged);
    }
}
