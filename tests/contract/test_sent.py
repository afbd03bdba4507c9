"""What is sent to other processes and hosts: pickles know their version, hosts can be compared."""

import copy
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.core import comparison, processes, versions
from keras_segaug.data.hugging_face import transform
from keras_segaug.data.ray import Augment
from tests.cases import CASES, MIXING, ids
from tests.data import to_numpy

OTHER = "0.0.9"
REFUSED = rf"pickled by keras_segaug {OTHER} and is read by {ks.__version__}"


def flip(**options):
    return ks.JointRandomFlip(**{"seed": 1, "name": "flip", **options})


class Items:
    """As a dataset of torch that holds a layer."""

    def __init__(self):
        self.layer = ks.Pipeline([flip()], seed=1)


def sent():
    """{name: something that is pickled to workers}."""
    built = flip()
    built.build()
    return {
        "JointRandomFlip": built,
        "Pipeline": Items(),
        "a model": keras.Sequential([keras.Input((4, 4, 3)), flip()]),
        "an AugmentedModel": ks.AugmentedModel(
            keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(1, 1)]), flip()
        ),
        "ray.Augment": Augment(flip(), seed=1),
        "hugging_face.transform": transform(flip()),
        "MultiView": ks.MultiView({"weak": flip()}),
    }


@pytest.mark.parametrize("name", sent())
def test_a_pickle_of_another_version_is_refused(name, monkeypatch):
    given = sent()[name]
    mine = pickle.dumps(given)
    pickle.loads(mine)
    for module in (versions, processes):
        monkeypatch.setattr(module, "__version__", OTHER)
    foreign = pickle.dumps(given)
    monkeypatch.undo()
    with pytest.raises(ValueError, match=REFUSED):
        pickle.loads(foreign)
    pickle.loads(mine)


def test_the_version_is_read_before_classes_that_another_one_may_not_have(monkeypatch):
    monkeypatch.setattr(versions, "__version__", OTHER)
    foreign = pickle.dumps(flip()).replace(b"JointRandomFlip", b"JointRandomTurn")
    monkeypatch.undo()
    with pytest.raises(ValueError, match=f"JointRandomTurn: it was {REFUSED}"):
        pickle.loads(foreign)


def test_what_is_kept_says_no_version(tmp_path, monkeypatch):
    model = keras.Sequential([keras.Input((4, 4, 3)), flip()])
    for module in (versions, processes, comparison):
        monkeypatch.setattr(module, "__version__", OTHER)
    model.save(tmp_path / "model.keras")
    text, config, copied = flip().to_json(), flip().get_config(), copy.deepcopy(flip())
    monkeypatch.undo()
    assert OTHER not in text
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    made = [ks.JointRandomFlip.from_json(text), ks.JointRandomFlip.from_config(config), copied]
    drawn = [to_numpy(each.call_key(0)) for each in (loaded, *made)]
    assert all(np.array_equal(each, drawn[0]) for each in drawn)


# --- Hosts ---


def test_a_fingerprint_depends_on_what_decides_the_result(monkeypatch):
    def pipeline(factor=0.1, inner=None, **options):
        turn = ks.JointRandomRotation(factor, seed=inner)
        return ks.Pipeline([turn, flip(name="a")], **{"seed": 1, **options})

    own = pipeline().fingerprint()
    assert len(own) == 16
    assert int(own, 16) >= 0
    # What has no effect: names, and the seeds of layers inside.
    assert pipeline(name="other", inner=7).fingerprint() == own
    assert pipeline(seed=1 + (1 << 32)).fingerprint() == own
    assert ks.Pipeline.from_json(pipeline().to_json()).fingerprint() == own
    others = [
        pipeline(0.2),
        pipeline(seed=2),
        pipeline(probability=0.5),
        pipeline(dtype="uint8"),
        pipeline(data_format="channels_first"),
        pipeline(targets={"depth": "continuous"}),
        ks.Pipeline(pipeline().layers[::-1], seed=1),
        ks.RandomChoice(pipeline().layers, seed=1),
    ]
    found = {own, *(each.fingerprint() for each in others)}
    monkeypatch.setattr(comparison, "__version__", OTHER)
    found.add(pipeline().fingerprint())
    assert len(found) == len(others) + 2


@keras.saving.register_keras_serializable("tests")
class Weighting(ks.ImageOnlyLayer):
    """A layer of one's own with an argument that is an array."""

    random = False

    def __init__(self, weights, **kwargs):
        super().__init__(**kwargs)
        self.weights_of_pixels = weights

    def get_config(self):
        return {**super().get_config(), "weights": self.weights_of_pixels}


def test_a_fingerprint_depends_on_every_value_of_an_array():
    weights = np.arange(3000)
    own = Weighting(weights).fingerprint()
    assert Weighting(weights.copy()).fingerprint() == own
    # The text of an array leaves out its middle.
    others = [np.where(weights == 1500, 7, weights), weights.astype("float32"), weights.tolist()]
    assert own not in [Weighting(each).fingerprint() for each in others]


def test_a_seed_that_the_layer_draws_itself():
    first, second = flip(seed=None), flip(seed=None)
    with pytest.raises(ValueError, match="JointRandomFlip: `fingerprint` needs a seed"):
        first.fingerprint()
    for each in (first, second):
        each.build()
    assert first.fingerprint() != second.fingerprint()
    again = flip(seed=first._seed)
    assert again.fingerprint() == first.fingerprint()
    again.build()
    again(np.zeros((4, 4, 3), "uint8"))
    assert again.fingerprint() == first.fingerprint()
    assert ks.ImageOnlyRescaling(0.5).fingerprint() == ks.ImageOnlyRescaling(0.5).fingerprint()


@pytest.mark.parametrize("case", **ids([*CASES, *MIXING]))
def test_every_layer_has_a_fingerprint(case):
    made = [case.make(seed=3) for _ in range(2)]
    assert made[0].fingerprint() == made[1].fingerprint()


def test_another_process_finds_the_same_fingerprint():
    code = (
        "import keras_segaug as ks; flip = ks.JointRandomFlip(targets={'b': 'mask', 3: 'image'}); "
        "print('SAID', ks.RandomChoice([flip, ks.JointRandomRotation(0.1)], seed=1).fingerprint())"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True) for _ in "ab"]
    said = [run.stdout.split(b"SAID ")[-1] for run in runs]
    assert said[0] == said[1]
    assert len(said[0].strip()) == 16
