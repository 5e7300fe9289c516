//! The layout goes up, down and up again, and a newer one is left alone.

use plimsoll_server::Error;
use plimsoll_server::store::{Store, findings, images, migrations, names};

use crate::{each, open};

async fn there_and_back(address: &str) {
    let store = open(address).await;
    assert_eq!(migrations::version(&store).await.unwrap(), migrations::newest());
    for version in (0..migrations::newest()).rev() {
        migrations::down(&store, version).await.unwrap();
        assert_eq!(migrations::version(&store).await.unwrap(), version);
        // A change that was taken back can be made again.
        migrations::up(&store).await.unwrap();
        migrations::down(&store, version).await.unwrap();
    }
    migrations::up(&store).await.unwrap();
    migrations::up(&store).await.unwrap();
    let mut write = store.write().await.unwrap();
    sqlx::query("INSERT INTO schema_changes (version, name, at) VALUES (9999, 'future', 0)")
        .execute(&mut *write)
        .await
        .unwrap();
    write.commit().await.unwrap();
    store.close().await;
    assert!(matches!(Store::open(address).await, Err(Error::Newer { found: 9999, .. })));
}

#[test]
fn every_change_of_the_layout_can_be_taken_back_and_made_again() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        there_and_back(&Store::in_folder(folder.path())).await;
        if let Some(address) = crate::postgres() {
            there_and_back(&address).await;
        }
    });
}

#[test]
fn what_is_stored_survives_a_change_that_is_taken_back_and_made_again() {
    each(|bench| async move {
        let digest = bench.image("registry.example/shop:1", &[("lodash", "4.17.4")]).await;
        let store = &bench.app.store;
        let counted = async || {
            let mut read = store.read().await.unwrap();
            let images = images::count(&mut read).await.unwrap();
            let open: i64 =
                findings::tally(&mut read).await.unwrap().iter().map(|it| it.count).sum();
            let names = images::names(&mut read, &digest).await.unwrap();
            let text = "shop";
            let few = names::few(&mut read, store.dialect(), text).await.unwrap();
            (images, open, names, few.map(|it| it.len()))
        };
        let before = counted().await;
        assert!(before.0 == 1 && before.1 > 0 && before.3 == Some(1), "{before:?}");
        // The tables of images, their findings and their jobs are the first ones.
        for version in (5..migrations::newest()).rev() {
            migrations::down(store, version).await.unwrap();
            migrations::up(store).await.unwrap();
            assert_eq!(counted().await, before, "after version {version}");
        }
    });
}

#[test]
fn what_is_no_store_is_refused_without_its_password() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let error = runtime.block_on(Store::open("mysql://me:secret@host/db")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`mysql://me@host/db` is no store: expected `sqlite:FILE` or `postgres://USER@HOST/DATABASE`"
    );
}
