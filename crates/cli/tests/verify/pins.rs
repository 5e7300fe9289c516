//! `--pin`: a manifest or a Dockerfile gets the digests of images that verify.

use plimsoll_testkit::DockerRegistry;

use crate::folder::Folder;

#[test]
fn a_file_gets_the_digests_that_were_verified_or_stays_as_it_is() {
    let folder = Folder::new();
    let registry = match DockerRegistry::start(None, None) {
        Ok(registry) => registry,
        Err(why) => return println!("skipped: {why}"),
    };
    let host = registry.host();
    for name in ["app:1", "side:2"] {
        if let Err(why) = registry.push(&folder.path("layout"), name) {
            return println!("skipped: {why}");
        }
    }
    let allow = format!("--insecure-registry {host}");
    let sign = |name: &str| folder.run(&format!("sign --key a.key {allow} {host}/{name}")).ended(0);
    let signed = sign("app:1");
    let digest = signed.out.trim().split_once('@').unwrap().1.to_owned();

    let manifest = format!(
        "# the shop\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: shop}}\nspec:\n  \
         template:\n    spec:\n      containers:\n      - name: app # first\n        image: \
         \"{host}/app:1\"   # pinned by us\n      - {{name: side, image: {host}/side:2}}\n---\n\
         apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: {host}/app@{digest}\n"
    );
    folder.write("deployment.yaml", &manifest);
    let pin = |file: &str, more: &str| folder.run(&format!("verify {allow} --pin {file} {more}"));
    let ran = pin("deployment.yaml", "--key a.pub").ended(1);
    assert!(ran.err.contains("`deployment.yaml` stays as it is"), "{}", ran.err);
    assert!(ran.out.contains(&format!("refused: {host}/side@{digest}")), "{}", ran.out);
    assert_eq!(folder.read("deployment.yaml"), manifest);

    folder.write(
        "policy.yaml",
        format!(
            "apiVersion: plimsoll.dev/v1\nkind: ImagePolicy\nmetadata: {{name: all}}\nspec:\n  \
             images: [{{glob: '{host}/**'}}]\n  authorities: [{{key: {{file: a.pub}}}}]\n"
        ),
    );
    pin("deployment.yaml", "--policy policy.yaml").ended(5);
    assert_eq!(folder.read("deployment.yaml"), manifest);
    sign("side:2");
    let ran = pin("deployment.yaml", "--policy policy.yaml").ended(0);
    assert!(ran.err.contains("2 of 3 images pinned by digest"), "{}", ran.err);
    let expected = manifest
        .replace("/app:1\"", &format!("/app:1@{digest}\""))
        .replace("/side:2}", &format!("/side:2@{digest}}}"));
    assert_eq!(folder.read("deployment.yaml"), expected, "all else stays");
    let ran = pin("deployment.yaml", "--key a.pub").ended(0);
    assert!(ran.err.contains("0 of 3 images pinned"), "{}", ran.err);
    assert_eq!(folder.read("deployment.yaml"), expected);

    let dockerfile = format!(
        "# syntax\nFROM {host}/app:1 AS build # no comment in a Dockerfile\nCOPY --from={host}/side:2 \
         /a /a\nFROM build\n"
    );
    let dockerfile = dockerfile.replace(" # no comment in a Dockerfile", "");
    folder.write("Dockerfile", &dockerfile);
    pin("Dockerfile", "--key b.pub").ended(1);
    assert_eq!(folder.read("Dockerfile"), dockerfile);
    pin("Dockerfile", "--key a.pub").ended(0);
    let expected = dockerfile
        .replace("/app:1 ", &format!("/app:1@{digest} "))
        .replace("/side:2 ", &format!("/side:2@{digest} "));
    assert_eq!(folder.read("Dockerfile"), expected);

    folder.write("Dockerfile", "ARG BASE\nFROM $BASE\n");
    let ran = pin("Dockerfile", "--key a.pub").ended(2);
    assert!(
        ran.err.contains("Dockerfile:2:6: which image `$BASE` is stands nowhere"),
        "{}",
        ran.err
    );
    folder.write("none.yaml", "kind: Service\napiVersion: v1\n");
    pin("none.yaml", "--key a.pub").ended(2);
}
