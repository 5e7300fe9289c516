//! Points of candidates, and the move that they make best.
//!
//! The gain of a move is how much of the weighted findings it removes, in percent; where findings
//! are not known of both sides, of the packages, and where these are not, of what images of such
//! a kind have. Leaving what has ended gains 25 more, and going to it costs 50. The cost of a move
//! is the sum of its traps' costs, of which a point weighs as much as 4 percent; in a last stage,
//! which runs no more than what is copied into it, half of that. The best move is
//! the one with most gain after cost, and there is none where no move gains anything. A last stage
//! is only recommended to those who build in a full image, and an earlier
//! release of the same distribution to nobody.

use plimsoll_model::Timestamp;

use super::traps::{Trap, traps};
use super::{Candidate, Kind, Scope};
use crate::bases::compare_versions;

/// Percent that a point of cost weighs.
const POINT: i64 = 4;

/// Percent that leaving an ended release gains.
const ENDED: i64 = 25;

/// What the candidates were compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Findings of both sides are known.
    Findings,
    /// The number of packages is.
    Packages,
    /// Only what kind of images they are.
    Kind,
    /// Nothing comparable.
    Nothing,
}

impl Basis {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Findings => "findings",
            Self::Packages => "packages",
            Self::Kind => "kind",
            Self::Nothing => "nothing",
        }
    }
}

/// The way from the current base to a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Where it leads: the place in the list of candidates.
    pub to: usize,
    /// How much is removed, in percent; negative where it adds.
    pub removed: i64,
    /// By what that was told.
    pub basis: Basis,
    /// Whether it leaves something that has ended for something that has not.
    pub leaves_ended: bool,
    /// What may break.
    pub traps: Vec<Trap>,
    /// Work, in points.
    pub cost: u64,
    /// Gain after cost: candidates are in the order of this.
    pub points: i64,
}

/// Candidates in order, and the best move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// All moves, best first.
    pub moves: Vec<Move>,
    /// The best one, where one is worth its work.
    pub recommended: Option<Move>,
}

impl Advice {
    /// What the best move, or the first, was told by.
    pub fn basis(&self) -> Basis {
        self.recommended.as_ref().or(self.moves.first()).map_or(Basis::Nothing, |way| way.basis)
    }
}

/// Ranks the moves from `current` to each of `candidates` on `today`.
pub fn advise(current: &Candidate, candidates: &[Candidate], today: Timestamp) -> Advice {
    let mut moves: Vec<Move> = candidates
        .iter()
        .enumerate()
        .map(|(to, candidate)| way(current, candidate, to, today))
        .collect();
    moves.sort_by(|a, b| {
        b.points.cmp(&a.points).then_with(|| a.cost.cmp(&b.cost)).then_with(|| a.to.cmp(&b.to))
    });
    let builds = current.kind() == Some(Kind::Full);
    let may_go = |to: usize| {
        candidates.get(to).is_some_and(|candidate| {
            (builds || candidate.scope == Scope::Any) && !is_older(candidate, current)
        })
    };
    let gains =
        |way: &&Move| way.points > 0 && (way.removed > 0 || way.leaves_ended) && may_go(way.to);
    let recommended = moves.iter().find(gains).cloned();
    Advice { moves, recommended }
}

fn way(current: &Candidate, candidate: &Candidate, to: usize, today: Timestamp) -> Move {
    let (removed, basis) = removed(current, candidate);
    let ended = |candidate: &Candidate| candidate.base.has_ended(today) == Some(true);
    let leaves_ended = ended(current) && !ended(candidate);
    let traps = traps(current, candidate);
    let mut cost = traps.iter().map(Trap::cost).fold(0_u64, u64::saturating_add);
    if candidate.scope == Scope::FinalStage {
        cost = cost.div_ceil(2);
    }
    // Nobody records the new findings of a release that has ended: few of them are no merit.
    let is_counted = basis == Basis::Findings;
    let gain = if leaves_ended && is_counted { removed.max(0) } else { removed };
    let mut points =
        gain.saturating_sub(i64::try_from(cost).unwrap_or(i64::MAX).saturating_mul(POINT));
    if leaves_ended {
        points = points.saturating_add(ENDED);
    }
    if ended(candidate) {
        points = points.saturating_sub(ENDED.saturating_mul(2));
    }
    Move { to, removed, basis, leaves_ended, traps, cost, points }
}

/// Whether it is an earlier release of the same distribution.
fn is_older(candidate: &Candidate, current: &Candidate) -> bool {
    let (Some(new), Some(old)) = (&candidate.base.distro, &current.base.distro) else {
        return false;
    };
    new.id == old.id
        && new
            .version
            .as_deref()
            .zip(old.version.as_deref())
            .is_some_and(|(new, old)| compare_versions(new, old).is_lt())
}

fn removed(current: &Candidate, candidate: &Candidate) -> (i64, Basis) {
    if let (Some(before), Some(after)) = (current.findings, candidate.findings) {
        return (percent(before.weight(), after.weight()), Basis::Findings);
    }
    // Packages of a last stage cannot be held against those that build.
    let same_use = candidate.scope == Scope::Any;
    if let (Some(before), Some(after)) = (current.base.packages, candidate.base.packages)
        && same_use
    {
        return (percent(before, after), Basis::Packages);
    }
    match (current.kind(), candidate.kind()) {
        (Some(before), Some(after)) => (percent(before.exposure(), after.exposure()), Basis::Kind),
        _ => (0, Basis::Nothing),
    }
}

/// How much less `after` is, in percent of `before`; never below -100.
fn percent(before: u64, after: u64) -> i64 {
    if before == 0 {
        return if after == 0 { 0 } else { -100 };
    }
    let kept = u128::from(after).saturating_mul(100).checked_div(u128::from(before)).unwrap_or(100);
    100_i64.saturating_sub(i64::try_from(kept.min(200)).unwrap_or(200))
}
