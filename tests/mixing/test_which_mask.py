"""Which of several masks decides, and the values that instance ids and weights may have."""

import numpy as np
import pytest

import keras_segaug as ks
from tests.data import labels, random_images, to_numpy


def test_ids_below_zero_are_no_instances():
    """Void pixels are not pasted as an object, and do not lower the ids of pasted objects."""
    objects = np.zeros((2, 16, 14), "int32")
    objects[0, :4], objects[0, 4:8], objects[1] = 2, 3, -1
    layer = ks.JointCopyPaste(instances=0, scale=(1.0, 1.0), seed=1, jit_compile=False)
    _, found = to_numpy(layer(random_images(2), objects))
    np.testing.assert_array_equal(found[0], objects[0])
    np.testing.assert_array_equal(found[1], np.where(objects[0] > 0, objects[0], -1))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "uint32", "int64"])
def test_instances_are_pasted_whatever_integers_their_ids_are(dtype):
    objects = np.zeros((2, 16, 14), dtype)
    objects[0, :4], objects[1, 8:] = 2, 3
    layer = ks.JointCopyPaste(instances=0, scale=(1.0, 1.0), seed=1, jit_compile=False)
    _, found = to_numpy(layer(random_images(2), objects))
    mine, other = objects.astype("int64"), objects[::-1].astype("int64")
    np.testing.assert_array_equal(found, np.where(other > 0, 5, mine))


def test_high_ids_of_instances_stay_different(backend_is):
    """The ids of panoptic masks need more than 32 bits."""
    objects = np.zeros((2, 16, 14), "int64")
    objects[0, :4], objects[1, 8:] = 2**31 + 5, 2**40
    layer = ks.JointCopyPaste(instances=0, scale=(1.0, 1.0), seed=1, jit_compile=False)
    if backend_is("jax"):
        with pytest.raises(ValueError, match="JAX"):
            layer(random_images(2), objects)
        return
    _, found = to_numpy(layer(random_images(2), objects))
    other = objects[::-1]
    np.testing.assert_array_equal(found, np.where(other > 0, 2**31 + 5 + 2**40, objects))


def test_the_name_of_a_mask_is_no_other_mask():
    """The mask of this name is ignored everywhere, so nothing is pasted."""
    layer = ks.JointCutMix(mask="mask", targets={"mask": "mask"}, jit_compile=False)
    known = np.zeros((4, 16, 14), "uint8")
    images = random_images(4)
    data = {"images": images, "segmentation_masks": known, "mask": known + 255}
    np.testing.assert_array_equal(to_numpy(layer(data))["images"], images)


def test_a_name_that_two_masks_have_is_refused():
    masks = {"left": {"lung": labels(4)}, "right": {"lung": labels(4)}}
    data = {"images": random_images(4), "masks": masks}
    with pytest.raises(ValueError, match=r"`mask` must be .* \[0, 1\].*Received: mask='lung'"):
        ks.JointCutMix(mask="lung")(data)
    ks.JointCutMix(mask=1, jit_compile=False)(data)


def test_classes_are_not_those_of_a_mask_of_ids():
    masks = {"instances": labels(4), "semantic": labels(4)}
    data = {"images": random_images(4), "masks": masks}
    options = {"instances": "instances", "jit_compile": False}
    with pytest.raises(ValueError, match="`mask` must be another mask than `instances`"):
        ks.JointCopyPaste([1], **options)(data)
    ks.JointCopyPaste([1], mask="semantic", **options)(data)
    ks.JointCopyPaste(**options)(data)


@pytest.mark.parametrize("dtype", ["uint8", "bool"])
def test_weights_that_cannot_be_blended_are_refused(dtype):
    hot = np.eye(5, dtype="float32")[labels(4)]
    weights = np.ones((4, 16, 14), dtype)
    data = random_images(4), hot, weights
    with pytest.raises(ValueError, match="per-pixel weights must be of a float dtype"):
        ks.JointMixUp(masks="soft")(data)
    ks.JointMixUp(masks="larger", jit_compile=False)(data)
