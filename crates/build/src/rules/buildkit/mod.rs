//! The builder's own checks, under its names, where no other rule says the same.
//!
//! <https://docs.docker.com/reference/build-checks/>
super::registry! {}
