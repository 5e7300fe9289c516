//! Plain pages for signing in: no script, no style, nothing of a stranger that is not escaped.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use crate::address::encode;

/// A page of a title and a body.
pub(super) fn page(status: StatusCode, title: &str, body: &Markup) -> Response {
    let head = html! {
        meta name="viewport" content="width=device-width";
        title { (title) " – Plimsoll" }
    };
    document(status, &head, &html! { main { h1 { (title) } (body) } })
}

fn document(status: StatusCode, head: &Markup, body: &Markup) -> Response {
    let text = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; (head) }
            body { (body) }
        }
    };
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text.into_string())
        .into_response()
}

/// What a browser is shown before anybody signed in.
pub(super) fn sign_in(status: StatusCode, why: &str, next: &str, has_oidc: bool) -> Response {
    page(status, "Sign in", &form(why, next, has_oidc))
}

fn form(why: &str, next: &str, has_oidc: bool) -> Markup {
    html! {
        @if !why.is_empty() { p role="alert" { (why) } }
        form method="post" action="/sign-in" {
            input type="hidden" name="next" value=(next);
            p { label { "Name " input name="name" autocomplete="username"; } }
            p {
                label {
                    "Password "
                    input name="password" type="password" autocomplete="current-password";
                }
            }
            p { button { "Sign in" } }
        }
        @if has_oidc {
            p {
                a href=(format!("/sign-in/oidc?next={}", encode(next))) {
                    "Sign in with your organisation"
                }
            }
        }
        form method="post" action="/sign-in" {
            input type="hidden" name="next" value=(next);
            p {
                label {
                    "Or the token of the first start "
                    input name="token" type="password" autocomplete="off";
                }
            }
            p { button { "Sign in once" } }
        }
    }
}

/// Goes on by itself: a browser that came from elsewhere sends the new cookie only with a request that
/// a page of ours makes.
pub(super) fn go_on(next: &str) -> Response {
    let head = html! {
        meta http-equiv="refresh" content=(format!("0;url={next}"));
        title { "Signed in" }
    };
    document(StatusCode::OK, &head, &html! { p { a href=(next) { "Go on" } } })
}

/// Where a browser goes then: a path of this server and nothing else.
pub(super) fn next(wanted: &str) -> &str {
    let is_path = wanted.starts_with('/') && !wanted.starts_with("//") && wanted.len() <= 2000;
    let is_odd = |it: char| it.is_control() || it == '\\';
    if is_path && !wanted.contains(is_odd) { wanted } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        assert_eq!(next("/images?q=a"), "/images?q=a");
        for bad in ["", "images", "//evil.example", "/\\evil.example", "https://evil", "/a\r\nb"] {
            assert_eq!(next(bad), "/", "{bad}");
        }
    }

    #[test]
    fn text_of_strangers_is_text() {
        let text = form("<a href='x'>\"&", "/a\"><script>", false).into_string();
        assert!(text.contains("&lt;a href='x'&gt;&quot;&amp;"), "{text}");
        assert!(text.contains("value=\"/a&quot;&gt;&lt;script&gt;\""), "{text}");
        assert!(!text.contains("<script"), "{text}");
    }

    #[test]
    fn whoever_signs_in_elsewhere_comes_back_to_the_very_address() {
        let text = form("", "/images?a=1&b=2", true).into_string();
        assert!(text.contains("/sign-in/oidc?next=%2Fimages%3Fa%3D1%26b%3D2"), "{text}");
    }
}
