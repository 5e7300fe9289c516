#!/usr/bin/env python3
"""Says which packages Plimsoll and its peers find in the same images, and where they differ.

compare_packages.py [--fresh] [--all] [NAME[=REFERENCE]...]

A name alone is an image of `benches/images`, or `demo`; without names all that are there. Any other
input is given as `name=rootfs:/` or `name=docker-archive:FILE`. Fails where a peer has a package
that is neither ours nor in `differences.toml` with a reason. Peers are slow, so what they said of
an unchanged input is kept in PLIMSOLL_BENCH_DIR/peers; `--fresh` asks again (of a folder only its
own time is looked at, not that of files in it). `--all` lists every
package of every difference and not only the first few.
"""

import argparse
import collections
import fnmatch
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib
import urllib.parse

from measure import BENCH, ROOT, TARGET, peer, seed_trivy, table

BINARIES = [TARGET / "plimsoll", TARGET.parent / "debug/plimsoll"]
KEPT = BENCH / "peers"
PEERS = ("syft", "trivy")
TIMEOUT = int(os.environ.get("PLIMSOLL_PEER_TIMEOUT", "1800"))
FEW = 5
# Syft's types of what is in no package manager.
UNNAMED = {"binary": "generic", "linux-kernel": "generic", "linux-kernel-module": "generic"}


def inputs(names):
    """Pairs of a name and a reference."""
    found = {name: f"docker-archive:{BENCH}/images/{name}/docker.tar"
             for name in ("python", "node", "java", "large")}
    found["demo"] = f"oci-dir:{os.environ.get('PLIMSOLL_DEMO_DIR', ROOT / '.demo')}/image"
    there = {name: reference for name, reference in found.items() if where(reference).exists()}
    if not names:
        return there
    chosen = {}
    for name in names:
        name, _, reference = name.partition("=")
        if not reference and name not in there:
            sys.exit(f"{name}: no such image; `make bench` and `make demo` make them")
        chosen[name] = reference or there[name]
    return chosen


def where(reference):
    return pathlib.Path(reference.partition(":")[2])


