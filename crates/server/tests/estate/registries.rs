//! Registries that are watched, on Debian's docker-registry.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plimsoll_testkit::{Compression, DockerRegistry, Image, Reply, Served, Server};
use serde_json::{Value, json};

use crate::{Bench, each};

/// What a status of dpkg says of one package.
fn image(version: &str) -> Image {
    let status = format!(
        "Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"
    );
    Image::new().layer(
        "RUN apt-get install curl",
        &[("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"), ("var/lib/dpkg/status", &status)],
    )
}

fn push(registry: &DockerRegistry, name: &str, image: &Image) {
    let folder = tempfile::tempdir().unwrap();
    image.write_oci_dir(Compression::Gzip, folder.path());
    registry.push(folder.path(), name).unwrap();
}

/// Each run has its own repositories.
fn team() -> String {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    format!("team{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn look(bench: &Bench, id: &Value) {
    let (status, body) =
        bench.ask("POST", &format!("/api/v1/registries/{id}/look"), Value::Null).await;
    assert_eq!(status, 202, "{body}");
}

async fn images(bench: &Bench) -> Vec<String> {
    let all = bench.get("/api/v1/images").await;
    let mut found: Vec<String> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["reference"].as_str().unwrap().split('@').next().unwrap().to_owned())
        .collect();
    found.sort();
    found
}

#[test]
fn what_is_tagged_is_read_what_moves_is_read_again_and_what_goes_is_dropped() {
    let Ok(registry) = DockerRegistry::start(None, None) else {
        eprintln!("skipped: no docker-registry here");
        return;
    };
    let host = registry.host().to_owned();
    each(&[&host], |bench| {
        let (registry, host, team) = (&registry, host.clone(), team());
        async move {
            push(registry, &format!("{team}/app:1"), &image("7.88.1-10"));
            push(registry, &format!("{team}/scratch-x:1"), &image("7.88.1-9"));
            push(registry, &format!("other-{team}/app:1"), &image("7.88.1-8"));
            let new = json!({
                "name": "local", "host": host, "repositories": format!("{team}/**, !{team}/scratch-*"),
                "tags": "!*-dev", "schedule": "0 3 * * *", "zone": "Europe/London",
                "per_minute": 0,
            });
            let (status, created) = bench.ask("POST", "/api/v1/registries", new.clone()).await;
            assert_eq!(status, 201, "{created}");
            assert_eq!(bench.ask("POST", "/api/v1/registries", new).await.0, 409);
            let id = &created["id"];
            let path = format!("/api/v1/registries/{id}");
            look(&bench, id).await;
            let one = format!("registry:{host}/{team}/app:1");
            bench.until("app:1 is read", async || images(&bench).await == [one.as_str()]).await;
            let first = bench.get(&path).await;
            assert_eq!(
                (&first["images"], &first["images_read"]),
                (&json!(1), &json!(1)),
                "{first}"
            );
            let before = bench.get("/api/v1/images").await["items"][0]["digest"].clone();

            push(registry, &format!("{team}/app:1"), &image("7.88.1-11"));
            push(registry, &format!("{team}/app:2-dev"), &image("7.88.1-12"));
            look(&bench, id).await;
            let moved = async || {
                let all = bench.get("/api/v1/images").await;
                let newest = all["items"][0]["digest"].clone();
                // What the tag led to before goes at the next look at the latest.
                look(&bench, id).await;
                newest != before && all["items"].as_array().unwrap().len() == 1
            };
            bench.until("the moved tag is read, and the image of before is gone", moved).await;
            let tags = bench.get(&format!("{path}/tags")).await;
            assert_eq!(tags["items"].as_array().unwrap().len(), 1, "{tags}");

            push(registry, &format!("{team}/app:2"), &image("7.88.1-11"));
            let narrow = json!({"name": "local", "host": host, "repositories": format!("{team}/app"),
                "tags": "2", "per_minute": 0});
            let (status, body) = bench.ask("PUT", &path, narrow).await;
            assert_eq!(status, 200, "{body}");
            look(&bench, id).await;
            let same = async || {
                let tags = bench.get(&format!("{path}/tags")).await;
                let tags = tags["items"].as_array().unwrap();
                tags.len() == 1 && tags[0]["tag"] == "2"
            };
            bench.until("only tag 2 is watched", same).await;
            let digest = bench.get("/api/v1/images").await["items"][0]["digest"].clone();
            let detail = bench.get(&format!("/api/v1/images/{}", digest.as_str().unwrap())).await;
            assert_eq!(detail["names"], json!([format!("{host}/{team}/app:2")]), "{detail}");

            registry.delete(&format!("{team}/app:2")).unwrap();
            look(&bench, id).await;
            bench.until("nothing is left", async || images(&bench).await.is_empty()).await;
            assert_eq!(bench.ask("DELETE", &path, Value::Null).await.0, 204);
            assert_eq!(bench.ask("GET", &path, Value::Null).await.0, 404);
        }
    });
}

