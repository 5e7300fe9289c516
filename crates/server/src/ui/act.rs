//! Forms that do something: a script sends what is in them to the API, as whoever looks. Pages can be read
//! without one; to act without one there is the API itself.

use maud::{Markup, html};

use super::visit::Visit;
use crate::auth::Role;

/// A form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'a> {
    /// Who may: nobody else is shown it.
    pub(super) role: Role,
    /// Method and path of the API.
    pub(super) sends: (&'static str, &'static str),
    /// Where it leads when that is done; empty is this page again.
    pub(super) then: &'a str,
    /// What its button says.
    pub(super) button: &'a str,
}

impl Form<'_> {
    /// The form with these fields. A field's `data-as` says what it is in JSON, where that is no text:
    /// `number`, `number?` (null where it is empty), `day`.
    pub(super) fn show(&self, visit: &Visit, fields: &Markup) -> Markup {
        let (method, path) = self.sends;
        html! {
            @if visit.actor.may(self.role) {
                form.act data-method=(method) data-send=(path) data-then=(self.then) {
                    (fields)
                    button { (self.button) }
                    p.refused role="alert" hidden {}
                }
                noscript { p.small.soft { "Without a script: " code { (method) " " (path) } "." } }
            }
        }
    }

    /// The same, folded away below a line.
    pub(super) fn folded(&self, visit: &Visit, line: &str, fields: &Markup) -> Markup {
        html! {
            @if visit.actor.may(self.role) {
                details { summary { (line) } (self.show(visit, fields)) }
            }
        }
    }
}

/// To have an image read.
pub(super) fn read(visit: &Visit) -> Markup {
    let form = Form {
        role: Role::Scanner,
        sends: ("POST", "/api/v1/scans"),
        then: "/scans",
        button: "Read it",
    };
    form.show(
        visit,
        &html! {
            label { "An image" input name="reference" placeholder="nginx:1.27" required maxlength="500" spellcheck="false" autocapitalize="off"; }
        },
    )
}
