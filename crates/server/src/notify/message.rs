//! What people are told.

use std::fmt::Write;

use plimsoll_model::Severity;
use serde::{Deserialize, Serialize};

/// What is behind findings that are mended by one change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cause {
    /// The CVE, else the advisory's own id.
    pub weakness: String,
    /// Type of the package.
    pub kind: String,
    /// Its name.
    pub package: String,
    /// The distribution that it is of, as `debian-12`; empty where it is of none.
    pub base: String,
}

impl Cause {
    /// The cause of a finding on a component of this package URL.
    pub fn of(weakness: &str, kind: &str, package: &str, purl: &str) -> Self {
        let qualifiers = purl.split_once('?').map(|(_, it)| it).unwrap_or_default();
        let qualifiers = qualifiers.split('#').next().unwrap_or_default();
        let base = qualifiers.split('&').find_map(|it| it.strip_prefix("distro="));
        Self {
            weakness: weakness.to_owned(),
            kind: kind.to_owned(),
            package: package.to_owned(),
            base: base.unwrap_or_default().to_owned(),
        }
    }

    /// The same in one text, by which it is told once.
    pub fn key(&self) -> String {
        format!("{} {}/{} {}", self.weakness, self.kind, self.package, self.base)
            .trim_end()
            .to_owned()
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// By which whoever gets it knows that it is about the same.
    pub key: String,
    /// Whether it stands, or is over.
    pub is_open: bool,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about; none for one that is only a test, or tells of many.
    pub cause: Option<Cause>,
    /// One line.
    pub title: String,
    /// What the advisory says, in one line.
    pub summary: String,
    /// The version to go to; empty where there is none.
    pub fixed_in: String,
    /// Listed by CISA as exploited.
    pub exploited: bool,
    /// How many images have it.
    pub images: u64,
    /// Some of them by name.
    pub examples: Vec<String>,
    /// Where to read on; empty where nobody said where the server is.
    pub link: String,
}

impl Message {
    /// A message by which a channel is tried.
    pub fn test(link: &str) -> Self {
        Self {
            key: "test".into(),
            is_open: true,
            severity: Severity::Low,
            cause: None,
            title: "Plimsoll: a test message".into(),
            summary: "This channel works.".into(),
            fixed_in: String::new(),
            exploited: false,
            images: 0,
            examples: Vec::new(),
            link: link.to_owned(),
        }
    }

    /// What to do, in one line; empty where nothing can be said.
    pub fn advice(&self) -> String {
        match &self.cause {
            Some(cause) if !self.fixed_in.is_empty() && self.is_open => {
                format!("Update {} to {}.", cause.package, self.fixed_in)
            }
            Some(_) if self.is_open => "There is no fix yet.".into(),
            _ => String::new(),
        }
    }

    /// Everything as plain text.
    pub fn text(&self) -> String {
        let mut text = self.title.clone();
        // Writing to a `String` cannot fail.
        let mut line = |said: &str| {
            if !said.is_empty() {
                let _ = write!(text, "\n{said}");
            }
        };
        line(&self.summary);
        if self.exploited {
            line("It is known to be exploited.");
        }
        line(&self.advice());
        if !self.examples.is_empty() {
            line(&format!("Images: {}", self.shown_examples()));
        }
        line(&self.link);
        text
    }

    /// The examples in one line, and how many there are beside.
    pub fn shown_examples(&self) -> String {
        let mut shown = self.examples.join(", ");
        let more = self.images.saturating_sub(self.examples.len() as u64);
        if more > 0 {
            let _ = write!(shown, " and {more} more");
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_one_distribution_have_one_cause_whatever_their_version() {
        let of = |purl| Cause::of("CVE-2026-1", "deb", "curl", purl);
        let one = of("pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12");
        assert_eq!(one, of("pkg:deb/debian/curl@7.88.1-9?distro=debian-12"));
        assert_ne!(one, of("pkg:deb/debian/curl@7.88.1-10?distro=debian-13"));
        assert_eq!(one.key(), "CVE-2026-1 deb/curl debian-12");
        assert_eq!(Cause::of("CVE-2026-1", "npm", "a", "pkg:npm/a@1").key(), "CVE-2026-1 npm/a");
    }

    #[test]
    fn the_text_says_what_to_do_and_how_many_images_there_are() {
        let message = Message {
            cause: Some(Cause::of("CVE-2026-1", "npm", "a", "pkg:npm/a@1")),
            fixed_in: "2.0".into(),
            images: 9,
            examples: vec!["x".into(), "y".into()],
            ..Message::test("https://plimsoll.example/findings/1")
        };
        assert!(message.text().contains("\nUpdate a to 2.0.\nImages: x, y and 7 more\nhttps://"));
    }
}
