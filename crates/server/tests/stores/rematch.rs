//! A change of the advisories, as operations on sets.

use std::path::Path;

use plimsoll_advisory::database::{Enrichment, compile};
use plimsoll_model::{
    Advisory, Affected, Inventory, Package, PackageKind, Range, RangeKind, Rating, RatingKind,
    Severity, Timestamp,
};
use plimsoll_server::catalogue;
use plimsoll_server::rematch::{self, Outcome};
use plimsoll_server::store::findings;

use crate::{Bench, each};

fn record(id: &str, package: &str, fixed: &str, severity: Severity) -> Advisory {
    let mut record = Advisory::new(id, "osv/npm");
    record.summary = format!("{package} is weak");
    record.ratings.push(Rating {
        source: "ghsa".into(),
        kind: RatingKind::Label,
        value: severity.to_string(),
        score: None,
        severity,
    });
    record.affected.push(Affected::in_ranges(
        "npm".parse().unwrap(),
        package,
        vec![Range::below(RangeKind::Semver, fixed)],
    ));
    record
}

fn write(path: &Path, records: &[Advisory], at: i64) {
    let enrichment =
        Enrichment { compiled: Some(Timestamp::from_unix(at)), ..Enrichment::default() };
    compile(records.iter().cloned(), &enrichment, path).unwrap();
}

async fn change(bench: &Bench, records: &[Advisory], at: i64) -> Outcome {
    write(&bench.folder.path().join("advisories.db"), records, at);
    assert!(bench.app.advisories.refresh().unwrap());
    rematch::run(&bench.app).await.unwrap()
}

async fn events(bench: &Bench, weakness: &str) -> Vec<String> {
    let mut read = bench.app.store.read().await.unwrap();
    let ids = findings::components_of(&mut read, &[weakness.into()]).await.unwrap();
    let mut said = Vec::new();
    for finding in findings::of_components(&mut read, &ids).await.unwrap() {
        if finding.weakness == weakness {
            let events = findings::events(&mut read, finding.id).await.unwrap();
            said.extend(events.into_iter().map(|it| format!("{} {}", it.event, it.detail)));
        }
    }
    said
}

#[test]
fn whoever_waits_for_an_image_waits_out_a_change_of_the_advisories() {
    each(|bench| async move {
        write(
            &bench.folder.path().join("advisories.db"),
            &[record("GHSA-1", "alpha", "2.0.0", Severity::High)],
            1,
        );
        assert!(bench.app.advisories.refresh().unwrap());
        let mut inventory = Inventory::default();
        inventory.artifact.reference = "one".into();
        inventory.packages.push(Package::new(PackageKind::Npm, "alpha", "1.0.0"));
        let done = catalogue::ingest(&bench.app, &inventory).await;
        assert!(matches!(done, Err(plimsoll_server::Error::Changed)));

        let app = bench.app.clone();
        let waiting = tokio::spawn(async move {
            let (write, _) = catalogue::ingest_now(&app, &inventory).await.unwrap();
            write.commit().await.unwrap();
        });
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(!waiting.is_finished());
        rematch::run(&bench.app).await.unwrap();
        waiting.await.unwrap();
        assert_eq!(events(&bench, "GHSA-1").await, ["opened "]);
    });
}

#[test]
fn findings_open_change_end_and_come_back_without_an_image_being_read() {
    each(|bench| async move {
        use Severity::{Critical, High};
        bench.image("one", &[("alpha", "1.0.0"), ("beta", "1.0.0")]).await;
        bench.image("two", &[("alpha", "1.0.0")]).await;
        bench.image("three", &[("gamma", "3.0.0")]).await;

        let first = record("GHSA-1", "alpha", "2.0.0", High);
        let outcome = change(&bench, std::slice::from_ref(&first), 1).await;
        assert_eq!((outcome.opened, outcome.images), (1, 2), "{outcome:?}");

        let beta = record("GHSA-2", "beta", "2.0.0", High);
        let outcome = change(&bench, &[first.clone(), beta.clone()], 2).await;
        let expected =
            Outcome { advisories: 1, components: 1, opened: 1, images: 1, ..Outcome::default() };
        assert_eq!(outcome, expected);

        let worse = record("GHSA-1", "alpha", "2.1.0", Critical);
        let outcome = change(&bench, &[worse, beta.clone()], 3).await;
        let expected =
            Outcome { advisories: 1, components: 1, changed: 1, images: 2, ..Outcome::default() };
        assert_eq!(outcome, expected);

        let outcome = change(&bench, std::slice::from_ref(&beta), 4).await;
        let expected =
            Outcome { advisories: 1, components: 1, resolved: 1, images: 2, ..Outcome::default() };
        assert_eq!(outcome, expected);

        let outcome = change(&bench, &[first, beta], 5).await;
        assert_eq!((outcome.reopened, outcome.opened, outcome.images), (1, 0, 2), "{outcome:?}");
        assert_eq!(
            events(&bench, "GHSA-1").await,
            [
                "opened ",
                "changed severity: high → critical; fixed in: 2.0.0 → 2.1.0",
                "resolved ",
                "reopened severity: critical → high; fixed in: 2.1.0 → 2.0.0",
            ]
        );
    });
}

