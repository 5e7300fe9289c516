//! What is stored of images.

use plimsoll_server::store::{components, findings, images, postings};

use crate::{Bench, each};

async fn findings_of(bench: &Bench, digest: &str) -> Vec<String> {
    let mut read = bench.app.store.read().await.unwrap();
    let image = images::by_digest(&mut read, digest).await.unwrap().unwrap();
    let sets = images::sets(&mut read, &[image.set]).await.unwrap();
    let ids: Vec<i64> = sets[&image.set].iter().map(i64::from).collect();
    let found = findings::of_components(&mut read, &ids).await.unwrap();
    let mut found: Vec<String> = found.into_iter().map(|it| it.weakness).collect();
    found.sort();
    found
}

#[test]
fn images_share_components_sets_and_findings() {
    each(|bench| async move {
        let one = bench.image("one", &[("lodash", "4.17.4"), ("left-pad", "1.3.0")]).await;
        let two = bench.image("two", &[("lodash", "4.17.4"), ("left-pad", "1.3.0")]).await;
        let three = bench.image("three", &[("lodash", "4.17.4")]).await;
        let found = findings_of(&bench, &one).await;
        assert!(found.contains(&"CVE-2019-10744".to_owned()), "{found:?}");
        assert_eq!(findings_of(&bench, &two).await, found);
        assert_eq!(findings_of(&bench, &three).await, found);
        let mut read = bench.app.store.read().await.unwrap();
        assert_eq!(components::count(&mut read).await.unwrap(), 2);
        assert_eq!(images::count(&mut read).await.unwrap(), 3);
        let lodash = findings::components_of(&mut read, &["CVE-2019-10744".into()]).await.unwrap();
        assert_eq!(postings::union(&mut read, &lodash).await.unwrap().len(), 3);
        let shown = components::shown(&mut read, &lodash).await.unwrap();
        assert_eq!(shown[&lodash[0]].images, 3);
        let opened: i64 = findings::tally(&mut read).await.unwrap().iter().map(|it| it.count).sum();
        assert_eq!(usize::try_from(opened).unwrap(), found.len(), "once, however many images");
    });
}

#[test]
fn an_image_that_was_read_again_leaves_the_components_that_it_lost() {
    each(|bench| async move {
        let first = bench.image("one", &[("lodash", "4.17.4"), ("left-pad", "1.3.0")]).await;
        let again = bench.image("one", &[("lodash", "4.17.21"), ("left-pad", "1.3.0")]).await;
        assert_eq!(first, again, "the same folder");
        let mut read = bench.app.store.read().await.unwrap();
        let old = findings::components_of(&mut read, &["CVE-2019-10744".into()]).await.unwrap();
        assert_eq!(postings::union(&mut read, &old).await.unwrap().len(), 0);
        assert_eq!(components::shown(&mut read, &old).await.unwrap()[&old[0]].images, 0);
        let image = images::by_digest(&mut read, &again).await.unwrap().unwrap();
        assert_eq!(image.scans, 2);
        let inventory = plimsoll_server::catalogue::inventory(&bench.app, &image.inventory).await;
        assert_eq!(inventory.unwrap().packages.len(), 2);
    });
}

#[test]
fn a_transaction_that_is_not_committed_leaves_nothing() {
    each(|bench| async move {
        let mut inventory = plimsoll_model::Inventory::default();
        inventory.artifact.reference = "gone".into();
        let ingested = plimsoll_server::catalogue::ingest(&bench.app, &inventory).await.unwrap();
        drop(ingested.0);
        let mut read = bench.app.store.read().await.unwrap();
        assert_eq!(images::count(&mut read).await.unwrap(), 0);
    });
}
