"""What each layer does to each kind of target, found by a trial on the running backend.

KERAS_BACKEND=jax python -m docs.builder.targets table.json
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROLES = ("image", "mask", "weights", "continuous", "points")
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "torch"}
CHANGED, KEPT, REFUSED = "changed", "kept", "refused"


def sample(entry):
    """A batch that holds every target, and the roles of those that need one."""
    import numpy as np

    rng = np.random.default_rng(3)
    masks = rng.integers(0, 4, (4, 12, 14), "uint8").repeat(2, 1).repeat(2, 2)
    if entry.takes("palette"):
        masks = np.repeat(masks[..., None], 3, axis=-1)
    data = {
        "images": rng.integers(0, 256, (4, 24, 28, 3), "uint8"),
        "masks": masks,
        "sample_weights": rng.uniform(0.5, 1.0, (4, 24, 28)).astype("float32"),
        "depth": rng.uniform(0.0, 9.0, (4, 24, 28)).astype("float32"),
        "landmarks": rng.uniform(2.0, 20.0, (4, 5, 2)).astype("float32"),
    }
    return data, {"depth": "continuous", "landmarks": "points"}


KEYS = dict(zip(ROLES, ("images", "masks", "sample_weights", "depth", "landmarks"), strict=True))


def tried(entry):
    """{role: what happens to it}; raises for a layer that refuses image and mask."""
    found = _tried(entry, ROLES)
    if found is not None:
        return found
    # At least one role is refused: find out which.
    found = _tried(entry, ROLES[:2])
    for role in ROLES[2:]:
        alone = _tried(entry, (*ROLES[:2], role))
        found[role] = REFUSED if alone is None else alone[role]
    return found


def _tried(entry, roles):
    import keras
    import numpy as np

    data, targets = sample(entry)
    data = {KEYS[role]: data[KEYS[role]] for role in roles}
    targets = {key: role for key, role in targets.items() if key in data}
    arguments = {**entry.arguments(24, 28), "seed": 1, "jit_compile": False}
    layer = entry.cls(**arguments, targets=targets or None)
    try:
        result = layer.augment(data, 3)
    except ValueError as error:
        # A refusal names what is refused; any other error is a bug.
        if not any(role in str(error) for role in roles[2:]):
            raise
        return None
    views = [result] if set(result) & set(data) else list(result.values())

    def is_kept(key):
        found = [keras.ops.convert_to_numpy(view[key]) for view in views]
        return all(np.array_equal(each, data[key]) for each in found)

    return {role: KEPT if is_kept(KEYS[role]) else CHANGED for role in roles}


def table():
    from docs.builder.catalog import public_layers

    found = {}
    for entry in public_layers():
        try:
            found[entry.name] = tried(entry)
        except Exception as error:
            raise RuntimeError(f"{entry.name}: its targets could not be tried") from error
    return found


def tables():
    """{backend: table()}, each from a separate process; None for one that is not installed."""
    from importlib.util import find_spec

    with tempfile.TemporaryDirectory() as folder:
        running = {}
        for backend in filter(find_spec, BACKENDS):
            path = Path(folder) / backend
            environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
            # JAX compiles each operation for each shape, and runs it only once.
            environment["XLA_FLAGS"] = "--xla_backend_optimization_level=0"
            command = [sys.executable, "-m", "docs.builder.targets", str(path)]
            running[backend] = path, subprocess.Popen(command, env=environment)
        failed = [backend for backend, (_, process) in running.items() if process.wait()]
        if failed:
            raise RuntimeError(f"The table of targets failed on {', '.join(failed)}; see above")
        read = {backend: json.loads(path.read_text()) for backend, (path, _) in running.items()}
    return {backend: read.get(backend) for backend in BACKENDS}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(table()))
