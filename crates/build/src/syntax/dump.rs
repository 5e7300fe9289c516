//! The syntax tree as the builder's own tools print it, one s-expression a line.
//!
//! After `Node.Dump` of
//! <https://github.com/moby/buildkit/blob/master/frontend/dockerfile/parser/parser.go>.

use std::fmt::Write;

use super::instruction::{Arguments, Instruction};
use super::parse::Dockerfile;

impl Dockerfile {
    /// The tree as s-expressions: keyword in lower case, flags in brackets, arguments quoted.
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for instruction in &self.instructions {
            text.push('(');
            write_instruction(&mut text, instruction);
            text.push_str(")\n");
        }
        text
    }
}

fn write_instruction(text: &mut String, instruction: &Instruction) {
    text.push_str(&instruction.name.text.to_lowercase());
    if !instruction.flags.is_empty() {
        text.push_str(" [");
        for (index, flag) in instruction.flags.iter().enumerate() {
            if index > 0 {
                text.push(' ');
            }
            write_quoted(text, &flag.text);
        }
        text.push(']');
    }
    write_arguments(text, &instruction.arguments);
}

fn write_arguments(text: &mut String, arguments: &Arguments) {
    match arguments {
        Arguments::None => {}
        Arguments::Text(word) => write_word(text, &word.text),
        Arguments::Exec(words) | Arguments::Words(words) => {
            for word in words {
                write_word(text, &word.text);
            }
        }
        Arguments::Pairs(pairs) => {
            for pair in pairs {
                write_word(text, &pair.key.text);
                write_word(text, &pair.value.text);
                write_word(text, if pair.equals { "=" } else { "" });
            }
        }
        Arguments::Health(kind, command) => {
            write_word(text, &kind.text);
            write_arguments(text, command);
        }
        Arguments::Onbuild(inner) => {
            text.push_str(" (");
            write_instruction(text, inner);
            text.push(')');
        }
        Arguments::Invalid(_) => write_word(text, ""),
    }
}

fn write_word(text: &mut String, word: &str) {
    text.push(' ');
    write_quoted(text, word);
}

/// As Go's `strconv.Quote`.
fn write_quoted(text: &mut String, word: &str) {
    text.push('"');
    for character in word.chars() {
        let escaped = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{b}' => "\\v",
            _ => "",
        };
        let code = u32::from(character);
        let written = if !escaped.is_empty() {
            text.write_str(escaped)
        } else if is_printable(character) {
            text.write_char(character)
        } else if code < 0x80 {
            write!(text, "\\x{code:02x}")
        } else if code < 0x1_0000 {
            write!(text, "\\u{code:04x}")
        } else {
            write!(text, "\\U{code:08x}")
        };
        // A string takes whatever it is given.
        written.unwrap_or_default();
    }
    text.push('"');
}

fn is_printable(character: char) -> bool {
    let format = matches!(
        u32::from(character),
        0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e
            | 0x2060..=0x206f | 0xd800..=0xf8ff | 0xfeff | 0xfff9..=0xfffb | 0xf_0000..
    );
    character == ' ' || !character.is_control() && !character.is_whitespace() && !format
}
