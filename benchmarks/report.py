# SPDX-License-Identifier: Apache-2.0
"""The table, the CSV and the plots of what was measured."""

import csv
import statistics
import subprocess

from dom0s import SIDES
from rows import ROWS

PEER = "oxenstored"
OURS = "Thin Dom0"


def figure(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3g}"


class Results:
    """Values by row and side."""

    def __init__(self):
        self.values = {}

    def add(self, side, record):
        for row, values in record.values.items():
            self.values.setdefault((row, side), []).extend(values)

    def replace(self, other):
        """Rows of the other count, all others stay."""
        measured = {row for row, _ in other.values}
        self.values = {key: values for key, values in self.values.items() if key[0] not in measured} | other.values

    def median(self, row, side):
        values = self.values.get((row.name, side))
        return statistics.median(values) if values else None

    def spread(self, row, side):
        """Half of the distance between the least and the greatest value, in percent of the median."""
        values, median = self.values[row.name, side], self.median(row, side)
        return (max(values) - min(values)) / 2 / median * 100 if median else 0

    def ratio(self, row, side):
        """How many times better we are than this side; None where either wasn't measured, or it was zero."""
        ours, other = self.median(row, OURS), self.median(row, side)
        if not ours or not other:
            return None
        return ours / other if row.more_is_better else other / ours

    def is_met(self, row):
        """None where there is no budget, or where it can't be told."""
        ours, ratio = self.median(row, OURS), self.ratio(row, PEER)
        if ours is None or not row.budget() or row.ratio and ratio is None:
            return None
        return ratio >= row.ratio if row.ratio else ours <= row.most if row.most else ours >= row.least

    def rows(self):
        return [row for row in ROWS.values() if any((row.name, side) in self.values for side in SIDES)]

    def cell(self, row, side):
        if (row.name, side) not in self.values:
            return "–"
        spread = self.spread(row, side)
        return figure(self.median(row, side)) + (f" ±{spread:.0f} %" if spread >= 0.5 else "")


def table(results):
    """Markdown."""
    lines = ["| what | unit | " + " | ".join(side.title for side in SIDES.values()) + " | times better than these | budget | met |",
             "| --- " * (6 + len(SIDES) - 1) + "|"]
    for row in results.rows():
        ratios = [f"{figure(ratio)}" if (ratio := results.ratio(row, side)) else "–" for side in SIDES if side != OURS]
        ratios = ratios if any(ratio != "–" for ratio in ratios) else []
        met = {None: "", True: "yes", False: "**no**"}[results.is_met(row)]
        unit = row.unit if row.clock == "exact" else f"{row.unit}, {row.clock}"
        lines.append(f"| {row.title} | {unit} | " + " | ".join(results.cell(row, side) for side in SIDES) +
                     f" | {', '.join(ratios)} | {row.budget()} | {met} |")
    return "\n".join(lines) + "\n"


def write_csv(results, path):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["row", "unit", "clock", "side", "median", "least", "greatest", "values"])
        for row in results.rows():
            for side in SIDES:
                if values := results.values.get((row.name, side)):
                    writer.writerow([row.name, row.unit, row.clock, side,
                                     *(f"{value:.6g}" for value in (statistics.median(values), min(values), max(values))),
                                     " ".join(f"{value:.6g}" for value in values)])


def read_csv(path):
    """What an earlier run wrote; nothing where there is no such file."""
    results = Results()
    if path.exists():
        with open(path, newline="") as file:
            for line in csv.DictReader(file):
                results.values[line["row"], line["side"]] = [float(value) for value in line["values"].split()]
    return results


def gnuplot(commands):
    subprocess.run(["gnuplot"], input=commands, text=True, check=True)


def plot_ratios(results, path):
    """How many times better, as bars on a logarithmic scale; the budget as a mark."""
    rows = [row for row in results.rows() if results.ratio(row, PEER) and not row.name.endswith("_p99")][::-1]
    if not rows:
        return
    data = "\n".join(f'{i} {results.ratio(row, PEER):.4g} {row.ratio or "NaN"}' for i, row in enumerate(rows))
    names = ", ".join(f'"{row.title}{" (wall)" if row.clock == "wall" else ""}" {i}' for i, row in enumerate(rows))
    gnuplot(f"""
set terminal svg size 1000,{100 + 22 * len(rows)} font "sans-serif,12" background "white"
set output "{path}"
set title "How many times better than a Linux Dom0 with oxenstored" offset screen -0.25,0
set logscale x
set grid x
set ytics nomirror ({names})
set yrange [-0.7:{len(rows) - 0.3}]
set xrange [0.5:*]
set style fill solid 0.6
set key below
$data << END
{data}
END
plot $data using (sqrt(0.5*$2)):1:(0.5):2:($1-0.35):($1+0.35) with boxxyerror lc rgb "#4477aa" title "measured", \\
     $data using 3:1 with points pt 9 ps 1 lc rgb "#cc3311" title "budget"
""")


def plot_times(results, path):
    """The creates, on each side."""
    labels = {"create_small": "16 MB", "create_linux": "Linux in 128 MB", "create_2g": "2 GB", "create_16": "16 of 16 MB"}
    rows = [ROWS[name] for name in labels if (name, OURS) in results.values]
    sides = [side for side in SIDES if any((row.name, side) in results.values for row in rows)]
    if not rows:
        return
    data = "\n".join(" ".join([f'"{labels[row.name]}"', *(f"{results.median(row, side) or 0:.5g}" for side in sides)])
                     for row in rows)
    plots = ", ".join(f'$data using {i + 2}:xtic(1) title "{SIDES[side].title}"' for i, side in enumerate(sides))
    gnuplot(f"""
set terminal svg size 1000,420 font "sans-serif,12" background "white"
set output "{path}"
set title "How long it takes to create guests (ms, counted)"
set style data histograms
set style fill solid 0.6
set logscale y
set yrange [1:*]
set grid y
set key outside
$data << END
{data}
END
plot {plots}
""")


def write_page(results, page):
    """Puts the table where the page has one."""
    text = page.read_text()
    begin = text.index("| what | unit | ")
    end = text.index("\n\n", begin) + 1
    page.write_text(text[:begin] + table(results) + text[end:])


def write(measured, folder, keep, page):
    """Into the folder, with `keep` beside those rows there that weren't measured now, and into the page, if there is one."""
    results = read_csv(folder / "results.csv") if keep else Results()
    results.replace(measured)
    if page:
        write_page(results, page)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text(table(results))
    write_csv(results, folder / "results.csv")
    plot_ratios(results, folder / "ratios.svg")
    plot_times(results, folder / "create.svg")
