//! A row for each workload and namespace, and who can come to the whole cluster; for people.

mod nodes;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use plimsoll_kube::assessment::{Other, Row, Said};
use plimsoll_kube::pss::Profile;
use plimsoll_kube::rbac::Subject;
use plimsoll_kube::releases::Support;

use super::{ClusterFormat, ClusterScan, Severities, levels};
use crate::style::{Role, Style};
use crate::text;

pub(super) const FORMAT: ClusterFormat =
    ClusterFormat { name: "table", about: "workloads, namespaces and rights in rows", write };

/// How many namespaces, or images, are named in one line.
const NAMED: usize = 10;

fn write(scan: &ClusterScan<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    head(scan, style, out)?;
    let admins: BTreeSet<&Subject> = scan.ways.iter().map(|path| path.from).collect();
    workloads(scan, &admins, style, out)?;
    namespaces(scan, style, out)?;
    nodes::write(scan, style, out)?;
    others(scan, style, out)?;

    heading("Ways to the whole cluster", style, out)?;
    for path in &scan.ways {
        let from = style.paint(Role::Strong, &text::one_line(&path.from.to_string()));
        let steps: Vec<String> = path.steps.iter().map(ToString::to_string).collect();
        writeln!(out, "{from}: may {}", text::one_line(&steps.join(", then ")))?;
    }
    if scan.ways.is_empty() {
        writeln!(out, "none but those that Kubernetes itself has")?;
    }
    network(scan, out)?;
    if scan.is_whole {
        details(scan, style, out)?;
    }
    missing(scan, style, out)
}

fn heading(name: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{}", style.paint(Role::Strong, name))
}

fn head(scan: &ClusterScan<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let found = scan.assessment;
    let name = style.paint(Role::Strong, &text::one_line(&scan.name));
    let pods = text::plural(usize::try_from(scan.pods()).unwrap_or(usize::MAX), "pod");
    let workloads = text::plural(found.workloads.len(), "workload");
    let images = text::plural(found.images.len(), "image");
    let place = match &scan.namespace {
        Some(only) => format!("the namespace {}", text::one_line(only)),
        None => text::plural(found.namespaces.len(), "namespace"),
    };
    writeln!(out, "{name}: {pods} of {workloads} in {place}, {images}")?;
    if let Some(why) = &scan.stopped {
        let line = format!("This is a part of it: {}", text::one_line(why));
        writeln!(out, "{}", style.paint(Role::Bad, &line))?;
    }
    let said = |support: Support| {
        let role = match support {
            Support::Until(_) => Role::Good,
            Support::Unknown => Role::Faint,
            _ => Role::Bad,
        };
        style.paint(role, &support.about())
    };
    let support = |version: &str| said(scan.support(version));
    if let Some(version) = &scan.server {
        writeln!(out, "Kubernetes {}: {}", text::one_line(version), support(version))?;
    }
    for (version, nodes) in &found.kubelets {
        let nodes = text::plural(*nodes, "node");
        writeln!(out, "Kubelet {} ({nodes}): {}", text::one_line(version), support(version))?;
    }
    for one in scan.components() {
        // Of what no table has nothing can be said.
        if one.support == Support::Unknown {
            continue;
        }
        let name = if one.name == "operating system" { "" } else { &one.name };
        let nodes = match one.nodes {
            0 => String::new(),
            nodes => format!(" ({})", text::plural(nodes, "node")),
        };
        let named = format!("{name} {}", one.version);
        writeln!(out, "{}{nodes}: {}", text::one_line(named.trim()), said(one.support))?;
    }
    for wrong in scan.skews() {
        writeln!(out, "{}", style.paint(Role::Bad, &text::one_line(&wrong)))?;
    }
    Ok(())
}

fn workloads(
    scan: &ClusterScan<'_>,
    admins: &BTreeSet<&Subject>,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    heading("Workloads", style, out)?;
    let with_images = !scan.images.is_empty();
    let severities = Severities::of(&scan.images);
    let mut rows = vec![titles(with_images)];
    for row in &scan.assessment.workloads {
        let mut cells = vec![
            Cell::text(&row.namespace),
            Cell::text(&format!("{}/{}", row.kind, row.name)),
            Cell::number(usize::try_from(row.pods).unwrap_or(usize::MAX), Role::Plain),
        ];
        if with_images {
            let [critical, high, medium, low, negligible, unknown] =
                severities.together(&row.images);
            cells.extend([
                Cell::number(critical, Role::Bad),
                Cell::number(high, Role::Warning),
                Cell::number(medium, Role::Plain),
                Cell::number(low.saturating_add(negligible), Role::Plain),
                Cell::number(unknown, Role::Plain),
            ]);
        }
        cells.extend(of_levels(&row.findings));
        cells.push(profile(row.meets));
        cells.push(Cell::left(&notes(scan, row, admins), Role::Warning));
        rows.push(cells);
    }
    print(&rows, style, out)
}

