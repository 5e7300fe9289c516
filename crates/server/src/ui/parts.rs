//! Small pieces that pages are made of.

use maud::{Markup, html};
use plimsoll_model::Severity;

use crate::moment::{self, Millis, now};
use crate::store::findings;
use crate::store::summaries::DAY;

/// The columns of severities, and how they are called in a class.
pub(super) const LEVELS: [(&str, &str); 5] = [
    ("Critical", "critical"),
    ("High", "high"),
    ("Medium", "medium"),
    ("Low", "low"),
    ("Other", "other"),
];

/// A time, as long ago as it is; the exact one is in the title.
pub(super) fn time(at: Millis) -> Markup {
    let exact = moment::timestamp(at).to_string();
    let age = now().saturating_sub(at);
    let text = if age < 0 {
        format!("in {}", span(age.saturating_neg()))
    } else if age < 60_000 {
        "just now".to_owned()
    } else {
        format!("{} ago", span(age))
    };
    html! { time datetime=(exact) title=(exact) { (text) } }
}

/// A length of time in a word or two.
pub(super) fn span(length: Millis) -> String {
    let (count, unit) = match length {
        it if it < 3_600_000 => (it / 60_000, "minute"),
        it if it < DAY => (it / 3_600_000, "hour"),
        it if it < 60 * DAY => (it / DAY, "day"),
        it if it < 730 * DAY => (it / (30 * DAY), "month"),
        it => (it / (365 * DAY), "year"),
    };
    plural(count, unit)
}

/// A number and what is counted.
pub(super) fn plural(count: i64, what: &str) -> String {
    let s = match (count, what) {
        (1, _) => return format!("1 {what}"),
        (_, it) if it.ends_with('s') => "es",
        _ => "s",
    };
    format!("{} {what}{s}", number(count))
}

/// A number whose thousands can be told apart.
pub(super) fn number(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    if count < 0 { format!("−{out}") } else { out }
}

/// Bytes for people.
pub(super) fn bytes(count: u64) -> String {
    match count {
        it if it >= 10 << 30 => format!("{} GiB", it >> 30),
        it if it >= 10 << 20 => format!("{} MiB", it >> 20),
        it if it >= 10 << 10 => format!("{} KiB", it >> 10),
        it => format!("{it} B"),
    }
}

/// A severity.
pub(super) fn level(severity: i64) -> Markup {
    let name = findings::severity_of(severity).name();
    html! { span class=(format!("level {name}")) { (name) } }
}

/// A severity's word for tables in other formats.
pub(super) fn level_name(severity: i64) -> &'static str {
    findings::severity_of(severity).name()
}

/// Exploited, where it is.
pub(super) fn exploited(is: bool) -> Markup {
    html! { @if is { " " span.flag.critical title="Listed by CISA as exploited" { "exploited" } } }
}

/// Whether and how a finding is mended.
pub(super) fn fix(state: &str, fixed_in: &str) -> Markup {
    html! {
        @if !fixed_in.is_empty() { span.code { (fixed_in) } } @else { span.soft { (fix_words(state)) } }
    }
}

/// A state of repair in words.
pub(super) fn fix_words(state: &str) -> &'static str {
    match state {
        "fixed" => "fixed",
        "not_fixed" => "no fix yet",
        "will_not_fix" => "will not be fixed",
        "deferred" => "deferred",
        "under_investigation" => "being looked into",
        "end_of_life" => "out of support",
        _ => "not known",
    }
}

/// A count of a severity in a table.
pub(super) fn count(count: i64, class: &str) -> Markup {
    html! { @if count == 0 { span.nil { "·" } } @else { span class=(class) { (number(count)) } } }
}

/// How good a score is, as a class.
pub(super) fn grade(score: i64) -> &'static str {
    match score {
        80.. => "good",
        60.. => "medium",
        40.. => "high",
        _ => "critical",
    }
}

