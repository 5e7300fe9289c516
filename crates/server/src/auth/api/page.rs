//! Pages for signing in, in the looks of the others: no script, nothing of a stranger that is not
//! escaped.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use crate::address::encode;
use crate::ui::outside;

/// A page of a title and a body.
pub(super) fn page(status: StatusCode, title: &str, body: &Markup) -> Response {
    outside(status, title, &html! {}, body)
}

/// What is known of whoever is about to sign in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Door<'a> {
    /// Where they go then.
    pub(super) next: &'a str,
    /// Their organisation can tell who they are.
    pub(super) has_oidc: bool,
    /// Nobody can sign in yet.
    pub(super) is_first: bool,
}

/// What a browser is shown before anybody signed in.
pub(super) fn sign_in(status: StatusCode, why: &str, door: Door<'_>) -> Response {
    page(status, if door.is_first { "First start" } else { "Sign in" }, &forms(why, door))
}

fn forms(why: &str, door: Door<'_>) -> Markup {
    html! {
        @if !why.is_empty() { p.refused role="alert" { (why) } }
        @if door.is_first {
            p {
                "Nobody can sign in yet. The server wrote a token into its log; it lets you in once, \
                 to make yourself a user."
            }
            (by_token(door.next))
            (organisation(door))
            p.small.soft { "Older than a day, or lost? " code { "plimsoll serve token" } " makes another one." }
            details { summary { "By name and password" } (by_name(door.next)) }
        } @else {
            (organisation(door))
            (by_name(door.next))
            details { summary { "By a token that counts once" } (by_token(door.next)) }
        }
    }
}

fn organisation(door: Door<'_>) -> Markup {
    html! { @if door.has_oidc {
        p {
            a.button.wide href=(format!("/sign-in/oidc?next={}", encode(door.next))) {
                "Sign in with your organisation"
            }
        }
    } }
}

fn by_name(next: &str) -> Markup {
    html! {
        form method="post" action="/sign-in" {
            input type="hidden" name="next" value=(next);
            label { "Name" input name="name" autocomplete="username" required; }
            label {
                "Password"
                input name="password" type="password" autocomplete="current-password" required;
            }
            button { "Sign in" }
        }
    }
}

fn by_token(next: &str) -> Markup {
    html! {
        form method="post" action="/sign-in" {
            input type="hidden" name="next" value=(next);
            label { "Token" input name="token" type="password" autocomplete="off" required; }
            button { "Sign in once" }
        }
    }
}

/// Goes on by itself: a browser that came from elsewhere sends the new cookie only with a request that
/// a page of ours makes.
pub(super) fn go_on(next: &str) -> Response {
    let head = html! { meta http-equiv="refresh" content=(format!("0;url={next}")); };
    outside(StatusCode::OK, "Signed in", &head, &html! { p { a.button href=(next) { "Go on" } } })
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

    fn door(next: &str) -> Door<'_> {
        Door { next, has_oidc: true, is_first: false }
    }

    #[test]
    fn whoever_starts_it_is_asked_for_the_token_first() {
        let text = forms("", Door { is_first: true, ..door("/") }).into_string();
        assert!(text.find("name=\"token\"") < text.find("name=\"password\""), "{text}");
    }

    #[test]
    fn text_of_strangers_is_text() {
        let text = forms("<a href='x'>\"&", door("/a\"><script>")).into_string();
        assert!(text.contains("&lt;a href='x'&gt;&quot;&amp;"), "{text}");
        assert!(text.contains("value=\"/a&quot;&gt;&lt;script&gt;\""), "{text}");
        assert!(!text.contains("<script"), "{text}");
    }

    #[test]
    fn whoever_signs_in_elsewhere_comes_back_to_the_very_address() {
        let text = forms("", door("/images?a=1&b=2")).into_string();
        assert!(text.contains("/sign-in/oidc?next=%2Fimages%3Fa%3D1%26b%3D2"), "{text}");
    }
}
