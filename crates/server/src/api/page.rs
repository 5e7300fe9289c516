//! Lists page by page, by the key of the last entry: nothing is skipped or told twice where entries
//! come in between.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;

const DEFAULT: i64 = 50;
const MOST: i64 = 500;

/// Which page.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// `next` of the page before.
    #[serde(default)]
    pub after: Option<String>,
    /// How many entries, at most 500.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
}

impl Paging {
    /// How many entries are asked for.
    pub fn limit(&self) -> Result<i64, Problem> {
        match self.limit {
            None => Ok(DEFAULT),
            Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
            Some(limit) => {
                Err(Problem::bad_request(format!("`limit` is {limit}, and may be 1 to {MOST}")))
            }
        }
    }
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    /// Its entries.
    pub items: Vec<T>,
    /// What `after` of the next page is; none where this is the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The page of entries of which one more was looked up than asked for.
    pub fn of(mut items: Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_last = items.len() <= limit;
        items.truncate(limit);
        let next = items.last().filter(|_| !is_last).map(key);
        Self { items, next }
    }

    /// The page of a list that is whole and in the order of its keys.
    pub fn cut<K: Ord + Serialize + DeserializeOwned>(
        all: Vec<T>,
        paging: &Paging,
        key: impl Fn(&T) -> K,
    ) -> Result<Self, Problem> {
        let limit = paging.limit()?;
        let after: Option<K> = paging.after.as_deref().map(parse_key).transpose()?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
        let behind = |it: &T| after.as_ref().is_none_or(|after| key(it) > *after);
        let rest = all.into_iter().filter(|it| behind(it)).take(most).collect();
        Ok(Self::of(rest, limit, |it| key_text(&key(it))))
    }

    /// The same page with its entries as they are shown.
    pub fn map<U>(self, shown: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(shown).collect(), next: self.next }
    }
}

/// A key of numbers and texts as a text that nobody need understand.
pub fn key_text(key: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

/// The inverse of [`key_text`].
pub fn parse_key<K: DeserializeOwned>(text: &str) -> Result<K, Problem> {
    let key = URL_SAFE_NO_PAD.decode(text).ok();
    let key = key.and_then(|key| serde_json::from_slice(&key).ok());
    key.ok_or_else(|| Problem::bad_request("`after` is of no page: take `next` of the page before"))
}

/// Numbers as a text that nobody need understand.
pub fn cursor(numbers: &[i64]) -> String {
    let all: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    all.join(".")
}

/// The inverse of [`cursor`].
pub fn parse_cursor<const N: usize>(text: &str) -> Result<[i64; N], Problem> {
    let numbers: Option<Vec<i64>> = text.split('.').map(|it| it.parse().ok()).collect();
    let numbers = numbers.and_then(|it| <[i64; N]>::try_from(it).ok());
    numbers.ok_or_else(|| Problem::bad_request(format!("`after` is `{text}`, which is of no page")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_others_are_refused() {
        assert_eq!(parse_cursor::<2>(&cursor(&[-3, 70])), Ok([-3, 70]));
        for wrong in ["", "1", "1.2.3", "a.b", "1.99999999999999999999"] {
            assert!(parse_cursor::<2>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_is_cut_behind_a_key_and_nothing_is_told_twice() {
        let all = || vec![("a", 1), ("b", 1), ("b", 2), ("c", 0)];
        let (mut seen, mut paging) = (Vec::new(), Paging { limit: Some(1), after: None });
        loop {
            let page = Page::cut(all(), &paging, |it| (it.0.to_owned(), it.1)).unwrap();
            seen.extend(page.items);
            paging.after = page.next;
            if paging.after.is_none() {
                break;
            }
        }
        assert_eq!(seen, all());
        paging.after = Some("bm90aGluZw".into());
        assert!(Page::cut(all(), &paging, |it| it.1).is_err());
    }

    #[test]
    fn the_last_page_has_no_next_one() {
        let page = Page::of(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!((page.items.len(), page.next.as_deref()), (2, Some("2")));
        assert_eq!(Page::of(vec![1, 2], 2, ToString::to_string).next, None);
    }
}
