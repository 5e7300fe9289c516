//! A folder with keys and images in layouts, in which the program runs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use plimsoll_testkit::{Compression, Image};
use tempfile::TempDir;

/// The moment at which all tests run: 2026-01-02T03:04:05Z.
pub(crate) const NOW: i64 = 1_767_323_045;

/// What a run left.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The run, if it ended with this code.
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.err, self.out);
        self
    }
}

/// A folder with keys and images, in which the program runs.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// With the key pairs `a`, `b` and `c`, and the unsigned image `layout`.
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for name in ["a", "b", "c"] {
            folder.run(&format!("key generate --type ed25519 -o {name}")).ended(0);
        }
        folder.image("layout", "1");
        folder
    }

    pub(crate) fn image(&self, name: &str, content: &str) {
        let image = Image::new().layer("COPY a", &[("a", content)]);
        image.write_oci_dir(Compression::Gzip, &self.path(name));
    }

    /// Signs `image` with the keys of these names.
    pub(crate) fn sign(&self, image: &str, names: &[&str]) {
        for name in names {
            self.run(&format!("sign --key {name}.key {image}")).ended(0);
        }
    }

    /// Writes the public keys of these names into one file.
    pub(crate) fn keys(&self, file: &str, names: &[&str]) {
        let all = names.iter().map(|name| self.read(&format!("{name}.pub")));
        self.write(file, all.collect::<String>());
    }

    pub(crate) fn run(&self, arguments: &str) -> Ran {
        self.run_at(NOW, arguments, &[])
    }

    pub(crate) fn run_at(&self, now: i64, arguments: &str, more: &[(&str, &str)]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .current_dir(&self.0)
            .args(arguments.split_whitespace())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.0.path())
            .env("PLIMSOLL_KEY_PASSWORD", "pass")
            .env("PLIMSOLL_CACHE_DIR", self.path("cache"))
            .env("SOURCE_DATE_EPOCH", now.to_string())
            .envs(more.iter().copied())
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}
