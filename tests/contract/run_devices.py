"""Compares an accelerator with the CPU: `python -m tests.contract.run_devices jax torch`.

Every layer of the case list gets the same batches and the same seed on both. Masks must be the
same, except where a lookup falls exactly between two pixels; images may differ by a gray level.
Needs no TensorFlow. Exit status 1 where a layer differs.
"""

import argparse
import contextlib
import functools
import os
import pickle
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
# Share of the pixels: two devices may differ in the last bit of a place before it is rounded.
MAY_DIFFER = 2e-3
LEVELS = 1.0
# Environment variables that hide all accelerators from a process.
ON_CPU = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
SIZE = {"count": 4, "height": 48, "width": 40}


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("backends", nargs="+", choices=("jax", "torch"))
    parser.add_argument("--every", type=int, default=1, help="only every so many-th layer")
    parser.add_argument("--workers", type=int, default=1, help="processes a device")
    parser.add_argument("--seconds", type=float, help="waits no longer for the layers")
    parser.add_argument("--reference", choices=("jax", "torch"), help="what computes on the CPU")
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--steps", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def record(options):
    """{case: {name: array}} on this process' device; for arrays also an error as text, or None."""
    from tests.cases import CASES, MIXING

    cases = [*CASES, *MIXING][options.first :: options.every]
    results: dict = {case.id: None for case in cases}
    for case in cases:
        # After each case, since the caller may stop waiting at any time.
        options.record.write_bytes(pickle.dumps((device_name(), results)))
        try:
            results[case.id] = result_of(case, compiled=not options.steps)
        except Exception as error:
            results[case.id] = f"{type(error).__name__}: {str(error)[:200]}"
        print(".", end="", file=sys.stderr, flush=True)
    options.record.write_bytes(pickle.dumps((device_name(), results)))


def result_of(case, compiled):
    from tests.data import mask_for, random_images, to_numpy

    given = random_images(**SIZE), mask_for(case, **SIZE)
    layer = case.make(jit_compile=compiled)
    images, masks = to_numpy(layer(given, training=True))
    return {"images": images.astype("float64"), "masks": masks}


def device_name():
    from benchmarks import device

    return device.name()


def on(backend, options, more, steps=False):
    """(device, results), from separate processes."""
    every = options.every * options.workers
    firsts = range(0, every, options.every)
    with ThreadPoolExecutor(options.workers) as pool:
        run = functools.partial(part_on, backend, every, more, steps, options.seconds)
        parts = list(pool.map(run, firsts))
    return parts[0][0], {case: found for _, part in parts for case, found in part.items()}


def part_on(backend, every, more, steps, seconds, first):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "results")
        command = [sys.executable, "-m", "tests.contract.run_devices", backend]
        command += ["--record", path, "--first", str(first), "--every", str(every)]
        command += ["--steps"] if steps else []
        environment = {**os.environ, "KERAS_BACKEND": backend, **more}
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, check=True, cwd=ROOT, env=environment, timeout=seconds)
        return pickle.loads(path.read_bytes())


def differences(device, cpu):
    """What is wrong with a layer's result, in words; None if nothing is."""
    if isinstance(device, str) or isinstance(cpu, str):
        return f"device: {str(device)[:240]}; CPU: {str(cpu)[:240]}"
    for name, values in device.items():
        expected = cpu[name]
        if values.dtype != expected.dtype or values.shape != expected.shape:
            return f"{name}: {values.dtype} {values.shape}, not {expected.dtype} {expected.shape}"
        apart = np.abs(values.astype("float64") - expected)
        share = np.mean(apart > (LEVELS if name == "images" else 0.0))
        # Also wrong: where only one of them is NaN.
        if not share <= MAY_DIFFER or not np.array_equal(np.isnan(values), np.isnan(expected)):
            return f"{name}: {100 * share:.2f} % of the values differ, by up to {apart.max():.3g}"
    return None


def compare(backend, options):
    """Whether all layers were reached and give the same; prints those that do not."""
    with ThreadPoolExecutor(2) as pool:
        device = pool.submit(on, backend, options, {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"})
        beside = options.reference or backend
        # torch computes on a CPU without compiling, since compiling takes longer than all the rest.
        cpu = pool.submit(on, beside, options, ON_CPU, beside == "torch")
    (name, all_found), (_, expected) = device.result(), cpu.result()
    found = {case: each for case, each in all_found.items() if each and expected[case]}
    wrong = {case: differences(result, expected[case]) for case, result in found.items()}
    wrong = {case: text for case, text in wrong.items() if text}
    alike = [
        np.array_equal(found[c]["masks"], expected[c]["masks"]) for c in found if c not in wrong
    ]
    reached = f"{len(found)} of {len(all_found)} layers"
    print(f"{backend} on {name}: {reached}, {len(wrong)} differ; of the others", end=" ")
    print(f"{sum(alike)} have the very same mask, {len(alike) - sum(alike)} nearly")
    for case, text in wrong.items():
        print(f"  {case}: {text}")
    return not wrong and len(found) == len(all_found)


if __name__ == "__main__":
    OPTIONS = read_options()
    if OPTIONS.record:
        record(OPTIONS)
    else:
        results = [compare(backend, OPTIONS) for backend in OPTIONS.backends]
        sys.exit(not all(results))
