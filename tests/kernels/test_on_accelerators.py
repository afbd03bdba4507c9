"""Operations that go wrong only on an accelerator are not used."""

import re
from pathlib import Path

import pytest

import keras_segaug

ROOT = Path(keras_segaug.__file__).parent


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        # A GPU uses only ten bits after the point of each number.
        (r"ops\.(matmul|einsum|tensordot|dot|inner|conv|depthwise_conv)\(", {"products.py"}),
        # On torch Keras puts the initial value in a tensor on the CPU.
        (r"ops\.(max|min)\([^\n]*initial=", {"backend.py"}),
    ],
)
def test_only_one_file_uses(pattern, allowed):
    found = {p.name for p in ROOT.rglob("*.py") if re.search(pattern, p.read_text())}
    assert found == allowed
