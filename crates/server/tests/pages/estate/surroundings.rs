//! What is around the images of the example: their registry, their cluster, what was decided.

use plimsoll_server::moment::now;
use plimsoll_server::store::registries::{self, ATTESTATION, BILL, Registry, SIGNATURE, Tag};
use plimsoll_server::store::running::{self, Running};
use plimsoll_server::store::summaries::DAY;
use plimsoll_server::store::triage::{self, Decision};
use plimsoll_server::store::{Store, Write};

use super::{HOST, Wanted};

pub(super) async fn put(store: &Store, images: &[Wanted]) {
    let mut write = store.write().await.unwrap();
    registry(&mut write, images).await;
    cluster(&mut write, images).await;
    decisions(&mut write).await;
    scans(&mut write, images).await;
    write.commit().await.unwrap();
}

async fn registry(write: &mut Write, images: &[Wanted]) {
    let one = Registry {
        name: "production".into(),
        host: HOST.into(),
        repositories: "shop/**, platform/**, data/**".into(),
        tags: "*".into(),
        schedule: "*/10 * * * *".into(),
        zone: "UTC".into(),
        enabled: true,
        due: now() + 8 * 60_000,
        ..Registry::default()
    };
    let id = registries::add(write, &one).await.unwrap().unwrap();
    let mut tags: Vec<Tag> = Vec::new();
    for image in images.iter().filter(|it| it.evidence != "-") {
        let (repository, tag) = image.name.rsplit_once(':').unwrap();
        let bits = [('s', SIGNATURE), ('p', ATTESTATION), ('b', BILL)];
        let evidence = bits.iter().filter(|(letter, _)| image.evidence.contains(*letter));
        tags.push(Tag {
            repository: repository.split_once('/').unwrap().1.into(),
            tag: tag.into(),
            digest: image.digest.clone(),
            moved: now() - image.days * DAY,
            evidence: evidence.map(|it| it.1).sum(),
            selected: true,
        });
    }
    // Two were pushed just now, and are not read yet.
    for tag in ["1.10-rc1", "1.10-rc2"] {
        let digest = super::digest(tag);
        let first = tags.first().cloned().unwrap();
        tags.push(Tag { repository: "shop/checkout".into(), tag: tag.into(), digest, ..first });
    }
    registries::put_tags(write, id, &tags).await.unwrap();
    registries::walked(write, id, 14, "").await.unwrap();
    let other = Registry { name: "mirror".into(), host: "mirror.example".into(), ..one };
    let id = registries::add(write, &other).await.unwrap().unwrap();
    registries::walked(write, id, 0, "mirror.example: 401 to a list of tags").await.unwrap();
}

async fn cluster(write: &mut Write, images: &[Wanted]) {
    let mut all = Vec::new();
    for image in images {
        let (repository, tag) = image.name.rsplit_once(':').unwrap();
        for workload in &image.workloads {
            let (kind, name) = workload.split_once('/').unwrap();
            all.push(Running {
                place: "production".into(),
                namespace: repository.split('/').nth(1).unwrap().into(),
                kind: kind.into(),
                name: name.into(),
                container: "app".into(),
                image: image.name.clone(),
                repository: repository.into(),
                tag: tag.into(),
                digest: image.digest.clone(),
                last_seen: now(),
            });
        }
    }
    let first = all.first().cloned().unwrap();
    let digest = super::digest("somebody else's");
    let name = "coredns".to_owned();
    all.push(Running { namespace: "kube-system".into(), name, digest, ..first });
    running::put(write, "production", &all).await.unwrap();
}

async fn decisions(write: &mut Write) {
    let decide = |weakness: &str, state: &str, statement: &str| Decision {
        weakness: weakness.into(),
        state: state.into(),
        statement: statement.into(),
        until: Some(now() + 89 * DAY),
        owner: "platform".into(),
        actor: "maria".into(),
        ..Decision::default()
    };
    for one in [
        Decision {
            scope: "libxml2".into(),
            justification: "vulnerable_code_not_in_execute_path".into(),
            ..decide("CVE-2022-23308", "not_affected", "Nothing here parses XML from outside.")
        },
        Decision {
            until: Some(now() + 34 * DAY),
            ..decide("CVE-2022-0778", "accepted", "The gateway ends TLS; renewed with the base.")
        },
        decide("CVE-2021-44228", "affected", "Checkout 1.9 replaces it; rollout on Thursday."),
        decide("CVE-2023-44487", "in_triage", ""),
    ] {
        triage::put(write, &one).await.unwrap();
    }
}

/// What was read, what could not be, and what waits.
async fn scans(write: &mut Write, images: &[Wanted]) {
    let done = images.iter().take(9).zip(1_i64..).map(|(image, number)| {
        let result = format!(
            "{{\"digest\":\"{}\",\"components\":{},\"new\":3,\"partial\":false}}",
            image.digest,
            50 + 7 * number
        );
        (format!("registry:{}", image.name), 2, 1, number, result, "")
    });
    let gone = "registry.example cannot be reached: connection refused";
    let more = [
        ("registry:registry.example/data/lake:0.3".to_owned(), 3, 5, 30, String::new(), gone),
        ("registry:registry.example/shop/checkout:1.10-rc2".into(), 1, 1, 0, String::new(), ""),
        ("registry:registry.example/shop/checkout:1.10-rc1".into(), 0, 0, 0, String::new(), ""),
    ];
    let all: Vec<(String, i64, i64, i64, String, &str)> = done.collect();
    for (key, state, attempt, minutes, result, error) in all.into_iter().rev().chain(more) {
        let asked = now() - minutes * 60_000;
        // Nobody takes them: they are due in a year.
        sqlx::query(
            "INSERT INTO jobs (kind, key, payload, priority, state, attempt, attempts, due, \
             lease_until, created, finished, error, result) \
             VALUES ('scan', $1, '{}', 0, $2, $3, 5, $4, $4, $5, $6, $7, $8)",
        )
        .bind(key)
        .bind(state)
        .bind(attempt)
        .bind(now() + 365 * DAY)
        .bind(asked)
        .bind((state >= 2).then(|| asked + 2_300))
        .bind(error)
        .bind(result)
        .execute(&mut **write)
        .await
        .unwrap();
    }
}
