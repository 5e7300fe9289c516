//! Tables: on a page, as CSV, as JSON, from the same rows.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, PreEscaped, Render, html};
use serde_json::{Map, Value};

use super::parts;
use super::visit::{Failure, Visit};

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// In other formats.
    key: &'static str,
    /// On the page; empty where it is for other formats alone.
    title: &'static str,
    class: &'static str,
    /// The word of the order by it, where there is one.
    sort: &'static str,
}

/// A column of words.
pub(super) const fn text(key: &'static str, title: &'static str) -> Column {
    Column { key, title, class: "", sort: "" }
}

/// The column that says which row it is.
pub(super) const fn main(key: &'static str, title: &'static str) -> Column {
    Column { key, title, class: "main", sort: "" }
}

/// A column that is never broken.
pub(super) const fn keep(key: &'static str, title: &'static str) -> Column {
    Column { key, title, class: "keep", sort: "" }
}

/// A column of numbers.
pub(super) const fn number(key: &'static str, title: &'static str) -> Column {
    Column { key, title, class: "n", sort: "" }
}

/// A column of what can be done with a row, which other formats have not.
pub(super) const fn deeds(title: &'static str) -> Column {
    Column { key: "", title, class: "", sort: "" }
}

/// A column for other formats.
pub(super) const fn data(key: &'static str) -> Column {
    Column { key, title: "", class: "", sort: "" }
}

impl Column {
    /// The same, left out where there is no room for it.
    pub(super) const fn minor(self) -> Self {
        let class = match self.class.as_bytes() {
            b"n" => "n minor",
            b"keep" => "keep minor",
            _ => "minor",
        };
        Self { class, ..self }
    }

    /// The same, by which rows can be sorted.
    pub(super) const fn sorted(self, sort: &'static str) -> Self {
        Self { sort, ..self }
    }
}

/// A cell: what it says, and how that looks.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    value: Value,
    look: Option<Markup>,
}

/// A cell that looks like something.
pub(super) fn cell(value: impl Into<Value>, look: impl Render) -> Cell {
    Cell { value: value.into(), look: Some(PreEscaped(look.render().into_string())) }
}

/// A cell that looks like what it says.
pub(super) fn plain(value: impl Into<Value>) -> Cell {
    Cell { value: value.into(), look: None }
}

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Its name in an address, where a page has several.
    pub(super) name: &'static str,
    /// What it is, for those who cannot see it.
    pub(super) caption: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    next: Option<String>,
    sort: String,
    /// Where its rows begin in all of them, and how many there are, where that is known.
    part: Option<(usize, usize)>,
}

impl Table {
    /// An empty table.
    pub(super) fn new(name: &'static str, caption: impl Into<String>, columns: &[Column]) -> Self {
        Self {
            name,
            caption: caption.into(),
            columns: columns.to_vec(),
            rows: Vec::new(),
            next: None,
            sort: String::new(),
            part: None,
        }
    }

    /// The order that rows are in, where whoever looks can choose another one.
    pub(super) fn sorted(mut self, sort: impl Into<String>) -> Self {
        self.sort = sort.into();
        self
    }

    /// `after` of the next page.
    pub(super) fn next(&mut self, next: Option<String>) {
        self.next = next;
    }

    /// Keeps the rows of a page, of all rows.
    pub(super) fn cut(mut self, visit: &Visit, page: usize) -> Result<Self, Failure> {
        let from = visit.after::<1>(self.name)?.map_or(0, |[from]| from);
        let from = usize::try_from(from).unwrap_or(0).min(self.rows.len());
        let (all, rows) = (self.rows.len(), visit.rows(page));
        self.rows.drain(..from);
        self.rows.truncate(rows);
        self.next = (from + self.rows.len() < all).then(|| (from + rows).to_string());
        self.part = (from > 0 || self.next.is_some()).then_some((from, all));
        Ok(self)
    }

