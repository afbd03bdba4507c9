import os
from pathlib import Path

# Two cores are shared by the workers of pytest-xdist: one thread each is faster than many.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "2")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
# JAX compiles each operation for each shape, which takes most of the time of its tests. The
# workers, and the next run, share the compiled programs; `make clean` removes them.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / "build/jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
# Half of the rest is LLVM optimizing machine code. The tests on TensorFlow, compiled by the same
# XLA, run with full optimization.
if os.environ.get("KERAS_BACKEND") == "jax":
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=1")

import keras
import pytest

# Tests that need not run on all three backends, since they do not touch their tensors: wrong
# arguments and wrong calls are refused in Python, and the same functions find a broken layer.
# (Errors that only one backend raises are in `test_silent_errors.py`, which runs on all.)
_ONCE = ("test_errors.py", "test_words.py", "test_broken_layers.py")


def pytest_collection_modifyitems(config, items):
    """Skips them here: `collect_ignore` does not apply to files that are named in the command."""
    repeated = [item for item in items if item.path.name in _ONCE]
    if repeated and keras.backend.backend() != "tensorflow":
        config.hook.pytest_deselected(items=repeated)
        items[:] = [item for item in items if item.path.name not in _ONCE]


# torch takes seconds to compile a layer. Layers are traced as always, but their graphs run
# uncompiled unless a test asks for kernels.
if keras.backend.backend() == "torch":
    from keras_segaug.core import torch_program

    KERNELS, torch_program.kernels = torch_program.kernels, lambda graph: graph


@pytest.fixture
def compiled_by_torch(monkeypatch):
    """Graphs become kernels, as they do for users."""
    monkeypatch.setattr(torch_program, "kernels", KERNELS)


@pytest.fixture
def backend_is():
    """Does Keras run on this backend?"""
    return lambda name: keras.backend.backend() == name


@pytest.fixture(autouse=True)
def _default_settings():
    yield
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("float32")