#[test]
fn what_is_ingested_while_advisories_change_is_judged_by_the_new_ones() {
    each(|bench| async move {
        change(&bench, &[record("GHSA-1", "alpha", "2.0.0", Severity::High)], 1).await;
        // The file is another, and the store does not know yet.
        write(
            &bench.folder.path().join("advisories.db"),
            &[record("GHSA-9", "alpha", "2.0.0", Severity::High)],
            2,
        );
        bench.app.advisories.refresh().unwrap();
        let mut inventory = Inventory::default();
        inventory.artifact.reference = "new".into();
        let refused = catalogue::ingest(&bench.app, &inventory).await;
        assert!(matches!(refused, Err(plimsoll_server::Error::Changed)));
        rematch::run(&bench.app).await.unwrap();
        bench.image("new", &[("alpha", "1.0.0")]).await;
        assert_eq!(events(&bench, "GHSA-9").await, ["opened "]);
        assert!(events(&bench, "GHSA-1").await.is_empty());
    });
}

#[test]
fn the_same_advisories_compiled_at_another_time_change_nothing() {
    each(|bench| async move {
        let records = [record("GHSA-1", "alpha", "2.0.0", Severity::High)];
        change(&bench, &records, 1).await;
        write(&bench.folder.path().join("advisories.db"), &records, 99);
        assert!(!bench.app.advisories.refresh().unwrap());
    });
}

#[test]
fn a_finding_ends_with_the_last_image_that_had_it_and_stands_again_with_the_next() {
    each(|bench| async move {
        let weak = record("GHSA-1", "alpha", "2.0.0", Severity::High);
        change(&bench, std::slice::from_ref(&weak), 1).await;
        bench.image("one", &[("alpha", "1.0.0")]).await;
        bench.image("two", &[("alpha", "1.0.0")]).await;
        bench.image("one", &[("alpha", "2.0.0")]).await;
        assert_eq!(events(&bench, "GHSA-1").await, ["opened "], "another image has it");
        bench.image("two", &[("alpha", "2.0.0")]).await;
        assert_eq!(events(&bench, "GHSA-1").await, ["opened ", "resolved "]);
        let mut read = bench.app.store.read().await.unwrap();
        let ids = findings::components_of(&mut read, &["GHSA-1".into()]).await.unwrap();
        let found = findings::of_components(&mut read, &ids).await.unwrap();
        let life = findings::events(&mut read, found[0].id).await.unwrap();
        drop(read);
        assert!(!found[0].is_open);
        assert_eq!(life.last().unwrap().cause, "no image has it");

        // What advisories say meanwhile of what nobody has is not told to anybody.
        let worse = record("GHSA-1", "alpha", "2.1.0", Severity::Critical);
        let new = record("GHSA-2", "alpha", "1.5.0", Severity::High);
        let outcome = change(&bench, &[worse, new], 2).await;
        assert_eq!((outcome.opened, outcome.reopened), (1, 0), "of 2.0.0 alone: {outcome:?}");
        assert!(events(&bench, "GHSA-2").await.is_empty());

        bench.image("two", &[("alpha", "1.0.0")]).await;
        let life = events(&bench, "GHSA-1").await;
        let back = "reopened severity: high → critical; fixed in: 2.0.0 → 2.1.0";
        assert!(life.contains(&back.to_owned()), "{life:?}");
        assert_eq!(events(&bench, "GHSA-2").await, ["opened "]);

        // An advisory that is withdrawn while nobody has it does not come back with an image.
        bench.image("two", &[]).await;
        let outcome = change(&bench, &[], 3).await;
        assert_eq!(outcome.resolved, 1, "of 2.0.0 in `one`: {outcome:?}");
        bench.image("two", &[("alpha", "1.0.0")]).await;
        let last = events(&bench, "GHSA-2").await;
        assert_eq!(last, ["opened ", "resolved "]);
    });
}
