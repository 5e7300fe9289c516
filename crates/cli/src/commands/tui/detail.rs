//! What is told of one layer, file, package or finding when it is opened.

use std::fmt::Write as _;

use plimsoll_model::{FileKind, Finding, Severity};
use plimsoll_report::text;

use super::contents::Contents;
use super::file_row::mode;
use super::files::Files;
use super::findings::fix;
use super::popup::Popup;
use super::tree::Change;

/// So many packages, findings or problems are listed in a text; the panes have all.
const LISTED: usize = 200;

/// The image as a whole.
pub(super) fn image(contents: &Contents) -> Popup {
    let inventory = &contents.scan.inventory;
    let artifact = &inventory.artifact;
    let mut said = String::new();
    let mut part = |head: &str, lines: Vec<String>| {
        if lines.iter().any(|line| !line.is_empty()) {
            let _ = writeln!(said, "{head}");
            for line in lines.iter().filter(|line| !line.is_empty()) {
                let _ = writeln!(said, "  {}", text::one_line(line));
            }
            said.push('\n');
        }
    };
    part("Reference", vec![artifact.reference.clone()]);
    part("Names", artifact.names.clone());
    let digests = [&artifact.manifest_digest, &artifact.config_digest];
    part("Digests", digests.into_iter().flatten().map(ToString::to_string).collect());
    part("Platform", artifact.platform.iter().map(ToString::to_string).collect());
    part(
        "Distribution",
        inventory
            .distro
            .iter()
            .map(|it| format!("{} ({} {})", it.name, it.id, it.version))
            .collect(),
    );
    part("Made", artifact.created.iter().map(ToString::to_string).collect());
    part("Runs", vec![artifact.command.join(" "), user(&artifact.user)]);
    let (bytes, wasted) = contents.bytes();
    let stored = match artifact.size {
        0 => String::new(),
        size => format!("{} as stored", text::bytes(size)),
    };
    let hidden =
        format!("{} of {} are hidden by later layers", text::bytes(wasted), text::bytes(bytes));
    part("Bytes", vec![stored, hidden]);
    part("Findings", vec![levels(&contents.levels())]);
    let problems = inventory.problems.iter().take(LISTED).map(|problem| {
        let at =
            if problem.path.is_empty() { String::new() } else { format!("{}: ", problem.path) };
        format!("{:?}: {at}{}", problem.kind, problem.message)
    });
    part("What could not be read, or is odd", problems.collect());
    let undecided = contents.scan.undecided.iter().take(LISTED);
    let undecided =
        undecided.map(|it| format!("{} {}: {} {}", it.package, it.version, it.advisory, it.why));
    part("Undecided", undecided.collect());
    let name = artifact.names.first().unwrap_or(&artifact.reference);
    Popup::text(name, &said)
}

fn user(user: &str) -> String {
    if user.is_empty() { "as root".to_owned() } else { format!("as {user}") }
}

/// A layer.
pub(super) fn layer(at: usize, contents: &Contents) -> Option<Popup> {
    let facts = contents.layers.get(at)?;
    let mut said = String::new();
    let layer = contents.scan.inventory.layers.get(at);
    if let Some(layer) = layer {
        let _ = writeln!(said, "Instruction\n  {}\n", text::one_line(&layer.created_by));
    }
    let _ = writeln!(said, "Bytes\n  {} of files", text::bytes(facts.bytes));
    if let Some(layer) = layer.filter(|layer| layer.size > 0) {
        let _ = writeln!(said, "  {} as stored", text::bytes(layer.size));
    }
    if facts.wasted > 0 {
        let wasted = text::bytes(facts.wasted);
        let _ = writeln!(said, "  {wasted} wasted: later layers delete or replace them");
    }
    if let Some(files) = contents.listing.layers.get(at) {
        let deleted = files.files.iter().filter(|file| file.kind.is_deletion()).count();
        let listed = files.files.len().saturating_sub(deleted);
        let _ = writeln!(said, "\nFiles\n  {listed} written, {deleted} deleted");
        if files.omitted > 0 {
            let _ = writeln!(said, "  {} more are not listed: there are too many", files.omitted);
        }
    }
    let gone = contents.packages.iter().filter(|package| package.removed_in == Some(at)).count();
    let _ = writeln!(said, "\nPackages\n  {} brought, {gone} removed", facts.packages);
    let _ = writeln!(said, "\nFindings\n  {}", levels(&facts.levels));
    if let Some(layer) = layer {
        for (head, digest) in [("Digest", &layer.digest), ("Digest of the tar", &layer.diff_id)] {
            if let Some(digest) = digest {
                let _ = writeln!(said, "\n{head}\n  {digest}");
            }
        }
    }
    Some(Popup::text(&format!("Layer #{at}"), &said))
}

