"""Times layers, a train step and several views on an accelerator, through JAX and torch.

    python -m benchmarks.gpu [--backends jax torch] [--smoke]

Needs keras, this package, and jax or torch; Kornia takes part if it can be imported.
TensorFlow is imported only if it is named among the backends.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import figures, machine
from benchmarks.work import CHAIN, CHAIN_FLOAT, AbsentError

ROOT = Path(__file__).resolve().parent.parent
SIDES, BATCHES = (256, 512, 1024), (16, 64, 256)
SMOKE = "smoke"


def read_options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backends", nargs="*", default=["jax", "torch", "kornia"])
    parser.add_argument("--sides", nargs="*", type=int, default=list(SIDES))
    parser.add_argument("--batches", nargs="*", type=int, default=list(BATCHES))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--smoke", action="store_true", help="tiny, to see that it runs")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.smoke:
        options.sides, options.batches, options.rounds = [32], [2], 2
    return options


def main(arguments=None):
    options = read_options(arguments)
    if options.only:
        print(json.dumps(measure(options)))
        return
    result = {"kind": "gpu", "machine": machine.facts(), "rounds": options.rounds, "backends": {}}
    for backend in options.backends:
        print(f"{backend} ...", file=sys.stderr, flush=True)
        result["backends"][backend] = in_own_process(backend, arguments or sys.argv[1:])
    devices = [found["device"] for found in result["backends"].values() if "device" in found]
    result["device"] = devices[0] if devices else "none"
    name = SMOKE if options.smoke else machine.file_name(result["device"])
    options.results.mkdir(parents=True, exist_ok=True)
    path = options.results / f"gpu-{name}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"Wrote {path}")


def in_own_process(backend, arguments):
    """Measures in a separate process: two libraries in one would each claim the device's memory."""
    keras_backend = "torch" if backend == "kornia" else backend
    environment = {
        **os.environ,
        "KERAS_BACKEND": keras_backend,
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, "-m", "benchmarks.gpu", *arguments, "--only", backend]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        return {"missing": f"stopped with exit status {done.returncode}"}
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(options):
    """What one process measures."""
    try:
        from benchmarks import device
    except ImportError:
        return {"missing": "not installed"}
    make = maker(options.only)
    if make is None:
        return {"missing": "not installed"}
    result = {"device": device.name(), "versions": versions(options.only), "cells": []}
    sizes = [(side, batch) for side in options.sides for batch in options.batches]
    # Small ones first, because the peak of memory in use can be read but not reset.
    for side, batch in sorted(sizes, key=lambda size: size[0] ** 2 * size[1]):
        for row in (CHAIN, CHAIN_FLOAT):
            print(f"  {row} {side} {batch}", file=sys.stderr, flush=True)
            result["cells"].append(cell(make, row, side, batch, options.rounds))
    result["layers"] = list(other_layers(make, options))
    if options.only != "kornia":
        result |= with_models(options)
    result["tensorflow_imported"] = "tensorflow" in sys.modules
    return result


def versions(backend):
    from importlib.metadata import version

    from benchmarks import device

    return {**device.versions(), **({"kornia": version("kornia")} if backend == "kornia" else {})}


def maker(backend):
    """make(row, side, batch): a function that augments one batch on the device."""
    if backend != "kornia":
        from benchmarks.gpu_work import make_ours

        return make_ours
    try:
        from benchmarks.contenders import kornia_peer  # noqa: F401
    except ImportError:
        return None
    return make_kornia


def make_kornia(row, side, batch):
    import torch

    from benchmarks.contenders.kornia_peer import augment, make_sequence
    from benchmarks.gpu_work import batch_on_device

    images, masks = batch_on_device(side, batch)
    images, masks = images.permute(0, 3, 1, 2).contiguous(), masks[:, None].contiguous()
    sequence = make_sequence(row, side)

    @torch.inference_mode()
    def run():
        return augment(sequence, images, masks, row == CHAIN_FLOAT)

    return run


def cell(make, row, side, batch, rounds):
    """One image size and batch: the time of the chain, and of copying as many bytes."""
    from benchmarks import device

    result = {"row": row, "side": side, "batch": batch}
    pixels = side * side * batch
    read, written = 4 * pixels, (13 if row == CHAIN_FLOAT else 4) * pixels
    # A copy of n bytes reads n and writes n.
    size = (read + written) // 2

    def timed():
        return {
            "chain": times_of(make(row, side, batch), rounds),
            "copy": times_of(device.copier(size), rounds),
            "bytes": read + written,
            "peak_bytes": device.peak_memory(),
        }

    return result | safely(timed)


def safely(function):
    """What the function returns, or why it failed, for example for lack of memory."""
    try:
        return function()
    except AbsentError as absent:
        return {"error": str(absent)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"}


def times_of(run, rounds):
    """Milliseconds a call; a round makes several calls and waits for the last."""
    from benchmarks import device

    first_call = elapsed(run, 1, device.wait)
    # Some libraries keep preparing during their first calls.
    once = min(elapsed(run, 1, device.wait) for _ in range(3))
    calls = min(max(round(0.02 / max(once, 1e-6)), 1), 20)
    times = [1000 * elapsed(run, calls, device.wait) / calls for _ in range(rounds)]
    return {**figures.summary(times), "first_call": first_call}


def elapsed(run, calls, wait):
    start = time.perf_counter()
    for _ in range(calls):
        result = run()
    wait(result)
    return time.perf_counter() - start


# --- What is timed at one batch size only -----------------------------------------------------


def other_layers(make, options):
    """Layers besides the chain: elastic, mixing, a policy."""
    from benchmarks.gpu_report import LAYERS

    side, batch = (32, 4) if options.smoke else (512, 64)
    for row in LAYERS:
        print(f"  {row} {side} {batch}", file=sys.stderr, flush=True)
        yield cell(make, row, side, batch, options.rounds)


def in_turns(make, side, batch, options):
    """The times of each of the functions that `make` returns, which take turns."""
    from benchmarks import device
    from benchmarks.gpu_work import FILTERS, SMALL_FILTERS

    def timed():
        runs = make(side, batch, SMALL_FILTERS if options.smoke else FILTERS)
        for run in runs.values():
            # The second call may compile, too.
            elapsed(run, 2, device.wait)
        rounds = [
            {name: 1000 * elapsed(run, 1, device.wait) for name, run in runs.items()}
            for _ in range(options.rounds)
        ]
        return {name: figures.summary([each[name] for each in rounds]) for name in runs} | {
            "ratio": figures.summary([each["with"] / each["without"] for each in rounds])
        }

    return {"side": side, "batch": batch} | safely(timed)


def with_models(options):
    from benchmarks import gpu_work

    training, predicting = ((32, 2), (32, 2)) if options.smoke else ((512, 16), (512, 8))
    return {
        "training": in_turns(gpu_work.train_steps, *training, options),
        "views": in_turns(gpu_work.predictions, *predicting, options),
    }


if __name__ == "__main__":
    main()
