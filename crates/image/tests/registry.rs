//! Images come out of a registry whole, however it behaves, or an error says what to do.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_image::{DaemonOptions, ImageError, Options, RegistryOptions, read};
use plimsoll_model::{Inventory, ProblemKind};
use plimsoll_testkit::{
    Certificate, Compression, DockerRegistry, Image, Reply, Request, Served, Server,
};

const OS: (&str, &str) = ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
const STATUS: (&str, &str) = (
    "var/lib/dpkg/status",
    "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n\nPackage: gcc\nStatus: install ok installed\nVersion: 12\n",
);
const PACKAGES: &str = "a 1.0.0\nbash 5.2-1\ngcc 12\n";

fn image() -> Image {
    // Bytes that do not compress, so that a layer takes more than one read.
    let noise: String = (0_u64..40_000)
        .map(|at| {
            char::from(b'!' + u8::try_from(at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58).unwrap())
        })
        .collect();
    Image::new().layer("FROM debian:12", &[OS, ("noise", &noise), STATUS]).layer(
        "COPY . /app",
        &[("app/node_modules/a/package.json", r#"{"name":"a","version":"1.0.0"}"#)],
    )
}

fn options(host: &str) -> Options {
    Options {
        platform: "linux/amd64".parse().unwrap(),
        registry: RegistryOptions {
            insecure: vec![host.into()],
            timeout: Duration::from_secs(10),
            ..RegistryOptions::anonymous()
        },
        daemons: DaemonOptions {
            docker: "unix:///nonexistent/docker.sock".into(),
            podman: "unix:///nonexistent/podman.sock".into(),
            certificates: None,
            timeout: Duration::from_secs(10),
        },
        ..Options::default()
    }
}

fn with_user(host: &str, user: &str, password: &str) -> Options {
    let mut options = options(host);
    options.registry.username = Some(user.into());
    options.registry.password = Some(password.into());
    options
}

fn read_image(name: &str, options: &Options) -> Result<Inventory, ImageError> {
    read(&name.parse().unwrap(), options)
}

fn packages(inventory: &Inventory) -> String {
    let mut names: Vec<String> =
        inventory.packages.iter().map(|p| format!("{} {}\n", p.name, p.version)).collect();
    names.sort();
    names.concat()
}

/// Serves the usual image, but for requests to which `fault` has another answer.
fn serve(fault: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> (Server, Served) {
    let stock = Served::new(&image(), Compression::Gzip);
    (serve_this(stock.clone(), fault), stock)
}

fn serve_this(
    stock: Served,
    fault: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
) -> Server {
    Server::start(move |request| fault(request).unwrap_or_else(|| stock.reply(request)))
}

fn read_from(server: &Server) -> Result<Inventory, ImageError> {
    read_image(&format!("registry:{}/team/app:1", server.host()), &options(&server.host()))
}

/// What a failed read says, with the server's port taken out.
fn said(server: &Server) -> String {
    let error = read_from(server).unwrap_err();
    error.to_string().replace(&server.host(), "HOST")
}

fn blob(request: &Request) -> bool {
    request.path.contains("/blobs/")
}

fn manifest(request: &Request) -> bool {
    request.path.contains("/manifests/")
}

#[test]
fn every_compression_gives_packages_names_and_digests() {
    for compression in Compression::ALL {
        let stock = Served::new(&image(), compression);
        let server = serve_this(stock.clone(), |_| None);
        let inventory = read_from(&server).unwrap();
        assert_eq!(packages(&inventory), PACKAGES, "{compression:?}");
        assert_eq!(inventory.artifact.source, "registry");
        assert_eq!(inventory.artifact.manifest_digest.unwrap().to_string(), stock.root);
        assert_eq!(inventory.artifact.config_digest.unwrap().to_string(), stock.config);
        assert_eq!(inventory.artifact.names, [format!("{}/team/app:1", server.host())]);
        assert_eq!(inventory.artifact.user, "app");
        let layers: Vec<String> =
            inventory.layers.iter().map(|l| l.digest.as_ref().unwrap().to_string()).collect();
        assert_eq!(layers, stock.layers);
        assert_eq!(inventory.layers[1].created_by, "COPY . /app");
        assert!(inventory.problems.is_empty());
    }
}

#[test]
fn a_digest_names_the_same_image_and_is_verified() {
    let (server, stock) = serve(|_| None);
    let by_digest = |digest: &str| {
        let name = format!("registry:{}/team/app@{digest}", server.host());
        read_image(&name, &options(&server.host()))
    };
    assert_eq!(packages(&by_digest(&stock.root).unwrap()), PACKAGES);
    let (liar, _) = serve(|request| manifest(request).then(|| Reply::new(200, "{}")));
    let name = format!("registry:{}/team/app@{}", liar.host(), stock.root);
    let error = read_image(&name, &options(&liar.host())).unwrap_err();
    assert!(matches!(error, ImageError::WrongDigest { .. }), "{error}");
}

#[test]
fn an_index_is_followed_to_the_platform_that_is_asked_for() {
    let arm = Image::new().layer(
        "FROM scratch",
        &[("app/node_modules/b/package.json", r#"{"name":"b","version":"2.0.0"}"#)],
    );
    let arm = Served::new(&arm, Compression::Gzip);
    let amd = Served::new(&image(), Compression::Gzip);
    let index = Served::index(&[
        ("unknown/unknown", None),
        ("linux/arm64", Some(&arm)),
        ("linux/amd64", Some(&amd)),
        ("linux/s390x", None),
    ]);
    let server = serve_this(index, |_| None);
    let read_for = |platform: &str| {
        let mut options = options(&server.host());
        options.platform = platform.parse().unwrap();
        read_image(&format!("registry:{}/app", server.host()), &options)
    };
    assert_eq!(packages(&read_for("linux/amd64").unwrap()), PACKAGES);
    assert_eq!(packages(&read_for("linux/arm64").unwrap()), "b 2.0.0\n");
    assert!(matches!(read_for("linux/s390x"), Err(ImageError::NotFound { .. })));
    let error = read_for("windows/amd64").unwrap_err().to_string().replace(&server.host(), "HOST");
    insta::assert_snapshot!(error, @r"
    `HOST/app:latest` has no image for windows/amd64; it has: linux/arm64, linux/amd64, linux/s390x
    hint: choose one with `--platform`
    ");
}

#[test]
fn basic_credentials_are_sent_once_they_are_asked_for() {
    let (server, _) = serve(|request| {
        let allowed = request.header("authorization") == Some("Basic YW5uOnNlY3JldA==");
        (!allowed).then(|| Reply::new(401, "").header("WWW-Authenticate", "Basic realm=\"x\""))
    });
    let host = server.host();
    let name = format!("registry:{host}/app");
    let inventory = read_image(&name, &with_user(&host, "ann", "secret")).unwrap();
    assert_eq!(packages(&inventory), PACKAGES);
    assert_eq!(server.requests()[0].header("authorization"), None);
    let wrong = read_image(&name, &with_user(&host, "ann", "wrong")).unwrap_err().to_string();
    insta::assert_snapshot!(wrong.replace(&host, "HOST"), @r"
    HOST does not let us read `HOST/app:latest`: unauthorized (the user or password is not accepted)
    hint: run `docker login HOST`, or set PLIMSOLL_REGISTRY_USER and PLIMSOLL_REGISTRY_PASSWORD; some registries also say this of a repository that does not exist
    ");
    let nobody = read_image(&name, &options(&host)).unwrap_err().to_string();
    assert!(nobody.contains("unauthorized (no credentials for it are known)"), "{nobody}");
}

/// A registry whose tokens come from another server, and that server.
fn with_token_server(
    token: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> (Server, Server) {
    let tokens = Server::start(token);
    let realm = format!("http://{}/token", tokens.host());
    let (server, _) = serve(move |request| {
        let allowed = request.header("authorization") == Some("Bearer letmein");
        let challenge = format!(
            "Bearer realm=\"{realm}\",service=\"the registry\",scope=\"repository:team/app:pull\""
        );
        (!allowed).then(|| Reply::new(401, "").header("WWW-Authenticate", challenge))
    });
    (server, tokens)
}

#[test]
fn a_token_is_fetched_anonymously_or_with_a_password_and_serves_all_requests() {
    let (server, tokens) = with_token_server(|request| {
        let key = if request.header("authorization").is_some() { "access_token" } else { "token" };
        Reply::new(200, format!("{{\"{key}\":\"letmein\",\"expires_in\":60}}"))
    });
    assert_eq!(packages(&read_from(&server).unwrap()), PACKAGES);
    let asked = tokens.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path, "/token?service=the+registry&scope=repository%3Ateam%2Fapp%3Apull");
    assert_eq!(asked[0].header("authorization"), None);
    let name = format!("registry:{}/team/app", server.host());
    read_image(&name, &with_user(&server.host(), "ann", "secret")).unwrap();
    let asked = tokens.requests().pop().unwrap();
    assert_eq!(asked.header("authorization"), Some("Basic YW5uOnNlY3JldA=="));
    assert!(asked.path.ends_with("&account=ann"), "{}", asked.path);
}

#[test]
fn an_identity_token_is_exchanged_by_post() {
    let (server, tokens) = with_token_server(|_| Reply::new(200, r#"{"access_token":"letmein"}"#));
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = format!(r#"{{"auths":{{"{}":{{"identitytoken":"id&1"}}}}}}"#, server.host());
    std::fs::write(file.path(), config).unwrap();
    let mut options = options(&server.host());
    options.registry.auth_files = vec![file.path().into()];
    let name = format!("registry:{}/team/app", server.host());
    assert_eq!(packages(&read_image(&name, &options).unwrap()), PACKAGES);
    let asked = tokens.requests().pop().unwrap();
    assert_eq!(asked.method, "POST");
    assert_eq!(
        asked.body,
        "grant_type=refresh_token&service=the+registry&client_id=plimsoll&\
         scope=repository%3Ateam%2Fapp%3Apull&refresh_token=id%261"
    );
}

#[test]
fn a_token_that_runs_out_in_between_is_renewed() {
    let (server, tokens) = with_token_server(|request| {
        Reply::new(
            200,
            format!(r#"{{"token":"{}"}}"#, if request.before == 0 { "old" } else { "letmein" }),
        )
    });
    // The first token is never taken, which is how an expired one looks.
    let error = said(&server);
    assert!(error.contains("does not let us read"), "{error}");
    assert_eq!(packages(&read_from(&server).unwrap()), PACKAGES);
    assert_eq!(tokens.requests().len(), 2);
}

#[test]
fn a_token_server_that_refuses_or_babbles_is_named() {
    let (server, _tokens) = with_token_server(|_| Reply::new(401, "no"));
    assert!(said(&server).contains("does not let us read"));
    let (server, tokens) = with_token_server(|_| Reply::new(200, "{}"));
    let error = said(&server).replace(&tokens.host(), "TOKENS");
    assert_eq!(
        error,
        "cannot read `HOST/team/app:1` from HOST: its token server `http://TOKENS/token`: its \
         answer has no token"
    );
}

#[test]
fn each_refusal_says_what_to_do() {
    let refuse = |status: u16, body: &'static str| {
        let (server, _) = serve(move |_| Some(Reply::new(status, body)));
        said(&server)
    };
    let unknown =
        r#"{"errors":[{"code":"NAME_UNKNOWN","message":"repository\u001b[31m name not known"}]}"#;
    insta::assert_snapshot!(refuse(404, unknown), @r"
    HOST has no `HOST/team/app:1`: repository [31m name not known
    hint: check name and tag; a private repository may look as if it were missing to whom is not logged in
    ");
    insta::assert_snapshot!(refuse(403, r#"{"errors":[{"code":"DENIED"}]}"#), @r"
    HOST forbids us to read `HOST/team/app:1`: denied
    hint: these credentials are valid but may not pull here: ask for the right to read the repository, or log in as someone else
    ");
    assert_eq!(
        refuse(418, "<html>"),
        "HOST cannot serve `HOST/team/app:1`: status 418: i'm a teapot"
    );
}

#[test]
fn a_busy_registry_is_waited_for_and_a_long_wait_is_left_to_the_user() {
    let (server, _) = serve(|request| {
        (manifest(request) && request.before == 0)
            .then(|| Reply::new(429, "").header("Retry-After", "1"))
    });
    let begun = Instant::now();
    assert_eq!(packages(&read_from(&server).unwrap()), PACKAGES);
    assert!(begun.elapsed() >= Duration::from_secs(1));

    let (server, _) = serve(|_| Some(Reply::new(429, "").header("Retry-After", "3600")));
    insta::assert_snapshot!(said(&server), @r"
    HOST limits the rate of requests: `HOST/team/app:1` was refused, try again in 3600 s
    hint: wait and try again, or log in: most registries allow more to those whom they know
    ");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_failing_registry_is_asked_again_but_not_for_ever() {
    let (server, _) = serve(|request| (request.before < 2).then(|| Reply::new(500, "")));
    assert_eq!(packages(&read_from(&server).unwrap()), PACKAGES);
    let (server, _) = serve(|_| Some(Reply::new(503, "")));
    assert!(said(&server).contains("status 503: service unavailable"));
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_silent_registry_ends_by_the_time_out() {
    let begun = Instant::now();
    for at_blob in [false, true] {
        let (server, _) = serve(move |request| {
            let mut reply = Reply::new(200, vec![b'x'; 5000]);
            reply.hang_at = Some(10);
            (blob(request) == at_blob).then_some(reply)
        });
        let mut options = options(&server.host());
        options.registry.timeout = Duration::from_millis(200);
        let name = format!("registry:{}/app", server.host());
        let error = read_image(&name, &options).unwrap_err();
        assert!(matches!(error, ImageError::Network { .. }), "{error}");
        assert!(error.to_string().contains("timed out"), "{error}");
    }
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_broken_download_goes_on_where_it_broke() {
    let stock = Served::new(&image(), Compression::Gzip);
    let layer = stock.layers[0].clone();
    let size = stock.blobs[&layer].len();
    let (inner, cut) = (stock.clone(), layer.clone());
    let server = serve_this(stock, move |request| {
        let mut reply = inner.reply(request);
        reply.cut_at = Some(reply.body.len() / 2);
        (request.path.ends_with(&cut) && request.before < 3).then_some(reply)
    });
    let inventory = read_from(&server).unwrap();
    assert_eq!(packages(&inventory), PACKAGES);
    assert!(inventory.problems.is_empty());
    let ranges: Vec<Option<String>> = server
        .requests()
        .iter()
        .filter(|request| request.path.ends_with(&layer))
        .map(|request| request.header("range").map(str::to_owned))
        .collect();
    assert_eq!(ranges.len(), 4);
    assert_eq!(ranges[0], None);
    assert_eq!(ranges[1].as_deref(), Some(format!("bytes={}-", size / 2).as_str()));
}

#[test]
fn a_download_goes_on_even_where_the_registry_knows_no_ranges() {
    let stock = Served::new(&image(), Compression::Gzip);
    let inner = stock.clone();
    let server = serve_this(stock, move |request| {
        let digest = request.path.rsplit('/').next().unwrap();
        let mut reply = Reply::new(200, inner.blobs.get(digest)?.clone());
        if request.before == 0 {
            reply.cut_at = Some(reply.body.len() / 2);
        }
        Some(reply)
    });
    assert_eq!(packages(&read_from(&server).unwrap()), PACKAGES);
}

#[test]
fn a_download_that_breaks_again_and_again_is_an_error_and_no_smaller_image() {
    let stock = Served::new(&image(), Compression::Gzip);
    let (inner, layer) = (stock.clone(), stock.layers[1].clone());
    let server = serve_this(stock, move |request| {
        let mut reply = inner.reply(request);
        reply.cut_at = Some(1);
        request.path.ends_with(&layer).then_some(reply)
    });
    let error = said(&server);
    assert!(error.contains("the download broke 6 times"), "{error}");
}

#[test]
fn a_layer_with_other_bytes_than_its_digest_is_refused() {
    let stock = Served::new(&image(), Compression::Gzip);
    let mut wrong = stock.clone();
    *wrong.blobs.get_mut(&stock.layers[0]).unwrap().last_mut().unwrap() ^= 1;
    let server = serve_this(wrong, |_| None);
    assert!(said(&server).starts_with("wrong digest: "), "{}", said(&server));
    let mut wrong = stock.clone();
    wrong.blobs.get_mut(&stock.layers[0]).unwrap().pop();
    let server = serve_this(wrong, |_| None);
    assert!(said(&server).contains("the registry has "), "{}", said(&server));
    let mut wrong = stock.clone();
    wrong.blobs.insert(stock.config.clone(), b"{}".to_vec());
    let server = serve_this(wrong, |_| None);
    assert!(said(&server).starts_with("wrong digest: "), "{}", said(&server));
}

#[test]
fn a_redirect_is_followed_without_our_credentials() {
    let stock = Arc::new(Served::new(&image(), Compression::Gzip));
    let store = {
        let stock = Arc::clone(&stock);
        Arc::new(Server::start(move |request| stock.reply(request)))
    };
    let target = store.host();
    let server = serve_this((*stock).clone(), move |request| {
        if request.header("authorization").is_none() {
            return Some(Reply::new(401, "").header("WWW-Authenticate", "Basic realm=x"));
        }
        let place = format!("http://{target}{}", request.path);
        blob(request).then(|| Reply::new(307, "").header("Location", place))
    });
    let host = server.host();
    let options = with_user(&host, "ann", "secret");
    let inventory = read_image(&format!("registry:{host}/app"), &options).unwrap();
    assert_eq!(packages(&inventory), PACKAGES);
    let asked = store.requests();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn a_redirect_in_a_circle_ends() {
    let (server, _) =
        serve(|request| Some(Reply::new(302, "").header("Location", request.path.clone())));
    assert!(said(&server).contains("more than 5 redirects"));
}

#[test]
fn a_layer_that_is_known_is_not_downloaded_again() {
    let (server, _) = serve(|_| None);
    let cache = tempfile::tempdir().unwrap();
    let mut options = options(&server.host());
    options.cache = Some(cache.path().into());
    let name = format!("registry:{}/app", server.host());
    let first = read_image(&name, &options).unwrap();
    assert_eq!(server.requests().len(), 4);
    let second = read_image(&name, &options).unwrap();
    assert_eq!(second, first);
    // The manifest and the configuration.
    assert_eq!(server.requests().len(), 6);
}

#[test]
fn a_foreign_layer_is_read_where_the_registry_has_it_and_is_a_hole_where_not() {
    let foreign = |manifest: &mut serde_json::Value| {
        manifest["layers"][0]["mediaType"] =
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip".into();
    };
    let mut stock = Served::new(&image(), Compression::Gzip).edit(foreign);
    let server = serve_this(stock.clone(), |_| None);
    assert_eq!(packages(&read_from(&server).unwrap()), PACKAGES);
    stock.blobs.remove(&stock.layers[0]);
    let server = serve_this(stock, |_| None);
    let inventory = read_from(&server).unwrap();
    assert_eq!(packages(&inventory), "a 1.0.0\n");
    assert_eq!(inventory.problems[0].kind, ProblemKind::Partial);
    assert_eq!(inventory.problems[0].layer, Some(0));
    assert!(inventory.problems[0].message.contains("the layer is foreign"));
}

#[test]
fn what_is_no_image_is_named() {
    let old = r#"{"schemaVersion":1,"name":"app","fsLayers":[]}"#;
    let (server, _) = serve(move |request| manifest(request).then(|| Reply::new(200, old)));
    insta::assert_snapshot!(said(&server), @r"
    `HOST/team/app:1` is not read: its manifest is of schema 1, which registries gave up in 2019
    hint: pull it with an old client and push it again with a current one
    ");
    let chart = Served::new(&image(), Compression::Gzip).edit(|manifest| {
        manifest["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json".into();
    });
    let server = serve_this(chart, |_| None);
    assert!(said(&server).contains("an artifact of type application/vnd.cncf.helm.config.v1+json"));
    let (server, _) = serve(|request| manifest(request).then(|| Reply::new(200, "<html>")));
    assert!(said(&server).contains("1 is malformed"), "{}", said(&server));
    let (server, _) =
        serve(|request| manifest(request).then(|| Reply::new(200, vec![b' '; (8 << 20) + 1])));
    assert!(said(&server).contains("it has more than 8388608 bytes"), "{}", said(&server));
}

#[test]
fn a_host_without_tls_is_not_spoken_to_unless_it_is_allowed() {
    let (server, _) = serve(|_| None);
    let host = server.host();
    let mut options = options(&host);
    options.registry.insecure.clear();
    let error = read_image(&format!("registry:{host}/app"), &options).unwrap_err();
    assert!(matches!(error, ImageError::Tls { .. } | ImageError::Network { .. }), "{error}");
    assert!(server.requests().is_empty());
}

#[test]
fn a_bare_name_is_looked_for_everywhere_and_the_error_tells_where() {
    let (server, _) = serve(|_| None);
    let inventory =
        read_image(&format!("{}/app:1", server.host()), &options(&server.host())).unwrap();
    assert_eq!(inventory.artifact.source, "registry");
    assert!(inventory.problems.is_empty());

    let (server, _) = serve(|_| Some(Reply::new(404, "")));
    let name = format!("{}/app:1", server.host());
    let error = read_image(&name, &options(&server.host())).unwrap_err().to_string();
    insta::assert_snapshot!(error.replace(&server.host(), "HOST"), @r"
    no source has `HOST/app:1`
      docker: cannot connect to docker at `/nonexistent/docker.sock`: there is no socket
        hint: start docker, or say with DOCKER_HOST where it listens
      registry: HOST has no `HOST/app:1`: not found
        hint: check name and tag; a private repository may look as if it were missing to whom is not logged in
    ");
}

#[test]
fn containerd_is_not_opened_and_the_error_says_what_is() {
    let error = read_image("containerd:nginx", &options("")).unwrap_err().to_string();
    assert!(error.contains("`ctr images export FILE NAME`"), "{error}");
}

/// A layout of the usual image in a folder.
fn layout(compression: Compression) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    image().write_oci_dir(compression, folder.path());
    folder
}

fn real_registry(
    credentials: Option<(&str, &str)>,
    certificate: Option<&Certificate>,
    compression: Compression,
) -> Option<DockerRegistry> {
    let started = DockerRegistry::start(credentials, certificate);
    let pushed = started.and_then(|registry| {
        registry.push(layout(compression).path(), "team/app:1").map(|()| registry)
    });
    pushed.map_err(|why| println!("skipped: {why}")).ok()
}

#[test]
fn debians_registry_gives_the_same_packages() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let Some(registry) = real_registry(None, None, compression) else { return };
        let name = format!("registry:{}/team/app:1", registry.host());
        let inventory = read_image(&name, &options(registry.host())).unwrap();
        assert_eq!(packages(&inventory), PACKAGES);
        let missing = format!("registry:{}/team/app:2", registry.host());
        let error = read_image(&missing, &options(registry.host())).unwrap_err();
        assert!(matches!(error, ImageError::NotFound { .. }), "{error}");
    }
}

#[test]
fn debians_registry_wants_its_password_and_a_trusted_certificate() {
    let certificate = match Certificate::make() {
        Ok(certificate) => certificate,
        Err(why) => return println!("skipped: {why}"),
    };
    let user = ("ann", "pass word");
    let Some(registry) = real_registry(Some(user), Some(&certificate), Compression::Gzip) else {
        return;
    };
    let host = registry.host();
    let name = format!("registry:{host}/team/app:1");
    let said = |options: &Options| match read_image(&name, options) {
        Ok(inventory) => packages(&inventory),
        Err(error) => error.to_string().lines().next().unwrap_or_default().replace(host, "HOST"),
    };
    let trusting = |mut options: Options| {
        options.registry.insecure.clear();
        options.registry.ca_files = vec![certificate.authority()];
        options
    };
    assert_eq!(said(&trusting(with_user(host, user.0, user.1))), PACKAGES);
    assert_eq!(
        said(&trusting(with_user(host, "ann", "wrong"))),
        "HOST does not let us read `HOST/team/app:1`: authentication required (the user or \
         password is not accepted)"
    );
    assert_eq!(
        said(&trusting(options(host))),
        "HOST does not let us read `HOST/team/app:1`: authentication required (no credentials \
         for it are known)"
    );
    // Allowed by the user, any certificate will do.
    assert_eq!(said(&with_user(host, user.0, user.1)), PACKAGES);
    let mut strict = with_user(host, user.0, user.1);
    strict.registry.insecure.clear();
    assert_eq!(
        said(&strict),
        "no trusted connection to HOST: its certificate is of an authority that is not trusted"
    );
    let by_name = name.replace("127.0.0.1", "127.0.0.2");
    let options = trusting(with_user(host, user.0, user.1));
    let error = read_image(&by_name, &options).map(|_| ()).unwrap_err().to_string();
    assert!(
        error.contains("cannot read") || error.contains("its certificate is not for"),
        "{error}"
    );
    let mut missing = trusting(with_user(host, user.0, user.1));
    missing.registry.ca_files = vec![PathBuf::from("/nowhere.pem")];
    assert_eq!(
        said(&missing),
        "cannot read `/nowhere.pem`: No such file or directory (os error 2)"
    );
}
