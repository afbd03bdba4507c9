"""Marks of tests; not in `cases.py`, which the benchmarks read, too, without pytest."""

import keras
import pytest

# A dataset is run by TensorFlow whatever backend Keras has. That each layer can be traced there and
# gives what it gives elsewhere, single pairs show on all of them (`tests/contract/test_places.py`).
TRACED_BY_TENSORFLOW = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow runs it on every backend"
)
