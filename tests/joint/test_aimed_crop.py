"""Crops that look at the mask, and rectangles that are erased."""

import pathlib

import numpy as np
import pytest

import keras_segaug as ks
from examples.slices import read_pairs
from tests.data import labels, random_images, to_numpy

CT = pathlib.Path(__file__).parents[2] / "examples/data/ct"
QUIET = {"jit_compile": False}


def slices():
    images, masks, _ = read_pairs(CT)
    return images[::3], masks[::3]


def shares(windows, ignored=None):
    """The share of the largest class of each window, counted by numpy."""
    result = []
    for window in windows:
        kept = window if ignored is None else window[window != ignored]
        counts = np.bincount(kept.ravel())
        result.append(counts.max() / kept.size if kept.size else 2.0)
    return np.array(result)


def all_candidates(layer, masks, parameters):
    """The shares (B, K) of all windows that a layer could choose from."""
    top, left = (to_numpy(parameters[side]) for side in ("top", "left"))
    room = np.array(masks.shape[1:]) - (layer.height, layer.width)
    rows = np.floor(top * np.float32(room[0] + 1)).astype(int)
    columns = np.floor(left * np.float32(room[1] + 1)).astype(int)
    return np.stack(
        [
            shares(
                [
                    mask[r : r + layer.height, c : c + layer.width]
                    for r, c in zip(mask_rows, mask_columns, strict=True)
                ],
                layer.ignore_class,
            )
            for mask, mask_rows, mask_columns in zip(masks, rows, columns, strict=True)
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("ignored", [None, 0, 255])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_windows_obey_max_class_fraction_whenever_one_can(ignored, jit_compile):
    images, masks = slices()
    layer = ks.JointRandomCrop(
        64, 72, max_class_fraction=0.6, ignore_class=ignored, jit_compile=jit_compile, seed=3
    )
    parameters = layer.draw_parameters((images, masks), layer.call_key(0))
    _, windows = to_numpy(layer(images, masks))
    found = shares(windows, ignored)
    possible = all_candidates(layer, masks, parameters)
    obeyed = (possible <= 0.6).any(1)
    assert obeyed.sum() > 3
    np.testing.assert_array_less(found[obeyed], 0.6 + 1e-6)
    # Where no window obeys, the one that comes nearest is taken.
    np.testing.assert_allclose(found[~obeyed], possible.min(1)[~obeyed], atol=1e-6)


@pytest.mark.parametrize("wanted", [None, [3], [2, 5, 7]])
@pytest.mark.parametrize("one_hot", [False, True])
def test_foreground_windows_hit_their_class(wanted, one_hot):
    images, masks = slices()
    present = np.isin(masks, wanted) if wanted else (masks != 0) & (masks != 255)
    given = np.eye(11, dtype="uint8")[np.minimum(masks, 10)] if one_hot else masks
    layer = ks.JointRandomCrop(
        24, 20, foreground_probability=1.0, foreground_classes=wanted, ignore_class=255, **QUIET
    )
    windows = to_numpy(layer(images, given))[1]
    windows = windows.argmax(-1) if one_hot else windows
    hit = np.isin(windows, wanted) if wanted else (windows != 0) & (windows != 255)
    holds = present.any((1, 2))
    assert holds.sum() > 5
    assert hit.any((1, 2))[holds].all()


def test_a_single_pixel_is_hit_and_lies_anywhere_in_the_window():
    mask = np.zeros((600, 40, 50), "int32")
    mask[:, 20, 25] = 300
    layer = ks.JointRandomCrop(
        8, 9, foreground_probability=1.0, foreground_classes=[300, 7], seed=1, **QUIET
    )
    _, windows = to_numpy(layer(mask[..., None].astype("float32"), mask))
    at = np.argwhere(windows == 300)
    assert len(at) == 600
    assert len(np.unique(at[:, 1])) == 8
    assert len(np.unique(at[:, 2])) == 9


def test_every_pixel_of_the_class_is_equally_likely():
    mask = np.zeros((4000, 9, 9), "uint8")
    mask[:, 1, 2] = mask[:, 1, 7] = mask[:, 6, 4] = mask[:, 8, 0] = 1
    numbered = np.cumsum(mask.reshape(4000, -1), 1).reshape(mask.shape) * mask
    layer = ks.JointRandomCrop(1, 1, foreground_probability=1.0, seed=5, **QUIET)
    found = to_numpy(layer(numbered[..., None].astype("float32"), mask))[0].ravel()
    counts = np.bincount(found.astype(int), minlength=5)
    assert counts[0] == 0
    assert (abs(counts[1:] - 1000) < 120).all()


def test_classes_are_drawn_by_their_weights_among_those_an_image_has():
    mask = np.zeros((4000, 12, 12), "uint8")
    mask[:, :, 4:8], mask[:, 3, 9] = 1, 2
    layer = ks.JointRandomCrop(
        1, 1, foreground_probability=1.0, class_weights={1: 1.0, 2: 3.0, 9: 5.0}, seed=5, **QUIET
    )
    windows = to_numpy(layer(mask[..., None], mask))[1].ravel()
    assert set(np.unique(windows)) == {1, 2}
    assert abs((windows == 2).mean() - 0.75) < 0.03


def test_without_foreground_the_window_is_random():
    mask = np.zeros((300, 12, 12), "uint8")
    layer = ks.JointRandomCrop(5, 5, foreground_probability=1.0, seed=1, **QUIET)
    rows = np.broadcast_to(np.arange(12.0)[:, None, None], (300, 12, 12, 1)).copy()
    assert len(np.unique(to_numpy(layer(rows, mask))[0][:, 0, 0, 0])) == 8


def test_foreground_and_fraction_together():
    images, masks = slices()
    layer = ks.JointRandomCrop(
        64, 64, max_class_fraction=0.9, foreground_probability=1.0, foreground_classes=[3], **QUIET
    )
    windows = to_numpy(layer(images, masks))[1]
    holds = (masks == 3).any((1, 2))
    assert (windows == 3).any((1, 2))[holds].all()


RULES = {"max_class_fraction": 0.5}, {"foreground_probability": 0.5}


@pytest.mark.parametrize("rule", RULES)
def test_missing_masks(rule):
    layer = ks.JointRandomCrop(8, 8, **rule, **QUIET)
    with pytest.raises(ValueError, match=r"masks are missing.* Pass images and masks"):
        layer(random_images())
    assert tuple(layer(random_images(), training=False).shape) == (3, 8, 8, 3)


@pytest.mark.parametrize("rule", RULES)
def test_an_image_smaller_than_the_window(rule):
    layer = ks.JointRandomCrop(20, 8, fill_mode="constant", **rule, **QUIET)
    _, found = to_numpy(layer(random_images(), labels()))
    assert found.shape == (3, 20, 8)
    assert not found[:, :2].any()


BAD = [
    ({"width": 8, "height": None}, "height"),
    ({"max_class_fraction": 0.0}, "max_class_fraction"),
    ({"max_class_fraction": 1.5}, "max_class_fraction"),
    ({"foreground_probability": -0.1}, "foreground_probability"),
    ({"foreground_classes": [1]}, "foreground_probability"),
    ({"foreground_probability": 1.0, "foreground_classes": [1, 1]}, "foreground_classes"),
    ({"foreground_probability": 1.0, "foreground_classes": []}, "foreground_classes"),
    ({"foreground_probability": 1.0, "foreground_classes": [-1]}, "foreground_classes"),
    ({"foreground_probability": 1.0, "class_weights": [1.0]}, "class_weights"),
    ({"foreground_probability": 1.0, "class_weights": {1: 0.0}}, "class_weights"),
    (
        {"foreground_probability": 1.0, "foreground_classes": [3], "ignore_class": 3},
        "ignore_class",
    ),
    ({"candidates": 0}, "candidates"),
    ({"pad": 1}, "pad"),
]


@pytest.mark.parametrize(("arguments", "named"), BAD)
def test_bad_arguments(arguments, named):
    size = {} if "height" in arguments else {"height": 8, "width": 8}
    with pytest.raises(ValueError, match=rf"^JointRandomCrop: `{named}`"):
        ks.JointRandomCrop(**size, **arguments)


def test_erasing_covers_its_share_and_writes_image_mask_and_weights():
    images, mask = random_images(200, 40, 50) // 2, labels(200, 40, 50)
    layer = ks.JointRandomErasing(
        scale=(0.1, 0.3), ratio=(0.5, 2.0), fill_value=200, mask_fill_value=255, seed=1, **QUIET
    )
    found, moved, weights = to_numpy(layer(images, mask, np.ones(mask.shape, "float32")))
    erased = moved == 255
    np.testing.assert_array_equal((found == 200).all(-1), erased)
    np.testing.assert_array_equal(found[~erased], images[~erased])
    np.testing.assert_array_equal(weights, 1.0 - erased)
    share = erased.mean((1, 2))
    assert share.min() > 0.09
    assert share.max() < 0.32


def test_erasing_leaves_the_mask_unless_told():
    images, mask = random_images(20), labels(20)
    layer = ks.JointRandomErasing(fill_value="noise", value_range=(0, 10), seed=1, **QUIET)
    found, kept, weights = to_numpy(layer(images, mask, np.ones(mask.shape, "float32")))
    np.testing.assert_array_equal(kept, mask)
    assert weights.min() == 1.0
    changed = found != images
    assert changed.any()
    assert found[changed].max() <= 10


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"scale": (0.5, 1.5)}, "scale"),
        ({"ratio": (0.0, 1.0)}, "ratio"),
        ({"count": 0}, "count"),
        ({"fill_value": "random"}, "fill_value"),
    ],
)
def test_bad_arguments_of_erasing(arguments, named):
    with pytest.raises(ValueError, match=rf"^JointRandomErasing: `{named}`"):
        ks.JointRandomErasing(**arguments)


