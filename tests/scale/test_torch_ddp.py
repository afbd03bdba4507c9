"""The script with two ranks of torch's DDP finds all that it checks to hold."""

import pytest

from tests.scale.scripts import lines_of, run

pytestmark = pytest.mark.scale


def test_all_that_it_checks_holds():
    pytest.importorskip("torch")
    assert lines_of("torch_ddp", "torch") == [
        "all ranks have the same layers and seed; others are refused",
        "in __getitem__, in collate_fn and in the module: pairs are exact, dtypes are kept",
        "no two ranks, workers or epochs draw the same",
        "the module was trained: the loss is lower, all ranks have the same weights",
        "the same seed gives the same again, with and without keys",
        "keys: one rank gives each record what two gave it",
    ]


def test_says_that_torch_is_missing():
    program = (
        "import runpy, sys; sys.modules['torch'] = None; "
        "runpy.run_module('examples.scale.torch_ddp')"
    )
    done = run("torch_ddp", "torch", "-c", program)
    assert done.returncode == 1
    assert done.stderr.strip() == "This script needs torch: pip install torch"
