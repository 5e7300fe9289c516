//! What is asked of every sub-command: one line each.

/// A sub-command and how it is called.
pub(super) struct Row {
    /// With `@` in the place of what it reads.
    pub(super) line: &'static str,
    /// What it reads when all is well; empty where nothing is read from a file.
    pub(super) good: &'static str,
    /// What stands in front of a path.
    pub(super) prefix: &'static str,
    /// The flag that names a file to write, with `%` in its place.
    pub(super) output: &'static str,
    /// The same with a reference to an image at `@`, where it takes one.
    pub(super) image: &'static str,
}

const fn row(line: &'static str, good: &'static str) -> Row {
    Row { line, good, prefix: "", output: "", image: "" }
}

impl Row {
    const fn writes(self, output: &'static str) -> Self {
        Self { output, ..self }
    }

    const fn prefix(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    const fn image(self, image: &'static str) -> Self {
        Self { image, ..self }
    }
}

const IMAGE: &str = "oci-dir:s/image/shop";

/// The table.
pub(super) const ROWS: &[Row] = &[
    row("as trivy image --input @", "s/image/shop")
        .writes("-f json -o %")
        .image("as trivy image @"),
    row("as trivy fs @", "s/shop").writes("-f json -o %"),
    row("as trivy config @", "s/shop/Dockerfile").writes("-f json -o %"),
    row("as trivy sbom @", "bom.json").writes("-f json -o %"),
    row("as grype @", IMAGE)
        .prefix("oci-archive:")
        .writes("-o json --file %")
        .image("as grype registry:@"),
    row("as syft scan @", IMAGE)
        .prefix("oci-archive:")
        .writes("-o spdx-json=%")
        .image("as syft scan registry:@"),
    row("as hadolint @", "s/shop/Dockerfile"),
    row("as dockle --input @", "s/image/shop").writes("-f json -o %").image("as dockle @"),
    row("as falco -r @ --dry-run", "s/rules/base.yaml"),
    row("as cosign sign-blob --yes --key k.key @", "s/shop/Dockerfile")
        .writes("--output-signature %")
        .image("as cosign sign --yes --key k.key @"),
    row("as snyk container test @", IMAGE)
        .prefix("docker-archive:")
        .writes("--json-file-output=%")
        .image("as snyk container test @"),
    row("as clair-scanner -w @ --clair=http://127.0.0.1:1 --ip=127.0.0.1 a:1", ""),
    row(
        "as slsa-verifier verify-artifact --source-uri github.com/a/b --provenance-path @ s/shop/Dockerfile",
        "",
    ),
    row(
        "attest --key k.key --predicate @ s/shop/Dockerfile --type https://example.com/x",
        "s/image/predicate.json",
    )
    .writes("--bundle %")
    .image("attest --key k.key --predicate s/image/predicate.json --type https://example.com/x @"),
    row("base --dockerfile @", "s/shop/Dockerfile").writes("-f json=%").image("base @"),
    row("db update --db dbu --mirror @", "s/db/mirror"),
    row("db status --db @", "db"),
    row("db export --db @ out.tar", "db"),
    row("db import --db dbi @", "db.tar"),
    row("download signature @", "").prefix("oci-archive:").image("download signature @"),
    row("download attestation @", "").prefix("oci-archive:").image("download attestation @"),
    row("download list @", IMAGE).prefix("oci-archive:").image("download list @"),
    row("gate @ -f s/image/gate.toml", IMAGE).writes("-o json=%").image("gate registry:@"),
    row("gate oci-dir:s/image/shop -f @", "s/image/gate.toml").writes("-o json=%"),
    row("init @", ""),
    row("kube admit --config @ --review s/admit/review.json", "s/admit/admit.yaml"),
    row("kube admit --config s/admit/admit.yaml --review @", "s/admit/review.json"),
    row("kube cis-node --root @", "s/node").writes("-o json=%"),
    row("kube import @", "s/admit/policies"),
    row("kube lint @", "s/kube/shop.yaml").writes("-f json=%"),
    row("kube netpol query --from shop/web --to shop/db --port 80 @", "s/netpol/shop.yaml")
        .writes("-o json=%"),
    row("kube netpol matrix @", "s/netpol/shop.yaml").writes("-o json=%"),
    row("kube netpol check @", "s/netpol/shop.yaml").writes("-f json=%"),
    row("kube netpol who-can-reach shop/db @", "s/netpol/shop.yaml").writes("-o json=%"),
    row("kube netpol isolated @", "s/netpol/shop.yaml").writes("-o json=%"),
    row("kube netpol diff @ s/netpol/after", "s/netpol/before"),
    row("kube netpol lateral @", "s/netpol/shop.yaml").writes("-o json=%"),
    row("kube netpol test --expect @ s/netpol/shop.yaml", "s/netpol/expect.yaml")
        .writes("-o json=%"),
    row("kube netpol suggest @", "s/netpol/shop.yaml"),
    row("kube operator --kubeconfig @", ""),
    row("kube pss plan @", "s/kube/shop.yaml").writes("-o json=%"),
    row("kube rbac paths @", "s/kube/rights.yaml").writes("-o json=%"),
    row("kube rbac who-can get secrets @", "s/kube/rights.yaml"),
    row("kube scan --kubeconfig @", ""),
    row("kube scan @", "s/kube/shop.yaml").writes("-o json=%"),
    row("key import @ -o imported --force", "k.key"),
    row("key public --key @", "k.key"),
    row("lint @", "s/shop/Dockerfile").writes("-f json=%"),
    row("lint --fix --diff @", "s/shop/Dockerfile"),
    row("profile --kind seccomp @", "s/image/events.jsonl"),
    row("provenance generate @", "").image("provenance generate @"),
    row("provenance rebuild @ oci-dir:s/image/shop", "")
        .prefix("oci-archive:")
        .image("provenance rebuild @ @"),
    row("provenance verify --source-uri github.com/a/b --provenance-path @ s/shop/Dockerfile", "")
        .image("provenance verify --source-uri github.com/a/b @"),
    row("rules bench --replay s/image/events.jsonl -- @", "s/rules/base.yaml"),
    row("rules check @", "s/rules/base.yaml").writes("-o json=%"),
    row("rules explain x @", ""),
    row("rules fmt --check @", "s/rules/base.yaml"),
    row("rules list @", "s/rules/base.yaml"),
    row("rules test --rules s/rules/audit.yaml -- @", "s/rules/cases.yaml"),
    row("sbom @", IMAGE).prefix("oci-archive:").writes("-o spdx-json=%").image("sbom registry:@"),
    row("sbom @", "dir:s/shop").prefix("dir:").writes("-o spdx-json=%"),
    row("scan @", IMAGE).prefix("oci-archive:").writes("-o json=%").image("scan registry:@"),
    row("scan --fail-on low @", IMAGE).prefix("docker-archive:").writes("-o json=%"),
    row("scan @", "sbom:bom.json").prefix("sbom:").writes("-o json=%"),
    row("serve backup copy.tar.zst --data-dir @", ""),
    row("serve rotate-key --data-dir @", ""),
    row("serve restore --data-dir restored @", ""),
    row("sign --key @ s/shop/Dockerfile", "k.key").writes("--bundle %").image("sign --key k.key @"),
    row("sign --key k.key @", "s/shop/Dockerfile").writes("--bundle %"),
    row("trust update --mirror @", ""),
    row("trust init --root @ --mirror s/db/mirror", ""),
    row("tui @", "").prefix("oci-archive:").image("tui registry:@"),
    row("update @", "s/shop").writes("-o json=%"),
    row("verify --key @ s/shop/Dockerfile", "").image("verify --key k.pub @"),
    row("verify --key k.pub @", ""),
    row("watch -r s/rules/base.yaml -e @", "s/image/events.jsonl"),
    row("watch -e s/image/events.jsonl -r @", "s/rules/base.yaml"),
];

/// Sub-commands that are not asked, and why.
pub(super) const LEFT_OUT: &[(&str, &str)] = &[
    ("as", "its tools are"),
    ("completions", "it reads nothing"),
    ("explain", "it reads the last scan"),
    ("key generate", "it reads nothing"),
    ("lsp", "it reads what its client sends: its own tests"),
    ("man", "it reads nothing"),
    ("provenance summary", "its claims are made up by its own tests"),
    ("rules fields", "it reads nothing"),
    ("serve", "it runs until it is told to end: its own tests"),
    ("serve token", "it reads nothing"),
    ("trust status", "it reads nothing"),
];
