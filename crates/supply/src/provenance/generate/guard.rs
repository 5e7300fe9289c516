//! The last look at a statement before it is published: no secret of the environment may stand in
//! it, not even by way of an input or the name of a branch.

use serde_json::Value;

/// What stands in place of a secret.
pub const MASK: &str = "[MASKED]";

/// The shortest value that is looked for: shorter ones stand everywhere by chance.
const SHORTEST: usize = 8;

/// Words in names of variables whose values are secrets.
const SECRET: &[&str] = &[
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "PRIVATE",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "ACCOUNT_KEY",
    "SIGNING_KEY",
    "AUTH",
    "COOKIE",
    "WEBHOOK",
    "_PAT",
    "_PSW",
];

/// Whether the value of a variable of this name is a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET.iter().any(|word| name.contains(word)) || name.ends_with("_KEY") || name == "PAT"
}

/// Masks every secret among `variables` in all texts of `document`; the names of those found.
pub fn mask(
    document: &mut Value,
    variables: impl Iterator<Item = (String, String)>,
) -> Vec<String> {
    let mut secrets: Vec<(String, String)> = variables
        .filter(|(name, value)| value.trim().len() >= SHORTEST && is_secret(name))
        .map(|(name, value)| (name, value.trim().to_owned()))
        .collect();
    // The longest first: one secret may hold another.
    secrets.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    let mut found = Vec::new();
    visit(document, &secrets, &mut found);
    found.sort();
    found.dedup();
    found
}

/// Depth is that of a document made here, or of the parser, which stops at 128.
fn visit(value: &mut Value, secrets: &[(String, String)], found: &mut Vec<String>) {
    match value {
        Value::String(text) => masked(text, secrets, found),
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, secrets, found)),
        Value::Object(fields) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            for name in names {
                let mut shown = name.clone();
                masked(&mut shown, secrets, found);
                if shown != name
                    && let Some(value) = fields.remove(&name)
                {
                    fields.insert(shown, value);
                }
            }
            fields.values_mut().for_each(|item| visit(item, secrets, found));
        }
        _ => {}
    }
}

fn masked(text: &mut String, secrets: &[(String, String)], found: &mut Vec<String>) {
    for (name, secret) in secrets {
        if text.contains(secret.as_str()) {
            *text = text.replace(secret.as_str(), MASK);
            found.push(name.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let variables =
            [("NPM_TOKEN", "npm_0123456789"), ("HOME", "/home/runner"), ("A_KEY", "short")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut document = json!({
            "ref": "refs/heads/npm_0123456789", "list": ["/home/runner", "a short one"],
            "npm_0123456789": 1,
        });
        assert_eq!(mask(&mut document, variables.into_iter()), ["NPM_TOKEN"]);
        assert_eq!(
            document,
            json!({"ref": "refs/heads/[MASKED]", "list": ["/home/runner", "a short one"], "[MASKED]": 1})
        );
    }
}
