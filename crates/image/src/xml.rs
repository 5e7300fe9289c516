//! XML documents as a small tree: for project files, which are short and are read in any order.
//!
//! Namespaces are cut off, entities other than XML's own five and numbers are left as they stand,
//! a document type is passed over and never expanded. Depth and elements are bounded.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::lines::Lines;

const MAX_DEPTH: usize = 64;
const MAX_ELEMENTS: usize = 500_000;

/// One element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    /// Name without its namespace prefix.
    pub(crate) name: String,
    /// Line of its start, from 1.
    pub(crate) line: usize,
    /// (Name without prefix, value).
    pub(crate) attributes: Vec<(String, String)>,
    /// Its own text, trimmed.
    pub(crate) text: String,
    /// Elements directly in it.
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// Reads a document and gives its root, or says what is wrong and in which line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(text);
        let mut lines = Lines::new(text);
        let mut open: Vec<Self> = vec![Self::default()];
        let mut elements = 0_usize;
        loop {
            let line = lines.at(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX));
            let event = reader.read_event().map_err(|error| format!("line {line}: {error}"))?;
            let top = open.last_mut().ok_or("an end without a start")?;
            match event {
                Event::Start(start) => open.push(Self::start(&start, line)),
                Event::Empty(start) => top.children.push(Self::start(&start, line)),
                Event::End(_) => {
                    let mut done = open.pop().unwrap_or_default();
                    done.text.truncate(done.text.trim_end().len());
                    let parent = open.last_mut().ok_or("an end without a start")?;
                    parent.children.push(done);
                }
                Event::Text(text) => top.add(&text.into_inner()),
                Event::CData(text) => top.add(&text.into_inner()),
                Event::GeneralRef(name) => {
                    let name = name.into_inner();
                    let reference = format!("&{name};");
                    top.add(
                        &quick_xml::escape::unescape(&reference)
                            .unwrap_or(Cow::Borrowed(&reference)),
                    );
                }
                Event::Eof => break,
                _ => {}
            }
            elements = elements.saturating_add(1);
            if open.len() > MAX_DEPTH || elements > MAX_ELEMENTS {
                return Err(format!("line {line}: too deep or too large"));
            }
        }
        if open.len() > 1 {
            return Err("the document ends inside an element".into());
        }
        let root = open.pop().and_then(|document| document.children.into_iter().next());
        root.ok_or_else(|| "no element at all".into())
    }

    fn start(start: &BytesStart<'_>, line: usize) -> Self {
        let attributes = start.attributes().flatten().map(|attribute| {
            let raw = attribute.value.as_ref();
            let value = quick_xml::escape::unescape(raw).map_or(raw.to_owned(), Cow::into_owned);
            (local(attribute.key.as_ref()), value)
        });
        let attributes = attributes.collect();
        Self { name: local(start.name().as_ref()), line, attributes, ..Self::default() }
    }

    fn add(&mut self, text: &str) {
        self.text.push_str(if self.text.is_empty() { text.trim_start() } else { text });
    }

    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name below the first child named `list`.
    pub(crate) fn list<'e>(&'e self, list: &str, name: &'e str) -> impl Iterator<Item = &'e Self> {
        let inside = self.child(list).into_iter().flat_map(|list| &list.children);
        inside.filter(move |child| child.name == name)
    }

    /// The text of a child; `None` where it has none.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str()).filter(|text| !text.is_empty())
    }

    /// An attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_keep_text_attributes_and_line() {
        let root = Element::parse(
            "<?xml version='1.0'?>\n<m:a>\n <b c='1 &amp; 2'>x &lt; <!-- no --><![CDATA[y]]> </b>\n</m:a>",
        )
        .unwrap();
        let b = root.child("b").unwrap();
        assert_eq!((root.name.as_str(), root.line, b.line), ("a", 2, 3));
        assert_eq!((b.text.as_str(), b.attribute("c")), ("x < y", Some("1 & 2")));
    }

    #[test]
    fn depth_and_damage_are_errors() {
        assert!(Element::parse(&"<a>".repeat(1000)).is_err());
        assert!(Element::parse("<a><b></a>").is_err());
        assert!(Element::parse("").is_err());
        let bomb = "<!DOCTYPE a [<!ENTITY b 'bbbb'>]><a>&b;</a>";
        assert_eq!(Element::parse(bomb).unwrap().text, "&b;");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[<>/a-c&;!\\[\\]\"'= \n?-]{0,60}") {
            let _ = Element::parse(&text);
        }
    }
}
