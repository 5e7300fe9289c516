#!/usr/bin/env python3
"""Times `plimsoll verify` of one artefact from a bundle, offline, beside cosign.

    cargo build --release && benches/verify.py

cosign is taken from the PATH or ~/go/bin (`make sign-peers`); without it only ours runs.
"""
import json
import os
import pathlib
import shutil

from paired import compare

HERE = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("PLIMSOLL_SHARED", HERE.parent / "shared"))
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target"))


def main():
    folder = SHARED / "data/sign/conformance"
    if not folder.exists():
        print(f"skipped: {folder} is not there")
        return
    cases = [json.loads(line) for line in (folder / "cases.jsonl").open(encoding="utf-8")]
    case = next(
        case for case in cases
        if case["expect"] == "pass" and not case["key"] and not case["trusted_root"]
    )
    root = SHARED / "data/sign/trust/public-good-trusted-root.json"
    who = [
        "--bundle", case["bundle"], "--trusted-root", str(root),
        "--certificate-identity", case["identity"], "--certificate-oidc-issuer", case["issuer"],
    ]
    go = os.pathsep.join([os.environ["PATH"], os.path.expanduser("~/go/bin")])
    ours = [str(TARGET / "release" / "plimsoll"), "verify", case["artifact"], *who, "--offline"]
    theirs = [shutil.which("cosign", path=go), "verify-blob", case["artifact"], *who]
    compare("verify a blob", folder, 31, {"plimsoll": ours, "cosign": theirs})


main()
