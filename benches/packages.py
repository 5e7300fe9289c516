#!/usr/bin/env python3
"""Says which packages Plimsoll and its peers find in the same images, and where they differ.

packages.py [IMAGE...]: a table of counts, then each package that a peer has and Plimsoll has not.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

from measure import BENCH, PLIMSOLL, peer, seed_trivy, table

KINDS = ["deb", "npm", "pypi", "maven", "golang", "cargo", "gem", "composer", "apk", "rpm"]


def purls(command, environment):
    """The packages of a CycloneDX document as `(kind, name, version)`."""
    found = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    if not found.stdout:
        sys.exit(f"{command[0]}: {found.stderr.strip()[-300:]}")
    packages = set()
    for component in json.loads(found.stdout).get("components", []):
        if purl := component.get("purl"):
            packages.add(simple(purl))
    return {package for package in packages if package[0] in KINDS}


def simple(purl):
    """Without qualifiers, but for the epoch, which some write there and some in the version."""
    path, _, qualifiers = purl.removeprefix("pkg:").partition("?")
    path, _, version = path.rpartition("@")
    kind, _, name = path.partition("/")
    name, version = urllib.parse.unquote(name), urllib.parse.unquote(version)
    epoch = urllib.parse.parse_qs(qualifiers).get("epoch", ["0"])[0]
    if epoch != "0" and ":" not in version:
        version = f"{epoch}:{version}"
    if kind == "pypi":
        name = name.lower().replace("_", "-")
    return kind, name, version


def main():
    images = sys.argv[1:] or ["python", "node", "java", "large"]
    rows, differences = [], []
    for image in images:
        path = BENCH / "images" / image / "oci-gzip"
        with tempfile.TemporaryDirectory() as cache:
            seed_trivy(pathlib.Path(cache))
            environment = {"TRIVY_CACHE_DIR": cache, "PLIMSOLL_CACHE_DIR": cache}
            ours = purls([PLIMSOLL, "sbom", f"oci-dir:{path}", "-o", "cyclonedx-json"], environment)
            found = {"plimsoll": ours}
            if peer("syft"):
                found["syft"] = purls([peer("syft"), f"oci-dir:{path}", "-q", "-o",
                                       "cyclonedx-json"], environment)
            if peer("trivy"):
                found["trivy"] = purls([peer("trivy"), "image", "--input", path, "--format",
                                        "cyclonedx", "--offline-scan", "-q", "--skip-version-check",
                                        "--skip-java-db-update"], environment)
        for kind in KINDS:
            counts = {tool: sum(p[0] == kind for p in packages) for tool, packages in found.items()}
            if any(counts.values()):
                rows.append([image, kind] + [str(counts.get(t, "")) for t in ("plimsoll", "syft", "trivy")])
        for tool, packages in found.items():
            for kind, name, version in sorted(packages - ours):
                differences.append(f"- {image}: {tool} has {kind} {name} {version}")
    table(["image", "kind", "plimsoll", "syft", "trivy"], rows)
    print("\n" + ("\n".join(differences) or "No peer has a package that Plimsoll has not."))


if __name__ == "__main__":
    main()
