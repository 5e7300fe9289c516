//! Every cataloguer there is, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`ALL`].

mod apk;
mod bun_lock;
mod cargo_lock;
pub(crate) mod composer;
mod conan_lock;
mod conda_meta;
mod dependency_folder;
mod dpkg;
mod gem_spec;
mod gemfile_lock;
mod github_workflow;
mod go;
mod gradle_lock;
mod java;
mod maven_pom;
mod mix_lock;
mod npm_lock;
mod npm_package;
mod nuget;
mod os_release;
mod pacman;
mod pipfile_lock;
mod pnpm_lock;
mod program;
mod program_release;
mod program_rules;
mod pubspec_lock;
mod python_archive;
mod python_lock;
mod python_metadata;
mod python_requirements;
pub(crate) mod release_files;
mod renv_lock;
mod rpm;
mod rust_binary;
mod stack_lock;
mod swift;
mod yarn_lock;

use crate::cataloguer::Cataloguer;

pub use os_release::ecosystem;

/// The registry. Order is only that of reading; results are sorted.
pub const ALL: &[&dyn Cataloguer] = &[
    &apk::Apk,
    &bun_lock::BunLock,
    &cargo_lock::CargoLock,
    &composer::Composer,
    &conan_lock::ConanLock,
    &conda_meta::CondaMeta,
    &dpkg::Dpkg,
    &gem_spec::GemSpec,
    &gemfile_lock::GemfileLock,
    &github_workflow::GithubWorkflow,
    &go::GoBinary,
    &go::GoMod,
    &go::GoVendor,
    &gradle_lock::GradleLock,
    &java::JavaArchive,
    &maven_pom::MavenPom,
    &mix_lock::MixLock,
    &npm_lock::NpmLock,
    &npm_package::NpmPackage,
    &nuget::Nuget,
    &os_release::OsRelease,
    &pacman::Pacman,
    &pipfile_lock::PipfileLock,
    &pnpm_lock::PnpmLock,
    &program::Program,
    &program_release::ProgramRelease,
    &pubspec_lock::PubspecLock,
    &python_archive::PythonArchive,
    &python_lock::PythonLock,
    &python_metadata::PythonMetadata,
    &python_requirements::PythonRequirements,
    &release_files::ReleaseFiles,
    &renv_lock::RenvLock,
    &rpm::Rpm,
    &rpm::RpmManifest,
    &rust_binary::RustBinary,
    &stack_lock::StackLock,
    &swift::Swift,
    &yarn_lock::YarnLock,
];
