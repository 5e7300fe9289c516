//! GitHub Actions that a workflow or an action uses: `uses: owner/repository/path@ref`.
//!
//! Read by line, because only that one key matters and it may stand in several places. The
//! version is a tag, a branch or a commit; a comment behind a commit often says which tag it is,
//! and then that counts. Actions of the same repository (`./…`) and container images are none.
//!
//! Source: <https://docs.github.com/actions/reference/workflow-syntax-for-github-actions>.

use plimsoll_model::{Package, PackageKind, Scope};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::dependency_folder::is_in_dependency;

/// Reads `.github/workflows/*.yml` and `action.yml`.
#[derive(Debug)]
pub(crate) struct GithubWorkflow;

const MAX_LINE: usize = 1024;

impl Cataloguer for GithubWorkflow {
    fn name(&self) -> &'static str {
        "github-workflow"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want::InNamed("workflows", ".yml"),
            Want::InNamed("workflows", ".yaml"),
            Want::Name("action.yml"),
            Want::Name("action.yaml"),
        ]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let folder = file.folder();
        let is_workflow = folder == ".github/workflows" || folder.ends_with("/.github/workflows");
        let is_action = file.name().starts_with("action.");
        if !(is_workflow || is_action) || is_in_dependency(file.path()) {
            return Ok(());
        }
        for (at, line) in file.text()?.lines().enumerate() {
            if let Some(mut package) = used(line) {
                package.scope = Scope::Development;
                found.add_at(file, at + 1, package);
            }
        }
        Ok(())
    }
}

/// `- uses: "actions/checkout@8ade135 # v4.1.0"`.
fn used(line: &str) -> Option<Package> {
    let line = line.trim_start().trim_start_matches("- ").trim_start();
    let value = line.strip_prefix("uses:").filter(|_| line.len() <= MAX_LINE)?.trim();
    let (value, comment) = value.split_once(" #").unwrap_or((value, ""));
    let (action, reference) = value.trim().trim_matches(['"', '\'']).rsplit_once('@')?;
    let is_word = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let mut parts = action.split('/');
    let (owner, repository) = (parts.next()?, parts.next()?);
    let is_reference = reference.chars().all(|c| c.is_ascii_graphic() && c != '$');
    if !is_word(owner) || !is_word(repository) || reference.is_empty() || !is_reference {
        return None;
    }
    let is_commit = reference.len() == 40 && reference.bytes().all(|b| b.is_ascii_hexdigit());
    let tag = comment.split_whitespace().find(|word| {
        let number = word.strip_prefix('v').unwrap_or(word);
        number.starts_with(|c: char| c.is_ascii_digit())
            && number.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
    });
    let version = tag.filter(|_| is_commit).unwrap_or(reference);
    let name = format!("{owner}/{repository}");
    let mut package = Package::new(PackageKind::Github, name, version);
    if version != reference {
        package.notes.push(format!("pinned to the commit {reference}, which a comment names so"));
    } else if is_commit {
        package.notes.push("pinned to a commit; nothing says which version it is".into());
    }
    Some(package)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn actions_of_others_count_wherever_they_are_used() {
        let text = b"jobs:\n  test:\n    steps:\n      - uses: actions/checkout@v4\n      - name: x\n        \
            uses: \"github/codeql-action/init@v3\"\n      - uses: a/b@8ade135a41bc03ea155e62e844d188df1ea18608 # v4.1.0\n      \
            - uses: ./local\n      - uses: docker://alpine:3\n  call:\n    uses: o/r/.github/workflows/x.yml@main\n";
        insta::assert_snapshot!(listing(&GithubWorkflow, ".github/workflows/ci.yml", text), @r"
        github actions/checkout v4 (Development) (line 4)
        github github/codeql-action v3 (Development) (line 6)
        github a/b v4.1.0 (Development) (line 7)
        github o/r main (Development) (line 11)
        ");
        assert_eq!(listing(&GithubWorkflow, "app/workflows/ci.yml", text), "");
        assert_eq!(listing(&GithubWorkflow, "action.yml", text).lines().count(), 4);
    }

    #[test]
    fn expressions_and_odd_names_are_passed_over() {
        for line in
            ["uses: ${{ x }}@v1", "uses: a@v1", "uses: a/b@${{ ref }}", "uses: a/b@", "uses:"]
        {
            assert!(used(line).is_none(), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_line_panics(text in "(- )?uses: \\PC{0,40}") {
            listing(&GithubWorkflow, "action.yml", text.as_bytes());
        }
    }
}
