//! The text of an advisory, which mostly is Markdown: paragraphs, headings, lists, code. Everything else of
//! it stays as it is written; links of strangers are text.

use maud::{Markup, html};

/// No text is shown to a later line.
const LINES: usize = 400;

/// A text as paragraphs.
pub(super) fn show(text: &str) -> Markup {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut is_code = false;
    for line in text.lines().take(LINES) {
        let trimmed = line.trim();
        if trimmed.starts_with("```") {
            is_code = !is_code;
            blocks.push(if is_code { Block::Code(Vec::new()) } else { Block::End });
        } else if is_code {
            if let Some(Block::Code(lines)) = blocks.last_mut() {
                lines.push(line);
            }
        } else if trimmed.is_empty() {
            blocks.push(Block::End);
        } else if trimmed.starts_with('#') {
            blocks.push(Block::Head(trimmed.trim_start_matches('#').trim()));
        } else if let Some(item) = trimmed.strip_prefix("- ").or(trimmed.strip_prefix("* ")) {
            match blocks.last_mut() {
                Some(Block::List(items)) => items.push(item),
                _ => blocks.push(Block::List(vec![item])),
            }
        } else {
            match blocks.last_mut() {
                Some(Block::Text(lines)) => lines.push(trimmed),
                _ => blocks.push(Block::Text(vec![trimmed])),
            }
        }
    }
    html! { @for block in &blocks { (block.show()) } }
}

enum Block<'t> {
    Text(Vec<&'t str>),
    Head(&'t str),
    List(Vec<&'t str>),
    Code(Vec<&'t str>),
    End,
}

impl Block<'_> {
    fn show(&self) -> Markup {
        match self {
            Self::Text(lines) => html! { p { (inline(&lines.join(" "))) } },
            Self::Head(text) => html! { @if !text.is_empty() { h3 { (inline(text)) } } },
            Self::List(items) => html! { ul { @for item in items { li { (inline(item)) } } } },
            Self::Code(lines) => html! { @if !lines.is_empty() { pre { (lines.join("\n")) } } },
            Self::End => html! {},
        }
    }
}

/// Every other part between backticks is code.
fn inline(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    let is_whole = parts.len() % 2 == 1;
    html! {
        @for (at, part) in parts.iter().enumerate() {
            @if !is_whole { @if at > 0 { "`" } (part) }
            @else if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_headings_lists_and_code_are_told_apart() {
        let text = "One\ntwo `x` three.\n\n## Fix\nUpdate:\n- a\n* b\n\n```sh\nnpm i\n```\nlast";
        let shown = show(text).into_string();
        assert_eq!(
            shown,
            "<p>One two <code>x</code> three.</p><h3>Fix</h3><p>Update:</p>\
             <ul><li>a</li><li>b</li></ul><pre>npm i</pre><p>last</p>"
        );
    }

    #[test]
    fn nothing_of_a_stranger_becomes_markup() {
        let shown = show("<b>`<i>`\n# <script>\n```\n</pre><script>").into_string();
        assert!(!shown.contains("<script") && !shown.contains("<b>") && !shown.contains("<i>"));
        assert!(show("a ` b").into_string().contains("a ` b"));
        assert_eq!(show(&"\n".repeat(9_000)).into_string(), "");
    }
}