def overlapping(count=200, side=40):
    """An organ (channel 1) covers the image, with a small lesion (channel 2) and a rim (3)."""
    rng = np.random.default_rng(3)
    mask = np.zeros((count, side, side, 4), "uint8")
    mask[:, :, :, 1] = 1
    for sample, (row, column) in enumerate(rng.integers(0, side - 2, (count, 2))):
        mask[sample, row : row + 2, column : column + 2, 2] = 1
    mask[:, :4, :, 3] = 1
    return mask


@pytest.mark.parametrize("dtype", ["uint8", "bool", "float32"])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_class_inside_another_is_aimed_for(dtype, jit_compile):
    mask = overlapping().astype(dtype)
    crop = ks.JointRandomCrop(
        8, 8, foreground_probability=1.0, foreground_classes=[2, 9], jit_compile=jit_compile
    )
    _, windows = to_numpy(crop(np.zeros((*mask.shape[:3], 1), "uint8"), mask))
    assert (windows[..., 2] > 0).any((1, 2)).all()


def test_any_foreground_of_overlapping_classes():
    """Channel 0 is the background and channel 3 is ignored, even where classes overlap them."""
    mask = overlapping()
    mask[..., 0], mask[..., 1] = 1, 0
    crop = ks.JointRandomCrop(6, 6, foreground_probability=1.0, ignore_class=3, **QUIET)
    _, windows = to_numpy(crop(np.zeros((*mask.shape[:3], 1), "uint8"), mask))
    assert windows[..., 2].any((1, 2)).all()


