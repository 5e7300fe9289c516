//! Every cataloguer there is, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`ALL`].

mod apk;
mod dpkg;
mod java;
mod npm_lock;
mod npm_package;
mod os_release;
mod python_metadata;

use crate::cataloguer::Cataloguer;

/// The registry. Order is only that of reading; results are sorted.
pub const ALL: &[&dyn Cataloguer] = &[
    &apk::Apk,
    &dpkg::Dpkg,
    &java::JavaArchive,
    &npm_lock::NpmLock,
    &npm_package::NpmPackage,
    &os_release::OsRelease,
    &python_metadata::PythonMetadata,
];
