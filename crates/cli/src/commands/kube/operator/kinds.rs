//! Which reports are written, by the words of `--reports`.

use plimsoll_report::resources::ReportKind;

use crate::exit::Usage;

/// All words, as the default of the option.
pub(super) const ALL: &str =
    "vulnerability,sbom,config-audit,rbac-assessment,infra-assessment,compliance";

/// Words and the kinds that they mean.
const WORDS: [(&str, &[&str]); 6] = [
    ("vulnerability", &["VulnerabilityReport"]),
    ("sbom", &["SbomReport"]),
    ("config-audit", &["ConfigAuditReport"]),
    ("rbac-assessment", &["RbacAssessmentReport", "ClusterRbacAssessmentReport"]),
    ("infra-assessment", &["InfraAssessmentReport"]),
    ("compliance", &["ClusterComplianceReport"]),
];

/// The kinds that some words mean.
pub(super) fn parse(words: &[String]) -> Result<Vec<&'static ReportKind>, Usage> {
    let mut all = Vec::new();
    for word in words {
        let known = WORDS.iter().find(|(known, _)| known == word);
        let (_, kinds) = known.ok_or_else(|| {
            Usage(format!("`{word}` is no kind of reports: they are {}", ALL.replace(',', ", ")))
        })?;
        all.extend(kinds.iter().filter_map(|kind| ReportKind::named(kind)));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_default_means_a_kind() {
        let words: Vec<String> = ALL.split(',').map(str::to_owned).collect();
        assert_eq!(parse(&words).unwrap().len(), 7);
        assert!(parse(&["secrets".to_owned()]).is_err());
    }
}
