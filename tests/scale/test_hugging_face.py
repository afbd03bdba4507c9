"""The script on Hugging Face datasets; without the library it says what is missing."""

import importlib.util

import pytest

from tests.scale.scripts import lines_of, run

pytestmark = pytest.mark.scale


def test_rows_are_augmented_as_they_are_read():
    if importlib.util.find_spec("datasets") is None:
        done = run("hugging_face", "jax")
        assert done.returncode == 1
        assert done.stderr.strip() == "This script needs datasets: pip install datasets"
        return
    assert lines_of("hugging_face", "jax") == [
        "two epochs of 16 rows: pairs exact, labels and dtypes kept, all different",
        "the same seed gives the same again",
        "one row by its number: arrays, and the other columns as they were",
    ]
