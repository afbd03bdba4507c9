"""Parameters of nested layers are complete, and hold only numbers for each sample."""

import re

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.cases import CASES, ids
from tests.data import labels, mask_for, random_images, to_numpy


def nested():
    """A choice within a choice, whose second branch looks at the masks."""
    crop = ks.JointRandomCrop(6, 5, foreground_probability=1.0, foreground_classes=[3])
    inner = [ks.JointCenterCrop(6, 5), ks.Pipeline([crop, ks.ImageOnlyContrast(0.2)])]
    layers = [ks.JointCenterCrop(6, 5), ks.RandomChoice(inner)]
    return ks.RandomChoice(layers, weights=[1, 9], jit_compile=False)


def test_a_crop_in_a_later_branch_completes_its_parameters():
    images, masks = random_images(8), labels(8)
    drawn = nested().draw_parameters((images, masks), 3)
    expected = to_numpy(nested().augment((images, masks), 3))
    found = to_numpy(nested().apply((images, masks), drawn))
    np.testing.assert_array_equal(found[1], expected[1])
    # It needs no masks anymore, and moves back what it moved.
    np.testing.assert_array_equal(to_numpy(nested().apply(images, drawn)), found[0])
    ones = np.ones(masks.shape, "float32")
    moved = nested().apply((images, masks, ones), drawn)
    _, back, shown = to_numpy(nested().invert(moved, drawn))
    assert (shown.sum((1, 2)) == 30).all()
    np.testing.assert_array_equal(back[shown == 1.0], masks[shown == 1.0])
    with pytest.raises(ValueError, match="JointRandomCrop looks at the masks"):
        nested().draw_parameters(images.shape, 3)


def test_points_follow_a_crop_in_a_later_branch():
    rows, columns = np.indices((16, 14))
    images = np.stack([columns, rows], -1)[None].repeat(8, 0).astype("uint8")
    points = np.zeros((8, 1, 2), "float32")
    center, pipeline = nested().layers[1].layers
    choice = ks.RandomChoice([center, pipeline.layers[0]])
    layer = ks.RandomChoice([center, choice], targets={"points": "points"}, jit_compile=False)
    found = to_numpy(layer.augment({"image": images, "mask": labels(8), "points": points}, 3))
    # The corner of the window tells where the point at (0, 0) went.
    np.testing.assert_array_equal(found["points"][:, 0], -found["image"][:, 0, 0].astype(float))


def test_parameters_can_be_cut_up_by_samples():
    images, masks = random_images(8), labels(8)
    # A choice by itself, whose own parameters hold the size of the images.
    layer = nested().layers[1]
    drawn = layer.draw_parameters((images, masks), 3)
    parts = keras.tree.map_structure(lambda each: each[2:5], drawn)
    whole = to_numpy(layer.apply((images, masks), drawn))
    part = to_numpy(layer.apply((images[2:5], masks[2:5]), parts))
    np.testing.assert_array_equal(part[1], whole[1][2:5])
    np.testing.assert_allclose(part[0], whole[0][2:5], atol=1e-3)


FLIP, TURN = ks.JointRandomFlip("horizontal"), ks.JointRandomRotation(0.1)
CROP = {"height": 6, "width": 5, "jit_compile": False}
# The layer that draws, the layer that is given the parameters, and the message.
OTHERS = {
    "another class": (FLIP, TURN, "takes 'angle'. Received 'horizontal'"),
    "one that draws less": (ks.JointRandomFlip(), FLIP, "takes 'horizontal'. Received 'horizontal"),
    "one that draws more": (FLIP, ks.JointRandomFlip(), "takes 'horizontal', 'vertical'. Received"),
    "one that is not random": (
        TURN,
        ks.JointResizing(8, 8),
        "takes no parameters. Received 'angle'",
    ),
    "of what is not random": (ks.JointResizing(8, 8), TURN, "takes 'angle'. Received nothing"),
    "fewer layers": (
        ks.Pipeline([FLIP, TURN]),
        ks.Pipeline([FLIP, TURN, TURN]),
        "takes a list of 3 in 'layers'. Received 2",
    ),
    "another order": (
        ks.Pipeline([FLIP, TURN]),
        ks.Pipeline([TURN, FLIP]),
        "holds layers[0], a JointRandomRotation, which takes 'angle'. Received 'horizontal'",
    ),
    "a layer within": (
        ks.Pipeline([FLIP, ks.Pipeline([FLIP, FLIP])]),
        ks.Pipeline([FLIP, ks.Pipeline([FLIP, TURN])]),
        "layers[1], a Pipeline, which holds layers[1], a JointRandomRotation, which takes 'angle'",
    ),
    "a choice": (
        ks.RandomChoice([FLIP, TURN]),
        ks.Pipeline([FLIP, TURN]),
        "takes 'layers'. Received 'choice', 'layers'",
    ),
    "no choice": (
        ks.Pipeline([FLIP, TURN]),
        ks.RandomChoice([FLIP, TURN]),
        "takes 'choice', 'layers'. Received 'layers'",
    ),
    "a layer for a pipeline": (FLIP, ks.Pipeline([FLIP]), "takes 'layers'. Received 'horizontal'"),
    "a pipeline for a layer": (ks.Pipeline([FLIP]), FLIP, "takes 'horizontal'. Received 'layers'"),
    "other numbers": (
        ks.JointRandomErasing(count=2),
        ks.JointRandomErasing(count=3),
        "takes 'area' of shape (3,) a sample. Received (2,)",
    ),
    "a crop that looks": (
        ks.JointRandomCrop(foreground_probability=1.0, **CROP),
        ks.JointRandomCrop(**CROP),
        "takes 'left', 'top'. Received 'aimed', 'column', 'left', 'pixel', 'row', 'top'",
    ),
    "a crop that does not look": (
        ks.JointRandomCrop(**CROP),
        ks.JointRandomCrop(foreground_probability=1.0, **CROP),
        "takes 'aimed', 'left', 'pixel', 'top'",
    ),
}
WAYS = {
    "apply": lambda layer, drawn: layer.apply(random_images(), drawn),
    "invert": lambda layer, drawn: layer.invert(random_images(), drawn),
    "describe": lambda layer, drawn: layer.describe(drawn),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OTHERS)
