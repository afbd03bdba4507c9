"""The script about `tf.distribute` checks by itself; here, that it does, and says so."""

import pytest

from tests.scale.scripts import lines_of

pytestmark = pytest.mark.scale

SAID = [
    *[
        f"{who}, {form}: {what}"
        for form in ("counted, in the pipeline", "keys, in the pipeline", "counted, in the model")
        for who in ("2 replicas", "2 workers")
        for what in (
            "each record came once an epoch",
            "32 draws, all different",
            "pairs exact, labels and dtypes kept, loss finite",
        )
    ],
    "keys, in the pipeline: 1 process and 2 workers give each record the same",
    "counted, in the model: both runs drew the same from one seed",
    "counted, in the pipeline: the first worker repeats the one process",
    "2 workers: their networks have the same weights",
    "2 replicas, AugmentedModel.fit: all draws different, loss finite",
    "2 workers, seeds that differ are refused: ValueError: The hosts have different",
    "2 workers, AugmentedModel.fit (Keras' own loop): ",
]


def test_the_script_verifies_all_it_shows():
    lines = lines_of("tf_distribute", "tensorflow")
    for wanted in SAID:
        assert any(line.startswith(wanted) for line in lines), wanted
    assert len(lines) == len(SAID)
