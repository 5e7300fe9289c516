//! Which line of a template a printed line came from.
//!
//! A template's lines are walked as printing walked them: mostly one after the other, past what a
//! condition left out, back to the begin of a loop. Of all such walks that explain a document the
//! likeliest is taken, line by line, as in any alignment of two texts.

/// How many pairs of lines are compared for one document; beyond, nothing is said.
const MAX_PAIRS: usize = 8 << 20;

/// How many letters beside its actions say that a line is meant.
const TELLING: usize = 3;

/// What a walk's steps cost. What no line explains costs most.
mod cost {
    /// A line with an action in it, beside words that are few.
    pub(super) const PATTERN: u32 = 1;
    /// A line that an action made alone.
    pub(super) const MADE: u32 = 2;
    /// The same words, further in or out.
    pub(super) const SHIFTED: u32 = 3;
    /// Over lines that a condition left out.
    pub(super) const SKIP: u32 = 1;
    /// Back, as a loop goes.
    pub(super) const BACK: u32 = 3;
    /// Nothing explains it.
    pub(super) const UNKNOWN: u32 = 7;
    /// More than any walk has.
    pub(super) const NEVER: u32 = u32::MAX / 4;
}

/// A template's lines.
pub(super) struct Template<'t> {
    lines: Vec<Line<'t>>,
}

/// A line that something can be printed by.
struct Line<'t> {
    /// Which line of the file it is, from 0.
    number: u32,
    /// Its text between actions: one piece where it has none.
    pieces: Vec<&'t str>,
    /// Whether it is likely that it prints several lines.
    grows: bool,
}

impl<'t> Template<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut lines = Vec::new();
        let mut within = false;
        for (number, line) in (0..).zip(text.lines()) {
            let (pieces, says) = pieces(line.trim_end(), &mut within);
            if says {
                let is_alone = pieces.len() > 1 && pieces.iter().all(|one| one.trim().is_empty());
                let grows = is_alone || line.contains("indent") || line.contains("toYaml");
                lines.push(Line { number, pieces, grows });
            }
        }
        Self { lines }
    }

    /// By printed line, the line of the template; both from 0.
    pub(super) fn lines_of(&self, printed: &str) -> Vec<Option<u32>> {
        let mut found = Vec::new();
        let mut document = Vec::new();
        for line in printed.lines().map(str::trim_end) {
            if line == "---" || line.starts_with("# Source: ") {
                self.align(&document, &mut found);
                document.clear();
                found.push(None);
            } else {
                document.push(line);
            }
        }
        self.align(&document, &mut found);
        found
    }

    fn align(&self, printed: &[&str], found: &mut Vec<Option<u32>>) {
        let width = self.lines.len();
        if width == 0 || width.saturating_mul(printed.len()) > MAX_PAIRS {
            found.extend(printed.iter().map(|_| None));
            return;
        }
        // By line of the template, what the cheapest walk costs that ends there, and by printed
        // line, from where each of them came.
        let mut costs = vec![0; width];
        let mut from: Vec<Vec<u32>> = Vec::with_capacity(printed.len());
        for line in printed {
            let (next, came) = self.step(&costs, line, from.is_empty());
            costs = next;
            from.push(came);
        }
        let cheapest = (0_u32..).zip(&costs).min_by_key(|(_, cost)| **cost);
        let mut at = cheapest.map_or(0, |(at, _)| at);
        let start = found.len();
        for came in from.iter().rev() {
            found.push(self.lines.get(at as usize).map(|line| line.number));
            at = came.get(at as usize).copied().unwrap_or(0);
        }
        if let Some(own) = found.get_mut(start..) {
            own.reverse();
        }
    }

    /// The walks of a printed line more.
    fn step(&self, costs: &[u32], printed: &str, is_first: bool) -> (Vec<u32>, Vec<u32>) {
        let min = |one: (u32, u32), other: (u32, u32)| if other.0 < one.0 { other } else { one };
        // The cheapest walk that ends at each line or behind it.
        let mut behind = vec![(cost::NEVER, 0); costs.len()];
        let mut best = (cost::NEVER, 0);
        let mut at = u32::try_from(costs.len()).unwrap_or(u32::MAX);
        for (slot, cost) in behind.iter_mut().zip(costs).rev() {
            at = at.saturating_sub(1);
            best = min(best, (*cost, at));
            *slot = best;
        }
        let mut before = (cost::NEVER, 0);
        let mut last = None;
        let (mut next, mut came) = (Vec::new(), Vec::new());
        for (((line, cost), behind), at) in self.lines.iter().zip(costs).zip(&behind).zip(0_u32..) {
            // Lines without words come from anywhere.
            let stays = cost.saturating_add(match line.grows {
                _ if printed.is_empty() => 0,
                true => cost::MADE,
                false => cost::UNKNOWN,
            });
            let mut found = (stays, at);
            if let Some(emits) = line.emits(printed) {
                let add = |(cost, at): (u32, u32), more: u32| (cost.saturating_add(more), at);
                let mut reached = if is_first {
                    (0, at)
                } else {
                    min(add(before, cost::SKIP), add(*behind, cost::BACK))
                };
                if let Some(last) = last {
                    reached = min(last, reached);
                }
                found = min(add(reached, emits), found);
            }
            next.push(found.0.min(cost::NEVER));
            came.push(found.1);
            before = min(before, (*cost, at));
            last = Some((*cost, at));
        }
        (next, came)
    }
}

