//! Programs that fetch, check and run what they fetched.

use crate::context::Commands;
use crate::script::Program;
use crate::shell::{Invocation, Part, RedirectOperator};

/// A command that fetches a file.
pub(super) struct Download<'c> {
    /// The program, seen through `sudo` and the like.
    pub(super) fetcher: Invocation<'c>,
    /// Where it stands.
    pub(super) program: &'c Program<'c>,
    /// The file's name without folders; `None` where it goes to the next program.
    pub(super) file: Option<String>,
}

/// How many downloads of one text are looked at.
const MOST: usize = 100;

/// The downloads of a text, in order.
pub(super) fn downloads<'c>(commands: Commands<'c>) -> Vec<Download<'c>> {
    let fetch = |program: &'c Program<'c>| {
        let fetcher = program.through_wrappers();
        let file = target(&fetcher, commands)?;
        Some(Download { fetcher, program, file })
    };
    commands.invocations.iter().filter_map(fetch).take(MOST).collect()
}

/// The name of the file that is written; the inner `None` is standard output.
#[expect(clippy::option_option, reason = "no download, to standard output, to a file")]
fn target(fetcher: &Invocation<'_>, commands: Commands<'_>) -> Option<Option<String>> {
    let url = fetcher.args().iter().find(|one| is_remote(&one.text));
    let own = match fetcher.program() {
        "curl" => {
            let named = fetcher.value_of(&["output"]).or_else(|| short_value(fetcher, 'o'));
            let remote = fetcher.has_flag(&["O", "remote-name", "remote-name-all"]);
            named
                .map(str::to_owned)
                .or_else(|| url.filter(|_| remote).map(|one| one.text.to_string()))
        }
        "wget" => {
            let named =
                fetcher.value_of(&["output-document"]).or_else(|| short_value(fetcher, 'O'));
            named.map(str::to_owned).or_else(|| url.map(|one| one.text.to_string()))
        }
        _ => return None,
    };
    url?;
    let own = own.filter(|name| name != "-" && name != "/dev/stdout");
    let redirected = || {
        let source = commands.text.text.text();
        let mut redirects = fetcher.command().redirects.iter();
        let write = redirects.find(|one| {
            matches!(one.operator, RedirectOperator::Write | RedirectOperator::Clobber)
                && one.descriptor.is_none()
        });
        write.map(|one| one.target.text(source).into_owned())
    };
    Some(own.or_else(redirected).map(|path| file_name(&path).to_owned()))
}

/// The value of a flag that may stand behind others: `-qO-`, `-fsSLo /tmp/x`.
fn short_value<'i>(fetcher: &'i Invocation<'_>, letter: char) -> Option<&'i str> {
    // Flags of curl and wget without a value.
    let alone = "fgijknqrsvSLNRJO#0123456";
    fetcher.args().iter().enumerate().find_map(|(index, one)| {
        let flags = one.text.strip_prefix('-').filter(|flags| !flags.starts_with('-'))?;
        let (before, value) = flags.split_once(letter)?;
        if !before.chars().all(|one| alone.contains(one)) {
            return None;
        }
        let next = || fetcher.args().get(index.saturating_add(1)).map(|next| &*next.text);
        Some(value.trim_start_matches('=')).filter(|value| !value.is_empty()).or_else(next)
    })
}

/// The last part of a path or URL, without a query.
pub(super) fn file_name(path: &str) -> &str {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

/// Whether it is a URL of the web, or a variable that may be one.
fn is_remote(text: &str) -> bool {
    ["https://", "http://", "ftp://"].iter().any(|kind| text.starts_with(kind))
        || text.starts_with('$') && text.contains('/')
        || text.starts_with("${") && text.to_ascii_lowercase().contains("url")
        || text.starts_with('$') && text.to_ascii_lowercase().ends_with("url")
}

/// Whether the program compares a checksum or a signature.
pub(super) fn verifies(program: &Invocation<'_>) -> bool {
    let name = program.program();
    let sum = name.ends_with("sum") && name.len() > 3
        || matches!(
            name,
            "gpgv"
                | "gpgv2"
                | "cosign"
                | "minisign"
                | "signify"
                | "slsa-verifier"
                | "rhash"
                | "sq"
                | "shasum"
                | "certutil"
                | "Get-FileHash"
        );
    sum || match name {
        "gpg" | "gpg2" => program.has_flag(&["verify", "verify-files", "d", "decrypt"]),
        "openssl" => {
            matches!(program.subcommand(), Some("dgst" | "cms" | "smime" | "sha256" | "sha1"))
        }
        "gh" => program.subcommand() == Some("attestation"),
        "apk" => program.subcommand() == Some("verify"),
        "rpm" => program.has_flag(&["K", "checksig"]),
        _ => false,
    }
}

/// Whether the program runs what it reads on its standard input.
pub(super) fn runs_input(program: &Invocation<'_>) -> bool {
    let operands = program.operands_after(&["o", "O"]);
    let first = operands.first().map(|one| &*one.text);
    match program.program() {
        "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" => {
            !program.has_flag(&["c"])
                && (first.is_none_or(|one| one == "-") || program.has_flag(&["s"]))
        }
        "python" | "python2" | "python3" | "perl" | "ruby" | "node" | "php" => {
            first.is_none_or(|one| one == "-")
                && !program.has_flag(&["c", "m", "e", "n", "p", "r", "ne", "pe"])
        }
        _ => false,
    }
}

/// The programs of the same pipeline behind one.
pub(super) fn behind<'c>(
    commands: Commands<'c>,
    program: &'c Program<'c>,
) -> impl Iterator<Item = &'c Program<'c>> {
    commands.invocations.iter().filter(move |one| {
        std::ptr::eq(one.place.pipeline, program.place.pipeline)
            && one.place.position > program.place.position
    })
}

/// The program whose word holds the substitution that a program stands in.
pub(super) fn around<'c>(commands: Commands<'c>, program: &Program<'_>) -> Option<&'c Program<'c>> {
    let inside = program.command().span;
    let holds = |one: &&Program<'_>| {
        let span = one.command().span;
        span != inside && span.contains(inside)
    };
    commands.invocations.iter().filter(holds).min_by_key(|one| one.command().span.len())
}

/// Whether a word of the program begins with a substitution.
pub(super) fn begins_with_output(word: &crate::shell::Word) -> bool {
    let first = |parts: &[Part]| matches!(parts.first(), Some(Part::CommandSubstitution { .. }));
    match word.parts.first() {
        Some(Part::DoubleQuoted { parts, .. }) => first(parts),
        _ => first(&word.parts),
    }
}
