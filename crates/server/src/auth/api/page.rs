//! Plain pages for signing in: no script, no style, nothing of a stranger that is not escaped.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Text for a page.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A page of a title and a body of HTML.
pub(super) fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let title = escaped(title);
    let text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} – Plimsoll</title>\n\
         </head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n"
    );
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

/// What a browser is shown before anybody signed in.
pub(super) fn sign_in(status: StatusCode, why: &str, next: &str, has_oidc: bool) -> Response {
    let next = escaped(next);
    let why = if why.is_empty() {
        String::new()
    } else {
        format!("<p role=\"alert\">{}</p>\n", escaped(why))
    };
    let other = if has_oidc {
        format!(
            "<p><a href=\"/sign-in/oidc?next={}\">Sign in with your organisation</a></p>\n",
            crate::auth::gate::escaped(&next)
        )
    } else {
        String::new()
    };
    let body = format!(
        "{why}<form method=\"post\" action=\"/sign-in\">\n\
         <input type=\"hidden\" name=\"next\" value=\"{next}\">\n\
         <p><label>Name <input name=\"name\" autocomplete=\"username\"></label></p>\n\
         <p><label>Password <input name=\"password\" type=\"password\" \
         autocomplete=\"current-password\"></label></p>\n\
         <p><button>Sign in</button></p>\n</form>\n{other}\
         <form method=\"post\" action=\"/sign-in\">\n\
         <input type=\"hidden\" name=\"next\" value=\"{next}\">\n\
         <p><label>Or the token of the first start <input name=\"token\" type=\"password\" \
         autocomplete=\"off\"></label></p>\n<p><button>Sign in once</button></p>\n</form>\n"
    );
    page(status, "Sign in", &body)
}

/// Goes on by itself: a browser that came from elsewhere sends the new cookie only with a request that
/// a page of ours makes.
pub(super) fn go_on(next: &str) -> Response {
    let next = escaped(next);
    let text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"refresh\" content=\"0;url={next}\">\n<title>Signed in</title>\n</head>\n\
         <body>\n<p><a href=\"{next}\">Go on</a></p>\n</body>\n</html>\n"
    );
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
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
        assert_eq!(escaped("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    }
}
