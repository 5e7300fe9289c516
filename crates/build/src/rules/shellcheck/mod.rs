//! Rules for the shell texts, under the ids of `ShellCheck`.
//!
//! <https://www.shellcheck.net/wiki/>
mod unquoted;

super::registry! {
    sc2006
    sc2038
    sc2046
    sc2086
    sc2164
    sc3028
    sc3037
    sc3040
    sc3046
}
