//! Rules for the shell texts, under the ids of `ShellCheck`.
//!
//! <https://www.shellcheck.net/wiki/>

mod conditions;
mod deletion;
mod destination;
mod loops;
mod options;
mod splitting;
mod tree;
mod values;
mod variables;

use std::collections::HashMap;

pub(crate) use tree::Tree;

use crate::finding::Finding;

/// How many findings are named beside the one that is shown.
const MAX_RELATED: usize = 20;

/// Of the findings of this folder in one instruction, leaves the one that stands last; the others
/// become places that are related to it.
///
/// hadolint does so, and what it shows is what people compare with.
pub(crate) fn leave_last(found: Vec<Finding>) -> Vec<Finding> {
    let (mut shell, mut kept): (Vec<Finding>, Vec<Finding>) =
        found.into_iter().partition(|one| one.rule.id.starts_with("SC"));
    let order = |one: &Finding| {
        (one.line, one.span.start, std::cmp::Reverse(one.rule.level), one.rule.id, one.span.end)
    };
    shell.sort_by(|one, other| order(one).cmp(&order(other)));
    let mut last: HashMap<u32, Finding> = HashMap::new();
    for mut finding in shell {
        if let Some(before) = last.remove(&finding.line) {
            finding.related = before.related;
            if finding.related.len() < MAX_RELATED {
                let message = format!("{}: {}", before.rule.id, before.message);
                finding.related.push((before.span, message.into()));
            }
        }
        last.insert(finding.line, finding);
    }
    kept.extend(last.into_values());
    kept
}

super::registry! {
    sc1001
    sc1012
    sc2003
    sc2006
    sc2009
    sc2010
    sc2011
    sc2012
    sc2013
    sc2016
    sc2024
    sc2028
    sc2034
    sc2035
    sc2038
    sc2043
    sc2044
    sc2045
    sc2046
    sc2059
    sc2060
    sc2061
    sc2062
    sc2066
    sc2086
    sc2102
    sc2114
    sc2115
    sc2126
    sc2146
    sc2153
    sc2154
    sc2155
    sc2156
    sc2162
    sc2164
    sc2174
    sc2185
    sc2196
    sc2197
    sc2224
    sc2225
    sc2226
    sc2251
    sc2267
    sc2291
    sc2308
    sc3001
    sc3003
    sc3009
    sc3010
    sc3011
    sc3014
    sc3020
    sc3024
    sc3028
    sc3030
    sc3031
    sc3034
    sc3037
    sc3040
    sc3043
    sc3044
    sc3045
    sc3046
    sc3053
    sc3054
    sc3057
    sc3059
    sc3060
}
