//! A set of small numbers, one bit each: which pods are meant.

/// A set of the numbers below a limit that is fixed when it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Bits {
    words: Vec<u64>,
    limit: usize,
}

const WORD: usize = u64::BITS as usize;

impl Bits {
    /// The empty set.
    pub fn none(limit: usize) -> Self {
        Self { words: vec![0; limit.div_ceil(WORD)], limit }
    }

    /// The set of all numbers below `limit`.
    pub fn all(limit: usize) -> Self {
        let mut words = vec![u64::MAX; limit.div_ceil(WORD)];
        let used = limit % WORD;
        if let (true, Some(last)) = (used > 0, words.last_mut()) {
            *last = (1 << used) - 1;
        }
        Self { words, limit }
    }

    /// The limit: all numbers are below it.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Adds a number; one past the limit is passed over.
    pub fn insert(&mut self, number: usize) {
        if number < self.limit
            && let Some(word) = self.words.get_mut(number / WORD)
        {
            *word |= 1 << (number % WORD);
        }
    }

    /// Whether a number is in it.
    pub fn contains(&self, number: usize) -> bool {
        self.words.get(number / WORD).is_some_and(|word| word >> (number % WORD) & 1 == 1)
    }

    /// Adds what is in the other set.
    pub fn add(&mut self, other: &Self) {
        for (one, other) in self.words.iter_mut().zip(&other.words) {
            *one |= other;
        }
    }

    /// Keeps what is in the other set as well.
    pub fn keep(&mut self, other: &Self) {
        for (one, other) in self.words.iter_mut().zip(&other.words) {
            *one &= other;
        }
    }

    /// Takes out what is in the other set.
    pub fn remove(&mut self, other: &Self) {
        for (one, other) in self.words.iter_mut().zip(&other.words) {
            *one &= !other;
        }
    }

    /// How many numbers are in it.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many numbers are in both.
    pub fn count_both(&self, other: &Self) -> usize {
        let words = self.words.iter().zip(&other.words);
        words.map(|(one, other)| (one & other).count_ones() as usize).sum()
    }

    /// The numbers that are in three sets, from the least on.
    pub fn in_all<'b>(&'b self, other: &'b Self, third: &'b Self) -> impl Iterator<Item = usize> {
        let words = self.words.iter().zip(&other.words).zip(&third.words);
        numbers(words.map(|((one, other), third)| one & other & third))
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The numbers in it, from the least on.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        numbers(self.words.iter().copied())
    }
}

/// The numbers whose bits are set.
fn numbers(words: impl Iterator<Item = u64>) -> impl Iterator<Item = usize> {
    words.enumerate().flat_map(|(index, mut left)| {
        std::iter::from_fn(move || {
            (left != 0).then(|| {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                index * WORD + bit
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_past_its_limit() {
        for limit in [0, 1, 63, 64, 65, 130] {
            let all = Bits::all(limit);
            assert_eq!((all.count(), all.iter().count()), (limit, limit));
            let mut set = Bits::none(limit);
            set.insert(limit);
            assert!(set.is_empty());
            set.insert(limit / 2);
            assert_eq!(
                set.iter().collect::<Vec<_>>(),
                if limit == 0 { vec![] } else { vec![limit / 2] }
            );
            set.remove(&all);
            assert!(set.is_empty());
        }
    }
}
