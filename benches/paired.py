"""Runs two programs in turn as whole processes: wall time, processor time, peak memory."""
import os
import statistics
import subprocess
import time


def once(command, folder):
    """One run: wall seconds, processor seconds, peak MB."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, used = os.wait4(process.pid, 0)
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def compare(what, folder, runs, commands):
    """Prints the medians of each command, which run in turn; a program that is missing is left out."""
    figures = {name: [] for name, command in commands.items() if command[0]}
    for _ in range(runs):
        for name in figures:
            figures[name].append(once(commands[name], folder))
    for name, all_runs in figures.items():
        wall, processor, memory = (statistics.median(column) for column in zip(*all_runs))
        print(f"{what:<22} {name:<10} {wall * 1000:9.1f} ms {processor * 1000:9.1f} ms cpu {memory:6.0f} MB")
