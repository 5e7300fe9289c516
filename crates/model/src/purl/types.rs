//! What the types of package URLs ask of their parts.
//!
//! Source: <https://github.com/package-url/purl-spec/tree/main/types>.

use super::Purl;

/// Whether a part must, may or must not be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    Optional,
    Prohibited,
}

use Presence::{Optional, Prohibited, Required};

/// A type: its namespace, and which parts are brought to lower case.
struct Rule {
    kind: &'static str,
    namespace: Presence,
    lower_namespace: bool,
    lower_name: bool,
}

const fn rule(kind: &'static str, namespace: Presence, lower: (bool, bool)) -> Rule {
    Rule { kind, namespace, lower_namespace: lower.0, lower_name: lower.1 }
}

const KEPT: (bool, bool) = (false, false);
const LOWER: (bool, bool) = (true, true);
const LOWER_NAMESPACE: (bool, bool) = (true, false);
const LOWER_NAME: (bool, bool) = (false, true);

const RULES: &[Rule] = &[
    rule("alpm", Required, LOWER),
    rule("apk", Required, LOWER),
    rule("bitbucket", Required, LOWER),
    rule("bitnami", Prohibited, LOWER_NAME),
    rule("brew", Optional, LOWER),
    rule("cargo", Prohibited, KEPT),
    rule("chrome-extension", Prohibited, KEPT),
    rule("composer", Required, LOWER),
    rule("cpan", Optional, KEPT),
    rule("cran", Prohibited, KEPT),
    rule("deb", Optional, LOWER),
    rule("gem", Prohibited, KEPT),
    rule("github", Required, LOWER),
    rule("golang", Optional, LOWER),
    rule("hackage", Prohibited, KEPT),
    rule("hex", Optional, LOWER),
    rule("julia", Prohibited, KEPT),
    rule("luarocks", Optional, LOWER),
    rule("maven", Optional, KEPT),
    rule("npm", Optional, LOWER),
    rule("nuget", Prohibited, KEPT),
    rule("oci", Prohibited, LOWER_NAME),
    rule("opam", Prohibited, KEPT),
    rule("otp", Prohibited, LOWER_NAME),
    rule("pub", Prohibited, LOWER_NAME),
    rule("pypi", Prohibited, LOWER_NAME),
    rule("qpkg", Optional, LOWER_NAMESPACE),
    rule("rpm", Optional, LOWER_NAMESPACE),
    rule("swift", Required, KEPT),
    rule("vcpkg", Prohibited, KEPT),
    rule("vscode-extension", Required, LOWER),
];

/// Brings the parts to the canonical form of their type, or says what the type forbids.
pub(super) fn canonical(purl: &mut Purl) -> Result<(), &'static str> {
    if let Some(rule) = RULES.iter().find(|rule| rule.kind == purl.kind) {
        match rule.namespace {
            Required if purl.namespace.is_empty() => return Err("its type needs a namespace"),
            Prohibited if !purl.namespace.is_empty() => return Err("its type has no namespaces"),
            _ => {}
        }
        if rule.lower_namespace {
            purl.namespace = purl.namespace.to_lowercase();
        }
        if rule.lower_name {
            purl.name = purl.name.to_lowercase();
        }
    }
    match purl.kind.as_str() {
        "pypi" => purl.name = purl.name.replace('_', "-"),
        "huggingface" | "vscode-extension" => purl.version = purl.version.to_lowercase(),
        // Names are case-sensitive or not as the server has it.
        "mlflow"
            if purl
                .qualifiers
                .get("repository_url")
                .is_some_and(|url| url.contains("azuredatabricks")) =>
        {
            purl.name = purl.name.to_lowercase();
        }
        "cpan" if purl.name.contains("::") => {
            return Err("it names a module where a distribution is asked for");
        }
        "chrome-extension" => return chrome_extension(purl),
        _ => {}
    }
    Ok(())
}

/// 32 letters from a to p, and up to four numbers.
fn chrome_extension(purl: &Purl) -> Result<(), &'static str> {
    let letters = purl.name.bytes().all(|byte| matches!(byte, b'a'..=b'p'));
    if purl.name.len() != 32 || !letters {
        return Err("the name of an extension has 32 letters from a to p");
    }
    if purl.version.split('.').count() > 4 {
        return Err("the version of an extension has at most four numbers");
    }
    Ok(())
}
