"""Bars of the main rows of each CPU result, for docs/benchmarks.md: `python -m benchmarks.bars`."""

import json
from pathlib import Path

from benchmarks.contenders import REFERENCE
from benchmarks.figures import rounded
from benchmarks.work import CHAIN, CROP, ONE_LAYER, SIX_LAYERS, title

ROWS = (CHAIN, SIX_LAYERS, ONE_LAYER, "elastic", "jitter", "blur", CROP, "flip")
NAMES = (REFERENCE, "keras", "albumentations", "torchvision", "kornia")
COLORS = ("#1b6ca8", "#d1495b", "#edae49", "#66a182", "#8d96a3")


def file_of(name):
    """The file in docs/images for the result of this name."""
    return f"{name}-bars.png"


def times(result):
    """{row: {contender: milliseconds}}, for the rows and contenders that were measured."""
    found = {}
    for row in ROWS:
        entries = result["rows"].get(row, {})
        medians = {name: entries.get(name, {}).get("median") for name in NAMES}
        medians = {name: time for name, time in medians.items() if time is not None}
        if REFERENCE in medians and len(medians) > 1:
            found[row] = medians
    return found


def alternative(result):
    """What the chart shows, in words: which rows are won and which are lost."""
    found = times(result)
    lost = [row for row, medians in found.items() if min(medians, key=medians.get) != REFERENCE]
    won = [row for row in found if row not in lost]
    titles = result["contenders"]
    others = ", ".join(titles[n]["title"] for n in NAMES[1:] if any(n in m for m in found.values()))
    return (
        f"Bars, milliseconds an image on a logarithmic scale: keras_segaug beside {others}. "
        f"keras_segaug is fastest in: {'; '.join(map(title, won)) or 'none'}. "
        f"Somebody else is faster in: {'; '.join(map(title, lost)) or 'none'}."
    )


def draw(result, path):
    """Groups of bars, one for each row; the fastest of each in bold."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    found = times(result)
    figure = Figure(figsize=(8, 0.95 * len(found) + 1.2), layout="constrained")
    axes = figure.subplots()
    labeled = set()
    for number, medians in enumerate(found.values()):
        best = min(medians, key=medians.get)
        for place, (name, time) in enumerate(medians.items()):
            y = number + 0.16 * (place - (len(medians) - 1) / 2)
            label = None if name in labeled else result["contenders"][name]["title"]
            labeled.add(name)
            axes.barh(y, time, 0.15, color=COLORS[NAMES.index(name)], label=label)
            weight = "bold" if name == best else "normal"
            axes.text(time * 1.06, y, rounded(time), va="center", fontsize=7, fontweight=weight)
    axes.set_yticks(range(len(found)), [title(row) for row in found])
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="milliseconds an image, logarithmic; shorter is faster")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlim(right=max(max(m.values()) for m in found.values()) * 2.5)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=5, frameon=False, fontsize="small")
    figure.savefig(path, dpi=120, metadata={"Software": None})


def draw_all(results, images):
    """Draws every CPU result of a folder that has rows to show."""
    for path in sorted(Path(results).glob("*.json")):
        result = json.loads(path.read_text())
        if result["kind"] == "cpu" and times(result):
            Path(images).mkdir(parents=True, exist_ok=True)
            draw(result, Path(images) / file_of(path.stem))


if __name__ == "__main__":
    from benchmarks import report

    ROOT = Path(__file__).resolve().parent.parent
    draw_all(ROOT / "benchmarks" / "results", ROOT / "docs" / "images")
    report.write(ROOT / "benchmarks" / "results", ROOT / "docs" / "benchmarks.md")
