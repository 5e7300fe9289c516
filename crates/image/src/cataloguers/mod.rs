//! Every cataloguer there is, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`ALL`].

mod apk;
mod bun_lock;
mod composer;
mod dpkg;
mod gem_spec;
mod gemfile_lock;
mod java;
mod npm_lock;
mod npm_package;
mod os_release;
mod pipfile_lock;
mod pnpm_lock;
mod python_archive;
mod python_lock;
mod python_metadata;
mod python_requirements;
mod yarn_lock;

use crate::cataloguer::Cataloguer;

/// The registry. Order is only that of reading; results are sorted.
pub const ALL: &[&dyn Cataloguer] = &[
    &apk::Apk,
    &bun_lock::BunLock,
    &composer::Composer,
    &dpkg::Dpkg,
    &gem_spec::GemSpec,
    &gemfile_lock::GemfileLock,
    &java::JavaArchive,
    &npm_lock::NpmLock,
    &npm_package::NpmPackage,
    &os_release::OsRelease,
    &pipfile_lock::PipfileLock,
    &pnpm_lock::PnpmLock,
    &python_archive::PythonArchive,
    &python_lock::PythonLock,
    &python_metadata::PythonMetadata,
    &python_requirements::PythonRequirements,
    &yarn_lock::YarnLock,
];
