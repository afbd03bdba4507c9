"""What `few_labels.py` found: a table, a plot, and a page of the documentation."""

import importlib.metadata
import shlex
import sys
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from rich.table import Table

# For `benchmarks.machine`, which knows the processor.
sys.path.append(str(Path(__file__).resolve().parent.parent))
from benchmarks import machine

WHAT = {
    "supervised": "labeled slices only, geometry and colors",
    "color": "strong view: colors",
    "geometry": "strong view: geometry and colors; labels moved by `MultiView.transfer`",
    "classmix": "strong view: `JointClassMix`, then colors",
    "cutmix": "strong view: `JointCutMix`, then colors",
}

PAGE = Path(__file__).with_name("few_labels_page.md")


def surroundings():
    """Where and when this runs, and how busy the machine already is."""
    return machine.facts()


def statistics(ious):
    """{method: (mean, standard deviation)} of the mean IoU; None as deviation of a single seed."""
    scores = {method: np.nanmean(each, axis=1) for method, each in ious.items()}
    return {
        method: (each.mean(), each.std(ddof=1) if len(each) > 1 else None)
        for method, each in scores.items()
    }


def rows(ious):
    """[method, mean IoU, gain over labels alone] for each method, as strings."""
    found = statistics(ious)
    base = found.get("supervised", (np.nan,))[0]
    return [
        [
            method,
            f"{mean:.3f}" + ("" if deviation is None else f" ± {deviation:.3f}"),
            "" if method == "supervised" or np.isnan(base) else f"{mean - base:+.3f}",
        ]
        for method, (mean, deviation) in found.items()
    ]


def table(ious):
    shown = Table("method", "mean IoU", "gain", title="test blocks")
    for row in rows(ious):
        shown.add_row(*row)
    return shown


def markdown(header, lines):
    lines = [header, ["---"] * len(header), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plot(ious, path):
    """Plots one point for each method with its standard deviation, and the seeds beside it."""
    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for place, (method, (mean, deviation)) in enumerate(statistics(ious).items()):
        axes.errorbar(place, mean, yerr=deviation, fmt="o", capsize=5, color="C0")
        scores = np.nanmean(ious[method], axis=1)
        axes.plot(np.full(len(scores), place + 0.15), scores, ".", color="0.6")
    axes.set_xticks(range(len(ious)), list(ious))
    axes.set_ylabel("mean IoU on the test slices")
    axes.grid(axis="y", alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def tables(ious, names, first_seed):
    """The tables of the page, in Markdown."""
    summary = [[*row, WHAT[row[0]]] for row in rows(ious)]
    by_class = np.stack([np.mean(each, axis=0) for each in ious.values()], axis=1)
    by_seed = {method: np.nanmean(each, axis=1) for method, each in ious.items()}
    count = len(next(iter(ious.values())))
    return {
        "summary": markdown(["method", "mean IoU", "gain", "what"], summary),
        "by_class": markdown(
            ["class", *ious],
            [
                [name, *(f"{score:.3f}" for score in scores)]
                for name, scores in zip(names, by_class, strict=True)
            ],
        ),
        "by_seed": markdown(
            ["method", *(f"seed {first_seed + number}" for number in range(count))],
            [[method, *(f"{score:.3f}" for score in each)] for method, each in by_seed.items()],
        ),
    }


def write(folder, ious, data, options, place, minutes):
    """Writes the page and its plot; returns their paths."""
    page, image = folder / "few_labels.md", folder / "images" / "few_labels.png"
    image.parent.mkdir(parents=True, exist_ok=True)
    plot(ious, image)
    packages = dict.fromkeys(["keras", keras.backend.backend(), "tensorflow", "keras-segaug"])
    versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    text = PAGE.read_text().format(
        **place,
        **tables(ious, data.names, options.seed),
        labeled=len(data.labeled[0]),
        unlabeled=len(data.unlabeled),
        training=len(data.labeled[0]) + len(data.unlabeled),
        testing=len(data.test_images),
        classes=len(data.names),
        classes_labeled=data.classes_labeled,
        threshold=options.threshold,
        seeds=options.seeds,
        command=f"python {shlex.join(sys.argv)}",
        trainings=len(ious) * options.seeds,
        epochs=options.epochs,
        steps=data.steps,
        minutes=minutes,
        versions=", ".join(versions),
    )
    page.write_text(text)
    return page, image
