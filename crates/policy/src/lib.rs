//! Gates: findings and the state of the advisory data enter, one verdict leaves.
#![forbid(unsafe_code)]