impl Line<'_> {
    /// What it costs that this line printed that one; `None` where it cannot have.
    fn emits(&self, printed: &str) -> Option<u32> {
        let (first, rest) = self.pieces.split_first()?;
        let Some((last, middle)) = rest.split_last() else {
            return if *first == printed {
                Some(0)
            } else {
                let same = first.trim_start() == printed.trim_start();
                (same && !printed.trim().is_empty()).then_some(cost::SHIFTED)
            };
        };
        if self.pieces.iter().all(|piece| piece.trim().is_empty()) {
            return Some(cost::MADE);
        }
        // `labels: {{- toYaml . | nindent 4 }}` prints `labels:` and lines of its own.
        if !first.trim().is_empty() && first.trim_end() == printed {
            return Some(cost::PATTERN);
        }
        let mut left = printed.strip_prefix(first)?;
        for piece in middle {
            let at = left.find(piece)?;
            left = left.get(at.saturating_add(piece.len())..)?;
        }
        let letters = self.pieces.iter().flat_map(|piece| piece.chars());
        let is_telling = letters.filter(|letter| letter.is_alphanumeric()).count() >= TELLING;
        left.ends_with(last).then_some(if is_telling { 0 } else { cost::PATTERN })
    }
}

/// The texts between the actions of a line, and whether it prints anything; `within` is whether an
/// action is open at its begin, and then at its end.
fn pieces<'l>(line: &'l str, within: &mut bool) -> (Vec<&'l str>, bool) {
    if line.trim().is_empty() {
        return (vec![""], !*within);
    }
    let mut pieces = Vec::new();
    let mut rest = line;
    let mut makes = false;
    let mut continues = *within;
    loop {
        if *within {
            let Some((action, after)) = rest.split_once("}}") else { break };
            *within = false;
            rest = after;
            makes |= !continues && is_output(action);
            continues = false;
            if rest.is_empty() {
                pieces.push("");
                break;
            }
        }
        let Some((text, after)) = rest.split_once("{{") else {
            pieces.push(rest);
            break;
        };
        pieces.push(text);
        rest = after;
        *within = true;
        makes |= !after.contains("}}") && is_output(after);
    }
    if *within {
        pieces.push("");
    }
    let says = makes || pieces.iter().any(|piece| !piece.trim().is_empty());
    (pieces, says)
}

/// Whether an action prints something of its own.
fn is_output(action: &str) -> bool {
    let action = action.trim_start_matches('-').trim_start();
    if action.starts_with("/*") || action.is_empty() {
        return false;
    }
    let word = action.split([' ', '\t', '-', '(']).next().unwrap_or_default();
    let controls = ["if", "else", "end", "range", "with", "define", "break", "continue"];
    let assigns = word.starts_with('$') && {
        let behind = action.get(word.len()..).unwrap_or_default().trim_start();
        behind.starts_with(":=") || behind.starts_with('=')
    };
    !controls.contains(&word) && !assigns
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lines of the template, from 1, that each printed line came from.
    fn lines(template: &str, printed: &str) -> Vec<u32> {
        let found = Template::new(template).lines_of(printed);
        found.into_iter().map(|line| line.map_or(0, |line| line + 1)).collect()
    }

    #[test]
    fn a_condition_is_passed_over_and_a_loop_goes_back() {
        let template = "ports:
{{- range .Values.ports }}
  - name: {{ .name }}
    port: {{ .port }}
{{- end }}
{{- if .Values.host }}
hostNetwork: true
{{- end }}
dnsPolicy: Default
";
        let printed =
            "ports:\n  - name: a\n    port: 1\n  - name: b\n    port: 2\ndnsPolicy: Default\n";
        assert_eq!(lines(template, printed), [1, 3, 4, 3, 4, 9]);
    }

    #[test]
    fn what_an_action_made_is_at_the_action() {
        let template = "metadata:
  labels:
    {{- include \"shop.labels\" . | nindent 4 }}
  annotations: {{- toYaml .Values.annotations | nindent 4 }}
spec: {}
";
        let printed = "metadata:\n  labels:\n    app: web\n    chart: shop\n  annotations:\n    a: b\nspec: {}\n";
        assert_eq!(lines(template, printed), [1, 2, 3, 3, 4, 4, 5]);
    }

    #[test]
    fn actions_over_several_lines_and_comments_print_nothing_themselves() {
        let template = "{{- /* a\nkind: Pod\n*/ -}}\n{{- $name :=\n  .Values.name }}\nkind: Pod\n";
        assert_eq!(lines(template, "kind: Pod\n"), [6]);
    }

    #[test]
    fn documents_are_walked_one_by_one() {
        let template = "kind: A\n---\nkind: B\n";
        assert_eq!(
            lines(template, "---\n# Source: x\nkind: B\n---\n# Source: x\nkind: A\n"),
            [0, 0, 3, 0, 0, 1]
        );
    }

    proptest! {
        #[test]
        fn every_printed_line_is_answered(
            template in "([a{} \n:-]|\\{\\{|\\}\\}|if|end){0,60}",
            printed in "[a \n:-]{0,60}",
        ) {
            let found = Template::new(&template).lines_of(&printed);
            prop_assert_eq!(found.len(), printed.lines().count());
        }
    }
}
