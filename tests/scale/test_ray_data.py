"""The script on Ray Data; without the library it says what is missing."""

import importlib.util

import pytest

from tests.scale.scripts import lines_of, run

pytestmark = pytest.mark.scale


def test_workers_epochs_files_and_a_death():
    if importlib.util.find_spec("ray") is None:
        done = run("ray_data", "jax")
        assert done.returncode == 1
        assert done.stderr.strip() == "This script needs ray: pip install 'ray[data]'"
        return
    said = [
        "24 pairs: exact, labels and dtypes kept, the same by 1 and 2 workers",
        "the next epoch draws anew",
        "written as Parquet and read again: the same",
        "a worker killed half-way: no record lost, none changed",
    ]
    assert [line for line in lines_of("ray_data", "jax") if line in said] == said
