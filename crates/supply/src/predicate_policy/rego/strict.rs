//! What OPA refuses in Rego of version 0 and the engine reads as something else.
//!
//! Without its import `if` is no keyword: the engine takes `allow if { … }` for two rules, `allow`
//! without a body, which is always true, and `if`. OPA knows no rule without a body or a value.

/// Words of version 1, and what makes each of them known.
const LATER: [&str; 4] = ["if", "contains", "every", "in"];

/// Words that may stand before or behind a name.
const KEYWORDS: [&str; 10] =
    ["package", "import", "default", "else", "as", "with", "not", "some", "true", "false"];

/// Checks a policy; line, column and why.
pub(super) fn check(text: &str) -> Result<(), (usize, usize, String)> {
    let tokens = tokens(text);
    let is_known = |word: &str| {
        tokens.iter().any(|it| {
            it.text == "import rego.v1"
                || it.text == "import future.keywords"
                || it
                    .text
                    .strip_prefix("import future.keywords.")
                    .is_some_and(|it| it == word || it == "every" && word == "in")
        })
    };
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            // `contains` is a function as well.
            word if LATER.contains(&word)
                && !is_known(word)
                && !(word == "contains" && next.is_some_and(|it| it.text == "(")) =>
            {
                let why = format!(
                    "`{word}` is of Rego version 1, and cosign reads version 0: add `import rego.v1`"
                );
                return Err((token.line, token.column, why));
            }
            word if depth == 0 && is_name(word) && stands_alone(&tokens, at) => {
                let why = format!("`{word}` has neither a body nor a value");
                return Err((token.line, token.column, why));
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && !KEYWORDS.contains(&word)
        && !LATER.contains(&word)
        && !word.starts_with("import ")
        && !word.starts_with("package ")
}

/// Whether a name begins a statement that ends with it: the next is another one, or the end.
fn stands_alone(tokens: &[Token<'_>], at: usize) -> bool {
    let begins = match at.checked_sub(1).and_then(|before| tokens.get(before)) {
        None => true,
        Some(before) => {
            let is_end = ["}", ")", "]"].contains(&before.text);
            let is_word = before.text.starts_with(|c: char| c.is_alphanumeric() || c == '"');
            (is_end || is_word) && !["default", "not", "with", "as", "else"].contains(&before.text)
        }
    };
    let ends = tokens.get(at + 1).is_none_or(|next| {
        is_name(next.text)
            || ["default", "package"].contains(&next.text)
            || next.text.starts_with("import ")
    });
    begins && ends
}

struct Token<'t> {
    text: &'t str,
    line: usize,
    column: usize,
}

/// Words, brackets and single signs, without comments; an import or package is one token.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut raw = false;
    for (number, line) in text.lines().enumerate() {
        let mut at = 0;
        let trimmed = line.trim();
        if !raw && (trimmed.starts_with("import ") || trimmed.starts_with("package ")) {
            let statement = trimmed.split(['#', ';']).next().unwrap_or_default().trim_end();
            found.push(Token { text: statement, line: number + 1, column: 1 });
            continue;
        }
        while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
            let length = if raw {
                raw = !rest.contains('`');
                rest.find('`').map_or(rest.len(), |end| end + 1)
            } else if rest.starts_with('#') {
                break;
            } else if rest.starts_with('`') {
                raw = true;
                1
            } else if rest.starts_with('"') {
                quoted(rest)
            } else {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_')
                    .filter(|length| *length > 0)
                    .unwrap_or_else(|| word(rest))
            };
            let token = rest.get(..length).unwrap_or(rest);
            if !token.trim().is_empty() {
                let column = line.get(..at).unwrap_or_default().chars().count() + 1;
                found.push(Token { text: token, line: number + 1, column });
            }
            at += length.max(1);
        }
    }
    found
}

/// The length of a sign, or of a word that ends the line.
fn word(rest: &str) -> usize {
    match rest.chars().next() {
        Some(first) if first.is_alphanumeric() || first == '_' => rest.len(),
        Some(first) => first.len_utf8(),
        None => 0,
    }
}

fn quoted(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
