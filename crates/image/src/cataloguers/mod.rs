//! Every cataloguer there is, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`ALL`].

mod apk;
mod cargo_lock;
mod dpkg;
mod go;
mod npm_lock;
mod npm_package;
mod os_release;
mod python_metadata;
pub(crate) mod release_files;
mod rpm;
mod rust_binary;

use crate::cataloguer::Cataloguer;

/// The registry. Order is only that of reading; results are sorted.
pub const ALL: &[&dyn Cataloguer] = &[
    &apk::Apk,
    &cargo_lock::CargoLock,
    &dpkg::Dpkg,
    &go::GoBinary,
    &go::GoMod,
    &go::GoVendor,
    &npm_lock::NpmLock,
    &npm_package::NpmPackage,
    &os_release::OsRelease,
    &python_metadata::PythonMetadata,
    &release_files::ReleaseFiles,
    &rpm::Rpm,
    &rpm::RpmManifest,
    &rust_binary::RustBinary,
];