/// A file or a folder.
pub(super) fn file(at: u32, files: &Files, contents: &Contents) -> Option<Popup> {
    let node = files.tree.node(at)?;
    let path = files.tree.path(at);
    let stored = files.stored(at, contents);
    let mut said = String::new();
    let _ = writeln!(said, "What it is");
    let _ = write!(said, "  {}", mode(stored, node.is_folder));
    if let Some(file) = stored {
        let _ = write!(said, " {:04o}, owner {}, group {}", file.mode, file.uid, file.gid);
    }
    let _ = writeln!(said, ", {} ({} bytes)", text::bytes(node.total), text::grouped(node.total));
    if let Some(file) = stored.filter(|file| !file.link.is_empty()) {
        let _ = writeln!(said, "  leads to {}", text::one_line(&file.link));
    }
    if node.change == Change::Removed {
        let _ = writeln!(said, "  deleted by the layer that is shown");
    }
    let _ = writeln!(said, "\nLayers");
    for (number, layer) in contents.listing.layers.iter().enumerate() {
        let start = layer.files.partition_point(|file| *file.path < *path);
        let of_path = layer.files.get(start..).unwrap_or_default().iter();
        for file in of_path.take_while(|file| *file.path == *path) {
            let does = match file.kind {
                FileKind::Whiteout => "deletes it".to_owned(),
                FileKind::Opaque => "deletes what was in it".to_owned(),
                FileKind::Folder => "has the folder".to_owned(),
                _ => format!("has it, {}", text::bytes(file.size)),
            };
            let made = contents.layers.get(number).map_or("", |layer| &layer.instruction);
            let _ = writeln!(said, "  #{number} {does}: {made}");
        }
    }
    let packages = files.packages_at(at, contents);
    let _ = writeln!(said, "\nPackages\n  {} here", packages.len());
    for (package, facts) in
        packages.iter().take(LISTED).filter_map(|package| contents.package(*package))
    {
        let (name, version) = (text::one_line(&package.name), text::one_line(&package.version));
        let count = text::plural(facts.findings.len(), "finding");
        let _ = writeln!(said, "  {name} {version} ({}), {count}", package.kind.purl_type());
    }
    Some(Popup::text(&format!("/{path}"), &said))
}

/// A package.
pub(super) fn package(at: u32, contents: &Contents) -> Option<Popup> {
    let (package, facts) = contents.package(at)?;
    let mut said = String::new();
    let _ = writeln!(said, "What it is\n  a package of {}", package.kind.purl_type());
    if let Some(source) = &package.source {
        let _ = writeln!(said, "  built from {} {}", source.name, source.version);
    }
    for (head, value) in
        [("for", &package.arch), ("from", &package.supplier), ("in the package", &package.owner)]
    {
        if let Some(value) = value {
            let _ = writeln!(said, "  {head} {}", text::one_line(value));
        }
    }
    if !package.licenses.is_empty() {
        let _ = writeln!(said, "  licensed {}", text::one_line(&package.licenses.join(", ")));
    }
    let _ = writeln!(said, "\nWhere");
    for location in package.locations.iter().take(LISTED) {
        let layer = location.layer.map(|layer| format!(", layer #{layer}")).unwrap_or_default();
        let _ = writeln!(said, "  {}{layer}", text::one_line(&location.path));
    }
    if let Some(layer) = facts.removed_in {
        let _ = writeln!(said, "  removed by layer #{layer}, so that no container has it");
    }
    let _ = writeln!(said, "\nFindings\n  {}, {} with a fix", facts.findings.len(), facts.fixable);
    for finding in facts.findings.iter().take(LISTED).filter_map(|at| contents.finding(*at)) {
        let _ = writeln!(
            said,
            "  {:<10} {} → {}",
            finding.severity,
            text::one_line(&finding.id),
            text::one_line(fix(&finding.fix))
        );
    }
    if !package.notes.is_empty() {
        let _ = writeln!(said, "\nNotes");
        for note in package.notes.iter().take(LISTED) {
            let _ = writeln!(said, "  {}", text::one_line(note));
        }
    }
    Some(Popup::text(&format!("{} {}", package.name, package.version), &said))
}

