"""Every layer can be written as readable JSON and read back, and wrong JSON is refused."""

import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_segaug as ks
from tests.cases import CASES, ids
from tests.data import mask_for, random_images, to_numpy

WRITTEN = """
{
  "class": "Pipeline",
  "seed": 3,
  "name": "mine",
  "layers": [
    {"class": "JointRandomFlip", "name": "flip"},
    {
      "class": "RandomChoice",
      "weights": [2.0],
      "name": "either",
      "layers": [
        {"class": "ImageOnlyGamma", "factor": [0.8, 1.2], "probability": 0.5, "name": "gamma"}
      ]
    },
    {
      "class": "JointRandomAffine",
      "rotation_factor": [-0.1, 0.1],
      "fill_mode": "constant",
      "name": "affine"
    }
  ]
}
"""

PIPELINE = {"class": "Pipeline", "layers": [{"class": "JointRandomRotation", "factor": 0.1}]}


@pytest.mark.parametrize("case", **ids(CASES))
def test_a_layer_comes_back_as_it_was(case):
    layer = case.make(name="mine", dtype="mixed_bfloat16", data_format="channels_last")
    text = layer.to_json()
    copy = ks.AugmentationLayer.from_json(text)
    assert copy.get_config() == layer.get_config()
    assert copy.to_json() == text
    data = random_images(), mask_for(case)
    drawn = [maker.draw_parameters(data, 5) for maker in (layer, copy)]
    for one, other in zip(*map(keras.tree.flatten, drawn), strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))


@pytest.mark.parametrize("case", **ids(CASES))
def test_the_text_means_the_same_under_other_settings_of_keras(case):
    layer = case.make()
    text = layer.to_json()
    keras.config.set_image_data_format("channels_first")
    keras.config.set_dtype_policy("mixed_float16")
    assert ks.AugmentationLayer.from_json(text).get_config() == layer.get_config()
    strange = case.make()
    changed = strange.to_json()
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("float32")
    assert ks.AugmentationLayer.from_json(changed).get_config() == strange.get_config()


def test_the_text_says_what_is_not_a_default_and_no_more():
    pipeline = ks.Pipeline(
        [
            ks.JointRandomFlip(name="flip"),
            ks.RandomChoice(
                [ks.ImageOnlyGamma(0.2, probability=0.5, name="gamma")], name="either", weights=[2]
            ),
            ks.JointRandomAffine(rotation_factor=0.1, fill_mode="constant", name="affine"),
        ],
        seed=3,
        name="mine",
    )
    assert "\n" + pipeline.to_json() + "\n" == WRITTEN


def test_an_edited_text_is_read():
    text = ks.Pipeline([ks.JointRandomRotation(0.1)]).to_json().replace("-0.1, 0.1", "-0.3, 0.2")
    assert ks.Pipeline.from_json(text).layers[0].factor == (-0.3, 0.2)


@settings(max_examples=30, deadline=None)
@given(
    factor=st.floats(0, 1).flatmap(lambda low: st.tuples(st.just(low), st.floats(low, 1))),
    seed=st.one_of(st.none(), st.integers(-(2**70), 2**70)),
    probability=st.floats(0, 1),
    name=st.text("abcäöü_ <>\"\\'", min_size=1).filter(str.strip),
)
def test_any_number_comes_back_exactly(factor, seed, probability, name):
    layer = ks.JointRandomRotation(factor, seed=seed, probability=probability, name=name)
    assert ks.JointRandomRotation.from_json(layer.to_json()).get_config() == layer.get_config()


def test_a_layer_of_another_package_goes_by_its_registered_name():
    class Upside(ks.JointLayer):
        def matrix(self, parameters, size):
            return self.inference_matrix(size)

    name = keras.saving.get_registered_name(Upside)
    text = ks.Pipeline([Upside()]).to_json()
    assert json.loads(text)["layers"][0]["class"] == name
    assert isinstance(ks.Pipeline.from_json(text).layers[0], Upside)


def edited(**changes):
    return json.dumps({**PIPELINE, **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value at line 1, column 1"),
        ('{"class": "Pipeline",\n  "layers": [}', "line 2, column 14: '\"layers\": \\[}'"),
        ("[]", 'must be an object with a "class"'),
        ('{"layers": []}', 'must be an object with a "class"'),
        ('{"class": "JointRandomFlip"}', "must describe a Pipeline. Received a JointRandomFlip"),
        ('{"class": "Pipeline", "seed": 1, "seed": 2, "layers": []}', "'seed' is given twice"),
        ('{"class": "Pipelin", "layers": []}', "top level: there is no layer class 'Pipelin'. Did"),
        ('{"class": 3}', "there is no layer class 3"),
        ('{"class": "Pipeline"}', "missing 1 required positional argument: 'layers'"),
        (edited(layers=[]), "at top level: Pipeline: `layers` must be a non-empty list"),
        (edited(layers=[{"class": "Dense"}]), r"at layers\[0\]: there is no layer class 'Dense'"),
        (edited(layers=[{"mode": "vertical"}]), "must hold keras_segaug layers only"),
        (
            edited(layers=[{"class": "JointRandomFlip", "modes": "vertical"}]),
            r"at layers\[0\]: JointRandomFlip has no argument 'modes'. Did you mean 'mode'\?",
        ),
        (
            edited(layers=[PIPELINE, {**PIPELINE, "layers": [{"class": "JointRandomRotation"}]}]),
            r"at layers\[1\].layers\[0\]: .* missing 1 required positional argument: 'factor'",
        ),
        (
            edited(layers=[{"class": "JointRandomRotation", "factor": [0.3, 0.1]}]),
            r"at layers\[0\]: JointRandomRotation: `factor` must be a number, or a pair",
        ),
        (edited(probability=float("nan")), "`probability` must be a number in"),
    ],
)
def test_a_wrong_text_is_told_so(text, message):
    with pytest.raises(ValueError, match=r"^Pipeline.from_json: .*" + message):
        ks.Pipeline.from_json(text)


def test_the_text_must_be_a_string():
    with pytest.raises(TypeError, match=r"`text` must be a string. Received: dict"):
        ks.Pipeline.from_json(PIPELINE)
