"""What only goes wrong on an accelerator, and is therefore not used."""

import re
from pathlib import Path

import pytest

import keras_segaug

ROOT = Path(keras_segaug.__file__).parent


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        # A GPU multiplies with ten bits of each number.
        (r"ops\.(matmul|einsum|tensordot|dot|inner|conv|depthwise_conv)\(", {"products.py"}),
        # On torch Keras makes a tensor in the memory of the CPU of the initial value.
        (r"ops\.(max|min)\([^\n]*initial=", {"backend.py"}),
    ],
)
def test_only_one_file_uses(pattern, allowed):
    found = {p.name for p in ROOT.rglob("*.py") if re.search(pattern, p.read_text())}
    assert found == allowed