/// A score on its scale, like the mark at a ship's side: the number is beside it.
pub(super) fn score(score: Option<i64>) -> Markup {
    html! {
        @if let Some(score) = score {
            span class=(format!("score {}", grade(score))) {
                svg.mark viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true" {
                    line.rail x1="0" y1="8" x2="100" y2="8" {}
                    line.at x1=(score.clamp(1, 99)) y1="2" x2=(score.clamp(1, 99)) y2="14" {}
                }
                (score)
            }
        } @else { span.soft { "not yet" } }
    }
}

/// Counts by severity as one bar.
pub(super) fn bar(counts: &[i64; 5]) -> Markup {
    let all: i64 = counts.iter().sum::<i64>().max(1);
    let mut from = 0;
    let mut pieces = Vec::new();
    for (count, (_, class)) in counts.iter().zip(LEVELS) {
        let width = count.saturating_mul(1000) / all;
        pieces.push((from, width, class));
        from += width;
    }
    html! {
        svg.bar viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true" {
            @for (from, width, class) in pieces {
                @if width > 0 { rect class=(class) x=(from) y="0" width=(width) height="8" {} }
            }
        }
    }
}

/// How much of something there is, as a bar.
pub(super) fn ratio(part: i64, all: i64, class: &str) -> Markup {
    let width = if all == 0 { 0 } else { part.saturating_mul(1000) / all };
    html! {
        svg.bar viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true" {
            rect class=(class) x="0" y="0" width=(width) height="8" {}
        }
    }
}

/// Counts by severity in words, the worst two of them.
pub(super) fn worst(counts: &[i64; 5]) -> Markup {
    let there: Vec<_> =
        counts.iter().zip(LEVELS).filter(|(count, _)| **count > 0).take(2).collect();
    html! {
        @for (at, (count, (name, class))) in there.iter().enumerate() {
            @if at > 0 { ", " }
            span class=(class) { (number(**count)) " " (name.to_lowercase()) }
        }
    }
}

/// The same for other formats.
pub(super) fn worst_words(counts: &[i64; 5]) -> String {
    let there = counts.iter().zip(LEVELS).filter(|(count, _)| **count > 0).take(2);
    let words: Vec<_> =
        there.map(|(count, (name, _))| format!("{count} {}", name.to_lowercase())).collect();
    words.join(", ")
}

/// A digest as short as people read it.
pub(super) fn short(digest: &str) -> &str {
    let hex = digest.split_once(':').map_or(digest, |it| it.1);
    hex.get(..12).unwrap_or(hex)
}

/// What an image is called: without where it was read from, and without the digest where it has a tag.
pub(super) fn name(reference: &str) -> &str {
    let bare = reference.strip_prefix("registry:").unwrap_or(reference);
    match bare.split_once("@sha256:") {
        Some((name, _)) if name.rsplit('/').next().is_some_and(|it| it.contains(':')) => name,
        _ => bare,
    }
}

/// What stands where there is nothing: what it means, and what to do.
pub(super) fn empty(what: &str, then: &Markup) -> Markup {
    html! { div.empty { p.what { (what) } (then) } }
}

/// The choices of a select.
pub(super) fn options(chosen: &str, all: &[(&str, &str)]) -> Markup {
    html! {
        @for (value, name) in all {
            option value=(value) selected[*value == chosen] { (name) }
        }
    }
}

/// All severities as choices.
pub(super) fn severities(chosen: &str) -> Markup {
    let all = Severity::ALL.iter().map(|it| (it.name(), it.name()));
    let all: Vec<_> = [("", "any")].into_iter().chain(all).collect();
    options(chosen, &all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lengths_read_like_words() {
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(number(-12), "−12");
        assert_eq!(plural(1, "image"), "1 image");
        assert_eq!(plural(2, "weakness"), "2 weaknesses");
        assert_eq!(span(3 * DAY), "3 days");
        assert_eq!(short("sha256:0123456789abcdef"), "0123456789ab");
    }

    #[test]
    fn an_image_is_called_by_its_tag_where_it_has_one() {
        assert_eq!(name("registry:r.example:5000/a/b:1.4@sha256:c7"), "r.example:5000/a/b:1.4");
        assert_eq!(name("r.example:5000/a/b@sha256:c7"), "r.example:5000/a/b@sha256:c7");
        assert_eq!(name("oci-dir:shop"), "oci-dir:shop");
    }
}
