#!/usr/bin/env python3
"""Measures `plimsoll watch` on this machine: docs/benchmarks.md says what came out. Where a bar is missed
that is said, everything else is measured all the same, and the exit code is 1.

Needs root and a kernel with BTF. Usage: benches/sensor.py PLIMSOLL STORM [planted|delay|slowdown|kernel|loaded|storm|recovery|soak]
where STORM is the example `storm` of crates/sensor.
"""

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RULES = """
- rule: Planted open
  desc: A numbered file is opened
  condition: evt.type in (open, openat, openat2) and evt.arg.name contains planted-
  output: "%evt.arg.name"
  priority: NOTICE
- rule: Planted connect
  desc: A numbered address is connected to
  condition: evt.type = connect and fd.sport = 9
  output: "%fd.sip"
  priority: NOTICE
- rule: Planted exec
  desc: A numbered program is run
  condition: evt.type in (execve, execveat) and evt.res = SUCCESS and proc.args contains planted-
  output: "%proc.args"
  priority: NOTICE
"""

# The name of the rules by which a machine is watched where nobody names any.
DEFAULT = "default"

# What was not as it has to be.
MISSED = []


def bar(holds, what):
    """Says whether a bar is met."""
    print(f"  {'met' if holds else 'MISSED'}: {what}", flush=True)
    if not holds:
        MISSED.append(what)


def lost(told):
    """How many events were lost, as the end says it; one that does not say it has lost all."""
    found = re.search(r"(\d+) events made, \d+ sent, (\d+) lost", told)
    return int(found.group(2)) if found else sys.maxsize


