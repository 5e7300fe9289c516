//! What an unquoted word is: as the API server's reader has it, which is YAML 1.1.
//!
//! `kubectl` and the API server turn YAML into JSON with go-yaml 2, to which `yes`, `on` and `n`
//! are booleans and `0777` is octal: <https://github.com/yaml/go-yaml/blob/v2/resolve.go>

use super::node::{Scalar, ScalarStyle};

const NULLS: [&str; 5] = ["", "~", "null", "Null", "NULL"];
const TRUE: [&str; 11] = ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"];
const FALSE: [&str; 11] =
    ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"];

impl Scalar {
    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        self.style == ScalarStyle::Plain && NULLS.contains(&&*self.text)
    }

    /// The boolean that it is.
    pub fn as_bool(&self) -> Option<bool> {
        if self.style != ScalarStyle::Plain {
            None
        } else if TRUE.contains(&&*self.text) {
            Some(true)
        } else {
            FALSE.contains(&&*self.text).then_some(false)
        }
    }

    /// The whole number that it is.
    pub fn as_integer(&self) -> Option<i64> {
        if self.style != ScalarStyle::Plain {
            return None;
        }
        let text = self.text.replace('_', "");
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(&text)),
        };
        if !digits.starts_with(|first: char| first.is_ascii_digit()) {
            return whole_float(&text);
        }
        let (radix, digits) = match digits.as_bytes() {
            [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
            [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
            [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
            [b'0', b'0'..=b'7', ..] if digits.bytes().all(|one| (b'0'..=b'7').contains(&one)) => {
                (8, digits)
            }
            _ => (10, digits),
        };
        match i64::from_str_radix(digits, radix) {
            Ok(number) => Some(if negative { number.checked_neg()? } else { number }),
            Err(_) => whole_float(&text),
        }
    }

    /// Whether it is a number, whole or not.
    pub fn is_number(&self) -> bool {
        self.style == ScalarStyle::Plain && (self.as_integer().is_some() || is_float(&self.text))
    }

    /// Whether it is a text: neither null, nor a boolean, nor a number.
    pub fn is_text(&self) -> bool {
        self.style != ScalarStyle::Plain
            || !self.is_null() && self.as_bool().is_none() && !self.is_number()
    }
}

/// `8080.0` reads as a whole number too.
fn whole_float(text: &str) -> Option<i64> {
    let number = is_float(text).then(|| text.parse::<f64>().ok())??;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "the fraction is zero and the bound is exact in a float"
    )]
    (number.fract() == 0.0 && number.abs() < (1_i64 << 53) as f64).then_some(number as i64)
}

fn is_float(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    let special = [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"];
    special.contains(&digits)
        || digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
            && digits.chars().any(|one| one.is_ascii_digit())
            && digits.chars().all(|one| one.is_ascii_digit() || ".eE+-".contains(one))
            && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Scalar {
        Scalar { text: text.into(), style: ScalarStyle::Plain }
    }

    #[test]
    fn words_are_booleans_as_yaml_1_1_has_them() {
        assert_eq!(plain("yes").as_bool(), Some(true));
        assert_eq!(plain("Off").as_bool(), Some(false));
        assert_eq!(plain("tRue").as_bool(), None);
        let quoted = Scalar { text: "yes".into(), style: ScalarStyle::Quoted };
        assert!(quoted.is_text() && quoted.as_bool().is_none());
    }

    #[test]
    fn numbers_have_the_bases_of_yaml_1_1() {
        let numbers = [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("0644", Some(420)),
            ("089", Some(89)),
            ("0x1F", Some(31)),
            ("0b11", Some(3)),
            ("0o17", Some(15)),
            ("1_000", Some(1_000)),
            ("8080.0", Some(8_080)),
            ("1e3", Some(1_000)),
            ("1.5", None),
            ("1.2.3", None),
            ("9223372036854775808", None),
            ("", None),
            ("-", None),
        ];
        for (text, number) in numbers {
            assert_eq!(plain(text).as_integer(), number, "{text}");
        }
        assert!(plain("1.2.3").is_text());
        assert!(plain("9223372036854775808").is_number());
    }
}
