"""The accelerator's part of docs/benchmarks.md."""

import statistics

from benchmarks.figures import rounded
from benchmarks.work import CHAIN, CLASS_MIX, CUT_MIX, MOSAIC, NO_COUNTERPART

# What is timed besides the chain.
LAYERS = {
    "elastic": "elastic, image and mask",
    CUT_MIX: "CutMix",
    CLASS_MIX: "ClassMix",
    MOSAIC: "mosaic of four samples",
    "layer:JointCopyPaste": "CopyPaste",
    "layer:JointRandAugment": "RandAugment",
}
MODELS = (
    ("training", "the chain in the model", "a U-Net's train step"),
    ("views", "eight views", "a U-Net's prediction, fetched as an array of numpy"),
)


def section(name, result):
    # Imported here, because `report` imports this module.
    from benchmarks.report import table

    facts = result["machine"]
    parts = [
        f"## {result['device']}\n",
        f"{facts['processor']}, {facts['system']}, Python {facts['python']}, {facts['date']}, "
        f"{result['rounds']} rounds. Medians in milliseconds a batch, data on the "
        "device; behind it the time divided by that of copying as many bytes as go in and come "
        "out.\n",
    ]
    ran = {k: v for k, v in result["backends"].items() if "cells" in v}
    body = [
        [describe(cell), *(entry(found["cells"], cell) for found in ran.values())]
        for cell in (next(iter(ran.values()))["cells"] if ran else [])
    ]
    parts.append(table(["reference chain", *map(heading, ran)], body))
    parts.append(layers_table(ran, table))
    for key, what, title in MODELS:
        found = {k: v[key] for k, v in ran.items() if key in v}
        parts.append(model_table(found, title, what, table))
    parts.append("\n".join(version_lines(result["backends"])) + "\n")
    return "\n".join(parts)


def heading(backend):
    return "Kornia" if backend == "kornia" else f"keras_segaug, {backend}"


def describe(cell):
    out = "uint8" if cell["row"] == CHAIN else "float32"
    return f"{size_of(cell)}, {out} out"


def entry(cells, wanted):
    for cell in cells:
        if all(cell[key] == wanted[key] for key in ("row", "side", "batch")):
            if cell.get("error") == NO_COUNTERPART:
                return "–"
            if "error" in cell:
                return f"failed: {cell['error'][:60]}"
            share = cell["chain"]["median"] / cell["copy"]["median"]
            return f"{rounded(cell['chain']['median'])} ({rounded(share)}× the copy)"
    return ""


def layers_table(ran, table):
    rows = {cell["row"]: cell for found in ran.values() for cell in found["layers"]}
    body = [
        [LAYERS[row], size_of(cell), *(entry(found["layers"], cell) for found in ran.values())]
        for row, cell in rows.items()
    ]
    return table(["layer, uint8 out", "size", *map(heading, ran)], body)


def model_table(found, title, what, table):
    body = []
    for backend, times in found.items():
        if "error" in times:
            body.append([backend, size_of(times), f"failed: {times['error'][:60]}", "", ""])
            continue
        without, augmented = (rounded(times[name]["median"]) for name in ("without", "with"))
        ratio = times["ratio"]
        shares = [f"{ratio[key]:.3f}" for key in ("median", "low", "high")]
        share = "{} ({} to {})".format(*shares)
        body.append([backend, size_of(times), without, augmented, share])
    return table([title, "size", "without, ms", f"with {what}, ms", "ratio (quartiles)"], body)


def size_of(found):
    return f"{found['side']}×{found['side']}, batch {found['batch']}"


def version_lines(backends):
    for backend, found in backends.items():
        versions = ", ".join(f"{k} {v}" for k, v in found.get("versions", {}).items())
        yield f"- {heading(backend)}: {versions or found['missing']}{first_calls(found)}"


def first_calls(found):
    """The times of first calls, which include compiling where something is compiled."""
    cells = [cell for key in ("cells", "layers") for cell in found.get(key, ())]
    times = [cell["chain"]["first_call"] for cell in cells if "chain" in cell]
    if not times:
        return ""
    least, median, most = min(times), statistics.median(times), max(times)
    return f"; first calls {least:.1f} to {most:.1f} s, half of them within {median:.1f}"