    /// Another row.
    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table alone, where `?format=` asks for it.
    pub(super) fn export(&self, visit: &Visit) -> Option<Response> {
        let table = visit.ask("table");
        if !table.is_empty() && table != self.name {
            return None;
        }
        let mut response = match visit.ask("format") {
            "csv" => {
                let kind = [
                    (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
                    (
                        header::CONTENT_DISPOSITION,
                        format!("attachment; filename=\"{}.csv\"", self.name),
                    ),
                ];
                (kind, self.csv()).into_response()
            }
            "json" => {
                let kind = [(header::CONTENT_TYPE, "application/json")];
                (kind, self.json().to_string()).into_response()
            }
            _ => return None,
        };
        // RFC 8288: where the rest is.
        if let Some(next) = &self.next
            && let Ok(link) = format!("<{}>; rel=\"next\"", visit.with(&[("after", next)])).parse()
        {
            response.headers_mut().insert(header::LINK, link);
        }
        Some(response)
    }

    fn csv(&self) -> String {
        let heads = self.columns.iter().filter(|it| has_values(it)).map(|it| quoted(it.key));
        let heads: Vec<String> = heads.collect();
        let mut out = heads.join(",");
        out.push_str("\r\n");
        for row in &self.rows {
            let cells = self.columns.iter().zip(row).filter(|it| has_values(it.0));
            let cells: Vec<String> = cells.map(|it| quoted(&flat(&it.1.value))).collect();
            out.push_str(&cells.join(","));
            out.push_str("\r\n");
        }
        out
    }

    fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let pairs = self.columns.iter().zip(row).filter(|it| has_values(it.0));
            Value::Object(pairs.map(|(it, cell)| (it.key.to_owned(), cell.value.clone())).collect())
        });
        let mut all = Map::new();
        all.insert("items".into(), Value::Array(rows.collect()));
        all.insert("next".into(), self.next.clone().map_or(Value::Null, Value::String));
        Value::Object(all)
    }

    /// On a page.
    pub(super) fn show(&self, visit: &Visit) -> Markup {
        html! {
            div.scroll tabindex="0" role="region" aria-label=(self.caption) { (self.bare(visit)) }
            div.foot {
                span {
                    @if let Some(next) = &self.next {
                        a href=(visit.with(&[("after", next), ("table", self.name)])) rel="next" { "Next page" }
                    }
                    @if !visit.cursor(self.name).is_empty() {
                        a href=(visit.with(&[("after", ""), ("table", "")])) { "First page" }
                    }
                    @if let Some((from, all)) = self.part {
                        (from + 1) "–" (from + self.rows.len()) " of " (parts::number(i64::try_from(all).unwrap_or(0)))
                    }
                }
                (self.formats(visit))
            }
        }
    }

    /// Where it is in other formats, for what is shown otherwise.
    pub(super) fn links(&self, visit: &Visit) -> Markup {
        html! { div.foot { span {} (self.formats(visit)) } }
    }

    fn formats(&self, visit: &Visit) -> Markup {
        html! {
            span {
                "As "
                a href=(self.elsewhere(visit, "csv")) { "CSV" }
                a href=(self.elsewhere(visit, "json")) { "JSON" }
            }
        }
    }

    /// The address of the whole table in another format.
    fn elsewhere(&self, visit: &Visit, format: &str) -> String {
        visit.with(&[("format", format), ("table", self.name), ("after", "")])
    }

    fn bare(&self, visit: &Visit) -> Markup {
        let shown = |it: &&Column| !it.title.is_empty();
        html! {
            table.keys {
                caption.hidden { (self.caption) }
                thead { tr {
                    @for column in self.columns.iter().filter(shown) {
                        th scope="col" class=[class(column)] aria-sort=[self.direction(column)] {
                            @if column.sort.is_empty() || self.sort.is_empty() { (column.title) } @else {
                                a href=(visit.with(&[("sort", column.sort), ("after", "")])) { (column.title) }
                            }
                        }
                    }
                } }
                tbody { @for row in &self.rows { (self.line(row)) } }
            }
        }
    }

    fn direction(&self, column: &Column) -> Option<&'static str> {
        let is_by = !column.sort.is_empty() && column.sort == self.sort;
        let rises = matches!(column.sort, "name" | "score");
        is_by.then_some(if rises { "ascending" } else { "descending" })
    }

    fn line(&self, row: &[Cell]) -> Markup {
        html! {
            tr { @for (column, cell) in self.columns.iter().zip(row).filter(|it| !it.0.title.is_empty()) {
                td class=[class(column)] {
                    @match &cell.look { Some(look) => { (look) } None => { (flat(&cell.value)) } }
                }
            } }
        }
    }

    /// The rows alone.
    pub(super) fn lines(&self) -> Markup {
        html! { @for row in &self.rows { (self.line(row)) } }
    }
}

fn has_values(column: &Column) -> bool {
    !column.key.is_empty()
}

fn class(column: &Column) -> Option<&'static str> {
    Some(column.class).filter(|class| !class.is_empty())
}

fn flat(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(flat).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// A value of CSV (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe.
fn quoted(text: &str) -> String {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreadsheets_get_no_formulas_and_no_broken_rows() {
        let mut table = Table::new("t", "T", &[text("a", "A"), number("b", "B")]);
        table.row(vec![plain("=HYPERLINK(\"x\")"), plain(-3)]);
        table.row(vec![plain("two\nlines"), plain(Value::Null)]);
        assert_eq!(table.csv(), "a,b\r\n\"'=HYPERLINK(\"\"x\"\")\",-3\r\n\"two\nlines\",\r\n");
        assert_eq!(table.json()["items"][0]["b"], -3);
    }

    #[test]
    fn a_page_of_rows_says_where_the_rest_is() {
        let table = || {
            let mut table = Table::new("t", "T", &[number("a", "A")]);
            (0..7).for_each(|a| table.row(vec![plain(a)]));
            table
        };
        let first = table().cut(&Visit::to("/x", &[]), 3).unwrap();
        assert_eq!((first.len(), first.next.as_deref(), first.part), (3, Some("3"), Some((0, 7))));
        let last = table().cut(&Visit::to("/x", &[("after", "6"), ("table", "t")]), 3).unwrap();
        assert_eq!((last.len(), last.next.as_deref(), last.part), (1, None, Some((6, 7))));
        let other = table().cut(&Visit::to("/x", &[("after", "6"), ("table", "u")]), 9).unwrap();
        assert_eq!((other.len(), other.part), (7, None));
        let export = table().cut(&Visit::to("/x", &[("format", "csv")]), 3).unwrap();
        assert_eq!(export.len(), 7);
        let beyond = table().cut(&Visit::to("/x", &[("after", "99")]), 3).unwrap();
        assert!(beyond.is_empty() && beyond.next.is_none());
    }

    #[test]
    fn what_a_cell_says_is_escaped() {
        let mut table = Table::new("t", "T", &[text("a", "A")]);
        table.row(vec![plain("<script>alert(1)</script>")]);
        assert!(table.lines().into_string().contains("&lt;script&gt;"));
    }
}
