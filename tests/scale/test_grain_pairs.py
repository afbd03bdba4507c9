"""The script on grain finds that workers, machines and saved iterators change nothing."""

import pytest

from tests.scale.scripts import lines_of

pytestmark = pytest.mark.scale


def test_workers_machines_and_saved_iterators():
    pytest.importorskip("grain")
    said = [
        f"{name}: {what}"
        for name in ("MapDataset", "DataLoader")
        for what in (
            "64 pairs, all different; 0 and 2 workers give the same",
            "a run that stopped after 16 pairs goes on where it was",
            "a killed worker is an error, and the saved iterator goes on",
        )
    ]
    said += ["MapDataset: 3 machines have [22, 21, 21] pairs, those of one alone"]
    assert lines_of("grain_pairs", "jax") == [*said, "All without TensorFlow"]
