"""Marks of tests; not in `cases.py`, which the benchmarks read, too, without pytest."""

import keras
import pytest

# TensorFlow runs a dataset whatever backend Keras has. On all backends, single pairs show that each
# layer can be traced there and gives the same as elsewhere (`tests/contract/test_places.py`).
TRACED_BY_TENSORFLOW = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow runs it on every backend"
)
