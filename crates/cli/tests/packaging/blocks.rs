//! Blocks of commands in a page, what their marks say of them, and whether what is printed is what is shown.
//!
//! A line right above a block says what becomes of it:
//!
//! | mark | |
//! | --- | --- |
//! | `<!-- runs -->` | run in `docs/samples/shop` |
//! | `<!-- runs in NAME -->` | in another sample |
//! | `… beside serve`, `fleet`, `registry`, `cluster`, `serve and registry` | with what was started for it |
//! | `… with TOOL, TOOL` | where these programs are there |
//! | `<!-- not run: REASON -->` | not run |
//!
//! Blocks of a page with the same mark are run one after the other in one shell. A line `…` stands for any
//! lines, and `…` in a line for any text.

/// Languages of blocks that have commands.
const LANGUAGES: [&str; 4] = ["console", "sh", "bash", "shell"];

/// A server, several that share a PostgreSQL, and a registry.
const BESIDE: [&str; 4] = ["serve", "fleet", "registry", "cluster"];

/// A block of commands.
#[derive(Debug)]
pub(crate) struct Block<'p> {
    /// The line of its fence, from 1.
    pub(crate) line: usize,
    pub(crate) mark: Option<Mark<'p>>,
    /// Its lines with their numbers.
    lines: Vec<(usize, &'p str)>,
}

/// What the line above a block says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mark<'p> {
    Runs(Setting<'p>),
    NotRun(&'p str),
}

/// Where a block is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting<'p> {
    pub(crate) sample: &'p str,
    /// What runs beside it, of [`BESIDE`].
    pub(crate) beside: Vec<&'p str>,
    pub(crate) tools: Vec<&'p str>,
}

/// One command, and what it prints.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) line: usize,
    pub(crate) command: String,
    pub(crate) printed: Vec<String>,
}

impl<'p> Mark<'p> {
    /// Reads a line; `Err` where it begins as a mark does and is none.
    fn read(line: &'p str) -> Result<Option<Self>, String> {
        let Some(text) = line.strip_prefix("<!-- ").and_then(|it| it.strip_suffix(" -->")) else {
            return Ok(None);
        };
        if let Some(reason) = text.strip_prefix("not run") {
            let reason = reason.strip_prefix(": ").unwrap_or_default().trim();
            return if reason.is_empty() {
                Err(format!("no reason: `{line}`"))
            } else {
                Ok(Some(Self::NotRun(reason)))
            };
        }
        let Some(rest) = text.strip_prefix("runs") else { return Ok(None) };
        let mut setting = Setting { sample: "shop", beside: Vec::new(), tools: Vec::new() };
        let (rest, tools) = rest.split_once(" with ").unwrap_or((rest, ""));
        setting.tools = tools.split(", ").filter(|it| !it.is_empty()).collect();
        let (rest, beside) = rest.split_once(" beside ").unwrap_or((rest, ""));
        setting.beside = beside.split(" and ").filter(|it| !it.is_empty()).collect();
        if let Some(other) = setting.beside.iter().find(|it| !BESIDE.contains(it)) {
            return Err(format!("`beside {other}`: one of {}", BESIDE.join(", ")));
        }
        if let Some(sample) = rest.strip_prefix(" in ") {
            setting.sample = sample;
        } else if !rest.is_empty() {
            return Err(format!("no mark: `{line}`"));
        }
        Ok(Some(Self::Runs(setting)))
    }
}

impl Block<'_> {
    /// Its commands, each with what it prints.
    pub(crate) fn commands(&self) -> Vec<Shown> {
        let mut found: Vec<Shown> = Vec::new();
        let mut goes_on = false;
        for &(line, text) in &self.lines {
            match (found.last_mut(), text.strip_prefix("$ ")) {
                (Some(last), _) if goes_on => {
                    last.command.push('\n');
                    last.command.push_str(text);
                }
                (_, Some(command)) => {
                    found.push(Shown { line, command: command.to_owned(), printed: Vec::new() });
                }
                (Some(last), None) => {
                    last.printed.push(text.trim_end().to_owned());
                    continue;
                }
                (None, None) => panic!("line {line}: output of no command"),
            }
            // A backslash, or a text in single quotes that is not over.
            let command = found.last().map_or("", |it| it.command.as_str());
            goes_on = command.ends_with('\\') || command.matches('\'').count() % 2 == 1;
        }
        found
    }
}

