//! What is hidden of a text, and what is not.

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::redact::{redacted, redactions};
use plimsoll_model::text::Source;
use proptest::prelude::*;

/// The text without its secrets, each of which has `hunter2` in it.
fn shown(text: &str) -> String {
    let shown = redacted(text);
    assert!(!shown.contains("hunter2"), "{shown}");
    shown
}

#[test]
fn what_a_secret_has_is_hidden_in_every_style() {
    assert_eq!(
        shown(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ntype: Opaque\ndata:\n  a: \
             aHVudGVyMg== # hunter2\nstringData:\n  b: hunter2\n  c: 'hunter2 hunter2'\n  d: |\n    \
             hunter2\n\n    hunter2\n  e: \"hunter2\n    hunter2\"\n  f: hunter2\n    hunter2\n"
        ),
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ntype: Opaque\ndata:\n  a: *** \
         # ***\nstringData:\n  b: ***\n  c: ***\n  d: |\n    ***\n\n    ***\n  e: ***\n    ***\n  f: \
         ***\n    ***\n"
    );
    assert_eq!(
        shown("{apiVersion: v1, kind: Secret, data: {a: hunter2, b: [hunter2]}, odd: hunter2}\n"),
        "{apiVersion: v1, kind: Secret, data: {a: ***, b: [***]}, odd: ***}\n"
    );
    assert_eq!(
        shown("{\"kind\":\"Secret\",\"stringData\":{\"a\":\"hunter2\",\"a\":\"hunter2\"}}"),
        "{\"kind\":\"Secret\",\"stringData\":{\"a\":***,\"a\":***}}"
    );
    shown("kind: SecretList\nitems:\n- data: {a: hunter2}\n");
    shown("kind: List\nitems:\n- kind: Secret\n  data: hunter2\n");
    shown("kind: Secret\ndata: {a: &x hunter2, b: *x}\n");
}

#[test]
fn what_stands_behind_the_name_of_a_secret_is_hidden() {
    assert_eq!(
        shown(
            "kind: Pod\nspec:\n  containers:\n  - env:\n    - {name: DB_PASSWORD, value: hunter2}\n    \
             - value: 'hunter2'\n      name: API_TOKEN\n    - name: URL\n      value: \
             postgres://web:hunter2@db/shop\n    - name: TOKEN_FILE\n      value: /run/token\n    \
             args: [--db-password=hunter2, --password, hunter2, --port, '80']\n    command:\n    - \
             sh\n    - -c\n    - |\n      exec web --token hunter2\n"
        ),
        "kind: Pod\nspec:\n  containers:\n  - env:\n    - {name: DB_PASSWORD, value: ***}\n    - \
         value: ***\n      name: API_TOKEN\n    - name: URL\n      value: postgres://web:***\n    - \
         name: TOKEN_FILE\n      value: /run/token\n    args: [--db-password=***, --password, ***, \
         --port, '80']\n    command:\n    - sh\n    - -c\n    - |\n      ***\n"
    );
    assert_eq!(
        shown(
            "kind: ConfigMap\ndata:\n  db_password: hunter2\n  app.ini: |\n    [db]\n    password = \
             hunter2\n  host: db\n  other.json: '{\"token\": \"hunter2\"}'\n"
        ),
        "kind: ConfigMap\ndata:\n  db_password: ***\n  app.ini: |\n    ***\n    ***\n  host: db\n  \
         other.json: '{\"token\": ***'\n"
    );
    shown(
        "metadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      \
           {\"x\": \"hunter2\"}\n",
    );
}

#[test]
fn comments_and_what_cannot_be_read_give_nothing_away() {
    assert_eq!(
        shown("kind: Pod # x\n# password: hunter2\nspec: {} # token=hunter2\n"),
        "kind: Pod # x\n# password: ***\nspec: {} # token=***\n"
    );
    assert_eq!(
        shown("kind: Secret\nstringData:\n  a: \"hunter2\n---\nkind: Pod\n"),
        "kind: ***\nstringData:\n  a: ***\n---\nkind: Pod\n"
    );
    shown("kind: Pod\nspec: [\n  {name: DB_PASSWORD, value: hunter2},\n---\nkind: Pod\n");
    let harmless = "kind: Pod\nspec: [\n  {name: HOST, value: db},\n";
    assert_eq!(shown(harmless), harmless);
}

#[test]
fn what_is_no_secret_is_shown() {
    let text = "kind: Pod\nmetadata: {name: web, annotations: {a/secret-name: db}}\nspec:\n  \
                automountServiceAccountToken: false\n  imagePullSecrets: [{name: pull}]\n  \
                containers:\n  - image: registry.example.com/token:1.2\n    env:\n    - name: \
                DB_PASSWORD\n      valueFrom: {secretKeyRef: {name: db, key: password}}\n  \
                volumes:\n  - {name: s, secret: {secretName: db}}\n";
    assert_eq!(shown(text), text);
}

proptest! {
    #[test]
    fn any_text_has_places_within_lines_and_in_order(
        text in "(kind: Secret\n|data:\n|  a: |\"|\\||#|---\n|password: |[\\[{}\\]]|\\PC{0,6}|\n| )*"
    ) {
        let manifest = Manifest::parse(Source::new(text.as_str()));
        let mut behind = 0;
        for span in redactions(&manifest) {
            let part = manifest.source.slice(span);
            prop_assert!(behind <= span.start && !part.is_empty() && !part.contains('\n'));
            behind = span.end;
        }
    }
}
