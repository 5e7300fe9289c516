//! The documents that are open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lsp_types::{TextDocumentContentChangeEvent, Uri};

use crate::client::{Client, Translation};
use crate::document::{Document, Opened, Project};
use crate::documents;
use crate::requests::Asked;
use crate::text::Text;

/// The longest text that is judged, in bytes; the longest that is kept is the longest message.
const MAX_TEXT: usize = 4 << 20;

/// A version of an open text.
pub(crate) struct Version {
    pub(crate) uri: Uri,
    pub(crate) number: i32,
    language: String,
    path: Option<PathBuf>,
    text: Text,
    /// What is known of it; `None` for a text of no kind that is known, or one that is too long.
    document: Option<Arc<dyn Document>>,
}

impl Version {
    pub(crate) fn new(
        uri: Uri,
        language: String,
        number: i32,
        text: String,
        project: &Arc<Project>,
    ) -> Arc<Self> {
        let path = path(&uri);
        Self::of(uri, language, path, number, Text::new(text), project)
    }

    fn of(
        uri: Uri,
        language: String,
        path: Option<PathBuf>,
        number: i32,
        text: Text,
        project: &Arc<Project>,
    ) -> Arc<Self> {
        let opened = Opened { language: &language, path: path.as_deref(), text: text.body() };
        let fits = text.len() <= MAX_TEXT;
        let document = fits.then(|| documents::open(opened, project)).flatten();
        Arc::new(Self { uri, number, language, path, text, document })
    }

    /// The next version.
    pub(crate) fn changed(
        &self,
        number: i32,
        changes: &[TextDocumentContentChangeEvent],
        client: Client,
        project: &Arc<Project>,
    ) -> Arc<Self> {
        let mut text = None;
        // What stands before a whole new text is written over by it.
        let first = changes.iter().rposition(|change| change.range.is_none()).unwrap_or(0);
        for change in changes.iter().skip(first) {
            let before = text.as_ref().unwrap_or(&self.text);
            text = Some(match change.range {
                Some(region) => before.replaced(region, &change.text, client.encoding),
                None => Text::new(change.text.clone()),
            });
        }
        let text = text.unwrap_or_else(|| self.text.clone());
        let (uri, language) = (self.uri.clone(), self.language.clone());
        Self::of(uri, language, self.path.clone(), number, text, project)
    }

    /// The same text, of which nothing is known yet.
    pub(crate) fn anew(&self, project: &Arc<Project>) -> Arc<Self> {
        let (uri, language) = (self.uri.clone(), self.language.clone());
        Self::of(uri, language, self.path.clone(), self.number, self.text.clone(), project)
    }

    pub(crate) fn document(&self) -> Option<&dyn Document> {
        self.document.as_deref()
    }

    /// Whether it is longer than what is judged.
    pub(crate) fn is_too_long(&self) -> bool {
        self.text.len() > MAX_TEXT
    }

    pub(crate) fn translation(&self, client: Client) -> Translation<'_> {
        Translation { client, text: &self.text, uri: &self.uri, version: self.number }
    }

    pub(crate) fn asked(&self, client: Client) -> Option<Asked<'_>> {
        let document = self.document()?;
        Some(Asked { document, to: self.translation(client) })
    }
}

/// All open texts, by their address.
pub(crate) type Open = BTreeMap<String, Arc<Version>>;

/// The file that an address names on this machine.
fn path(uri: &Uri) -> Option<PathBuf> {
    let is_file = uri.scheme().is_some_and(|scheme| scheme.eq_lowercase("file"));
    if !is_file {
        return None;
    }
    let decoded = uri.path().as_estr().decode().into_string().ok()?;
    let path = Path::new(decoded.as_ref());
    path.is_absolute().then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_file_only_where_it_says_so() {
        let of = |text: &str| path(&text.parse().unwrap());
        assert_eq!(of("file:///a%20b/Dockerfile"), Some(PathBuf::from("/a b/Dockerfile")));
        assert_eq!(of("untitled:Untitled-1"), None);
        assert_eq!(of("file:///%ff"), None);
    }
}
