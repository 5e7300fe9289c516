//! Rules for the shell texts, under the ids of `ShellCheck`.
//!
//! <https://www.shellcheck.net/wiki/>
super::registry! {}
