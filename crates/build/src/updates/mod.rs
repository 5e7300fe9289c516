//! What in sources is pinned and could be newer: tags of images, and packages that a Dockerfile installs
//! by their versions. What newer there is, others know.

mod packages;
mod tag;

pub use packages::{Installer, PackagePin, pinned_packages};
pub use tag::{Step, newest, step};
