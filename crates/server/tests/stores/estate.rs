//! What is stored of images.

use plimsoll_server::store::estate::Figures;
use plimsoll_server::store::lists::{self, Images, Order};
use plimsoll_server::store::{components, findings, images, names, postings};

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
fn inventories_that_no_image_refers_to_are_swept_and_others_stay() {
    each(|bench| async move {
        let app = &bench.app;
        let first = bench.image("one", &[("lodash", "4.17.4")]).await;
        let inventory = async |digest: &str| {
            let mut read = app.store.read().await.unwrap();
            images::by_digest(&mut read, digest).await.unwrap().unwrap().inventory
        };
        let old = inventory(&first).await;
        let again = bench.image("one", &[("lodash", "4.17.21")]).await;
        let new = inventory(&again).await;
        assert_ne!(old, new);
        let sweep = plimsoll_server::schedule::sweep::sweep;
        assert_eq!(sweep(app, 60_000).await.unwrap(), 0, "what is young stays");
        assert_eq!(sweep(app, 0).await.unwrap(), 1);
        assert!(plimsoll_server::catalogue::inventory(app, &old).await.is_err());
        assert!(plimsoll_server::catalogue::inventory(app, &new).await.is_ok());
        assert_eq!(sweep(app, 0).await.unwrap(), 0);
    });
}

#[test]
fn sets_fingerprints_and_names_of_clients_that_lead_nowhere_are_swept() {
    use plimsoll_server::schedule::sweep::{rows, sweep};
    use plimsoll_server::store::foreign::{self, Named};
    each(|bench| async move {
        let app = &bench.app;
        let digest = bench.image("one", &[("lodash", "4.17.4"), ("left-pad", "1.3.0")]).await;
        bench.image("one", &[("lodash", "4.17.21")]).await;
        let kept = bench.image("two", &[("left-pad", "1.3.0")]).await;
        let named = |protocol: &str, name: &str, digest: &str| Named {
            protocol: protocol.into(),
            name: name.into(),
            digest: digest.into(),
            state: "of before".into(),
            ..Named::default()
        };
        let lost = format!("sha256:{:064}", 7);
        let layer = app.blobs.put("layers", b"a layer").await.unwrap();
        let gone = app.blobs.put("layers", b"another").await.unwrap();
        let mut write = app.store.write().await.unwrap();
        for it in [
            named("clair", &kept, &kept),
            named("clair", &lost, &lost),
            named("clair-v1", "old", &layer),
            named("harbor", "other", &lost),
        ] {
            foreign::put(&mut write, &it).await.unwrap();
        }
        write.commit().await.unwrap();
        app.blobs.put_named("fingerprints", "of-before", b"x").await.unwrap();
        app.blobs.put_named("fingerprints", &app.advisories.current().edition, b"y").await.unwrap();
        app.blobs.put_named("trivy-layers", "asked-for", b"z").await.unwrap();

        assert_eq!(rows(app, 60_000).await.unwrap(), 1, "the set that no image has");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let layers = async |name: &str| app.blobs.has("layers", name).await.unwrap();
        // The inventory of before, the fingerprint, the layer that nobody names.
        assert_eq!(sweep(app, 0).await.unwrap(), 3);
        assert!(layers(&layer).await && !layers(&gone).await);
        assert!(app.blobs.has("trivy-layers", "asked-for").await.unwrap());
        assert!(!app.blobs.has("fingerprints", "of-before").await.unwrap());
        assert_eq!(rows(app, 0).await.unwrap(), 2, "what is lost, and what was read otherwise");
        assert_eq!(sweep(app, 0).await.unwrap(), 1, "its layer");
        let mut read = app.store.read().await.unwrap();
        let has = async |read: &mut _, protocol, name: &str| {
            foreign::find(read, protocol, name).await.unwrap().is_some()
        };
        assert!(has(&mut read, "clair", &kept).await && has(&mut read, "harbor", "other").await);
        assert!(!has(&mut read, "clair", &lost).await && !has(&mut read, "clair-v1", "old").await);
        assert!(images::by_digest(&mut read, &digest).await.unwrap().is_some());
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

#[test]
fn images_are_found_by_a_part_of_their_name_and_by_the_beginning_of_their_digest() {
    each(|bench| async move {
        let mut digests = Vec::new();
        for name in ["registry.example/shop/cart:1", "registry.example/shop/till:1", "a\"b_c%d"] {
            digests.push(bench.image(name, &[("left-pad", "1.3.0")]).await);
        }
        let dialect = bench.app.store.dialect();
        let found = async |text: &str| {
            let wanted = Images { text: text.into(), order: Order::Name, ..Images::default() };
            let mut read = bench.app.store.read().await.unwrap();
            let found = lists::images(&mut read, dialect, &wanted, 10).await.unwrap();
            found.into_iter().map(|it| it.reference).collect::<Vec<_>>()
        };
        assert_eq!(found("shop").await.len(), 2);
        assert_eq!(found("cart").await, ["registry.example/shop/cart:1"]);
        assert_eq!(found("/ca").await, ["registry.example/shop/cart:1"]);
        assert_eq!(found("l:").await, ["registry.example/shop/till:1"], "two letters are too few");
        assert_eq!(found("a\"b_c%d").await, ["a\"b_c%d"], "nothing in a text means anything");
        assert!(found("shop%cart").await.is_empty() && found("cart AND till").await.is_empty());
        assert_eq!(found(&digests[1][..20]).await, ["registry.example/shop/till:1"]);
        assert_eq!(found("sha256:").await.len(), 3);

        // The index follows what becomes of images.
        let mut write = bench.app.store.write().await.unwrap();
        for text in [
            "UPDATE images SET reference = 'registry.example/shop/basket:1' WHERE reference LIKE '%cart%'",
            "DELETE FROM images WHERE reference LIKE '%till%'",
        ] {
            sqlx::query(text).execute(&mut *write).await.unwrap();
        }
        write.commit().await.unwrap();
        assert!(found("cart").await.is_empty() && found("till").await.is_empty());
        assert_eq!(found("basket").await, ["registry.example/shop/basket:1"]);
        let mut read = bench.app.store.read().await.unwrap();
        let page = images::page(&mut read, dialect, i64::MAX, "basket", 10).await.unwrap();
        assert_eq!(page.len(), 1);
        let few = names::few(&mut read, dialect, "asket").await.unwrap();
        assert_eq!(few, Some(vec![page[0].id]));
        assert_eq!(names::few(&mut read, dialect, "as").await.unwrap(), None);
    });
}

#[test]
fn figures_that_were_kept_are_there_after_a_start() {
    each(|bench| async move {
        assert_eq!(Figures::kept(&bench.app.store).await.unwrap(), None);
        bench.image("one", &[("lodash", "4.17.4")]).await;
        let figures = Figures::of(&bench.app.store).await.unwrap();
        assert!(figures.open.iter().sum::<i64>() > 0 && !figures.changes.is_empty());
        figures.keep(&bench.app.store).await.unwrap();
        assert_eq!(Figures::kept(&bench.app.store).await.unwrap(), Some(figures));
    });
}
