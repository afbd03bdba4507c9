"""How time grows with the image's side, the batch and the number of layers; plots for docs.

python -m benchmarks.growth --help
"""

import argparse
import json
import os
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from benchmarks import machine, report
from benchmarks.contenders import CONTENDERS, OPT_IN
from benchmarks.race import ROOT, Settings, contest, race
from benchmarks.work import CHAIN, task_of

# These get the whole batch in one call; the others take one image a call whatever its size.
BATCHED = (
    "segaug",
    "segaug-eager",
    "segaug-jax",
    "segaug-torch",
    "keras",
    "kornia",
    "fuse-augmentations",
    "albumentations-loader",
)
SIDES = (64, 128, 256, 512, 1024, 2048)
BATCHES = (1, 2, 4, 8, 16, 32, 64)
LAYERS = (1, 2, 3, 4, 6, 8, 10, 12)


def read_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.1)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--side", type=int, default=512, help="where it does not vary")
    parser.add_argument("--sides", nargs="*", type=int, default=list(SIDES))
    parser.add_argument("--batches", nargs="*", type=int, default=list(BATCHES))
    parser.add_argument("--layers", nargs="*", type=int, default=list(LAYERS))
    parser.add_argument("--contenders", nargs="*")
    parser.add_argument("--machine", default=machine.default_name())
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--document", type=Path, default=ROOT / "docs" / "benchmarks.md")
    return parser.parse_args(arguments)


def curves(options):
    """{name: (axis label, title, [(x, task, who takes part)])}."""
    return {
        "side": (
            "side of the image, pixels",
            "Reference chain, uint8 out",
            [(side, task_of(CHAIN, side), None) for side in options.sides],
        ),
        "batch": (
            "images in a batch",
            f"Reference chain, uint8 out, {options.side}×{options.side}",
            [(batch, task_of(CHAIN, options.side, batch), BATCHED) for batch in options.batches],
        ),
        "layers": (
            "geometric layers in a row",
            f"Rotations, flips, zooms, shifts, shears, {options.side}×{options.side}",
            [(count, task_of(f"layers:{count}", options.side), None) for count in options.layers],
        ),
    }


def main(arguments=None):
    options = read_options(arguments)
    default = [name for name in CONTENDERS if name not in (*OPT_IN, "segaug-fit")]
    settings = Settings(
        rounds=options.rounds,
        seconds=options.seconds,
        cores=tuple(sorted(os.sched_getaffinity(0))[: options.cores]),
    )
    result = measure(options.contenders or default, curves(options), settings)
    options.results.mkdir(parents=True, exist_ok=True)
    images = options.document.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    for name, curve in result["curves"].items():
        file = f"{options.machine}-{name}.png"
        draw(curve, result["contenders"], images / file)
        result["plots"][file] = f"{curve['title']}: milliseconds an image against {curve['axis']}"
    path = options.results / f"{options.machine}-growth.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    report.write(options.results, options.document)
    Console().print(f"Wrote {path} and the plots in {images}")


def measure(names, wanted, settings):
    result = {"kind": "growth", "machine": machine.facts(), "threads": len(settings.cores)}
    result |= {"rounds": settings.rounds, "curves": {}, "plots": {}}
    columns = (*Progress.get_default_columns(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("starting", total=sum(len(c[2]) for c in wanted.values()))
        with contest(names, settings) as (racers, entries):
            result["contenders"] = entries
            for name, (axis, title, points) in wanted.items():
                curve = {"axis": axis, "title": title, "points": []}
                result["curves"][name] = curve
                for x, task, chosen in points:
                    progress.update(bar, description=f"{name} {x}")
                    found = race(racers, task, settings, chosen)
                    curve["points"].append({"x": x, "results": found})
                    progress.advance(bar)
    return result


def draw(curve, contenders, path):
    """Lines of medians with a band from quartile to quartile, on logarithmic axes."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.subplots()
    ticks = [point["x"] for point in curve["points"]]
    for name, entry in contenders.items():
        points = [(p["x"], p["results"].get(name, {})) for p in curve["points"]]
        points = [(x, found) for x, found in points if found.get("median", 0) > 0]
        if not points:
            continue
        x = [x for x, _ in points]
        median, low, high = ([f[key] for _, f in points] for key in ("median", "low", "high"))
        ours = name.startswith("segaug")
        line = axes.plot(
            x, median, marker="o", ms=3.5, lw=2.2 if ours else 1.3, label=entry["title"]
        )
        axes.fill_between(x, low, high, color=line[0].get_color(), alpha=0.15, lw=0)
    scale = "linear" if "layers" in curve["axis"] else "log"
    axes.set(xscale=scale, yscale="log", xlabel=curve["axis"], ylabel="milliseconds an image")
    axes.set_title(curve["title"])
    # The measured values, not powers of ten.
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", frameon=False, fontsize="small")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