@pytest.mark.parametrize("ignored", [None, 3])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_share_of_each_channel(ignored, jit_compile):
    rng = np.random.default_rng(5)
    coarse = rng.random((24, 6, 6, 4)) < (0.2, 0.5, 0.7, 0.3)
    mask = coarse.repeat(5, 1).repeat(5, 2).astype("uint8")
    crop = ks.JointRandomCrop(
        9, 8, max_class_fraction=0.7, ignore_class=ignored, jit_compile=jit_compile, seed=3
    )
    images = np.zeros((24, 30, 30, 1), "uint8")
    drawn = crop.draw_parameters((images, mask), crop.call_key(0))
    rows, columns = (
        np.floor(to_numpy(drawn[side]) * np.float32(30 - size + 1)).astype(int)
        for side, size in (("top", 9), ("left", 8))
    )

    def share(window):
        counted = window.any(-1) if ignored is None else window.any(-1) & (window[..., 3] == 0)
        return window[counted].mean(0).max() if counted.any() else 2.0

    possible = np.array(
        [
            [share(one[r : r + 9, c : c + 8]) for r, c in zip(*places, strict=True)]
            for one, *places in zip(mask, rows, columns, strict=True)
        ]
    )
    _, windows = to_numpy(crop(np.zeros((24, 30, 30, 1), "uint8"), mask))
    found = np.array([share(window) for window in windows])
    obeyed = (possible <= 0.7).any(1)
    assert 3 < obeyed.sum() < 24
    first = np.argmax(possible <= 0.7, 1)
    expected = np.where(obeyed, possible[np.arange(24), first], possible.min(1))
    np.testing.assert_allclose(found, expected, atol=1e-6)
