//! An image in a daemon has the packages that it has everywhere else, and a daemon that cannot
//! give it is told apart from one that is not there.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::path::Path;
use std::time::Duration;

use plimsoll_image::{DaemonOptions, ImageError, Options, RegistryOptions, read};
use plimsoll_model::Inventory;
use plimsoll_testkit::{Certificate, Compression, Dockerd, Image, Reply, Request, Server};

const OS: (&str, &str) = ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
const BASE: &str = "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n\nPackage: gcc\nStatus: install ok installed\nVersion: 12\n";
const LATER: &str = "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n";
const STATUS: &str = "var/lib/dpkg/status";

fn image() -> Image {
    let app = ("app/node_modules/a/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    Image::new()
        .layer("FROM debian:12", &[OS, (STATUS, BASE), app])
        .layer("RUN apt-get remove gcc", &[(STATUS, LATER)])
        .layer("RUN rm -r /app", &[(".wh.app", "")])
}

fn options(socket: &Path) -> Options {
    Options {
        platform: "linux/amd64".parse().unwrap(),
        registry: RegistryOptions::anonymous(),
        daemons: DaemonOptions {
            docker: format!("unix://{}", socket.display()),
            podman: format!("unix://{}", socket.display()),
            certificates: None,
            timeout: Duration::from_secs(20),
        },
        ..Options::default()
    }
}

fn read_image(name: &str, options: &Options) -> Result<Inventory, ImageError> {
    read(&name.parse().unwrap(), options)
}

fn of_archive(bytes: &[u8]) -> Inventory {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    read_image(&format!("docker-archive:{}", file.path().display()), &Options::default()).unwrap()
}

/// What a daemon with one image answers.
fn daemon(request: &Request, export: Vec<u8>) -> Reply {
    match request.path.as_str() {
        "/images/example/app:1/json" => Reply::new(
            200,
            format!(
                r#"{{"Id":"sha256:1","RepoTags":["example/app:1"],"RepoDigests":["example/app@sha256:{:064}"]}}"#,
                7
            ),
        ),
        "/images/example/app:1/get" => {
            let mut reply = Reply::new(200, export);
            reply.chunked = Some(1000);
            reply
        }
        _ => Reply::new(404, r#"{"message":"No such image: example/other:1"}"#),
    }
}

/// A daemon that exports these bytes.
fn fake(export: Vec<u8>) -> (tempfile::TempDir, Server, Options) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("d.sock");
    let server = Server::start_unix(&socket, move |request| daemon(request, export.clone()));
    (folder, server, options(&socket))
}

#[test]
fn an_export_of_either_form_gives_the_packages_of_the_archive() {
    for compression in Compression::ALL {
        let expected = of_archive(&image().docker_archive(compression));
        assert_eq!(expected.packages.len(), 3);
        for export in [image().docker_archive(compression), image().oci_archive(compression)] {
            let (_folder, _server, options) = fake(export);
            for source in ["docker", "podman"] {
                let inventory = read_image(&format!("{source}:example/app:1"), &options).unwrap();
                assert_eq!(inventory.packages, expected.packages);
                assert_eq!(inventory.problems, []);
                assert_eq!(inventory.artifact.source, source);
                assert_eq!(inventory.artifact.names, ["example/app:1"]);
                assert_eq!(inventory.artifact.config_digest, expected.artifact.config_digest);
                assert_eq!(inventory.artifact.size, expected.artifact.size);
                let digest = inventory.artifact.manifest_digest.unwrap();
                assert_eq!(digest.to_string(), format!("sha256:{:064}", 7));
                assert_eq!(inventory.layers[2].created_by, "RUN rm -r /app");
            }
        }
    }
}

#[test]
fn a_layer_that_is_linked_or_looks_like_nothing_is_found() {
    let export = |layer: &str, content: &[u8], link: Option<(&str, &str)>| {
        let manifest = format!(r#"[{{"Config":"c.json","Layers":["a/layer.tar","{layer}"]}}]"#);
        let mut tar = tar::Builder::new(Vec::new());
        let mut add = |path: &str, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, bytes).unwrap();
        };
        add("manifest.json", manifest.as_bytes());
        add("a/layer.tar", content);
        add("c.json", br#"{"os":"linux","architecture":"arm64"}"#);
        if let Some((path, target)) = link {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            tar.append_link(&mut header, path, target).unwrap();
        }
        tar.into_inner().unwrap()
    };
    let layer = plimsoll_testkit::tar(&[(STATUS, LATER)]);
    let linked = export("b/layer.tar", &layer, Some(("b/layer.tar", "../a/layer.tar")));
    let (_folder, _server, options) = fake(linked);
    let inventory = read_image("docker:example/app:1", &options).unwrap();
    assert_eq!((inventory.layers.len(), inventory.packages.len()), (2, 1));
    // The only image that there is counts, whatever its platform.
    assert_eq!(inventory.artifact.platform.unwrap().to_string(), "linux/arm64");

    let (_folder, _server, options) = fake(export("a/layer.tar", b"no layer at all", None));
    let inventory = read_image("docker:example/app:1", &options).unwrap();
    assert!(inventory.is_partial());

    let (_folder, _server, options) = fake(export("gone/layer.tar", &layer, None));
    let error = read_image("docker:example/app:1", &options).unwrap_err().to_string();
    assert!(error.contains("it has no layer `gone/layer.tar`"), "{error}");
}

#[test]
fn an_export_that_breaks_off_is_an_error_and_no_smaller_image() {
    let whole = image().docker_archive(Compression::None);
    for part in [1, 2, 3] {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("d.sock");
        let export = whole.clone();
        let _server = Server::start_unix(&socket, move |request| {
            let mut reply = daemon(request, export.clone());
            if request.path.ends_with("/get") {
                reply.cut_at = Some(reply.body.len() * part / 4);
            }
            reply
        });
        let error = read_image("docker:example/app:1", &options(&socket)).unwrap_err().to_string();
        assert!(error.starts_with("docker cannot give `example/app:1`: its export"), "{error}");
        assert!(error.contains("the connection was closed early"), "{error}");
    }
}

#[test]
fn a_daemon_that_is_silent_or_fails_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("d.sock");
    let server = Server::start_unix(&socket, |_| {
        let mut reply = Reply::new(200, vec![b' '; 100]);
        reply.hang_at = Some(10);
        reply
    });
    let mut options = options(&socket);
    options.daemons.timeout = Duration::from_millis(100);
    let error = read_image("docker:example/app:1", &options).unwrap_err();
    assert!(matches!(error, ImageError::Daemon { .. }), "{error}");
    drop(server);
    std::fs::remove_file(&socket).unwrap();
    let _server =
        Server::start_unix(&socket, |_| Reply::new(500, r#"{"message":"disk\n is full"}"#));
    let error = read_image("docker:example/app:1", &options).unwrap_err().to_string();
    assert_eq!(error, "docker cannot give `example/app:1`: disk  is full");
}

#[test]
fn no_daemon_and_no_image_each_have_their_hint() {
    let (folder, _server, options) = fake(Vec::new());
    let said = |name: &str, options: &Options| read_image(name, options).unwrap_err().to_string();
    insta::assert_snapshot!(said("docker:example/other:1", &options), @r"
    docker has no `example/other:1`: No such image: example/other:1
    hint: pull or build it first, or read it with `registry:`
    ");
    let mut elsewhere = options.clone();
    elsewhere.daemons.docker = "unix:///nonexistent/d.sock".into();
    insta::assert_snapshot!(said("docker:app", &elsewhere), @r"
    cannot connect to docker at `/nonexistent/d.sock`: there is no socket
    hint: start docker, or say with DOCKER_HOST where it listens
    ");
    // A socket that a daemon left behind.
    let left = folder.path().join("left.sock");
    drop(std::os::unix::net::UnixListener::bind(&left).unwrap());
    elsewhere.daemons.docker = format!("unix://{}", left.display());
    assert!(said("docker:app", &elsewhere).contains("nothing listens there"));
    elsewhere.daemons.docker = "ssh://box".into();
    assert!(said("docker:app", &elsewhere).contains("only `unix:` and `tcp:`"));
}

#[test]
fn a_daemon_may_listen_on_a_port() {
    let export = image().docker_archive(Compression::None);
    let server = Server::start(move |request| daemon(request, export.clone()));
    let mut options = options(Path::new("/nonexistent"));
    options.daemons.docker = format!("tcp://{}", server.host());
    assert_eq!(read_image("docker:example/app:1", &options).unwrap().packages.len(), 3);
}

#[test]
fn a_bare_name_is_answered_by_docker_first() {
    let (_folder, _server, options) = fake(image().docker_archive(Compression::None));
    let inventory = read_image("example/app:1", &options).unwrap();
    assert_eq!(inventory.artifact.source, "docker");
    assert_eq!(inventory.artifact.reference, "docker.io/example/app:1");
}

#[test]
fn a_real_daemon_gives_the_packages_of_the_archive_that_it_loaded() {
    let certificate = match Certificate::make() {
        Ok(certificate) => certificate,
        Err(why) => return println!("skipped: {why}"),
    };
    let daemon = match Dockerd::start(Some(&certificate)) {
        Ok(daemon) => daemon,
        Err(why) => return println!("skipped: {why}"),
    };
    let archive = image().docker_archive(Compression::None);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &archive).unwrap();
    daemon.docker(&["load", "--input", &file.path().display().to_string()]).unwrap();
    let options = options(&daemon.socket());
    let inventory = read_image("docker:example/app:1", &options).unwrap();
    let expected = of_archive(&archive);
    assert_eq!(inventory.packages, expected.packages);
    assert_eq!(inventory.problems, []);
    assert_eq!(inventory.artifact.names, ["example/app:1"]);
    let id = inventory.artifact.config_digest.unwrap();
    assert_eq!(id, expected.artifact.config_digest.unwrap());
    for name in [id.short().to_owned(), id.to_string()] {
        let by_id = read_image(&format!("docker:{name}"), &options).unwrap();
        assert_eq!(by_id.packages, expected.packages);
    }
    let error = read_image("docker:example/other:1", &options).unwrap_err();
    assert!(matches!(error, ImageError::NotFound { .. }), "{error}");
    let mut remote = options.clone();
    remote.daemons.docker = daemon.host().unwrap().into();
    remote.daemons.certificates = Some(certificate.folder().into());
    assert_eq!(read_image("docker:example/app:1", &remote).unwrap().packages, expected.packages);
    let other = Certificate::make().unwrap();
    remote.daemons.certificates = Some(other.folder().into());
    let error = read_image("docker:example/app:1", &remote).unwrap_err().to_string();
    assert!(error.contains("invalid peer certificate"), "{error}");
    daemon
        .docker(&["save", "--output", &file.path().display().to_string(), "example/app:1"])
        .unwrap();
    let saved = of_archive(&std::fs::read(file.path()).unwrap());
    assert_eq!(inventory.packages, saved.packages);
}
