#!/usr/bin/env python3
"""Draws the pictures of docs/benchmarks.md from its tables, into docs/images/bench/.

    benches/charts.py            writes them
    benches/charts.py --check    fails where one is not what the tables say

A bar is a ratio against another program on the same input: how many times as fast, or how many times less
memory. Nothing is measured here, and no figure stands in a picture that is not in a table.
"""

import math
import re
import sys
from pathlib import Path
from xml.sax.saxutils import escape

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "benchmarks.md"
FOLDER = DOCS / "images" / "bench"

STYLE = """
    .page { fill: #ffffff } .title { fill: #1b1f24; font-weight: 600 } .small { fill: #59636e }
    .label { fill: #1b1f24 } .grid { stroke: #d8dee4 } .one { stroke: #59636e; stroke-dasharray: 3 3 }
    .bar { fill: #0f6b5c } .less { fill: #b35900 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 } .title, .label { fill: #e6edf3 } .small { fill: #9198a1 }
      .grid { stroke: #2a313a } .one { stroke: #9198a1 } .bar { fill: #3fb6a0 } .less { fill: #e0883a }
    }
"""

UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2.0**10, "MiB": 2.0**20}


def amount(text):
    """The first quantity of a cell, in seconds or bytes."""
    found = re.search(r"([\d.,]+) (ns|µs|ms|s|KB|MB|GB|KiB|MiB)\b", text)
    return float(found[1].replace(",", "")) * UNITS[found[2]] if found else None


def number(text):
    """The first number of a cell."""
    found = re.search(r"[\d.,]*\d", text)
    return float(found[0].replace(",", "")) if found else None


def table(start):
    """Heads and rows of the table whose heading line begins so."""
    lines = iter(PAGE.read_text().splitlines())
    for line in lines:
        if line.startswith(start):
            next(lines)
            rows = []
            for line in lines:
                if not line.startswith("|"):
                    return rows
                rows.append([cell.strip(" |") for cell in line.strip()[1:].split("|")])
            return rows
    sys.exit(f"{PAGE} has no table that begins with `{start}`")


def row(rows, begins):
    """The row whose first cell begins so."""
    return next((it for it in rows if it[0].startswith(begins)), None) or sys.exit(f"no row `{begins}`")


def scans():
    for cells in table("| image | plimsoll |"):
        if cells[8]:
            yield cells[0], number(cells[8])


def memory():
    for cells in table("| image | plimsoll |"):
        peers = [amount(cells[at]) for at in (5, 7) if cells[at]]
        if peers:
            yield cells[0], min(peers) / amount(cells[2])


def again():
    for cells in table("| second scan of the same image |"):
        if cells[3]:
            yield cells[0], amount(cells[3]) / amount(cells[1])


def others():
    lint = table("| what | plimsoll | hadolint |")
    for begins, label in (("227 real", "lint, 227 real Dockerfiles (hadolint)"), ("one file, in turn", "lint, one Dockerfile (hadolint)")):
        cells = row(lint, begins)
        yield label, amount(cells[2]) / amount(cells[1])
    cells = row(table("| | plimsoll | cosign"), "time")
    yield "verify a file (cosign)", amount(cells[2]) / amount(cells[1])
    for cells in table("| registry | | plimsoll |"):
        if cells[1] == "images a second":
            name = cells[0].replace("`", "").replace("Debian's ", "")
            yield f"verify 1,000 images, {name} (cosign)", number(cells[2]) / number(cells[4])
    for cells in table("| what | command | figure |"):
        times = re.search(r": (\d+) times as fast", cells[2])
        peer = re.search(r"(kube-score|cyclonus)", cells[2])
        if times and peer:
            what = cells[0].split(" (aim")[0].split(" in as many")[0].replace("`", "")
            what = re.sub(r"all pairs of (.* pods), .*", r"reachability of \1", what)
            yield f"{what} ({peer[1]})", float(times[1])
    for cells in table("| what | events a second on one core |"):
        if cells[3]:
            yield f"capture, {cells[0].strip('`').split()[0]} … (sysdig)", number(cells[3])


PICTURES = {
    "scans": ("A whole scan, against the faster of Syft's and Trivy's inventories", "times as fast, nothing cached", scans, False),
    "memory": ("Memory of that, against the leaner of the two", "times less", memory, False),
    "again": ("The second scan of the same image, against Trivy's", "times as fast", again, False),
    "others": ("Other work, against the tool that is known for it", "times as fast; each step of the scale is ten times", others, True),
}


def shown(value):
    return f"{value:.0f} ×" if value >= 100 else f"{value:.1f} ×"


def drawn(title, unit, bars, is_logarithmic):
    """A picture of horizontal bars."""
    width, left, right, head, step = 860, 325, 70, 66, 27
    if not is_logarithmic:
        left = 150
    room = width - left - right
    most = max(value for _, value in bars)
    if is_logarithmic:
        low, high = -0.1, math.ceil(math.log10(most))
        place = lambda value: left + room * (math.log10(value) - low) / (high - low)
        ticks = [10**power for power in range(0, high + 1)]
    else:
        raw = most / 4
        size = 10 ** math.floor(math.log10(raw))
        pace = next(it * size for it in (1, 2, 5, 10) if it * size >= raw)
        high = pace * math.ceil(most / pace)
        place = lambda value: left + room * value / high
        ticks = [pace * at for at in range(0, int(high / pace) + 1)]
    height = head + step * len(bars) + 34
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" font-size="13">',
        f"  <title>{escape(title)}: {escape(unit)}</title>",
        f"  <style>{STYLE}  </style>",
        f'  <rect class="page" width="{width}" height="{height}" rx="8"/>',
        f'  <text class="title" x="20" y="28" font-size="15">{escape(title)}</text>',
        f'  <text class="small" x="20" y="48" font-size="12">{escape(unit)}</text>',
    ]
    bottom = head + step * len(bars)
    for tick in ticks:
        kind = "one" if tick == 1 else "grid"
        x = place(tick) if tick else left
        lines.append(f'  <line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{head - 4}" y2="{bottom}"/>')
        lines.append(
            f'  <text class="small" x="{x:.1f}" y="{bottom + 18}" font-size="11" text-anchor="middle">{tick:g} ×</text>'
        )
    for at, (label, value) in enumerate(bars):
        y = head + step * at
        zero = place(1) if is_logarithmic else left
        start, end = sorted((zero, place(value)))
        kind = "bar" if value >= 1 else "less"
        lines.append(
            f'  <text class="label" x="{left - 10}" y="{y + 16}" text-anchor="end">{escape(label)}</text>'
        )
        lines.append(
            f'  <rect class="{kind}" x="{start:.1f}" y="{y + 3}" width="{end - start:.1f}" height="18" rx="3"/>'
        )
        lines.append(
            f'  <text class="label" x="{end + 6:.1f}" y="{y + 16}" font-weight="600">{shown(value)}</text>'
        )
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def main():
    is_check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not is_check:
        sys.exit(__doc__)
    stale = []
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (title, unit, rows, is_logarithmic) in PICTURES.items():
        picture = drawn(title, unit, list(rows()), is_logarithmic)
        file = FOLDER / f"{name}.svg"
        if not is_check:
            file.write_text(picture)
        elif not file.is_file() or file.read_text() != picture:
            stale.append(file.name)
    if stale:
        sys.exit(f"docs/images/bench: {', '.join(stale)} differ from docs/benchmarks.md: run benches/charts.py")


if __name__ == "__main__":
    main()
