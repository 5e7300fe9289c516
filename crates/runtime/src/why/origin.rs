//! Where the program of an event comes from: its package and the layer of the image.

use serde_json::{Value as JsonValue, json};

/// Where a program comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The image, as the user named it.
    pub image: String,
    /// The program.
    pub program: String,
    /// The package that has it, as a package URL; none where no package does.
    pub package: Option<String>,
    /// The layer that brought the package, from 0.
    pub layer: Option<u32>,
    /// The instruction that made the layer.
    pub instruction: Option<String>,
    /// `FILE:LINE` of that instruction.
    pub line: Option<String>,
    /// What is known of the image's signature.
    pub signature: String,
}

impl Origin {
    /// As an object of JSON.
    pub(super) fn json(&self) -> JsonValue {
        json!({
            "image": self.image,
            "program": self.program,
            "package": self.package,
            "layer": self.layer,
            "instruction": self.instruction,
            "dockerfile": self.line,
            "signature": self.signature,
        })
    }

    /// As names and values for reading.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let none = || "none of the image's has it".to_owned();
        let mut lines = vec![
            ("program", self.program.clone()),
            ("package", self.package.clone().unwrap_or_else(none)),
        ];
        if let Some(layer) = self.layer {
            let instruction = self.instruction.as_deref().unwrap_or_default();
            lines.push(("layer", format!("#{layer} {instruction}").trim_end().to_owned()));
        }
        lines.extend(self.line.clone().map(|line| ("dockerfile", line)));
        lines.push(("image", self.image.clone()));
        lines.push(("signature", self.signature.clone()));
        lines
    }
}
