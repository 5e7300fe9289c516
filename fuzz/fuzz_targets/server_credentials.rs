//! What a request brings to show who it is from, as any bytes: headers, keys, ID tokens.
#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use plimsoll_server::auth::{Credential, oidc::token, pattern, secret};

const HEADERS: [&str; 4] = ["authorization", "x-api-key", "x-scanneradapter-api-key", "cookie"];

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    for (line, name) in data.split(|byte| *byte == b'\n').zip(HEADERS.iter().cycle()) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    if let Credential::Key(key) = Credential::of(&headers) {
        let _ = secret::parts(&key);
    }
    let text = String::from_utf8_lossy(data);
    if let Some((prefix, secret)) = secret::parts(&text) {
        assert!(prefix.len() == 12 && secret.len() == 43);
    }
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let _ = pattern::matches(first, rest);
    assert!(token::claims(first, rest.as_bytes(), "https://id.example", "plimsoll").is_err());
});
