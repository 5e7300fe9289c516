#!/usr/bin/env python3
"""What `plimsoll serve` costs: how long it takes to start, what it holds when idle, how many bills of
materials and runtime events it takes in a second.

    cargo build --release -p plimsoll-cli
    benches/serve.py [--starts 20] [--bills 3000] [--packages 500] [--workers 1] [--events 3000000]

All is on 127.0.0.1 and in a folder that is gone at the end. Bills are CycloneDX documents; they share
packages as images do: of 30,000 names with three versions each. Who sends runs on the same processors.
"""
import argparse
import http.client
import json
import multiprocessing
import os
import random
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROGRAM = TARGET / "release/plimsoll"


class Serving:
    """A server of its own folder."""

    def __init__(self, folder, workers=1):
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--data-dir", f"{folder}/data", "--listen", "127.0.0.1:0",
             "--introspection", "127.0.0.1:0", "--workers", str(workers)],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            env={**os.environ, "PLIMSOLL_CACHE_DIR": f"{folder}/cache"})
        for line in self.process.stderr:
            found = re.search(r"listening on http://(\S+)", line)
            if found:
                self.address = found[1]
            found = re.search(r"metrics and health on http://(\S+)", line)
            if found:
                self.introspection = found[1]
                break
        while self.ask("GET", "/healthz")[0] != 200:
            time.sleep(0.002)
        self.ready = time.perf_counter() - begun

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address)
        connection.request(method, path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def metric(self, name, label=""):
        """The sum of a metric's series that have a label."""
        connection = http.client.HTTPConnection(self.introspection)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines
                   if line.startswith((name + "{", name + " ")) and label in line)

    def memory(self, what):
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+)", text)[1]) / 1024

    def processor(self):
        """Seconds of a processor that it took so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.terminate()
        self.process.wait()


def starts(count):
    times, idle = [], 0
    for number in range(count):
        with tempfile.TemporaryDirectory() as folder:
            serving = Serving(folder)
            times.append(serving.ready * 1000)
            if number == 0:
                time.sleep(10)
                idle = serving.memory("VmRSS")
            serving.end()
    print(f"start until healthy: median {statistics.median(times):.0f} ms, most {max(times):.0f} ms"
          f" of {count}; idle for ten seconds: {idle:.0f} MiB", flush=True)


def bill(number, packages):
    dice = random.Random(number)
    components = []
    for which in dice.sample(range(90_000), packages):
        name, version = f"package-{which // 3}", f"1.{which % 3}.0"
        components.append({"type": "library", "name": name, "version": version,
                           "bom-ref": f"{which}", "purl": f"pkg:npm/{name}@{version}"})
    return json.dumps({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {"type": "container", "name": f"app-{number}"}},
        "components": components}).encode()


def send(address, path, bodies, kind):
    connection = http.client.HTTPConnection(address)
    for body in bodies:
        connection.request("POST", path, body, {"content-type": kind})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 202):
            raise SystemExit(f"{path}: {answer.status} {text[:300]}")


def in_parts(address, path, bodies, kind, count=2):
    parts = [multiprocessing.Process(target=send, args=(address, path, bodies[part::count], kind))
             for part in range(count)]
    for part in parts:
        part.start()
    for part in parts:
        part.join()
        if part.exitcode:
            raise SystemExit("not all was taken")


def bills(count, packages, workers):
    bodies = [bill(number, packages) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        serving = Serving(folder, workers)
        begun = time.perf_counter()
        in_parts(serving.address, "/api/v1/sboms", bodies, "application/json")
        sent = time.perf_counter() - begun
        while serving.metric("plimsoll_scans_total") < count:
            time.sleep(0.05)
        took = time.perf_counter() - begun
        failed = count - serving.metric("plimsoll_scans_total", 'result="ok"')
        size = sum(file.stat().st_size for file in Path(f"{folder}/data").rglob("*") if file.is_file())
        print(f"{count} bills of {packages} packages: taken in {sent:.1f} s, catalogued and judged"
              f" {count / took:.0f} a second; failed: {failed:.0f}; {serving.processor() * 1000 / count:.1f} ms of a"
              f" processor each; most memory {serving.memory('VmHWM'):.0f} MiB; {size / count:.0f} B each in the"
              " store", flush=True)
        serving.end()


def alert(number):
    return {
        "hostname": "box", "priority": "Warning", "rule": f"Rule {number % 7}", "source": "syscall",
        "tags": ["container", "T1059"], "time": "2026-11-24T08:00:00.123456789Z",
        "output": f"08:00:00.123456789: Warning A shell was started (user=root number={number})",
        "output_fields": {
            "container.id": "3ad7b26ded6d", "container.image.repository": "nginx",
            "container.image.tag": "1.27", "evt.time": 1_795_507_200_123_456_789,
            "proc.cmdline": "sh -c id", "proc.pid": number, "user.name": "root"}}


def events(count):
    size = 1_000
    batches = []
    for batch in range(min(count // size, 200)):
        lines = []
        for number in range(size):
            lines.append(json.dumps(alert(batch * size + number)))
        batches.append("\n".join(lines).encode())
    bodies = [batches[number % len(batches)] for number in range(count // size)]
    with tempfile.TemporaryDirectory() as folder:
        serving = Serving(folder)
        begun = time.perf_counter()
        in_parts(serving.address, "/falco", bodies, "application/x-ndjson")
        took = time.perf_counter() - begun
        while serving.metric("plimsoll_runtime_alerts_total") < count:
            time.sleep(0.2)
        stored = time.perf_counter() - begun
        print(f"{count} events, {size} a request: {count / took:.0f} a second accepted, all in the store"
              f" after {stored:.0f} s; most memory {serving.memory('VmHWM'):.0f} MiB", flush=True)
        serving.end()


def main():
    options = argparse.ArgumentParser(description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--starts", type=int, default=20)
    options.add_argument("--bills", type=int, default=3000)
    options.add_argument("--packages", type=int, default=500)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--events", type=int, default=3_000_000)
    chosen = options.parse_args()
    if chosen.starts:
        starts(chosen.starts)
    if chosen.bills:
        bills(chosen.bills, chosen.packages, chosen.workers)
    if chosen.events:
        events(chosen.events)


if __name__ == "__main__":
    main()