class Watch:
    """The program while it watches."""

    def __init__(self, program, rules, *more):
        self.folder = tempfile.TemporaryDirectory()
        path = rules
        if rules != DEFAULT:
            path = os.path.join(self.folder.name, "rules.yaml")
            with open(path, "w") as file:
                file.write(rules)
        self.out = open(os.path.join(self.folder.name, "out"), "w+b")
        self.err = open(os.path.join(self.folder.name, "err"), "w+b")
        self.process = subprocess.Popen(
            [program, "watch", "--rules", path, "-o", "json", *more],
            stdout=self.out, stderr=self.err)
        until = time.time() + 20
        while b"watching" not in self.told():
            if time.time() > until or self.process.poll() is not None:
                raise SystemExit(self.told().decode())
            time.sleep(0.05)
        time.sleep(0.5)

    def told(self):
        self.err.flush()
        with open(self.err.name, "rb") as file:
            return file.read()

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(next(line for line in file if line.startswith("VmRSS")).split()[1]) // 1024

    def seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            cells = file.read().rsplit(") ", 1)[1].split()
        return (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        with open(self.out.name, "rb") as file:
            alerts = [json.loads(line) for line in file]
        return alerts, self.told().decode()


def planted(program, storm, count=100_000):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for number in range(0, count, 2):
            open(f"{folder}/planted-{number:06}", "w").close()
        watch = Watch(program, RULES)
        for command in (["opens", folder, str(count)], ["connects", str(count)],
                        ["execs", str(count)]):
            begun = time.time()
            subprocess.run([storm, *command], check=True)
            print(f"  {command[0]}: {count} in {time.time() - begun:.1f} s", flush=True)
        time.sleep(1)
        alerts, told = watch.end()
    for rule in ("Planted open", "Planted connect", "Planted exec"):
        seen = [alert["output"].rsplit(" ", 1)[1] for alert in alerts if alert["rule"] == rule]
        print(f"  {rule}: {len(seen)} seen, {len(set(seen))} different, of {count}", flush=True)
        bar(len(seen) == len(set(seen)) == count, f"every one of {rule} is seen, once")
    print(told)
    bar(lost(told) == 0, "no event of what was planted is lost")


def rate(program, storm, per_second=200_000, seconds=60):
    watch = Watch(program, DEFAULT)
    begun, used = watch.memory(), watch.seconds()
    subprocess.run([storm, "rate", str(per_second), str(seconds)], check=True)
    after, used = watch.memory(), watch.seconds() - used
    _, told = watch.end()
    print(f"  {per_second} events/s for {seconds} s: memory {begun} -> {after} MiB, "
          f"{used / seconds:.0%} of a processor")
    print(told)
    bar(lost(told) == 0, f"no event is lost at {per_second} a second")
    bar(after < begun + 64, "memory stays within 64 MiB of what it was")


def slowdown(program, storm, count=150, runs=10, blocks=10):
    """Other work of the machine makes single runs differ by a fifth: blocks of runs take turns, twice
    without, so that what is noise can be told from what is not."""
    def once():
        out = subprocess.run([storm, "work", str(count)], check=True, capture_output=True).stdout
        return float(out.split()[0]) / count * 1e6
    once()
    took = {"without": [], "without again": [], "within": []}
    for block in range(blocks):
        kinds = list(took)
        for kind in kinds[block % 3:] + kinds[:block % 3]:
            watch = Watch(program, DEFAULT) if kind == "within" else None
            took[kind] += [once() for _ in range(runs)]
            if watch:
                watch.end()
    def quantile(kind, part):
        return sorted(took[kind])[int(len(took[kind]) * part)]
    for kind in took:
        shown = [f"{name} {quantile(kind, part):.0f} us ({quantile(kind, part) / quantile('without', part) - 1:+.1%})"
                 for name, part in (("quarter below", 0.25), ("half below", 0.5))]
        print(f"  fork, exec, open, {kind}: {', '.join(shown)}", flush=True)
    slower = {kind: quantile(kind, 0.5) / quantile("without", 0.5) - 1 for kind in took}
    noise = abs(slower["without again"])
    bar(slower["within"] < 0.05 + noise, f"less than 5% slower, where noise is {noise:.1%}")


def kernel(program, storm, count=800):
    """What the programs in the kernel take of a round, by the kernel's own clock around each of them."""
    def used():
        shown = subprocess.run(["bpftool", "prog", "show", "-j"], check=True, capture_output=True).stdout
        return {one["id"]: (one.get("run_time_ns", 0), one.get("run_cnt", 0)) for one in json.loads(shown)}
    switch = "/proc/sys/kernel/bpf_stats_enabled"
    Path(switch).write_text("1")
    try:
        watch = Watch(program, DEFAULT)
        before = used()
        begun = time.perf_counter()
        subprocess.run([storm, "work", str(count)], check=True, capture_output=True)
        took = time.perf_counter() - begun
        after = used()
        watch.end()
    finally:
        Path(switch).write_text("0")
    spent = [(after[one][0] - before.get(one, (0, 0))[0], after[one][1] - before.get(one, (0, 0))[1])
             for one in after]
    time_spent, calls = sum(one[0] for one in spent), sum(one[1] for one in spent)
    print(f"  {took / count * 1e6:.0f} us a round, {time_spent / count / 1000:.1f} us of it in {calls / count:.0f} "
          f"runs of programs in the kernel: {time_spent / 1e9 / took:.1%}", flush=True)
    bar(time_spent / 1e9 / took < 0.05, "programs in the kernel take less than 5% of a round")


def loaded(program, storm, count=400, rounds=7):
    """What `--loaded` adds: rounds of fork, exec and open with the rules alone and with it."""
    def once(*more):
        watch = Watch(program, DEFAULT, *more)
        out = subprocess.run([storm, "work", str(count)], check=True, capture_output=True).stdout
        used = watch.seconds()
        _, told = watch.end()
        events = int(next(line for line in told.splitlines() if "events made" in line).split()[0])
        return [float(cell) for cell in out.split()][1] / count * 1e6, events, used
    with tempfile.TemporaryDirectory() as folder:
        more = ("--loaded", f"{folder}/used.json")
        once()
        pairs = []
        for at in range(rounds):
            pair = [once(*more), once()] if at % 2 else [once(), once(*more)]
            pairs.append(pair[::-1] if at % 2 else pair)
    ratios = [b[0] / a[0] - 1 for a, b in pairs]
    median = lambda which, cell: statistics.median(pair[which][cell] for pair in pairs)
    print(f"  fork, exec, open, processor time: {median(0, 0):.0f} us with rules, "
          f"{median(1, 0):.0f} us with --loaded, {statistics.median(ratios):+.1%} (of {rounds} pairs: "
          f"{min(ratios):+.1%} to {max(ratios):+.1%})")
    print(f"  events: {median(0, 1):.0f} and {median(1, 1):.0f}; the reader used "
          f"{median(0, 2):.2f} s and {median(1, 2):.2f} s of a processor", flush=True)


def delay(program, count=300):
    """From before the call to when the line of its alert can be read."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "rules.yaml")
        with open(path, "w") as file:
            file.write(RULES)
        process = subprocess.Popen([program, "watch", "--rules", path, "-o", "json"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while b"watching" not in process.stderr.readline():
            pass
        time.sleep(1)
        took = []
        for number in range(count):
            begun = time.perf_counter()
            try:
                os.open(f"{folder}/planted-{number}", os.O_RDONLY)
            except FileNotFoundError:
                pass
            process.stdout.readline()
            took.append((time.perf_counter() - begun) * 1000)
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.wait(30)
    took.sort()
    print(f"  from call to alert: median {took[count // 2]:.1f} ms, "
          f"p99 {took[count * 99 // 100]:.1f} ms, most {took[-1]:.1f} ms")
    bar(took[count * 99 // 100] < 50, "99 of 100 alerts can be read within 50 ms")


def soak(program, storm, per_second=200_000, seconds=450):
    """A day's events at 1,000 a second, in seven and a half minutes; programs are run beside them."""
    watch = Watch(program, DEFAULT)
    running = subprocess.Popen([storm, "rate", str(per_second), str(seconds)])
    memory, runs = [], 0
    while running.poll() is None:
        until = time.time() + 15
        while time.time() < until and running.poll() is None:
            subprocess.run(["/bin/true"], check=True)
            runs += 1
        memory.append(watch.memory())
    _, told = watch.end()
    quarter = memory[len(memory) // 4]
    print(f"  {per_second * seconds / 1e6:.0f} million events, {runs} programs run: memory "
          f"{memory[0]} MiB at first, {quarter} after a quarter, {memory[-1]} at the end, "
          f"{max(memory)} at most")
    print(told)
    bar(memory[-1] <= quarter * 1.1, "memory does not grow")
    bar(lost(told) == 0, "no event of a day is lost")


def recovery(program, storm, count=10_000):
    """The reader is stopped until events are lost; what is planted after that is seen, all of it."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        watch = Watch(program, RULES, "--buffer-size", "2")
        watch.process.send_signal(signal.SIGSTOP)
        subprocess.run([storm, "rate", "100000", "3"], check=True)
        watch.process.send_signal(signal.SIGCONT)
        begun = time.time()
        while b"event drop" not in open(watch.out.name, "rb").read():
            if time.time() - begun > 20:
                raise SystemExit("no loss was told")
            time.sleep(0.05)
        told_after = time.time() - begun
        time.sleep(2)
        subprocess.run([storm, "execs", str(count)], check=True)
        time.sleep(1)
        alerts, told = watch.end()
    seen = {alert["output"] for alert in alerts if alert["rule"] == "Planted exec"}
    print(f"  loss told after {told_after:.1f} s; of {count} programs run after it {len(seen)} seen")
    print(told)
    bar(len(seen) == count, "every program that is run after a loss is seen")


def main():
    program, storm, *what = sys.argv[1:]
    for name, run in (("planted", lambda: planted(program, storm)),
                      ("delay", lambda: delay(program)),
                      ("slowdown", lambda: slowdown(program, storm)),
                      ("kernel", lambda: kernel(program, storm)),
                      ("loaded", lambda: loaded(program, storm)),
                      ("storm", lambda: rate(program, storm)),
                      ("recovery", lambda: recovery(program, storm)),
                      ("soak", lambda: soak(program, storm))):
        if not what or name in what or "all" in what:
            print(name, flush=True)
            run()
    if MISSED:
        raise SystemExit("missed: " + "; ".join(MISSED))


if __name__ == "__main__":
    main()
