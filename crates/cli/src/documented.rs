//! Every command line that the documentation shows is one that the program takes.
//!
//! Blocks marked `console`, `sh`, `bash` and `groovy` are read, and lines of workflows that run
//! something. Whether what is printed is true is another matter: `tests/packaging/pages.rs` runs the
//! blocks of commands.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::error::ErrorKind;

use crate::Cli;

/// Pages of documentation, and what is laid out for other programs to run.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    let mut open = vec![root.join("docs"), root.join("deploy/ci"), root.join("deploy/systemd")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| {
                ["md", "service", "yml", "yaml"].contains(&&*end.to_string_lossy())
            }) || path.ends_with("Jenkinsfile")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Lines that a shell is given, with the number of the first.
fn commands(page: &str, is_page: bool) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut block: Option<&str> = (!is_page).then_some("yaml");
    let mut goes_on = false;
    for (number, line) in page.lines().enumerate() {
        if is_page && let Some(language) = line.trim_start().strip_prefix("```") {
            let language = language.split([' ', ',', '{']).next().unwrap_or_default();
            block = if block.is_some() { None } else { Some(language) };
            goes_on = false;
            continue;
        }
        let Some(language) = block else { continue };
        let text = line.trim();
        let text = if goes_on { Some(text) } else { shown(language, line) };
        let Some(text) = text else { continue };
        let (text, more) = text.strip_suffix('\\').map_or((text, false), |text| (text, true));
        match found.last_mut() {
            Some((_, last)) if goes_on => {
                last.push(' ');
                last.push_str(text);
            }
            _ => found.push((number + 1, text.to_owned())),
        }
        goes_on = more;
    }
    found
}

/// What of a line a shell is given.
fn shown<'l>(language: &str, line: &'l str) -> Option<&'l str> {
    let text = line.trim();
    match language {
        "console" => {
            let root = text.strip_prefix("# ").filter(|it| it.starts_with("plimsoll "));
            text.strip_prefix("$ ").or(root)
        }
        "sh" | "bash" => Some(text),
        "groovy" | "yaml" => {
            let text = text.strip_prefix("- ").unwrap_or(text);
            let text = ["run: ", "sh '", "script: ", "entry: ", "ExecStart=/usr/bin/"]
                .iter()
                .find_map(|start| text.strip_prefix(start))
                .unwrap_or(text);
            let text = text.trim_end_matches('\'');
            text.starts_with("plimsoll ").then_some(text)
        }
        _ => None,
    }
}

/// The simple commands of a line, each its words. Substitutions are words, and commands of their own.
fn simple(line: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars().peekable();
    let end = |word: &mut Option<String>, words: &mut Vec<String>| words.extend(word.take());
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' => end(&mut word, &mut words),
            '#' if word.is_none() => break,
            '|' | '&' | ';' | '(' | ')' => {
                end(&mut word, &mut words);
                all.push(std::mem::take(&mut words));
            }
            '>' | '<' => {
                // `2>` is no word, and neither is where it leads.
                word = word.filter(|it| it.parse::<u8>().is_err());
                end(&mut word, &mut words);
                while rest.next_if(|c| ['>', '<', '&', ' '].contains(c)).is_some() {}
                while rest.next_if(|c| ![' ', '|', ';', '&', ')'].contains(c)).is_some() {}
            }
            '\'' => word.get_or_insert_default().extend(rest.by_ref().take_while(|c| *c != '\'')),
            '"' => {
                let inner: String = rest.by_ref().take_while(|c| *c != '"').collect();
                all.extend(substituted(&inner));
                word.get_or_insert_default().push_str(&inner);
            }
            '$' if rest.peek() == Some(&'(') => {
                let inner: String = rest.by_ref().skip(1).take_while(|c| *c != ')').collect();
                all.extend(simple(&inner));
                word.get_or_insert_default().push('X');
            }
            '\\' => word.get_or_insert_default().extend(rest.next()),
            other => word.get_or_insert_default().push(other),
        }
    }
    end(&mut word, &mut words);
    all.push(words);
    all
}

fn substituted(text: &str) -> Vec<Vec<String>> {
    text.split_once("$(")
        .and_then(|(_, rest)| rest.split_once(')'))
        .map_or_else(Vec::new, |(inner, _)| simple(inner))
}

/// The words from `plimsoll` on, where that is the program.
fn ours(words: &[String]) -> Option<&[String]> {
    let skipped = ["sudo", "time", "env", "exec", "!", "do", "then", "if", "{", "else"];
    let first = words.iter().position(|word| {
        let assigns = word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
        !assigns && !skipped.contains(&word.as_str())
    })?;
    let words = words.get(first..)?;
    words
        .first()
        .is_some_and(|name| name == "plimsoll" || name.ends_with("/plimsoll"))
        .then_some(words)
}

/// Why the program would not take a line; nothing where it would.
fn refused(words: &[String]) -> Option<String> {
    // What a variable adds in a unit, and what is left out, cannot be judged.
    let words: Vec<&String> = words.iter().filter(|word| !word.starts_with("$PLIMSOLL_")).collect();
    if words.iter().any(|word| word.contains('…') || word.contains("...")) {
        return None;
    }
    let error = Cli::try_parse_from(words.iter().copied()).err()?;
    let fine = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => true,
        // Nobody knows here what a variable will be.
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            words.iter().any(|word| word.contains('$'))
        }
        _ => false,
    };
    (!fine).then(|| error.to_string())
}

#[test]
fn every_command_line_that_is_shown_is_taken() {
    let mut wrong = Vec::new();
    let mut judged = 0;
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        let is_page = path.extension().is_some_and(|end| end == "md");
        for (number, line) in commands(&text, is_page) {
            for words in simple(&line) {
                let Some(words) = ours(&words) else { continue };
                judged += 1;
                if let Some(why) = refused(words) {
                    let name = path.file_name().unwrap_or_default().display();
                    let why = why.lines().next().unwrap_or_default();
                    wrong.push(format!("{name}:{number}: {}\n    {why}", words.join(" ")));
                }
            }
        }
    }
    assert!(judged > 200, "only {judged} were found");
    assert!(wrong.is_empty(), "{} of {judged}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn lines_are_taken_apart_as_a_shell_does() {
    let found = |line: &str| -> Vec<String> {
        simple(line).iter().filter_map(|words| ours(words)).map(|words| words.join(" ")).collect()
    };
    assert_eq!(found("plimsoll scan a:1 # why"), ["plimsoll scan a:1"]);
    assert_eq!(found("A=1 plimsoll sbom x > f.json && jq . f.json"), ["plimsoll sbom x"]);
    assert_eq!(found("plimsoll scan x 2>/dev/null | head"), ["plimsoll scan x"]);
    assert_eq!(found("echo \"$(plimsoll db status -o json)\""), ["plimsoll db status -o json"]);
    assert_eq!(
        found("plimsoll sign \"$(cat ref)\" || plimsoll sign y"),
        ["plimsoll sign $(cat ref)", "plimsoll sign y"]
    );
    assert_eq!(found("sudo plimsoll watch"), ["plimsoll watch"]);
    assert!(refused(&["plimsoll".into(), "scan".into(), "--no-such".into()]).is_some());
    let page = "```console\n$ plimsoll scan \\\n    -o json x\nout\n# plimsoll watch\n```\n";
    assert_eq!(
        commands(page, true),
        [(2, "plimsoll scan  -o json x".to_owned()), (5, "plimsoll watch".to_owned())]
    );
}
