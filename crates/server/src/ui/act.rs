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
    /// `number`, `number?` (null where it is empty), `day`, `words` (with commas between them); its `data-in`, in which object it is.
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

/// A button in a row of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Button<'a> {
    /// Who may: nobody else is shown it.
    pub(super) role: Role,
    /// Method of the API.
    pub(super) method: &'static str,
    /// Path of the API.
    pub(super) path: &'a str,
    /// What it says.
    pub(super) says: &'a str,
    /// What is said when it is done; where that is empty, the page is loaded again.
    pub(super) done: &'a str,
    /// What is asked before; nothing where that is empty.
    pub(super) sure: &'a str,
}

impl Button<'_> {
    /// The button.
    pub(super) fn show(&self, visit: &Visit) -> Markup {
        html! {
            @if visit.actor.may(self.role) {
                form.act.small data-method=(self.method) data-send=(self.path) data-done=(self.done) data-sure=(self.sure) {
                    button.quiet { (self.says) }
                    p.done role="status" hidden {}
                    p.refused role="alert" hidden {}
                }
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
