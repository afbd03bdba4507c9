"""Random chains of layers keep every promise; `make test-chains` checks a thousand of them."""

import keras
import numpy as np
import pytest

from tests.contract import chain_promises, chains
from tests.data import to_numpy

# A handful for each place; most run eagerly, which takes about a second on TensorFlow. On JAX every
# operation is compiled for every shape.
NUMBERS = range(24 if keras.backend.backend() == "tensorflow" else 8)
IN_A_DATASET = (6, 12, 18)
# A chain that gives every check something to look at: no colors, constant borders, spots.
TOLD = 113


@pytest.mark.parametrize("number", NUMBERS)
def test_chain(number):
    chain_promises.check(
        number, chain_promises.Tally(), "map" if number in IN_A_DATASET else "eager"
    )


@pytest.mark.parametrize("number", [1, 2])
def test_compiled_chain(number):
    chain_promises.check(number, chain_promises.Tally(), "jit")


BROKEN = {
    "masks": (lambda x: np.roll(x, 1, -1), "misaligned"),
    "instances": (lambda x: x + 70, "invented"),
    "sample_weights": (lambda x: np.where(x == x.max(), 0, x).astype(x.dtype), "weights"),
    "depth": (lambda x: x.astype("float64"), "dtype"),
    "certainty": (lambda x: x[..., 0], "spec"),
    "spots": (lambda x: x + 9, "spot"),
    "images": (lambda x: np.where(x == x.max(), np.nan, x).astype(x.dtype), "not finite"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(name, monkeypatch):
    change, said = BROKEN[name]
    run = chain_promises._run

    def broken(chain, data):
        found, replayed = run(chain, data)
        found = to_numpy(found)
        return {**found, name: change(found[name])}, replayed

    monkeypatch.setattr(chain_promises, "_run", broken)
    with pytest.raises(chain_promises.Failure, match=said) as error:
        chain_promises.check(TOLD, chain_promises.Tally(), "eager")
    # The message has all that is needed to run it again.
    assert f"chain {TOLD}" in str(error.value)
    assert '"class": "Pipeline"' in str(error.value)


def test_chains_hold_what_they_are_to_test():
    made = [chains.made(number, "eager") for number in range(100)]
    kinds = {type(leaf).__name__ for chain in made for leaf in chain.leaves()}
    missing = {cls.__name__ for cls, _ in (*chains.MOVES, *chains.WINDOWS, *chains.COLORS)} - kinds
    assert not missing
    assert {chain.structure for chain in made} == {"mapping", "nested", "tuple"}
    assert {chain.layer.data_format for chain in made} == {"channels_first", "channels_last"}
    assert {chain.channels for chain in made} == set(range(1, 8))
    keras.backend.clear_session()