/// A finding.
pub(super) fn finding(at: u32, contents: &Contents) -> Option<Popup> {
    let finding: &Finding = contents.finding(at)?;
    let package = &finding.package;
    let mut said = String::new();
    let _ = writeln!(said, "{}\n", text::one_line(&finding.title));
    let by = text::one_line(&finding.severity_source);
    let _ = writeln!(said, "Severity\n  {}, by {by}", finding.severity);
    for rating in finding.ratings.iter().take(LISTED) {
        let score = rating.score.map(|score| format!(" {score:.1}")).unwrap_or_default();
        let source = text::one_line(&rating.source);
        let _ = writeln!(said, "  {source}{score} {}", text::one_line(&rating.value));
    }
    if let Some(kev) = &finding.kev {
        let ransomware = if kev.ransomware { ", and used by ransomware" } else { "" };
        let _ =
            writeln!(said, "  exploited: listed by CISA since {}{ransomware}", kev.added.date());
    }
    if let Some(epss) = finding.epss {
        let _ = writeln!(
            said,
            "  EPSS {:.2}%: likelier to be exploited than {:.0}% of all",
            epss.score * 100.0,
            epss.percentile * 100.0
        );
    }
    let (name, version) = (text::one_line(&package.name), text::one_line(&package.version));
    let _ = writeln!(said, "\nPackage\n  {name} {version} ({})", package.kind.purl_type());
    for location in package.locations.iter().take(LISTED) {
        let _ = writeln!(said, "  {}", text::one_line(&location.path));
    }
    let _ = writeln!(said, "\nFixed in\n  {}", text::one_line(fix(&finding.fix)));
    if !finding.description.is_empty() {
        let _ = writeln!(said, "\nDescription");
        for line in text::lines(&finding.description).lines() {
            let _ = writeln!(said, "  {}", line.trim());
        }
    }
    if !finding.aliases.is_empty() {
        let _ =
            writeln!(said, "\nAlso known as\n  {}", text::one_line(&finding.aliases.join(", ")));
    }
    if !finding.references.is_empty() {
        let _ = writeln!(said, "\nMore");
        for link in finding.references.iter().take(LISTED) {
            let _ = writeln!(said, "  {}", text::one_line(&link.url));
        }
    }
    let _ = writeln!(said, "\n  e: why it is said");
    Some(Popup::text(&finding.id, &said))
}

/// `2 critical, 5 high`.
pub(super) fn levels(counts: &[usize; 6]) -> String {
    let counted = Severity::ALL.iter().zip(counts).filter(|(_, count)| **count > 0);
    let words: Vec<String> = counted.map(|(level, count)| format!("{count} {level}")).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// What keys do.
pub(super) fn help() -> Popup {
    Popup::text("Keys", HELP)
}

const HELP: &str = "\
Move
  Tab, Shift-Tab, 1 to 4   to another pane
  ↑ ↓, k j                 a row up or down
  PgUp PgDn, Ctrl-b Ctrl-f a page
  g G, Home End            to the first or last row
  ← →, h l                 close or open a folder; go to the pane beside
  - +                      close or open all folders below
  /                        look for something; n and N: the next and the one before

Narrow
  in Layers                the cursor chooses the layer
  Space                    choose a file, package or finding: the other panes show what belongs to it
  o                        only what an update repairs
  a                        all layers up to the chosen one, or only what it does itself
  Esc                      take back the last choice

Open
  Enter                    all that is known of the row
  e                        why a finding is one, as `plimsoll explain` has it
  f                        which one change clears how many findings; Space shows which
  s                        another order
  z                        the pane alone, or all panes
  ?                        this
  q, Ctrl-C                leave

Signs
  + ~ -                    the layer adds, changes or deletes the file; ·: something below it
  ●                        chosen
  !                        known to be exploited (CISA KEV)
";
