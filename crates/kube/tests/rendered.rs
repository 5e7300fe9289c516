//! Places in templates, with helm itself as the witness: a copy of a chart tells by a comment at
//! the end of each line which one it is, and what helm prints of the copy says where each line of
//! the print came from.
//!
//! Skipped where there is no `helm`: `make sign-peers` fetches it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use plimsoll_kube::manifest::{Node, Value};
use plimsoll_kube::rendered::helm;
use plimsoll_model::text::Source;

/// What ends a line that tells its number.
const MARK: &str = " #@";

fn run(folder: &Path, arguments: &[&str]) -> Option<String> {
    let ran = Command::new("helm").current_dir(folder).env("HOME", folder).args(arguments).output();
    let ran = match ran {
        Ok(ran) => ran,
        Err(error) => {
            eprintln!("skipped: helm: {error}");
            return None;
        }
    };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// The template with the number of each line at its end, where a comment changes nothing.
fn marked(template: &str) -> String {
    let mut marked = String::new();
    for (number, line) in template.lines().enumerate() {
        marked.push_str(line);
        let bare = line.trim();
        let is_yaml = !bare.starts_with("{{") && !bare.is_empty() && bare != "---";
        if is_yaml && !line.contains("{{-") && !line.contains("-}}") && !bare.ends_with('|') {
            let _ = write!(marked, "{MARK}{}", number + 1);
        }
        marked.push('\n');
    }
    marked
}

/// The places of all names of fields, in order.
fn places(node: &Node, source: &Source, found: &mut Vec<u32>) {
    match &node.value {
        Value::Mapping(mapping) => {
            for field in &mapping.fields {
                found.push(source.line(field.name_span.start));
                places(&field.value, source, found);
            }
        }
        Value::Sequence(sequence) => {
            sequence.items.iter().for_each(|item| places(item, source, found));
        }
        Value::Scalar(_) => {}
    }
}

const LOOP: &str = "{{- range $name, $port := .Values.ports }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
spec:
  ports:
    {{- range $port }}
    - name: {{ .name }}
      port: {{ .port }}
      {{- if .node }}
      nodePort: {{ .node }}
      {{- end }}
    {{- end }}
  {{- if eq $name \"b\" }}
  type: NodePort
  {{- else }}
  type: ClusterIP
  {{- end }}
{{- end }}
";

const VALUES: &str = "
podAnnotations: {a: b}
autoscaling: {enabled: true, targetMemoryUtilizationPercentage: 70}
ingress: {enabled: true, tls: [{secretName: a, hosts: [b, c]}]}
httpRoute: {enabled: true}
resources: {limits: {cpu: 1}}
ports:
  a: [{name: x, port: 1}, {name: y, port: 2}]
  b: [{name: x, port: 1, node: 30000}]
";

#[test]
fn every_field_is_placed_on_the_line_that_helm_printed_it_from() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    if run(at, &["create", "shop"]).is_none() {
        return;
    }
    let templates = at.join("shop/templates");
    fs::write(templates.join("loop.yaml"), LOOP).unwrap();
    fs::write(at.join("values.yaml"), VALUES).unwrap();
    let mut originals = Vec::new();
    for name in ["deployment", "service", "serviceaccount", "ingress", "hpa", "loop"] {
        let path = templates.join(format!("{name}.yaml"));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, marked(&text)).unwrap();
        originals.push((format!("shop/templates/{name}.yaml"), text));
    }
    let told = run(at, &["template", "x", "shop", "--values", "values.yaml"]).unwrap();
    let (mut right, mut wrong) = (0, Vec::new());
    for (name, original) in originals {
        let part = |text: &str| {
            helm(text).into_iter().find(|part| part.file.as_deref() == Some(&name)).unwrap()
        };
        let truth = part(&told).manifest.source;
        let line = |number: u32| {
            truth.slice(truth.line_span(number)).rsplit_once(MARK)?.1.parse::<u32>().ok()
        };
        let plain: String = told
            .lines()
            .map(|line| line.split_once(MARK).map_or(line, |(line, _)| line).to_owned() + "\n")
            .collect();
        let printed = part(&plain);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for document in &printed.manifest.documents {
            places(document, &printed.manifest.source, &mut before);
        }
        let placed = printed.in_template(Source::new(original));
        for document in &placed.manifest.documents {
            places(document, &placed.manifest.source, &mut after);
        }
        assert_eq!(before.len(), after.len());
        for (before, after) in before.into_iter().zip(after) {
            match line(before) {
                Some(truth) if truth == after => right += 1,
                Some(truth) => wrong.push(format!("{name}:{truth} is placed at {after}")),
                None => {}
            }
        }
    }
    assert!(wrong.is_empty() && right > 80, "{right} right, not so: {wrong:#?}");
}