/// The blocks of commands of a page; `Err` says which mark is wrong.
pub(crate) fn blocks(page: &str) -> Result<Vec<Block<'_>>, String> {
    let mut found = Vec::new();
    let mut above = "";
    let mut lines = page.lines().enumerate().map(|(at, line)| (at + 1, line));
    while let Some((number, line)) = lines.next() {
        let mark = Mark::read(above).map_err(|why| format!("line {}: {why}", number - 1))?;
        above = line;
        let Some(language) = line.strip_prefix("```") else {
            if mark.is_some() {
                return Err(format!("line {number}: a mark stands right above a block"));
            }
            continue;
        };
        let content: Vec<(usize, &str)> =
            lines.by_ref().take_while(|(_, line)| *line != "```").collect();
        above = "";
        if LANGUAGES.contains(&language) {
            found.push(Block { line: number, mark, lines: content });
        } else if mark.is_some() {
            return Err(format!("line {number}: a block in `{language}` is not run"));
        }
    }
    Ok(found)
}

/// What a page has to run: the commands of all blocks with the same mark, in their order.
pub(crate) fn sessions(page: &str) -> Result<Vec<(Setting<'_>, Vec<Shown>)>, String> {
    let mut found: Vec<(Setting<'_>, Vec<Shown>)> = Vec::new();
    for block in blocks(page)? {
        let Some(Mark::Runs(setting)) = &block.mark else { continue };
        match found.iter_mut().find(|(known, _)| known == setting) {
            Some((_, before)) => before.extend(block.commands()),
            None => found.push((setting.clone(), block.commands())),
        }
    }
    Ok(found)
}

/// Whether a text is as shown, where `…` is any text.
fn fits(text: &str, shown: &str) -> bool {
    let Some((head, rest)) = shown.split_once('…') else { return text == shown };
    let Some(text) = text.strip_prefix(head) else { return false };
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    ends.into_iter().any(|at| text.get(at..).is_some_and(|text| fits(text, rest)))
}

/// Whether lines are as shown, where a line `…` is any lines.
pub(crate) fn all_fit(lines: &[&str], shown: &[String]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=lines.len()).any(|skipped| all_fit(&lines[skipped..], rest))
        }
        Some((first, rest)) => lines
            .split_first()
            .is_some_and(|(line, lines)| fits(line, first) && all_fit(lines, rest)),
    }
}

#[test]
fn a_shown_text_may_leave_out_lines_and_parts_of_them() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(all_fit(&["a", "b", "c"], &shown("a\n…\nc")));
    assert!(all_fit(&["a", "c"], &shown("a\n…\nc")));
    assert!(!all_fit(&["a", "b"], &shown("a")));
    assert!(all_fit(&["key sha256:12 x"], &shown("key sha256:… x")));
    assert!(!all_fit(&["key sha256:12 y"], &shown("key sha256:… x")));
    assert!(all_fit(&[], &shown("…")));
}

#[test]
fn marks_say_where_a_block_runs_or_why_it_does_not() {
    let setting = |line: &'static str| match Mark::read(line) {
        Ok(Some(Mark::Runs(it))) => it,
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(setting("<!-- runs -->").sample, "shop");
    let all = setting("<!-- runs in image beside serve and registry with curl, jq -->");
    assert_eq!((all.sample, &all.beside[..]), ("image", &["serve", "registry"][..]));
    assert_eq!(all.tools, ["curl", "jq"]);
    let reason = Mark::read("<!-- not run: it asks a cluster -->");
    assert_eq!(reason, Ok(Some(Mark::NotRun("it asks a cluster"))));
    for wrong in [
        "<!-- not run -->",
        "<!-- runs on image -->",
        "<!-- runs beside itself -->",
        "<!-- runsin x -->",
    ] {
        assert!(Mark::read(wrong).is_err(), "{wrong}");
    }
    assert_eq!(Mark::read("<!-- below: written by the tests -->"), Ok(None));
    assert!(blocks("<!-- runs -->\n\n```console\n```\n").is_err(), "not right above");
    assert!(blocks("<!-- runs -->\n```yaml\n```\n").is_err(), "no commands");
}

#[test]
fn a_command_goes_on_over_a_backslash_and_within_quotes() {
    let page = "```console\n$ a \\\n    b\nout\n$ c -d '{\n  \"e\": 1}' f\n$ g\n```\n";
    let commands = blocks(page).unwrap().remove(0).commands();
    let said: Vec<(&str, usize)> =
        commands.iter().map(|it| (it.command.as_str(), it.printed.len())).collect();
    assert_eq!(said, [("a \\\n    b", 1), ("c -d '{\n  \"e\": 1}' f", 0), ("g", 0)]);
}
