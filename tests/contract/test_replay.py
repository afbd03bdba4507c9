"""Parameters of layers within layers: complete, and nothing but numbers of each sample."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import labels, random_images, to_numpy


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
    # It needs no masks any more, and moves back what it moved.
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
    # The corner of the window says where the point that was at (0, 0) has gone.
    np.testing.assert_array_equal(found["points"][:, 0], -found["image"][:, 0, 0].astype(float))


def test_parameters_can_be_cut_up_by_samples():
    images, masks = random_images(8), labels(8)
    # One choice alone, whose own parameters are told what the images are.
    layer = nested().layers[1]
    drawn = layer.draw_parameters((images, masks), 3)
    parts = keras.tree.map_structure(lambda each: each[2:5], drawn)
    whole = to_numpy(layer.apply((images, masks), drawn))
    part = to_numpy(layer.apply((images[2:5], masks[2:5]), parts))
    np.testing.assert_array_equal(part[1], whole[1][2:5])
    np.testing.assert_allclose(part[0], whole[0][2:5], atol=1e-3)
