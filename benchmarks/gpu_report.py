"""The accelerator's part of docs/benchmarks.md."""

from benchmarks.figures import rounded
from benchmarks.work import CHAIN


def section(name, result):
    # Here, since `report` imports this module.
    from benchmarks.report import table

    facts = result["machine"]
    parts = [
        f"## {result['device']}\n",
        f"{facts['processor']}, {facts['system']}, Python {facts['python']}, {facts['date']}, "
        f"{result['rounds']} rounds. Milliseconds a batch, data on the device; behind it the "
        "time divided by that of copying as many bytes as go in and come out.\n",
    ]
    ran = {k: v for k, v in result["backends"].items() if "cells" in v}
    body = [
        [describe(cell), *(entry(found["cells"], cell) for found in ran.values())]
        for cell in (next(iter(ran.values()))["cells"] if ran else [])
    ]
    parts.append(table(["reference chain", *map(heading, ran)], body))
    training = {k: v["training"] for k, v in ran.items() if "with" in v.get("training", {})}
    if training:
        parts.append(training_table(training, table))
    parts.append("\n".join(version_lines(result["backends"])) + "\n")
    return "\n".join(parts)


def heading(backend):
    return "Kornia" if backend == "kornia" else f"keras_segaug, {backend}"


def describe(cell):
    out = "uint8" if cell["row"] == CHAIN else "float32"
    return f"{cell['side']}×{cell['side']}, batch {cell['batch']}, {out} out"


def entry(cells, wanted):
    for cell in cells:
        if all(cell[key] == wanted[key] for key in ("row", "side", "batch")):
            if "error" in cell:
                return f"failed: {cell['error'][:60]}"
            share = cell["chain"]["median"] / cell["copy"]["median"]
            return f"{rounded(cell['chain']['median'])} ({rounded(share)}× the copy)"
    return ""


def training_table(training, table):
    body = []
    for backend, found in training.items():
        without, augmented = found["without"]["median"], found["with"]["median"]
        size = f"{found['side']}×{found['side']}, batch {found['batch']}"
        share = f"{rounded(100 * (augmented / without - 1))} %"
        body.append([backend, size, rounded(without), rounded(augmented), share])
    return table(
        ["a U-Net's train step", "size", "without, ms", "with augmentation, ms", "more"], body
    )


def version_lines(backends):
    for backend, found in backends.items():
        versions = ", ".join(f"{k} {v}" for k, v in found.get("versions", {}).items())
        yield f"- {heading(backend)}: {versions or found['missing']}"
