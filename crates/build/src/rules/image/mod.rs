//! Rules of our own and those of the CIS benchmark and Trivy that no other rule covers.

super::registry! {
    pl1000
    pl1101
    pl1102
    pl1103
    pl1104
    pl1105
    pl1106
    pl1107
    pl1108
    pl1109
    pl1110
    pl1111
    pl1112
    pl1113
    pl1114
    pl1115
    pl1116
    pl1117
    pl1401
}

#[cfg(test)]
mod tests {
    use crate::syntax::Dockerfile;
    use crate::{Config, Environment, Source, lint};

    /// What a rule says about a text: line and message.
    pub(super) fn said(rule: &str, text: &str) -> Vec<String> {
        let file = Dockerfile::parse(Source::new(text));
        let found = lint(&file, &Config::default(), &Environment::default()).findings;
        found
            .into_iter()
            .filter(|finding| finding.rule.id == rule)
            .map(|finding| format!("{}: {}", finding.line, finding.message))
            .collect()
    }
}
