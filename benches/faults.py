#!/usr/bin/env python3
"""What becomes of `plimsoll serve` when something is full, lost, killed or wrong: each fault is done to real
servers beside a real PostgreSQL, NATS and S3, one after the other, and what came of it is told in a table.

    benches/faults.py [--long] [--only WORD] [--debug]

The faults are the tests of crates/server/tests/fleet. What is not installed here is named, and the fault that
needs it counts as not done: `make server-peers fleet-peers`. --long kills processes 200 times, and not ten.
"""
import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# The test, what is done, and what has to come of it.
FAULTS = [
    ("faults::a_full_disk_has_a_name_and_what_was_accepted_is_there_when_there_is_room_again",
     "the disk is full", "named on the health page; what was accepted is there when there is room"),
    ("faults::blobs_that_may_not_be_written_have_a_name_and_jobs_wait_for_them",
     "blobs may only be read", "named; jobs wait and are done"),
    ("faults::a_store_that_may_not_be_written_has_a_name_and_takes_again_what_comes_later",
     "the store may only be read", "named; pages are answered, and what comes later is taken"),
    ("faults::a_folder_that_may_not_be_written_has_a_name_and_alerts_are_taken_when_it_may_again",
     "the data folder may only be read", "named; alerts are taken when it may be written again"),
    ("faults::a_database_that_is_away_has_a_name_and_its_jobs_go_on_when_it_is_back",
     "PostgreSQL goes away and comes back", "named; jobs go on"),
    ("faults::a_database_that_was_removed_has_a_name",
     "the file of SQLite is removed", "named; nothing is written into a file that is gone"),
    ("faults::a_clock_that_is_set_back_has_a_name_and_holds_nothing_up",
     "the clock is set back by two hours", "named; jobs are done"),
    ("advisories::advisories_that_are_put_back_damaged_or_gone_take_no_finding_away",
     "advisories are put back, damaged, removed", "named; no finding goes away"),
    ("alerts::alerts_are_accepted_while_the_database_restarts_and_none_is_lost_or_doubled",
     "PostgreSQL restarts under runtime events", "none is lost, none is there twice"),
    ("blobs::a_bucket_that_is_away_is_told_and_jobs_wait_for_it",
     "the S3 server goes away", "named; jobs wait and are done"),
    ("kills::calls_that_are_lost_are_made_again_and_without_nats_workers_look_themselves",
     "NATS goes away", "jobs are done"),
    ("kills::ten_kills_of_a_server_alone_lose_nothing_and_double_nothing",
     "a server alone is killed ten times", "each scan has one result"),
    ("kills::ten_kills_of_a_fleet_lose_nothing_and_double_nothing",
     "any process of a fleet is killed ten times", "each scan has one result"),
]
LONG = ("kills::two_hundred_kills_of_a_fleet_lose_nothing_and_double_nothing",
        "any process of a fleet is killed 200 times", "each scan has one result")


def program(is_debug):
    """Builds the tests, and says where they are."""
    command = ["cargo", "test", "--locked", "-p", "plimsoll-server", "--test", "fleet", "--no-run",
               "--message-format=json"]
    built = subprocess.run(command + ([] if is_debug else ["--release"]), cwd=ROOT, text=True,
                           stdout=subprocess.PIPE, check=True)
    found = [json.loads(line).get("executable") for line in built.stdout.splitlines() if line.startswith("{")]
    return next(path for path in reversed(found) if path)


def known(tests):
    listed = subprocess.run([tests, "--list", "--format", "terse"], text=True, stdout=subprocess.PIPE, check=True)
    return {line.rsplit(":", 1)[0] for line in listed.stdout.splitlines()}


def run(tests, name):
    """Whether it went well, why it was not done, how long it took, and all that was said."""
    begun = time.monotonic()
    done = subprocess.run([tests, "--exact", name, "--include-ignored", "--nocapture"], cwd=ROOT / "crates/server",
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    skipped = next((line for line in done.stdout.splitlines() if line.startswith("skipped")), None)
    return done.returncode == 0, skipped, time.monotonic() - begun, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", help="kill processes 200 times as well")
    parser.add_argument("--only", default="", help="only faults with this in their names")
    parser.add_argument("--debug", action="store_true", help="do not build in release mode")
    asked = parser.parse_args()
    tests = program(asked.debug)
    there = known(tests)
    failed = 0
    print("| fault | what has to come of it | what came of it | s |\n| --- | --- | --- | --- |")
    for name, fault, wanted in FAULTS + ([LONG] if asked.long else []):
        if asked.only not in name:
            continue
        if name not in there:
            sys.exit(f"there is no test {name}: this list is out of date")
        good, skipped, seconds, said = run(tests, name)
        outcome = "**something else**" if not good else f"not done: {skipped}" if skipped else "that"
        print(f"| {fault} | {wanted} | {outcome} | {seconds:.1f} |", flush=True)
        if not good:
            failed += 1
            print(said, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.setdefault("CARGO_TERM_QUIET", "true")
    sys.exit(main())