/// How often the one image that there is was read.
async fn readings(bench: &Bench) -> (i64, String) {
    let digest = bench.get("/api/v1/images").await["items"][0]["digest"].clone();
    let digest = digest.as_str().unwrap().to_owned();
    let mut read = bench.app.store.read().await.unwrap();
    let image = plimsoll_server::store::images::by_digest(&mut read, &digest).await.unwrap();
    (image.unwrap().scans, digest)
}

#[test]
fn a_digest_is_read_once_however_many_tags_and_repositories_lead_to_it() {
    let Ok(registry) = DockerRegistry::start(None, None) else {
        eprintln!("skipped: no docker-registry here");
        return;
    };
    let host = registry.host().to_owned();
    each(&[&host], |bench| {
        let (registry, host, team) = (&registry, host.clone(), team());
        async move {
            for name in ["app:1", "app:2", "web:3"] {
                push(registry, &format!("{team}/{name}"), &image("7.88.1-10"));
            }
            let new = json!({"name": "local", "host": host, "repositories": format!("{team}/**"),
                "schedule": "0 3 * * *", "per_minute": 0});
            let (status, created) = bench.ask("POST", "/api/v1/registries", new).await;
            assert_eq!(status, 201, "{created}");
            let path = format!("/api/v1/registries/{}", created["id"]);
            look(&bench, &created["id"]).await;
            bench.until("all is read", async || bench.get(&path).await["images_read"] == 3).await;
            let (count, digest) = readings(&bench).await;
            assert_eq!((count, images(&bench).await.len()), (1, 1));
            let detail = bench.get(&format!("/api/v1/images/{digest}")).await;
            let mut names: Vec<&str> =
                detail["names"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
            names.sort_unstable();
            let of_team = |name: &str| format!("{host}/{team}/{name}");
            assert_eq!(names, [of_team("app:1"), of_team("app:2"), of_team("web:3")]);
            bench.app.metrics.measure(&bench.app).await.unwrap();
            let text = bench.metrics("/metrics", "").await;
            for scope in ["all", "registry/local"] {
                let line = format!("plimsoll_scan_coverage_ratio{{scope=\"{scope}\"}} 1.0\n");
                assert!(text.contains(&line), "{text}");
            }

            // The other repository's turn comes later, and is over at once.
            bench.sql("UPDATE jobs SET due = 0").await;
            let done = async || {
                let all = bench.get("/api/v1/scans").await;
                let all = all["items"].as_array().unwrap().clone();
                all.len() == 2 && all.iter().all(|it| it["state"] == "done")
            };
            bench.until("both repositories are done", done).await;
            assert_eq!(readings(&bench).await.0, 1);

            // Whoever asks for the digest gets it as it is; `again` reads it once more.
            let scan = async |tag: &str, again: bool| {
                let reference = format!("registry:{host}/{team}/{tag}@{digest}");
                let asked = json!({"reference": reference, "again": again});
                let (status, scan) = bench.ask("POST", "/api/v1/scans", asked).await;
                assert_eq!(status, 202, "{scan}");
                let path = format!("/api/v1/scans/{}", scan["id"]);
                bench.until("it is done", async || bench.get(&path).await["state"] == "done").await;
                let scan = bench.get(&path).await;
                assert_eq!((&scan["digest"], &scan["components"]), (&json!(digest), &json!(1)));
            };
            scan("web:4", false).await;
            assert_eq!(readings(&bench).await.0, 1);
            scan("web:3", true).await;
            assert_eq!(readings(&bench).await.0, 2);
        }
    });
}

#[test]
fn what_is_older_than_its_registry_wants_is_not_read_until_the_registry_wants_it() {
    let Ok(registry) = DockerRegistry::start(None, None) else {
        eprintln!("skipped: no docker-registry here");
        return;
    };
    let host = registry.host().to_owned();
    each(&[&host], |bench| {
        let (registry, host, team) = (&registry, host.clone(), team());
        async move {
            let day = 24 * 3600 * 1000;
            let made = |days: i64| {
                let at = plimsoll_server::moment::now() - days * day;
                plimsoll_server::moment::timestamp(at).to_string()
            };
            push(registry, &format!("{team}/app:old"), &image("7.88.1-8").created(&made(31)));
            push(registry, &format!("{team}/app:young"), &image("7.88.1-9").created(&made(29)));
            // Nobody knows how old a reproducible build is.
            let zero = image("7.88.1-10").created("1970-01-01T00:00:00Z");
            push(registry, &format!("{team}/app:zero"), &zero);
            let new = json!({"name": "local", "host": host, "repositories": format!("{team}/app"),
                "schedule": "0 3 * * *", "per_minute": 0, "max_age_days": 30});
            let (status, created) = bench.ask("POST", "/api/v1/registries", new).await;
            assert_eq!(status, 201, "{created}");
            let path = format!("/api/v1/registries/{}", created["id"]);
            look(&bench, &created["id"]).await;
            bench.until("two are read", async || bench.get(&path).await["images_read"] == 2).await;
            let now = bench.get(&path).await;
            assert_eq!(now["images"], 2, "{now}");
            let one = |tag: &str| format!("registry:{host}/{team}/app:{tag}");
            assert_eq!(images(&bench).await, [one("young"), one("zero")]);
            let tags = bench.get(&format!("{path}/tags")).await;
            let selected: Vec<(&str, bool)> = tags["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| (it["tag"].as_str().unwrap(), it["selected"].as_bool().unwrap()))
                .collect();
            assert_eq!(selected, [("old", false), ("young", true), ("zero", true)]);
            let any = json!({"name": "local", "host": host, "repositories": format!("{team}/app"),
                "per_minute": 0});
            assert_eq!(bench.ask("PUT", &path, any).await.0, 200);
            look(&bench, &created["id"]).await;
            bench.until("all are read", async || bench.get(&path).await["images_read"] == 3).await;
        }
    });
}

/// A registry with one image under each of six tags: when it was asked, and how many answers were under way
/// at most.
struct Counting {
    server: Server,
    asked: Arc<Mutex<Vec<Instant>>>,
    most: Arc<AtomicUsize>,
}

impl Counting {
    fn start(pause: Duration) -> Self {
        let all: Vec<Served> = (1..=6)
            .map(|it| Served::new(&image(&format!("7.88.1-{it}")), Compression::Gzip))
            .collect();
        let (asked, most) = (Arc::<Mutex<Vec<Instant>>>::default(), Arc::<AtomicUsize>::default());
        let (noted, now, high) = (Arc::clone(&asked), AtomicUsize::new(0), Arc::clone(&most));
        let server = Server::start(move |request| {
            noted.lock().unwrap().push(Instant::now());
            high.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(pause);
            now.fetch_sub(1, Ordering::SeqCst);
            if request.path.starts_with("/v2/app/tags/list") {
                return Reply::new(200, r#"{"name":"app","tags":["1","2","3","4","5","6"]}"#);
            }
            let last = request.path.rsplit('/').next().unwrap_or_default();
            let by_tag = last.parse::<usize>().ok().and_then(|tag| all.get(tag - 1));
            if let Some(served) = by_tag {
                return served.reply(request).header("Docker-Content-Digest", &served.root);
            }
            let has = all.iter().find(|it| it.blobs.contains_key(last));
            has.map_or_else(|| Reply::new(404, "{}"), |served| served.reply(request))
        });
        Self { server, asked, most }
    }
}

/// Watches all of it with four workers until it is read.
async fn read_all(bench: &Bench, registry: &Counting, limits: Value) {
    let (_end, ended) = tokio::sync::watch::channel(false);
    for number in 0..3 {
        let (app, ended) = (Arc::clone(&bench.app), ended.clone());
        tokio::spawn(plimsoll_server::queue::worker::work(app, format!("more-{number}"), ended));
    }
    let mut new = json!({"name": "local", "host": registry.server.host(), "repositories": "app"});
    new.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
    let (status, created) = bench.ask("POST", "/api/v1/registries", new).await;
    assert_eq!(status, 201, "{created}");
    let path = format!("/api/v1/registries/{}", created["id"]);
    look(bench, &created["id"]).await;
    bench.until("all is read", async || bench.get(&path).await["images_read"] == 6).await;
}

#[test]
fn so_many_images_of_a_registry_are_read_at_a_time_as_it_wants() {
    let hosts =
        [Counting::start(Duration::from_millis(40)), Counting::start(Duration::from_millis(40))];
    let names = hosts.each_ref().map(|it| it.server.host());
    let next = AtomicUsize::new(0);
    each(&[&names[0], &names[1]], |bench| {
        let registry = &hosts[next.fetch_add(1, Ordering::SeqCst)];
        async move {
            read_all(&bench, registry, json!({"per_minute": 0, "at_once": 2})).await;
            assert_eq!(registry.most.load(Ordering::SeqCst), 2);
        }
    });
}

#[test]
fn looks_and_readings_together_ask_a_registry_as_often_as_it_wants() {
    let hosts = [Counting::start(Duration::ZERO), Counting::start(Duration::ZERO)];
    let names = hosts.each_ref().map(|it| it.server.host());
    let next = AtomicUsize::new(0);
    each(&[&names[0], &names[1]], |bench| {
        let registry = &hosts[next.fetch_add(1, Ordering::SeqCst)];
        async move {
            read_all(&bench, registry, json!({"per_minute": 1200, "at_once": 0})).await;
            let asked = registry.asked.lock().unwrap().clone();
            assert!(asked.len() > 6 * 3, "manifest, configuration and layer of each");
            let took = asked.last().unwrap().duration_since(asked[0]);
            let least = Duration::from_millis(50) * (u32::try_from(asked.len()).unwrap() - 2);
            assert!(took >= least, "{} requests in {took:?}", asked.len());
        }
    });
}

#[test]
fn what_cannot_be_watched_is_refused_by_name() {
    each(&[], |bench| async move {
        let refused = async |field: &str, value: Value| {
            let mut new = json!({"name": "x", "host": "registry.example"});
            new[field] = value;
            let (status, body) = bench.ask("POST", "/api/v1/registries", new).await;
            assert_eq!(status, 422, "{field}: {body}");
            body["detail"].as_str().unwrap().to_owned()
        };
        assert!(refused("schedule", json!("whenever")).await.contains("`schedule`"));
        assert!(refused("zone", json!("Mars")).await.contains("`zone`"));
        assert!(refused("host", json!("http://x/y")).await.contains("`host`"));
        assert!(refused("tags", json!("[")).await.contains("`tags`"));
        assert!(refused("at_once", json!(-1)).await.contains("`at_once`"));
        assert!(refused("max_age_days", json!(0)).await.contains("`max_age_days`"));
        for inside in ["10.0.0.7:5000", "169.254.169.254", "192.168.1.1:5000", "[::1]:5000"] {
            let why = refused("host", json!(inside)).await;
            assert!(why.contains("--allow-network") || why.contains("`host`"), "{inside}: {why}");
        }
        assert!(refused("password", json!("x")).await.contains("`username`"));
    });
}

#[test]
fn a_registry_is_asked_with_its_own_credentials_which_are_kept_for_its_host() {
    let registry = Server::start(|request| {
        // robot:hunter2
        if request.header("authorization") != Some("Basic cm9ib3Q6aHVudGVyMg==") {
            return Reply::new(401, "").header("WWW-Authenticate", "Basic realm=\"test\"");
        }
        match request.path.split('?').next().unwrap_or_default() {
            "/v2/" => Reply::new(200, "{}"),
            "/v2/team/app/tags/list" => Reply::new(200, r#"{"name":"team/app","tags":[]}"#),
            _ => Reply::new(404, "{}"),
        }
    });
    let host = registry.host();
    each(&[&host], |bench| {
        let host = host.clone();
        async move {
            let mut new = json!({"name": "own", "host": host, "repositories": "team/app",
                "per_minute": 0, "username": "robot", "password": "hunter2"});
            let (status, created) = bench.ask("POST", "/api/v1/registries", new.clone()).await;
            assert_eq!((status, &created["password"]), (201, &json!("********")), "{created}");
            let path = format!("/api/v1/registries/{}", created["id"]);
            let looked = async || {
                look(&bench, &created["id"]).await;
                let now = bench.get(&path).await;
                !now["last"].is_null() && now["error"].is_null()
            };
            bench.until("it is looked at", looked).await;
            new["password"] = json!("********");
            assert_eq!(bench.ask("PUT", &path, new.clone()).await.0, 200);
            new["host"] = json!("127.0.0.9:1");
            let (status, body) = bench.ask("PUT", &path, new).await;
            assert_eq!(status, 422, "{body}");
            assert!(body["detail"].as_str().unwrap().contains("enter `password` again"), "{body}");
        }
    });
}
