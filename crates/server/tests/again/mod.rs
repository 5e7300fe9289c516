//! A whole test program once more, on PostgreSQL.

use std::path::Path;
use std::process::Command;

use plimsoll_server::store::Store;

/// The server of databases that a run on PostgreSQL has.
const SERVER: &str = "PLIMSOLL_TEST_POSTGRES";

/// The database of a folder in a run on PostgreSQL; `None` in any other.
pub(crate) fn database(folder: &Path) -> Option<String> {
    let server = std::env::var(SERVER).ok()?;
    let name = folder.file_name().unwrap().as_encoded_bytes();
    let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    let address = format!("{server}/t{name}");
    // The caller may be in a runtime of its own.
    let made = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::connect(&format!("{server}/postgres")).await.unwrap();
            let mut connection = store.read().await.unwrap();
            let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE t{name}"));
            if let Err(error) = sqlx::query(create).execute(&mut *connection).await {
                // The folder is used again.
                assert!(error.to_string().contains("already exists"), "{error}");
            }
            drop(connection);
            store.close().await;
        });
    });
    made.join().unwrap();
    Some(address)
}

/// Runs all tests of this program but some in another process, each on a database of its own.
pub(crate) fn on_postgresql(but: &[&str]) {
    if std::env::var_os(SERVER).is_some() {
        return;
    }
    let Some(postgres) = plimsoll_testkit::Postgres::start() else { return };
    let address = postgres.database("template");
    let server = address.strip_suffix("/template").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--test-threads", "2"]).env(SERVER, server);
    for name in but {
        command.args(["--skip", name]);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
