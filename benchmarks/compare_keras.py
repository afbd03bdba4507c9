"""Runs `check_alignment` on Keras' own layers; writes docs/keras_layers.md.

python -m benchmarks.compare_keras --help
"""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks import verdicts

ROOT = Path(__file__).parent.parent
MODULE = "benchmarks.compare_keras"
# name: (arguments, arguments of check_alignment)
LAYERS = {
    "RandomFlip": ({}, {}),
    "RandomRotation": ({"factor": 0.1}, {}),
    "RandomZoom": ({"height_factor": 0.3, "width_factor": 0.2}, {}),
    "RandomTranslation": ({"height_factor": 0.2, "width_factor": 0.2}, {}),
    "RandomShear": ({"x_factor": (0.0, 0.2), "y_factor": (0.0, 0.2)}, {}),
    "RandomPerspective": ({}, {}),
    "RandomElasticTransform": ({}, {}),
    "RandomCrop": ({"height": 36, "width": 40}, {}),
    "CenterCrop": ({"height": 36, "width": 40}, {}),
    "Resizing": ({"height": 36, "width": 80}, {}),
    # The purpose of these two is to show samples that came from others.
    "CutMix": ({}, {"allow": ("wrong_sample",)}),
    "MixUp": ({}, {"allow": ("wrong_sample",)}),
    "RandAugment": ({}, {}),
    "AugMix": ({}, {}),
    "RandomErasing": ({}, {}),
    "RandomBrightness": ({"factor": 0.2}, {}),
    "RandomContrast": ({"factor": 0.3}, {}),
    "RandomSaturation": ({"factor": (0.3, 0.7)}, {}),
    "RandomHue": ({"factor": 0.2}, {}),
    "RandomColorJitter": ({"brightness_factor": 0.1, "contrast_factor": 0.2}, {}),
    "RandomColorDegeneration": ({"factor": 0.5}, {}),
    "RandomGaussianBlur": ({}, {}),
    "RandomSharpness": ({"factor": 0.5}, {}),
    "RandomPosterization": ({"factor": 4}, {}),
    "RandomInvert": ({}, {}),
    "RandomGrayscale": ({}, {}),
    "Solarization": ({"threshold_factor": 0.5}, {}),
    "AutoContrast": ({}, {}),
    "Equalization": ({}, {}),
}
SEEDLESS = ("CenterCrop", "Resizing", "MixUp", "Solarization", "AutoContrast", "Equalization")
STYLES = {"eager": None, "dataset.map": "map"}
BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


def read_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--layers", nargs="*", choices=list(LAYERS), default=list(LAYERS))
    parser.add_argument("--backends", nargs="*", choices=list(BACKENDS), default=None)
    parser.add_argument("--styles", nargs="*", choices=list(STYLES), default=list(STYLES))
    parser.add_argument("--masks", nargs="*", default=["uint8", "float32"])
    parser.add_argument("--calls", type=int, default=6)
    parser.add_argument("--document", type=Path, default=ROOT / "docs" / "keras_layers.md")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments=None):
    options = read_options(arguments)
    if options.child:
        print("\n" + json.dumps(measure(options)))
        return
    installed = [b for b, package in BACKENDS.items() if importlib.util.find_spec(package)]
    results = {b: in_process(options, b) for b in options.backends or installed}
    given = sys.argv[1:] if arguments is None else arguments
    options.document.write_text(document(results, " ".join(["python", "-m", MODULE, *given])))
    print(f"Wrote {options.document}")


def versions_in(results):
    pairs = {f"{k} {v}" for result in results.values() for k, v in result["versions"].items()}
    return ", ".join(sorted(pairs))


def in_process(options, backend):
    """A backend is chosen when Keras is imported: each has a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", MODULE, "--child"]
    for name in ("layers", "styles", "masks"):
        command += [f"--{name}", *getattr(options, name)]
    command += ["--calls", str(options.calls)]
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"{backend}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().rpartition("\n")[2])


def measure(options):
    """{"versions": ..., "rows": [{layer, style, mask, findings, facts}]}, on one backend."""
    import keras

    rows = []
    for name in options.layers:
        for style in options.styles:
            for mask in options.masks:
                row = {"layer": name, "style": style, "mask": mask}
                rows.append(row | check(name, style, mask, options.calls))
    package = sys.modules[BACKENDS[keras.backend.backend()]]
    versions = {"keras": keras.__version__, keras.backend.backend(): package.__version__}
    return {"versions": versions, "rows": rows}


def check(name, style, mask, calls):
    import keras

    import keras_segaug

    arguments, more = LAYERS[name]
    seed = {} if name in SEEDLESS else {"seed": 1}
    try:
        layer = getattr(keras.layers, name)(**arguments, **seed)
        report = keras_segaug.check_alignment(
            layer, call=STYLES[style], mask_dtype=mask, calls=calls, **more
        )
    except Exception as error:
        # Keras' own wrapping of the error comes first, with color codes for a terminal.
        lines = [line for line in str(error).splitlines() if line.strip()]
        what = lines[1] if lines[0].startswith("Exception encountered") and lines[1:] else lines[0]
        what = what.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("|", "/").strip()
        return {"findings": {"raises": f"{type(error).__name__}: {what[:140]}"}, "facts": {}}
    return verdicts.entry(report)


def document(results, command):
    """The Markdown page."""
    versions = versions_in(results)
    lines = [
        "# Keras' own layers under `check_alignment`",
        "",
        f"Written by `{command}` ({versions}, Python {platform.python_version()}); "
        "nothing here is typed by hand. Each cell: coded images and masks of shape (48, 64), in "
        "batches of 6, through the layer alone, with a seed where it takes one.",
        "",
    ]
    for mask in masks_of(results):
        lines += [f"## Masks of dtype {mask}", "", *table(results, mask), ""]
    return "\n".join([*lines, "## What was found", "", *details(results)]) + "\n"


def masks_of(results):
    return list(dict.fromkeys(row["mask"] for r in results.values() for row in r["rows"]))


def table(results, mask):
    rows = {}
    columns = []
    for backend, result in results.items():
        for row in result["rows"]:
            column = f"{backend}, {row['style']}"
            columns += [] if column in columns else [column]
            if row["mask"] == mask:
                rows.setdefault(row["layer"], {})[column] = verdicts.words(row["findings"])
    head = ["layer", *columns]
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    for layer, cells in rows.items():
        entries = [f"`{layer}`", *(cells[column] for column in columns)]
        lines.append("| " + " | ".join(entries) + " |")
    return lines


def details(results):
    """Each finding with its measure, listed once with all places where it was found."""
    found = {}
    for backend, result in results.items():
        for row in result["rows"]:
            for name, detail in row["findings"].items():
                place = f"{backend} {row['style']} {row['mask']}"
                found.setdefault((row["layer"], name, detail), []).append(place)
    return [
        f"- `{layer}`, {name.replace('_', ' ')}: {detail} ({'; '.join(places)})"
        for (layer, name, detail), places in found.items()
    ] or ["Nothing."]


if __name__ == "__main__":
    main()
