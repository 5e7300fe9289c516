//! Reports: one scan enters, a document in one of the known formats leaves.
#![forbid(unsafe_code)]