def run(command, environment, timeout):
    """Standard output, or None with the reason on stderr."""
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=timeout,
                               env=os.environ | environment, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        print(f"  {command[0]}: not done after {timeout} s", file=sys.stderr)
        return None
    if not found.stdout or found.returncode not in (0, 1, 3):
        print(f"  {command[0]}: {found.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    return found.stdout


def ours(binary, reference):
    """What Plimsoll has, without packages that a later layer removed."""
    with tempfile.TemporaryDirectory() as cache:
        text = run([binary, "sbom", reference, "-o", "json"], {"PLIMSOLL_CACHE_DIR": cache}, TIMEOUT)
    if text is None:
        sys.exit("Plimsoll said nothing")
    packages = collections.defaultdict(list)
    document = json.loads(text)
    for package in document["packages"]:
        if package.get("removed_in") is None:
            name = package["name"].replace(":", "/") if package["kind"] == "maven" else package["name"]
            key = normal(package["kind"], name, package["version"])
            packages[key] += [location["path"] for location in package["locations"]]
    return packages


def theirs(name, reference, fresh):
    """What a peer has; kept by the input's time and the peer's version."""
    program = peer(name)
    version = subprocess.run([program, "version"], capture_output=True, text=True).stdout
    path = where(reference)
    changed = path.stat().st_mtime_ns if path.exists() else 0
    state = f"{reference} {changed} {version}"
    kept = KEPT / f"{name}-{hashlib.sha256(state.encode()).hexdigest()[:16]}.json"
    if fresh or not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as cache:
            seed_trivy(pathlib.Path(cache))
            text = run(command(name, program, reference), {"TRIVY_CACHE_DIR": cache}, TIMEOUT)
        if text is None:
            return None
        kept.write_text(text)
    document = json.loads(kept.read_text())
    return of_syft(document) if name == "syft" else of_trivy(document)


def command(name, program, reference):
    kind, _, path = reference.partition(":")
    if name == "syft":
        kind = "dir" if kind == "rootfs" else kind
        return [program, "scan", f"{kind}:{path}", "-q", "-o", "syft-json"]
    scan = {"rootfs": ["rootfs", path], "dir": ["fs", path, "--include-dev-deps"]}
    return [program, *scan.get(kind, ["image", "--input", path]), "--format", "cyclonedx",
            "--offline-scan", "-q", "--skip-version-check", "--skip-java-db-update",
            "--timeout", f"{TIMEOUT}s"]


def of_syft(document):
    packages = collections.defaultdict(list)
    for package in document["artifacts"]:
        places = [location["path"].lstrip("/") for location in package["locations"]]
        if package.get("purl"):
            key = of_purl(package["purl"])
        else:
            kind = UNNAMED.get(package["type"], package["type"])
            key = normal(kind, package["name"], package["version"])
        packages[key] += [f"{place} ({package['foundBy']})" for place in places]
    return packages


def of_trivy(document):
    packages = collections.defaultdict(list)
    for component in document.get("components", []):
        if purl := component.get("purl"):
            properties = {p["name"].rpartition(":")[2]: p["value"] for p in component.get("properties", [])}
            place = properties.get("FilePath", "")
            packages[of_purl(purl)].append(f"{place} ({properties.get('PkgType', '')})".strip())
    return packages


def of_purl(purl):
    path, _, subpath = purl.removeprefix("pkg:").partition("#")
    path, _, qualifiers = path.partition("?")
    at = path.rfind("@", path.rfind("/"))
    path, version = (path[:at], path[at + 1:]) if at >= 0 else (path, "")
    kind, _, name = path.partition("/")
    name, version = urllib.parse.unquote(name), urllib.parse.unquote(version)
    epoch = urllib.parse.parse_qs(qualifiers).get("epoch", ["0"])[0]
    if epoch != "0" and ":" not in version:
        version = f"{epoch}:{version}"
    if kind == "golang" and subpath:
        # A module's name may go on behind its repository.
        name += f"/{subpath}"
    if kind in ("deb", "rpm", "apk", "alpm"):
        name = name.rpartition("/")[2]
    return normal(kind, name, version)


def normal(kind, name, version):
    """One spelling for what is the same."""
    if kind == "pypi":
        name = re.sub("[-_.]+", "-", name.lower())
    if kind in ("golang", "composer", "github"):
        name = name.lower()
    if kind == "golang":
        version = version.removeprefix("v").removeprefix("go")
    if kind in ("rpm", "deb"):
        version = version.removeprefix("0:")
    return kind, name, version


def shown(key):
    kind, name, version = key
    return f"pkg:{kind}/{name}@{version}"


def split(packages):
    """Packages with a version, and how many have none: no advisory can be held against those."""
    named = {key: places for key, places in packages.items() if key[2]}
    return named, len(packages) - len(named)


class Reasons:
    """What `differences.toml` says, and which of it was of use."""

    def __init__(self):
        text = (ROOT / "benches/differences.toml").read_text()
        self.entries = tomllib.loads(text).get("difference", [])

    def of(self, image, name, missing_in, purl):
        for entry in self.entries:
            if (fnmatch.fnmatchcase(image, entry["image"]) and name in entry["peer"].split(",")
                    and entry["missing_in"] == missing_in
                    and any(fnmatch.fnmatchcase(purl, glob) for glob in entry["purl"])):
                return entry["reason"]
        return None


def differences(image, name, missing_in, packages, reasons, show_all):
    """Prints packages under their reasons; answers those that have none."""
    grouped = collections.defaultdict(list)
    for key, places in sorted(packages.items()):
        grouped[reasons.of(image, name, missing_in, shown(key))].append((shown(key), places))
    side = {"plimsoll": f"only {name}", "peer": f"not {name}"}[missing_in]
    for reason, found in grouped.items():
        print(f"- {image}, {side}: {len(found)}: {reason or 'NO REASON'}")
        for purl, places in found if show_all or not reason else found[:FEW]:
            print(f"    {purl}  {', '.join(sorted(set(places))[:3])}")
    return len(grouped.get(None, []))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fresh", action="store_true", help="ask the peers again")
    parser.add_argument("--all", action="store_true", help="list every package")
    parser.add_argument("--binary", type=pathlib.Path, help="another plimsoll than the newest built")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    built = [path for path in BINARIES if path.exists()]
    binary = options.binary or max(built, key=lambda path: path.stat().st_mtime, default=None)
    if not binary:
        parser.error("build first: cargo build")
    if not any(peer(name) for name in PEERS):
        parser.error("no peer is installed: make bench-peers")
    reasons, rows, without, unexplained = Reasons(), [], [], 0
    for image, reference in inputs(options.names).items():
        print(f"{image}: {reference}", file=sys.stderr)
        own = ours(binary, reference)
        own, bare = split(own)
        found, without_version = {}, [image, str(bare)]
        for name in PEERS:
            packages = theirs(name, reference, options.fresh) if peer(name) else {}
            if packages is None:
                unexplained += 1
            found[name], bare = split(packages or {})
            without_version.append(str(bare))
        without.append(without_version)
        for name, packages in found.items():
            if not packages:
                continue
            only = {key: places for key, places in packages.items() if key not in own}
            unexplained += differences(image, name, "plimsoll", only, reasons, options.all)
            more = {key: places for key, places in own.items() if key not in packages}
            differences(image, name, "peer", more, reasons, options.all)
        for kind in sorted({key[0] for packages in [own, *found.values()] for key in packages}):
            of_kind = lambda packages: {key for key in packages if key[0] == kind}
            row = [image, kind, str(len(of_kind(own)))]
            for name in PEERS:
                packages = of_kind(found[name])
                row += [str(len(packages)), str(len(packages & of_kind(own)))]
            rows.append(row)
    table(["image", "kind", "plimsoll", "syft", "in common", "trivy", "in common"], rows)
    table(["names without a version in", "plimsoll", "syft", "trivy"], without)
    if unexplained:
        sys.exit(f"{unexplained} packages of a peer are neither ours nor explained in differences.toml")


if __name__ == "__main__":
    main()
