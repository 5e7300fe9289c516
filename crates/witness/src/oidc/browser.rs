//! A token that a person grants in a browser on this machine: the code flow, whose end is a request
//! to us.
//!
//! Whatever else on this machine speaks to our port lacks the state and is turned away, a code that
//! was overheard is of no use without the verifier, and a token for another run has another nonce.
//! Sources: `OpenID` Connect Core 1.0 section 3.1, RFC 7636 (PKCE), RFC 8252 (native applications),
//! RFC 9207 (whose answer it is).

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use reqwest::Url;
use zeroize::Zeroizing;

use super::{Granted, PATIENCE, Proof, Provider, Token, denied, post_form, random};
use crate::web::{Web, WitnessError, address};

/// Where the provider sends the browser in the end.
const CALLBACK: &str = "/auth/callback";

/// The longest first line of a request: 16 KiB.
const MAX_LINE: u64 = 16 << 10;

/// Asks `issuer` for a token that a person grants in a browser here. `show` tells the person where.
pub fn browser(
    web: &Web,
    issuer: &str,
    client: &str,
    show: impl FnOnce(&str),
) -> Result<Token, WitnessError> {
    let (provider, answer) = Provider::discover(web, issuer)?;
    let endpoint = provider.authorization_endpoint.as_deref().ok_or_else(|| {
        answer.useless("the provider has no flow for browsers: use `--oidc-flow device`")
    })?;
    let unheard = |error: io::Error| WitnessError::Token(format!("no port to hear of it: {error}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(unheard)?;
    listener.set_nonblocking(true).map_err(unheard)?;
    let port = listener.local_addr().map_err(unheard)?.port();
    let back = format!("http://localhost:{port}{CALLBACK}");
    let (proof, state, nonce) = (Proof::new()?, random()?, random()?);
    let mut place = address(endpoint, "")?;
    place.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", &back),
        ("scope", "openid email"),
        ("state", &state),
        ("nonce", &nonce),
        ("code_challenge_method", "S256"),
        ("code_challenge", &proof.challenge),
    ]);
    show(place.as_str());
    let code = wait(&listener, &state, &provider.issuer)?;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("redirect_uri", &back),
        ("code", &code),
        ("code_verifier", &proof.verifier),
    ];
    let answer = post_form(web, &provider.token_endpoint, &form)?.accepted()?;
    let granted: Granted = answer.json()?;
    let token = provider.token(&granted.id_token.ok_or_else(denied)?)?;
    if token.nonce.as_deref() != Some(nonce.as_str()) {
        return Err(WitnessError::Token(
            "it was not granted for this run: its nonce is another".into(),
        ));
    }
    Ok(token)
}

/// Waits for the browser to come back with a code.
fn wait(
    listener: &TcpListener,
    state: &str,
    issuer: &str,
) -> Result<Zeroizing<String>, WitnessError> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match listener.accept() {
            Ok((stream, _)) => match heard(stream, state, issuer) {
                Some(Heard::Code(code)) => return Ok(code),
                Some(Heard::Refused(why)) => {
                    return Err(WitnessError::Token(format!("the provider refused: {why}")));
                }
                None => {}
            },
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    Err(WitnessError::Token("nobody logged in in time".into()))
}

/// What a browser came back with.
enum Heard {
    Code(Zeroizing<String>),
    Refused(String),
}

/// Reads one request and answers it; `None` where it is not the one that is waited for.
fn heard(mut stream: TcpStream, state: &str, issuer: &str) -> Option<Heard> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.set_write_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut line = Zeroizing::new(String::new());
    BufReader::new(Read::by_ref(&mut stream).take(MAX_LINE)).read_line(&mut line).ok()?;
    let heard = read(&line, state, issuer);
    let (status, text) = match &heard {
        Some(Heard::Code(_)) => ("200 OK", "Signed in. This page can be closed."),
        Some(Heard::Refused(_)) => ("200 OK", "Not signed in. This page can be closed."),
        None => ("404 Not Found", "Nothing is here."),
    };
    let length = text.len();
    // Whether the person sees the page does not matter to the grant.
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{text}"
    );
    heard
}

/// The first line of a request, if it carries our state.
fn read(line: &str, state: &str, issuer: &str) -> Option<Heard> {
    let target = line.strip_prefix("GET ")?.split(' ').next()?;
    let url = Url::parse("http://localhost").ok()?.join(target).ok()?;
    let value = |name: &str| {
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    if url.path() != CALLBACK || value("state").as_deref() != Some(state) {
        return None;
    }
    if let Some(other) = value("iss").filter(|it| it != issuer) {
        return Some(Heard::Refused(format!("the answer is of `{}`", one_line(&other))));
    }
    if let Some(code) = value("code") {
        return Some(Heard::Code(Zeroizing::new(code)));
    }
    let why = value("error_description").or_else(|| value("error")).unwrap_or_default();
    Some(Heard::Refused(one_line(&why)))
}

fn one_line(words: &str) -> String {
    words.chars().filter(|it| !it.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_request_with_our_state_counts() {
        let of = |line: &str| match read(line, "s", "https://i") {
            Some(Heard::Code(code)) => format!("code {}", *code),
            Some(Heard::Refused(why)) => format!("refused {why}"),
            None => "none".into(),
        };
        assert_eq!(of("GET /auth/callback?code=c%2Fd&state=s HTTP/1.1\r\n"), "code c/d");
        assert_eq!(of("GET /auth/callback?code=c&state=other HTTP/1.1"), "none");
        assert_eq!(of("GET /auth/callback?code=c HTTP/1.1"), "none");
        assert_eq!(of("GET /favicon.ico?code=c&state=s HTTP/1.1"), "none");
        assert_eq!(of("POST /auth/callback?code=c&state=s HTTP/1.1"), "none");
        assert_eq!(of("GET //evil.example/auth/callback HTTP/1.1"), "none");
        let denied = "GET /auth/callback?error=access_denied&error_description=no%0a&state=s x";
        assert_eq!(of(denied), "refused no");
        let mixed_up = "GET /auth/callback?code=c&state=s&iss=https://j HTTP/1.1";
        assert_eq!(of(mixed_up), "refused the answer is of `https://j`");
        assert_eq!(of("GET /auth/callback?code=c&state=s&iss=https://i HTTP/1.1"), "code c");
        assert_eq!(of(""), "none");
    }
}
