"""The mutants fit the code as it is; `make test-mutants` runs them."""

from pathlib import Path

import pytest

import keras_segaug
from tests.mutants.mutants import MUTANTS


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.before[:30])
def test_what_a_mutant_changes_stands_there_once(mutant):
    source = Path(keras_segaug.__file__).parent.joinpath(mutant.file).read_text()
    assert source.count(mutant.before) == 1
    assert mutant.after != mutant.before
    missing = [each for each in mutant.tests.split() if "/" in each and not Path(each).exists()]
    assert missing == []
