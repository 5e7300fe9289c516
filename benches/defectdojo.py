#!/usr/bin/env python3
"""Runs DefectDojo's own parsers on what Plimsoll writes, and fails where they lose something.

    git clone --depth 1 https://github.com/DefectDojo/django-DefectDojo
    pip install cvss python-dateutil
    benches/defectdojo.py target/release/plimsoll django-DefectDojo

Of DefectDojo only the parsers run: its database and settings are stood in for, because parsers take nothing
of them but a class to fill and a few switches. What is compared is what our own JSON says of the same input.
"""

import io
import json
import logging
import subprocess
import sys
import tempfile
import types
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "docs" / "samples"


class Finding:
    """A row of DefectDojo's table, with the fields that a parser fills."""

    def __init__(self, **fields):
        self.unsaved_vulnerability_ids, self.unsaved_tags, self.unsaved_locations = [], [], []
        self.__dict__.update(fields)

    def __getattr__(self, name):
        return None

    def get_scanner_confidence_text(self, confidence):
        return str(confidence)


def cvss_data(vector):
    """As `dojo.utils.parse_cvss_data` answers."""
    from cvss import CVSS3, CVSS4

    if not vector:
        return {}
    kind, major = (CVSS4, 4) if vector.startswith("CVSS:4") else (CVSS3, 3)
    try:
        parsed = kind(vector)
    except Exception:
        return {}
    score = parsed.scores()[0] if major == 3 else parsed.base_score
    severity = parsed.severities()[0] if major == 3 else parsed.severity
    return {
        "major_version": major,
        "cvssv3": parsed.clean_vector() if major == 3 else None,
        "cvssv3_score": score if major == 3 else None,
        "cvssv4": parsed.clean_vector() if major == 4 else None,
        "cvssv4_score": score if major == 4 else None,
        "severity": severity,
    }


def stand_in(checkout):
    """Modules that parsers import, but for those of the parsers themselves."""

    def module(name, **content):
        made = types.ModuleType(name)
        made.__dict__.update(content)
        sys.modules[name] = made
        return made

    settings = types.SimpleNamespace(V3_FEATURE_LOCATIONS=False, MAX_ZIP_MEMBERS=1000, MAX_ZIP_MEMBER_SIZE=1 << 30)
    module("django")
    module("django.conf", settings=settings)
    module("django.utils")
    module("django.utils.translation", gettext=lambda text: text)
    module("dojo").__path__ = [str(checkout / "dojo")]
    module("dojo.models", Finding=Finding, Endpoint=Finding, Test=Finding)
    module("dojo.utils", parse_cvss_data=cvss_data)
    module("dojo.tools").__path__ = [str(checkout / "dojo" / "tools")]


def parsed(parser, text, is_test):
    """The findings of a file."""
    file = io.StringIO(text)
    file.name = "report.json"
    if not is_test:
        return list(parser.get_findings(file, Finding()))
    return [it for test in parser.get_tests("SARIF", file) for it in test.findings]


def weaknesses(findings):
    """Id, component and version of each."""
    rows = set()
    for it in findings:
        for one in it.unsaved_vulnerability_ids or [it.vuln_id_from_tool or it.title]:
            rows.add((one, it.component_name, it.component_version))
    return rows


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, checkout = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    if not (checkout / "dojo" / "tools" / "trivy").is_dir():
        sys.exit(f"{checkout} is no checkout of DefectDojo")
    logging.disable(logging.CRITICAL)
    stand_in(checkout)
    from dojo.tools.anchore_grype.parser import AnchoreGrypeParser
    from dojo.tools.dockle.parser import DockleParser
    from dojo.tools.hadolint.parser import HadolintParser
    from dojo.tools.sarif.parser import SarifParser
    from dojo.tools.snyk.parser import SnykParser
    from dojo.tools.trivy.parser import TrivyParser

    folder, missing = tempfile.TemporaryDirectory(), []
    image = f"oci-dir:{SAMPLES / 'image' / 'shop'}"

    def run(*words):
        """What a command prints; findings may end it as they like."""
        ran = subprocess.run([program, *words], capture_output=True, text=True, cwd=folder.name, timeout=300)
        if not ran.stdout.strip():
            sys.exit(f"{' '.join(map(str, words))}: {ran.stderr}")
        return ran.stdout

    def check(name, parser, text, expected, count=weaknesses, is_test=False):
        """Compares what the parser finds with what must be found."""
        findings = parsed(parser, text, is_test)
        found = count(findings)
        lost, more = expected - found, found - expected
        print(f"{name}: {len(findings)} findings, {len(expected)} expected, {len(lost)} lost, {len(more)} more")
        if lost or more or not expected:
            missing.append(f"{name}: lost {sorted(map(str, lost))[:5]}, more {sorted(map(str, more))[:5]}")
        for it in findings:
            if it.severity not in ("Critical", "High", "Medium", "Low", "Info") or not it.title:
                missing.append(f"{name}: a finding without level or title: {it.__dict__}")

    own = json.loads(run("scan", image, "-o", "json"))
    every = {(it["id"], it["package"]["name"], it["package"]["version"]) for it in own["findings"] if not it["suppressed"]}
    check("Trivy", TrivyParser(), run("as", "trivy", "image", "-q", "-f", "json", "--input", image[8:]), every)
    ids = lambda findings: {one for it in findings for one in it.unsaved_vulnerability_ids if one.startswith("CVE-")}
    cves = {one for one, _, _ in every if one.startswith("CVE-")}
    check("Grype", AnchoreGrypeParser(), run("as", "grype", "-q", "-o", "json", image), cves, ids)
    check("Snyk", SnykParser(), run("as", "snyk", "container", "test", "--json", image), cves, ids)
    sarif = run("scan", image, "-o", "sarif")
    rules = {it["ruleId"] for it in json.loads(sarif)["runs"][0]["results"]}
    named = lambda findings: {it.vuln_id_from_tool for it in findings}
    check("SARIF", SarifParser(), sarif, rules, named, is_test=True)
    dockerfile = SAMPLES / "image" / "Dockerfile"
    lint = run("as", "hadolint", "-f", "json", dockerfile)
    lines = {(it["code"], it["line"]) for it in json.loads(lint)}
    check("hadolint", HadolintParser(), lint, lines, lambda all: {(it.title.split(":")[0], it.line) for it in all})
    dockle = run("as", "dockle", "-f", "json", "--input", image[8:])
    codes = {it["code"] for it in json.loads(dockle)["details"]}
    check("Dockle", DockleParser(), dockle, codes, lambda all: {it.vuln_id_from_tool for it in all})
    if missing:
        sys.exit("\n".join(missing))


if __name__ == "__main__":
    main()
