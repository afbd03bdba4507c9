"""Which of several masks decides, and what masks of instance ids and weights may hold."""

import numpy as np

import keras_segaug as ks
from tests.data import random_images, to_numpy


def test_ids_below_zero_are_no_instances():
    """What is void is not pasted as an object, and does not lower the ids of those that are."""
    objects = np.zeros((2, 16, 14), "int32")
    objects[0, :4], objects[0, 4:8], objects[1] = 2, 3, -1
    layer = ks.JointCopyPaste(instances=0, scale=(1.0, 1.0), seed=1, jit_compile=False)
    _, found = to_numpy(layer(random_images(2), objects))
    np.testing.assert_array_equal(found[0], objects[0])
    np.testing.assert_array_equal(found[1], np.where(objects[0] > 0, objects[0], -1))


def test_the_name_of_a_mask_is_no_other_mask():
    """Nothing is known of the mask of this name, so nothing is pasted."""
    layer = ks.JointCutMix(mask="mask", targets={"mask": "mask"}, jit_compile=False)
    known = np.zeros((4, 16, 14), "uint8")
    images = random_images(4)
    data = {"images": images, "segmentation_masks": known, "mask": known + 255}
    np.testing.assert_array_equal(to_numpy(layer(data))["images"], images)
