"""Entries that have no role in `targets` and would not be moved are refused; so are wrong roles."""

import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from tests.data import labels, random_images, to_numpy

STAYS = {
    "target": labels(),
    "y": labels(dtype="float32"),
    "seg": labels()[..., None],
    "annotation": random_images(),
    "label": labels(),
    "instance_masks": np.zeros((3, 4, 16, 14), "bool"),
    "views": [random_images(), random_images()],
    "more": {"depth": labels()},
    "bounding_boxes": np.zeros((3, 5, 4), "float32"),
    "boxes": [[0, 0, 1, 1]],
    "gt_bboxes": {"boxes": np.zeros((3, 5, 4)), "labels": np.zeros((3, 5))},
    "keypoints": np.zeros((3, 5, 2)),
    "points": np.zeros((3, 2)),
    "boxes_xyxy": np.zeros((3, 5, 4)),
    "keypoints_2d": np.zeros((3, 5, 2)),
}


@pytest.mark.parametrize("key", STAYS)
def test_what_would_stay_behind_is_refused(key):
    moving = ks.JointRandomFlip(jit_compile=False)
    data = {"images": random_images(), "masks": labels(), key: STAYS[key]}
    with pytest.raises(ValueError, match=r"^JointRandomFlip: '\w+' .* `targets=\{'\w+': '"):
        moving(data)
    passed = ks.JointRandomFlip(jit_compile=False, targets={key: "ignore"})
    assert passed(data)[key] is STAYS[key]


def test_what_need_not_move_passes():
    rest = {
        "name": "scan 7",
        "names": np.array(["a", "b", "c"]),
        "id": np.arange(3),
        "labels": np.zeros((3, 5)),
        "embedding": np.zeros((3, 14, 7)),
        "camera": np.zeros((3, 3, 3)),
        "num_points": np.zeros(3),
        "boxes": None,
        "table": np.zeros((16, 14)),
    }
    result = ks.JointRandomFlip(jit_compile=False)({"images": random_images(), **rest})
    assert all(result[key] is rest[key] for key in rest)


@pytest.mark.parametrize(
    ("shape", "refused"),
    [
        ((None, None), True),
        ((None, None, 1), True),
        ((16, None), True),
        (None, True),
        ((None,), False),
        ((), False),
        ((None, None, 3, 3), False),
    ],
)
def test_unknown_sizes_in_a_dataset(shape, refused):
    signature = {
        "image": tf.TensorSpec((None, None, 3), "uint8"),
        "other": tf.TensorSpec(shape, "float32"),
        "name": tf.TensorSpec(None, "string"),
    }
    one = {
        "image": random_images(1)[0],
        "name": "a",
        "other": np.zeros([n or 16 for n in shape or ()]),
    }
    dataset = tf.data.Dataset.from_generator(lambda: iter([one]), output_signature=signature)
    if not refused:
        assert len(list(dataset.map(ks.JointRandomFlip()))) == 1
        return
    with pytest.raises(ValueError, match="'other' has the height and width"):
        dataset.map(ks.JointRandomFlip())
    dataset.map(ks.JointRandomFlip(targets={"other": "ignore"}))


BAD_TARGETS = [
    (["depth"], "None or a mapping"),
    ({"depth": "image_like"}, r"`targets\['depth'\]` must be one of 'image', 'continuous'"),
    ({"boxes": "boxes"}, "Boxes are moved as their corners"),
    ({True: "mask"}, "a key is text or a position"),
    ({-1: "mask"}, "a key is text or a position"),
    ({1: "mask", "1": "image"}, "keys that differ as text"),
]


@pytest.mark.parametrize(("targets", "message"), BAD_TARGETS)
def test_bad_targets(targets, message):
    with pytest.raises(ValueError, match=f"^JointRandomFlip: .*{message}"):
        ks.JointRandomFlip(targets=targets)


BAD_CALLS = [
    ({"dpth": "continuous"}, {}, r"names 'dpth', which the dict does not have"),
    ({"x": "mask"}, {"x": labels(height=15)}, "mask must have the height"),
    ({"x": "image"}, {"x": np.zeros((3, 5))}, "image must have the height"),
    ({"x": "continuous"}, {"x": labels(2)}, "continuous must have the height"),
    ({"x": "continuous"}, {"x": labels(dtype="bool")}, "its role in `targets` is 'mask'"),
    ({"x": "mask"}, {"x": labels() / 3.0}, "must hold whole numbers"),
    ({"x": "points"}, {"x": np.zeros((3, 2))}, r"points must be \(batch, ..., N, 2\)"),
    ({"x": "points"}, {"x": np.zeros((3, 5, 3))}, r"points must be \(batch, ..., N, 2\)"),
    ({"x": "points"}, {"x": np.zeros((2, 5, 2))}, r"points must be \(batch, ..., N, 2\)"),
    ({"x": "points"}, {"x": np.zeros((3, 5, 2), "int32")}, "points must be floats"),
    ({"x": "points"}, {"x": "here"}, "must be tensors or arrays"),
    ({"images": "mask"}, {}, r"the images \('images'\) must have the role 'image'"),
]


@pytest.mark.parametrize(("targets", "more", "message"), BAD_CALLS)
def test_bad_calls(targets, more, message):
    with pytest.raises(ValueError, match=f"^JointRandomFlip: .*{message}"):
        ks.JointRandomFlip(targets=targets)({"images": random_images(), "masks": labels(), **more})


def test_bad_positions():
    with pytest.raises(ValueError, match="names '3', which the tuple does not have"):
        ks.JointRandomFlip(targets={3: "image"})((random_images(), labels()))
    with pytest.raises(ValueError, match="further entries need a role"):
        ks.JointRandomFlip(targets={4: "mask"})(
            (random_images(), labels(), None, labels(), labels())
        )
    with pytest.raises(ValueError, match=r"the images \(0\) must have the role 'image'"):
        ks.JointRandomFlip(targets={0: "mask"})((random_images(), labels()))


def test_what_the_words_make_clear():
    """Roles tell which of two images, or masks, is the main one, where both have its name."""
    data = {
        "image": random_images(),
        "images": random_images(),
        "mask": labels(),
        "masks": labels(),
    }
    flip = ks.JointRandomFlip(seed=1, targets={"images": "image", "mask": "mask"})
    result = to_numpy(flip(data))
    np.testing.assert_array_equal(result["image"], result["images"])
    np.testing.assert_array_equal(result["mask"], result["masks"])
    assert (result["masks"] != data["masks"]).any()
    alone = ks.JointRandomFlip(seed=1, targets={"image": "image"})({"image": random_images()})
    np.testing.assert_array_equal(to_numpy(alone["image"]), result["image"])
