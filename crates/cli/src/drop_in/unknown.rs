//! Names of tools, for messages.

use super::TOOLS;

/// That there is no such tool, and which there are.
pub(crate) fn unknown(name: &str) -> String {
    let known: Vec<&str> = TOOLS.iter().map(|tool| tool.name).collect();
    let name = name.escape_debug();
    format!("`{name}` is no tool that is known here: it is one of {}", known.join(", "))
}
