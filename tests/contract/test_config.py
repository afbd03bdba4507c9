"""Every layer comes back from its config, and every public layer is in the case list."""

import inspect
import json

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.checks.signature import arguments_of
from tests.cases import CASES, MIXING, ids
from tests.contract import promises
from tests.data import mask_for, random_images

BORDER_SETTINGS = ("fill_mode", "fill_value", "mask_fill_value", "interpolation")


def public_layers():
    return {
        layer
        for layer in vars(ks).values()
        if inspect.isclass(layer) and issubclass(layer, ks.AugmentationLayer)
        if not layer.is_abstract
    }


def test_every_public_layer_has_a_case():
    # Views give several results, and have tests of their own.
    assert public_layers() - {ks.MultiView} == {case.layer for case in [*CASES, *MIXING]}


@pytest.mark.parametrize("layer", sorted(public_layers(), key=lambda layer: layer.__name__))
def test_registered_under_its_name(layer):
    assert keras.saving.get_registered_name(layer) == f"keras_segaug>{layer.__name__}"


@pytest.mark.parametrize("case", **ids(CASES))
def test_config_round_trip(case):
    promises.check_config(case.make(), random_images(), mask_for(case))


@pytest.mark.parametrize("case", **ids(CASES))
def test_config_survives_json(case):
    layer = case.make(name="mine", dtype="mixed_bfloat16", data_format="channels_last")
    text = json.dumps(keras.saving.serialize_keras_object(layer))
    copy = keras.saving.deserialize_keras_object(json.loads(text))
    assert json.dumps(keras.saving.serialize_keras_object(copy)) == text
    assert copy.name == "mine"
    assert copy.compute_dtype == "bfloat16"


def settings():
    """(layer with one argument set to something other than its default, the argument)."""
    changed = {
        "probability": 0.5,
        "seed": 99,
        "data_format": "channels_first",
        "jit_compile": True,
        "fill_mode": "constant",
        "fill_value": 3.0,
        "mask_fill_value": 9,
        "interpolation": "bicubic",
        "value_range": (0.0, 1.0),
    }
    for case in CASES:
        # A policy refuses these together with `layers`, which have them (`tests/policies`).
        idle = BORDER_SETTINGS if "layers" in case.arguments else ()
        for name in [each for each in arguments_of(case.layer) if each not in idle]:
            if name in changed and (name != "probability" or case.make().random):
                yield pytest.param(case, name, changed[name], id=f"{case.id}-{name}")


@pytest.mark.parametrize(("case", "name", "value"), settings())
def test_every_shared_argument_is_kept(case, name, value):
    # A fill value is refused where nothing is filled with it.
    fills = name in ("fill_value", "mask_fill_value") and "fill_mode" in arguments_of(case.layer)
    more = {"fill_mode": "constant"} if fills else {}
    copy = case.layer.from_config(case.make(**{name: value}, **more).get_config())
    assert getattr(copy, name) == value


def test_a_layer_that_forgets_an_attribute_is_told_so():
    class Forgetful(ks.ImageOnlyLayer):
        def __init__(self, amount, **kwargs):
            super().__init__(**kwargs)

        def transform_images(self, images, parameters):
            return images

    with pytest.raises(AttributeError, match="amount"):
        Forgetful(3).get_config()


def test_layers_are_final_and_leave_call_alone():
    with pytest.raises(TypeError, match="final"):
        type("Derived", (ks.JointRandomFlip,), {})
    with pytest.raises(TypeError, match="`call` belongs to the base"):
        type("Own", (ks.JointLayer,), {"call": lambda self, data: data})


@pytest.mark.parametrize(
    ("base", "hook"),
    [
        (ks.JointLayer, "matrix"),
        (ks.ImageOnlyLayer, "transform_images"),
        (ks.MaskOnlyLayer, "transform_mask"),
    ],
)
def test_a_missing_hook_raises(base, hook):
    empty = type("Empty", (base,), {})(jit_compile=False)
    with pytest.raises(NotImplementedError, match=f"Empty must define `{hook}`"):
        empty(random_images(), np.zeros((3, 16, 14), "uint8"))
