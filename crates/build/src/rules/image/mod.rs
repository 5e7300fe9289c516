//! Rules of our own and those of the CIS benchmark and Trivy that no other rule covers.

mod added;
mod copy_order;
mod downloads;
mod flags;
mod lineage;
mod modes;
mod npm;
mod package_managers;
mod ports;
mod taken_account;
mod tokens;
mod whole_context;

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
    pl1201
    pl1202
    pl1203
    pl1204
    pl1205
    pl1207
    pl1208
    pl1209
    pl1210
    pl1211
    pl1212
    pl1213
    pl1214
    pl1215
    pl1216
    pl1217
    pl1218
    pl1219
    pl1220
    pl1221
    pl1222
    pl1223
    pl1224
    pl1226
    pl1229
    pl1230
    pl1231
    pl1232
    pl1233
    pl1234
    pl1235
    pl1236
    pl1237
    pl1238
    pl1239
    pl1240
    pl1241
    pl1243
    pl1244
    pl1245
    pl1301
    pl1302
    pl1303
    pl1401
    pl1501
    pl1502
    pl1503
    pl1504
    pl1505
    pl1506
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