def test_parameters_of_another_layer_are_refused(name, way):
    other, layer, said = OTHERS[name]
    drawn = other.draw_parameters((random_images(), labels()), 1)
    message = f"{type(layer).__name__}: `parameters` are not those of this layer. "
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        WAYS[way](layer, drawn)
    assert said in str(caught.value)
    assert str(caught.value).endswith("Draw them with this layer's `draw_parameters(data, key)`.")


@pytest.mark.parametrize("layer", [FLIP, TURN, ks.ImageOnlyGamma(0.2), ks.Pipeline([FLIP, TURN])])
@pytest.mark.parametrize("way", ["apply", "invert"])
def test_parameters_of_another_batch_are_refused(way, layer):
    """Parameters of one sample would do the same to the whole batch."""
    for count in (1, 2):
        drawn = layer.draw_parameters((count, 16, 14, 3), 1)
        cut = {name: each for name, each in drawn.items() if name != "input_size"}
        for parameters in (drawn, cut):
            with pytest.raises(ValueError, match=f"drawn for {count} samples. Received 3"):
                WAYS[way](layer, parameters)


@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.slow
def test_a_batch_whose_size_is_not_known(count):
    """It is drawn for, applied to and moved back in a traced function."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow traces for any number of samples")
    import tensorflow as tf

    layer = ks.Pipeline([FLIP, TURN], jit_compile=False)

    def function(images):
        drawn = layer.draw_parameters(images, 1)
        moved = layer.apply(images, drawn)
        return moved, layer.invert(moved, drawn)

    images = random_images(count)
    traced = tf.function(function, input_signature=[tf.TensorSpec((None, 16, 14, 3), "uint8")])
    for found, expected in zip(*to_numpy([traced(images), function(images)]), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_parameters_without_a_size_are_described_too():
    drawn = FLIP.draw_parameters((2, 16, 14, 3), 1)
    assert FLIP.describe({"horizontal": drawn["horizontal"]}) == FLIP.describe(drawn)


@pytest.mark.parametrize("inner", [3, None, [{}], {1: 2}])
def test_what_is_no_set_of_parameters_is_refused(inner):
    layer = ks.Pipeline([FLIP])
    drawn = {**layer.draw_parameters((3, 16, 14, 3), 1), "layers": [inner]}
    with pytest.raises(ValueError, match=r"^Pipeline: `parameters` are not those"):
        layer.apply(random_images(), drawn)


@pytest.mark.parametrize("case", **ids(CASES))
def test_a_layers_own_parameters_are_known(case):
    """A fresh copy of the layer knows them, too, and those that a composition has resolved."""
    images, masks = random_images(), mask_for(case)
    drawn = case.make().draw_parameters((images, masks), 1)
    copy = case.make()
    expected = to_numpy(case.make().apply((images, masks), drawn))
    # A layer that mixes samples needs all of them.
    count = 3 if copy._mixes() else 2
    part = keras.tree.map_structure(lambda each: each[:count], drawn)
    found = to_numpy(copy.apply((images[:count], masks[:count]), part))
    np.testing.assert_array_equal(found[1], expected[1][:count])
    assert len(copy.describe(drawn)) == 3
    maybe = {"probability": 0.5} if case.make().random else {}
    within = ks.Pipeline([ks.Pipeline([case.make(), ks.Identity()], **maybe)])
    part = within.draw_parameters((images, masks), 1)["layers"][0]["layers"][0]
    assert len(copy.describe({**part, "input_size": drawn["input_size"]})) == 3


def test_a_layer_is_asked_once_what_it_draws():
    asked = []

    class Asked(ks.ImageOnlyLayer):
        def draw(self, draws):
            asked.append(draws)
            return {"level": draws.uniform()}

        def transform_values(self, values, parameters):
            return values + parameters["level"]

    layer = Asked(jit_compile=False)
    layer(random_images())
    drawn = layer.draw_parameters((3, 16, 14, 3), 1)
    assert len(asked) == 2
    for _ in range(3):
        layer.apply(random_images(), drawn)
    assert len(asked) == 3


@pytest.mark.slow
def test_parameters_are_known_in_a_traced_function():
    layer, other = (ks.Pipeline([FLIP, each], jit_compile=False) for each in (TURN, FLIP))
    images = random_images()

    def function(images, drawn):
        return layer.apply(images, drawn)

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        function = tf.function(function)
    elif backend == "jax":
        import jax

        function = jax.jit(function)
    with pytest.raises(ValueError, match=r"Pipeline: .*JointRandomRotation, which takes 'angle'"):
        function(images, other.draw_parameters(images, 1))
    drawn = layer.draw_parameters(images, 1)
    found, expected = to_numpy([function(images, drawn), layer.apply(images, drawn)])
    np.testing.assert_allclose(found, expected, atol=1e-3)
