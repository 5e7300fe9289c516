//! What is done beside a server: another one-time token, another key of secrets, a backup and the way back.

use std::path::PathBuf;

use plimsoll_server::auth::{first, rotate};
use plimsoll_server::backup::{self, backup, restore};
use plimsoll_server::store::Store;
use tokio::runtime::Runtime;

use crate::exit::{Outcome, tell};

/// What is done in place of serving
#[derive(Debug, clap::Subcommand)]
pub(super) enum Action {
    /// Make a one-time token, for the first user or key, or for signing in once
    ///
    /// It counts for a day; those of before do not any more.
    #[command(after_help = "Examples:
  plimsoll serve token --data-dir /var/lib/plimsoll

Exit codes: 0 made, 2 wrong usage, 3 failed.")]
    Token,
    /// Write all that a server knows into a file, beside the server
    #[command(after_help = "Examples:
  plimsoll serve backup plimsoll.tar.zst --data-dir /var/lib/plimsoll
  plimsoll serve backup plimsoll.tar.zst --store postgres://plimsoll@db/plimsoll \\
      --blobs s3://plimsoll/estate

Exit codes: 0 written, 2 wrong usage, 3 failed.")]
    Backup {
        /// Where to; it must not be there
        file: PathBuf,
        /// With the key of sealed secrets: whoever has the file then has the secrets
        #[arg(long)]
        with_secret_key: bool,
    },
    /// Seal all secrets under a new key, which takes the place of the one of now
    ///
    /// No server may run on the store meanwhile. One that was killed is gone on with.
    #[command(after_help = "Examples:
  plimsoll serve rotate-key --data-dir /var/lib/plimsoll
  plimsoll serve rotate-key --store postgres://plimsoll@db/plimsoll --secret-key /etc/plimsoll/key

Exit codes: 0 done, 2 wrong usage, 3 failed.")]
    RotateKey,
    /// Bring what a backup has into an empty folder, or an empty database
    #[command(after_help = "Examples:
  plimsoll serve restore plimsoll.tar.zst --data-dir /var/lib/plimsoll
  plimsoll serve restore plimsoll.tar.zst --store postgres://plimsoll@db/plimsoll

Exit codes: 0 restored, 2 wrong usage, 3 failed.")]
    Restore {
        /// What `backup` wrote
        file: PathBuf,
    },
}

/// Where the server keeps what it knows.
pub(super) struct Place {
    pub(super) data_dir: PathBuf,
    pub(super) store: Option<String>,
    pub(super) blobs: Option<String>,
    pub(super) key: Option<PathBuf>,
}

impl Action {
    pub(super) fn run(self, runtime: &Runtime, place: &Place) -> anyhow::Result<Outcome> {
        let key = place.key.clone().unwrap_or_else(|| place.data_dir.join("secret.key"));
        let at = backup::Place {
            data_dir: &place.data_dir,
            store: place.store.as_deref(),
            blobs: place.blobs.as_deref(),
            key: &key,
        };
        match self {
            Self::Token => {
                let address = place.store.clone();
                let address = address.unwrap_or_else(|| Store::in_folder(&place.data_dir));
                let token = runtime.block_on(async {
                    let store = Store::open(&address).await?;
                    let token = first::token(&store).await?;
                    store.close().await;
                    plimsoll_server::Result::Ok(token)
                })?;
                tell(&format!("one-time token, for a day:\n  {token}"));
            }
            Self::RotateKey => {
                let count = runtime.block_on(rotate::in_place(
                    &place.data_dir,
                    place.store.as_deref(),
                    &key,
                ))?;
                tell(&format!("{count} secrets are sealed under a new key"));
            }
            Self::Backup { file, with_secret_key } => {
                let amount = runtime.block_on(backup(at, &file, with_secret_key))?;
                tell(&format!(
                    "`{}`: {} rows, {} blobs",
                    file.display(),
                    amount.all_rows(),
                    amount.blobs
                ));
            }
            Self::Restore { file } => {
                let amount = runtime.block_on(restore(at, &file))?;
                tell(&format!("restored: {} rows, {} blobs", amount.all_rows(), amount.blobs));
                if !key.exists() {
                    tell(
                        "the backup has no key of sealed secrets: put the old `secret.key` into \
                         the folder, or enter credentials again",
                    );
                }
            }
        }
        Ok(Outcome::Clean)
    }
}