fn titles(with_images: bool) -> Vec<Cell> {
    let left = |name: &str| Cell::left(name, Role::Faint);
    let right = |name: &str| Cell { text: name.to_owned(), role: Role::Faint, right: true };
    let mut cells = vec![left("NAMESPACE"), left("WORKLOAD"), right("PODS")];
    if with_images {
        cells.extend(["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN"].map(right));
    }
    cells.extend(["ERRORS", "WARNINGS", "INFOS"].map(right));
    cells.extend([left("MEETS"), left("NOTE")]);
    cells
}

/// What makes a workload weigh more.
fn notes(scan: &ClusterScan<'_>, row: &Row, admins: &BTreeSet<&Subject>) -> String {
    let exposed = scan.exposed(row).map(|by| format!("open by {by}"));
    let admin = admins
        .contains(&ClusterScan::account(row))
        .then(|| format!("{} comes to the whole cluster", row.account));
    let partial = row
        .images
        .iter()
        .any(|number| scan.images.get(*number).is_some_and(|image| image.problem.is_some()));
    let partial = partial.then(|| "an image is not read".to_owned());
    [exposed, admin, partial].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn namespaces(scan: &ClusterScan<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    heading("Namespaces", style, out)?;
    let titles = ["NAMESPACE", "WORKLOADS", "MEETS", "ENFORCES", "POLICIES", "OPEN WORKLOADS"];
    let mut rows = vec![titles.map(|name| Cell::left(name, Role::Faint)).to_vec()];
    for (name, home) in &scan.assessment.namespaces {
        let enforced = home.modes.map(|modes| modes.enforce.to_string());
        rows.push(vec![
            Cell::text(name),
            Cell::number(home.workloads, Role::Plain),
            profile(home.meets()),
            Cell::text(enforced.as_deref().unwrap_or("-")),
            Cell::number(home.policies, Role::Plain),
            Cell::number(home.open, Role::Plain),
        ]);
    }
    print(&rows, style, out)
}

fn others(scan: &ClusterScan<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if scan.assessment.others.is_empty() {
        return Ok(());
    }
    heading("Roles, bindings, services", style, out)?;
    let mut titles = vec![Cell::left("NAMESPACE", Role::Faint), Cell::left("OBJECT", Role::Faint)];
    titles.extend(["ERRORS", "WARNINGS", "INFOS"].map(|name| Cell {
        text: name.to_owned(),
        role: Role::Faint,
        right: true,
    }));
    let mut rows = vec![titles];
    for Other { namespace, kind, name, findings, .. } in &scan.assessment.others {
        let mut cells = vec![
            Cell::text(namespace.as_deref().unwrap_or("-")),
            Cell::text(&format!("{kind}/{name}")),
        ];
        cells.extend(of_levels(findings));
        rows.push(cells);
    }
    print(&rows, style, out)
}

fn network(scan: &ClusterScan<'_>, out: &mut dyn Write) -> io::Result<()> {
    let found = scan.assessment;
    let homes = found.namespaces.iter().filter(|(_, home)| home.workloads > 0);
    let (with, without): (Vec<_>, Vec<_>) = homes.partition(|(_, home)| home.policies > 0);
    if !without.is_empty() {
        let names: Vec<String> =
            without.iter().take(NAMED).map(|(name, _)| text::one_line(name)).collect();
        let more = without.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let all = text::plural(with.len() + without.len(), "namespace");
        let count = without.len();
        writeln!(
            out,
            "\n{count} of {all} with workloads have no network policy: {}{more}",
            names.join(", ")
        )?;
    }
    let exposed = found.reach.exposed.len();
    if exposed > 0 {
        let open = text::plural(exposed, "workload");
        let verb = if exposed == 1 { "is" } else { "are" };
        match found.reach.reached {
            Some(reached) => writeln!(
                out,
                "{open} {verb} open to the world; from there one comes to {reached} more over \
                 open ports"
            )?,
            None => writeln!(
                out,
                "{open} {verb} open to the world; how far one comes from there is not worked out \
                 for so many: `plimsoll kube netpol lateral` does"
            )?,
        }
    }
    for object in &found.reach.unread {
        writeln!(out, "not counted for traffic: {}", text::one_line(object))?;
    }
    Ok(())
}

fn details(scan: &ClusterScan<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let found = scan.assessment;
    heading("What rules say", style, out)?;
    for row in &found.workloads {
        let name = format!("{}/{}/{}", row.namespace, row.kind, row.name);
        all_said(&name, &row.findings, style, out)?;
    }
    for other in &found.others {
        let home = other.namespace.as_deref().map(|home| format!("{home}/")).unwrap_or_default();
        all_said(&format!("{home}{}/{}", other.kind, other.name), &other.findings, style, out)?;
    }
    if scan.images.is_empty() {
        return Ok(());
    }
    heading("Images", style, out)?;
    let mut users: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for row in &found.workloads {
        for number in &row.images {
            let name = format!("{}/{}/{}", row.namespace, row.kind, row.name);
            users.entry(*number).or_default().push(name);
        }
    }
    for (number, image) in scan.images.iter().enumerate() {
        let names = found.images.get(number).into_iter().flat_map(|image| &image.names);
        let names: Vec<String> = names.map(|name| text::one_line(name)).collect();
        writeln!(
            out,
            "{} {}",
            style.paint(Role::Strong, &names.join(", ")),
            text::one_line(&image.distro)
        )?;
        if let Some(users) = users.get(&number) {
            let more = users.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let shown: Vec<String> =
                users.iter().take(NAMED).map(|name| text::one_line(name)).collect();
            let line = format!("  runs in {}{more}", shown.join(", "));
            writeln!(out, "{}", style.paint(Role::Faint, &line))?;
        }
        if let Some(problem) = &image.problem {
            writeln!(out, "  {}", style.paint(Role::Bad, &text::one_line(problem)))?;
        }
        let rows = image.findings.iter().map(|one| {
            vec![
                Cell::left(&format!("  {}", one.id), Role::Plain),
                Cell::left(one.severity.name(), Role::Level(one.severity)),
                Cell::text(&one.package),
                Cell::text(&one.version),
                Cell::left(one.fixed.as_deref().unwrap_or("-"), Role::Good),
            ]
        });
        print(&rows.collect::<Vec<_>>(), style, out)?;
    }
    Ok(())
}

fn all_said(name: &str, all: &[Said], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", style.paint(Role::Strong, &text::one_line(name)))?;
    let rows = all.iter().map(|said| {
        let times = if said.times > 1 { format!(" ({} times)", said.times) } else { String::new() };
        vec![
            Cell::left(&format!("  {}", said.level), Role::Plain),
            Cell::left(said.rule.id, Role::Faint),
            Cell::text(&format!("{}{times}", said.message)),
        ]
    });
    print(&rows.collect::<Vec<_>>(), style, out)
}

fn missing(scan: &ClusterScan<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if scan.missing.is_empty() {
        return Ok(());
    }
    heading("Not read", style, out)?;
    for one in &scan.missing {
        writeln!(out, "{}", style.paint(Role::Bad, &text::one_line(one)))?;
    }
    Ok(())
}

fn profile(profile: Profile) -> Cell {
    let role = match profile {
        Profile::Privileged => Role::Bad,
        Profile::Baseline => Role::Warning,
        Profile::Restricted => Role::Good,
    };
    Cell::left(profile.name(), role)
}

fn of_levels(findings: &[Said]) -> [Cell; 3] {
    let [errors, warnings, infos, styles] = levels(findings);
    [
        Cell::number(errors, Role::Bad),
        Cell::number(warnings, Role::Warning),
        Cell::number(infos.saturating_add(styles), Role::Plain),
    ]
}

/// A cell of a table.
#[derive(Clone)]
struct Cell {
    text: String,
    role: Role,
    /// Whether it is set to the right, as numbers are.
    right: bool,
}

impl Cell {
    fn text(text: &str) -> Self {
        Self::left(text, Role::Plain)
    }

    fn left(text: &str, role: Role) -> Self {
        // What is set in at the beginning stays so.
        let indent = text.len().saturating_sub(text.trim_start().len());
        let text = format!("{}{}", " ".repeat(indent), text::one_line(text));
        Self { text, role, right: false }
    }

    fn number(number: usize, role: Role) -> Self {
        let role = if number == 0 { Role::Faint } else { role };
        Self { text: number.to_string(), role, right: true }
    }
}

fn print(rows: &[Vec<Cell>], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| text::width(&cell.text)).max().unwrap_or(0)
        })
        .collect();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let blank = " ".repeat(width.saturating_sub(text::width(&cell.text)));
            let painted = style.paint(cell.role, &cell.text);
            if cell.right {
                line = line + &blank + &painted + "  ";
            } else {
                line = line + &painted + &blank + "  ";
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
