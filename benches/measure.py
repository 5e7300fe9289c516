#!/usr/bin/env python3
"""Times Plimsoll and its peers on the same images, in turn, and prints a table in Markdown.

measure.py [--rounds N] [--cold] [--only IMAGE/FORM,...] [--no-peers]

The images are those of `benches/images`. Each round runs every tool once, so that what else the
machine does meets all of them. Kept are all times; the table has medians, and the largest memory
that a process held. Raw results: benches/runs/DATE/.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
BENCH = pathlib.Path(os.environ.get("PLIMSOLL_BENCH_DIR", ROOT / ".bench")).resolve()
SHARED = pathlib.Path(os.environ.get("PLIMSOLL_SHARED", ROOT.parent / "shared")).resolve()
MIRROR = SHARED / "data/mirror"
PLIMSOLL = TARGET / "plimsoll"
INFLATE = TARGET / "examples/inflate"

IMAGES = ["python", "node", "java", "large", "many"]
FORMS = {"docker.tar": "docker-archive", "oci-gzip": "oci-dir", "oci-zstd": "oci-dir",
         "root": "rootfs"}
TIMEOUT = 1200
TIME = pathlib.Path("/usr/bin/time")


def peer(name):
    """Where a peer is, or None."""
    return shutil.which(name) or shutil.which(name, path=pathlib.Path.home() / "go/bin")


class Tool:
    """A command and the folders of its cache."""

    def __init__(self, name, command, cache=None, keep=False, seed=None):
        self.name, self.command, self.cache, self.keep = name, command, cache, keep
        self.seed = seed or (lambda cache: None)

    def run(self, work):
        """Runs once; answers seconds, bytes of peak memory, exit code."""
        if self.cache and not self.keep:
            shutil.rmtree(self.cache, ignore_errors=True)
            self.cache.mkdir(parents=True)
            self.seed(self.cache)
        environment = os.environ | {"NO_COLOR": "1"}
        if self.cache:
            environment |= {"PLIMSOLL_CACHE_DIR": str(self.cache),
                            "TRIVY_CACHE_DIR": str(self.cache), "XDG_CACHE_HOME": str(self.cache)}
        # The kernel counts what the parent held before the program began: hence a small parent.
        (work / "peak").unlink(missing_ok=True)
        command = [TIME, "-f", "%M", "-o", work / "peak", *self.command]
        with open(work / "out", "wb") as out, open(work / "err", "wb") as err:
            start = time.perf_counter()
            child = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                     env=environment, start_new_session=True)
            guard = threading.Timer(TIMEOUT, os.killpg, (child.pid, signal.SIGKILL))
            guard.start()
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - start
            guard.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        written = (work / "peak").read_text().split() if (work / "peak").exists() else []
        peak = int(written[-1]) * 1024 if written else 0
        return {"seconds": seconds, "bytes": peak,
                "cpu": usage.ru_utime + usage.ru_stime, "code": child.returncode}


def plimsoll(reference, cache, database, name="plimsoll", keep=False):
    command = [PLIMSOLL, "scan", reference, "-o", "json"]
    if database:
        command += ["--db", database]
    return Tool(name, command, cache / "plimsoll", keep)


def tools(image, form, path, cache, database, peers):
    scheme = FORMS[form]
    reference = f"{scheme}:{path}"
    found = [plimsoll(reference, cache, database)]
    if form != "root":
        found.append(Tool("inflating alone", [INFLATE, path]))
    if not peers:
        return found
    if peer("syft"):
        kind = {"rootfs": "dir"}.get(scheme, scheme)
        found.append(Tool("syft", [peer("syft"), f"{kind}:{path}", "-q", "-o", "json"],
                          cache / "syft"))
    if peer("trivy"):
        trivy = [peer("trivy")] + (["rootfs", path] if form == "root" else ["image", "--input", path])
        trivy += ["--format", "cyclonedx", "--offline-scan", "-q", "--skip-version-check",
                  "--skip-java-db-update", "--timeout", "30m"]
        found.append(Tool("trivy", trivy, cache / "trivy", seed=seed_trivy))
    return found


def seed_trivy(cache):
    """Trivy reads no jar without its index of checksums: an empty one lets it, and costs nothing."""
    folder = cache / "java-db"
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "trivy-java.db") as index:
        index.execute("CREATE TABLE artifacts (id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)")
        index.execute("CREATE TABLE indices (artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT)")
    index.close()
    day = "2026-01-01T00:00:00Z"
    (folder / "metadata.json").write_text(json.dumps(
        {"Version": 1, "NextUpdate": day, "UpdatedAt": day, "DownloadedAt": day}))


def drop_page_cache():
    os.sync()
    pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")


def rounds(group, count, work, cold=False):
    """Every tool once a round, in turn; a tool that fails is not run again."""
    runs = {tool.name: [] for tool in group}
    for _ in range(count):
        for tool in group:
            if runs[tool.name] and bad(tool.name, runs[tool.name][-1]):
                continue
            if cold:
                drop_page_cache()
            runs[tool.name].append(result := tool.run(work))
            if bad(tool.name, result):
                text = (work / "err").read_text(errors="replace").strip().splitlines()
                result["error"] = text[-1][:300] if text else f"exit code {result['code']}"
                print(f"  {tool.name}: {result['error']}", file=sys.stderr)
    return runs


def bad(name, run):
    """Exit codes 1 and 4 of Plimsoll are answers: findings, and old advisories."""
    return run["code"] not in ((0, 1, 4) if name.startswith("plimsoll") else (0,))


def middle(runs, key="seconds"):
    good = [run[key] for run in runs if "error" not in run]
    if not good:
        return None
    return max(good) if key == "bytes" else statistics.median(good)


def show(seconds):
    if seconds is None:
        return "failed"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def megabytes(count):
    return "" if count is None else f"{count / 1e6:.0f} MB"


def table(head, rows):
    print("\n| " + " | ".join(head) + " |")
    print("| " + " | ".join(["---"] * len(head)) + " |")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def ratio(ours, theirs):
    return "" if not ours or not theirs else f"{theirs / ours:.1f} ×"


def scans(options, database, work, save):
    rows = []
    for image in IMAGES:
        for form in FORMS:
            path = BENCH / "images" / image / form
            if not path.exists() or options.only and f"{image}/{form}" not in options.only:
                continue
            print(f"{image}/{form}", file=sys.stderr)
            peers = not options.no_peers and image != "many"
            cache = work / "caches"
            group = tools(image, form, path, cache, database, peers)
            states = ["warm"] + (["cold"] if options.cold else [])
            for state in states:
                runs = rounds(group, options.rounds, work, state == "cold")
                save(f"{image}-{form}-{state}", runs)
                name = f"{image}, {form}" + (", cold" if state == "cold" else "")
                rows.append(row(name, runs))
    head = ["image", "plimsoll", "memory", "inflating alone", "syft", "memory", "trivy", "memory",
            "faster than the faster peer", "against inflating"]
    table(head, rows)


def row(name, runs):
    median = {tool: middle(found) for tool, found in runs.items()}
    cells = [name]
    cells += [show(median["plimsoll"]), megabytes(middle(runs["plimsoll"], "bytes"))]
    cells += [show(median["inflating alone"]) if "inflating alone" in runs else ""]
    for tool in ("syft", "trivy"):
        there = tool in runs
        cells += [show(median[tool]) if there else "",
                  megabytes(middle(runs[tool], "bytes")) if there else ""]
    peers = [median[tool] for tool in ("syft", "trivy") if median.get(tool)]
    cells.append(ratio(median["plimsoll"], min(peers)) if peers else "")
    alone = median.get("inflating alone")
    cells.append(f"{median['plimsoll'] / alone:.2f} ×" if alone and median["plimsoll"] else "")
    return cells


def second_scans(options, database, work, save):
    """The same digest again: what is in the cache is not read again."""
    rows = []
    for image in IMAGES:
        path = BENCH / "images" / image / "oci-gzip"
        if not path.exists() or options.only and f"{image}/second" not in options.only:
            continue
        cache = work / "kept"
        shutil.rmtree(cache, ignore_errors=True)
        group = [plimsoll(f"oci-dir:{path}", cache, database, keep=True)]
        if not options.no_peers and image != "many":
            group += [tool for tool in tools(image, "oci-gzip", path, cache, database, True)
                      if tool.name == "trivy"]
        for tool in group:
            tool.keep = False
            tool.run(work)
            tool.keep = True
        runs = rounds(group, max(options.rounds, 5), work)
        save(f"{image}-second", runs)
        rows.append([image, show(middle(runs["plimsoll"])), megabytes(middle(runs["plimsoll"], "bytes")),
                     show(middle(runs["trivy"])) if "trivy" in runs else "",
                     megabytes(middle(runs["trivy"], "bytes")) if "trivy" in runs else ""])
    table(["second scan", "plimsoll", "memory", "trivy", "memory"], rows)


def small(options, database, compiled, work, save):
    start = rounds([Tool("plimsoll", [PLIMSOLL, "--version"])], 20, work)
    save("start", start)
    rows = [["`plimsoll --version`", show(middle(start["plimsoll"]))],
            ["size of the binary", megabytes(PLIMSOLL.stat().st_size)]]
    if database:
        status = rounds([Tool("plimsoll", [PLIMSOLL, "db", "status", "--db", database])], 20, work)
        save("database-status", status)
        size = sum(file.stat().st_size for file in database.rglob("*") if file.is_file())
        rows += [["compiling the mirror", f"{show(compiled['seconds'])}, {megabytes(compiled['bytes'])}"],
                 ["size of the database", megabytes(size)],
                 ["`plimsoll db status`, whole process", show(middle(status["plimsoll"]))]]
    table(["what", "measured"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cold", action="store_true", help="also with the page cache dropped (root)")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    if options.cold and os.geteuid() != 0:
        parser.error("--cold drops the page cache, which only root can")
    if not TIME.exists():
        parser.error("GNU time is missing: apt-get install time")
    if not PLIMSOLL.exists() or not INFLATE.exists():
        parser.error("build first: cargo build --release --locked, and the example inflate")

    now = datetime.datetime.now(datetime.timezone.utc)
    out = ROOT / "benches/runs" / now.strftime("%Y-%m-%dT%H%MZ")
    out.mkdir(parents=True)
    versions = {name: subprocess.run([peer(name), "version"], capture_output=True, text=True).stdout
                for name in ("syft", "trivy") if peer(name)}
    facts = {"date": now.isoformat(), "cores": os.cpu_count(), "kernel": platform.release(),
             "load": os.getloadavg(), "peers": versions, "rounds": options.rounds}
    (out / "machine.json").write_text(json.dumps(facts, indent=1))

    def save(name, runs):
        (out / f"{name}.json").write_text(json.dumps(runs, indent=1))

    print(f"{facts['cores']} cores, Linux {facts['kernel']}, load {facts['load'][0]:.1f}; medians of "
          f"{options.rounds} rounds in turn, warm page cache unless it says cold.")
    with tempfile.TemporaryDirectory(dir=BENCH, prefix="work-") as work:
        work = pathlib.Path(work)
        database = compiled = None
        if MIRROR.is_dir():
            database = work / "database"
            tool = Tool("plimsoll", [PLIMSOLL, "db", "update", "--mirror", MIRROR, "--db", database])
            compiled = tool.run(work)
            if compiled["code"] != 0:
                print((work / "err").read_text()[-300:], file=sys.stderr)
                database = None
            save("database", compiled)
        small(options, database, compiled, work, save)
        scans(options, database, work, save)
        second_scans(options, database, work, save)


if __name__ == "__main__":
    main()
