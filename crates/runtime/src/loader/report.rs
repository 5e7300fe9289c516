//! What is said of a file: errors and warnings.

use super::code::{ErrorCode, WarningCode};
use super::context::Context;

/// An error or a warning.
#[derive(Debug, Clone)]
pub struct Diagnostic<C> {
    /// Falco's code.
    pub code: C,
    /// What is wrong, in Falco's words.
    pub message: String,
    /// Where.
    pub context: Context,
    /// What was probably meant.
    pub meant: Option<String>,
}

/// The reason that reading or compiling ends for.
pub(crate) type Failure = Diagnostic<ErrorCode>;

impl Failure {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>, context: Context) -> Self {
        Self { code, message: message.into(), context, meant: None }
    }
}

/// What came of loading a file.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The file's name.
    pub name: String,
    /// Why it does not load: at most one, because reading ends there.
    pub errors: Vec<Diagnostic<ErrorCode>>,
    /// What it probably does not mean.
    pub warnings: Vec<Diagnostic<WarningCode>>,
    /// Where it differs from the schema of rule files, which alone is no error.
    pub schema: Vec<String>,
}

impl Report {
    /// Whether the file was loaded.
    pub fn is_loaded(&self) -> bool {
        self.errors.is_empty()
    }

    pub(crate) fn warn(&mut self, code: WarningCode, message: impl Into<String>, context: Context) {
        self.warn_meaning(code, message, context, None);
    }

    pub(crate) fn warn_meaning(
        &mut self,
        code: WarningCode,
        message: impl Into<String>,
        context: Context,
        meant: Option<&str>,
    ) {
        let meant = meant.map(str::to_owned);
        self.warnings.push(Diagnostic { code, message: message.into(), context, meant });
    }
}
