//! The model's enumerations as numbers, which never change their meaning within a schema version.

use plimsoll_model::{AffectedStatus, RatingKind, Severity};

pub(super) fn status_of_bits(bits: u8) -> Option<AffectedStatus> {
    Some(match bits {
        0 => AffectedStatus::ByRange,
        1 => AffectedStatus::Affected,
        2 => AffectedStatus::UnderInvestigation,
        3 => AffectedStatus::Deferred,
        4 => AffectedStatus::WillNotFix,
        5 => AffectedStatus::EndOfLife,
        6 => AffectedStatus::NotAffected,
        _ => return None,
    })
}

pub(super) fn status_bits(status: AffectedStatus) -> u8 {
    match status {
        AffectedStatus::Affected => 1,
        AffectedStatus::UnderInvestigation => 2,
        AffectedStatus::Deferred => 3,
        AffectedStatus::WillNotFix => 4,
        AffectedStatus::EndOfLife => 5,
        AffectedStatus::NotAffected => 6,
        _ => 0,
    }
}

pub(super) fn rating_kind(byte: u8) -> Option<RatingKind> {
    Some(match byte {
        2 => RatingKind::CvssV2,
        3 => RatingKind::CvssV3,
        4 => RatingKind::CvssV4,
        0 => RatingKind::Label,
        _ => return None,
    })
}

pub(super) fn rating_kind_byte(kind: RatingKind) -> u8 {
    match kind {
        RatingKind::CvssV2 => 2,
        RatingKind::CvssV3 => 3,
        RatingKind::CvssV4 => 4,
        _ => 0,
    }
}

pub(super) fn severity(byte: u8) -> Option<Severity> {
    Severity::ALL.get(usize::from(byte)).copied()
}

pub(super) fn severity_byte(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 0,
        Severity::High => 1,
        Severity::Medium => 2,
        Severity::Low => 3,
        Severity::Negligible => 4,
        Severity::Unknown => 5,
    }
}
