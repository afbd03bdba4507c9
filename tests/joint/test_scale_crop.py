"""Scales relative to the image's size, and windows that read the mask through their own map."""

import numpy as np
import pytest
from scipy import stats

import keras_segaug as ks
from tests.data import COMPILED, ct_slices, labels, random_images, to_numpy

QUIET = {"jit_compile": False}


def on_the_grid(windows, ignored=()):
    """The share of the largest class among 16 x 16 points of each window, counted by numpy."""
    rows, columns = (((np.arange(16) + 0.5) * n // 16).astype(int) for n in windows.shape[1:])
    found = []
    for window in windows[:, rows][:, :, columns]:
        kept = window[~np.isin(window, ignored)]
        found.append(np.bincount(kept).max() / kept.size if kept.size else 2.0)
    return np.array(found)


def candidates(layer, data, parameters):
    """The shares (B, K) of all windows that a layer could choose from, shown one by one."""
    ignored = [200] if layer.ignore_class is None else [200, layer.ignore_class]
    shares = []
    for k in range(layer.candidates):
        chosen = {f"chosen_{side}": parameters[side][:, k] for side in ("top", "left")}
        _, windows = to_numpy(layer.apply(data, {**parameters, **chosen}))
        shares.append(on_the_grid(windows, ignored))
    return np.stack(shares, 1)


@pytest.mark.parametrize("relative_to", ["image", "result"])
@pytest.mark.parametrize(("ignored", "limit"), [(None, 0.6), (0, 0.3)])
def test_windows_of_ct_slices_obey_the_fraction_whenever_one_can(relative_to, ignored, limit):
    images, masks, _ = ct_slices()
    data = images[:24], masks[:24]
    layer = ks.JointRandomScaleCrop(
        (64, 72),
        scale=(0.5, 2.0),
        relative_to=relative_to,
        max_class_fraction=limit,
        ignore_class=ignored,
        candidates=5,
        fill_mode="constant",
        mask_fill_value=200,
        seed=3,
        **QUIET,
    )
    parameters = layer.draw_parameters(data, 5)
    _, windows = to_numpy(layer.apply(data, parameters))
    found = on_the_grid(windows, [200] if ignored is None else [200, ignored])
    possible = candidates(layer, data, parameters)
    obeyed = (possible <= limit).any(1)
    assert 3 < obeyed.sum() < 24
    first = possible[np.arange(24), np.argmax(possible <= limit, 1)]
    np.testing.assert_allclose(found, np.where(obeyed, first, possible.min(1)), atol=1e-6)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.slow
def test_the_one_window_that_obeys_is_found(compiled, one_hot):
    """Two classes meet in one place; any other window has only one class."""
    mask = np.ones((40, 60, 60), "uint8")
    mask[:, 20:, 20:] = 2
    given = np.eye(3, dtype="uint8")[mask] if one_hot else mask
    layer = ks.JointRandomScaleCrop(
        30, 30, (1.0, 1.0), "image", 0.85, candidates=60, seed=1, jit_compile=compiled
    )
    _, windows = to_numpy(layer(random_images(40, 60, 60, 1), given))
    windows = windows.argmax(-1) if one_hot else windows
    assert (on_the_grid(windows.astype(int)) <= 0.85).all()


def test_points_of_no_class_of_a_one_hot_mask_do_not_count():
    mask = np.zeros((8, 32, 32, 3), "uint8")
    mask[:, :, :16, 1] = 1
    mask[:, :16, 16:, 2] = 1
    layer = ks.JointRandomScaleCrop(
        16, 16, (1.0, 1.0), "image", 0.7, ignore_class=2, candidates=30, seed=1, **QUIET
    )
    # Only class 1 counts: it has all counted points of a window that shows it.
    drawn = to_numpy(layer.draw_parameters((random_images(8, 32, 32), mask), 2))
    first = np.argmax(np.floor(drawn["left"] * 17) < 16, axis=1)
    np.testing.assert_array_equal(drawn["left"][np.arange(8), first], drawn["chosen_left"])


def test_scales_of_the_image_are_uniform_and_windows_lie_anywhere():
    image = np.stack(np.meshgrid(np.arange(80.0), np.arange(60.0), indexing="xy"), -1)
    images = np.broadcast_to(image.astype("float32"), (1500, 60, 80, 2)).copy()
    layer = ks.JointRandomScaleCrop(20, 20, (0.5, 2.0), "image", seed=4, **QUIET)
    found = to_numpy(layer(images))
    steps = (found[:, -1, -1] - found[:, 0, 0]) / 19
    shown = 1.0 / steps[:, 0]
    assert stats.kstest(shown, stats.uniform(0.5, 1.5).cdf).pvalue > 1e-3
    # The aspect ratio stays, except for the rounding to whole pixels.
    np.testing.assert_allclose(steps[:, 0], steps[:, 1], rtol=0.03)
    room = 80 - 20 * steps[:, 0]
    place = (found[:, 0, 0, 0] + 0.5 - 0.5 * steps[:, 0]) / room
    assert stats.kstest(place, stats.uniform(0, 1).cdf).statistic < 0.06


def test_at_inference_the_image_keeps_its_size():
    images, masks = random_images(2, 24, 36), labels(2, 24, 36)
    layer = ks.JointRandomScaleCrop(
        20, 40, relative_to="image", max_class_fraction=0.5, fill_mode="constant", **QUIET
    )
    found, moved = to_numpy(layer(images, masks, training=False))
    np.testing.assert_array_equal(found[:, :, 2:38], images[:, 2:22])
    np.testing.assert_array_equal(moved[:, :, 2:38], masks[:, 2:22])
    assert not found[:, :, :2].any()


def test_where_nothing_counts_the_first_window_is_taken():
    masks = np.full((4, 20, 20), 255, "uint8")
    layer = ks.JointRandomScaleCrop(
        8, 8, (0.5, 2.0), max_class_fraction=0.5, ignore_class=255, seed=1, **QUIET
    )
    drawn = layer.draw_parameters((random_images(4, 20, 20), masks), 2)
    np.testing.assert_array_equal(to_numpy(drawn["top"])[:, 0], to_numpy(drawn["chosen_top"]))


def test_it_looks_at_the_mask_as_the_layers_before_leave_it():
    """It sees the border of the classes where the turn by 45 degrees leaves it."""
    masks = np.zeros((30, 40, 40), "uint8")
    masks[:, :20] = 1
    turn = ks.JointRandomRotation((0.125, 0.125), fill_mode="constant", mask_fill_value=255)
    crop = ks.JointRandomScaleCrop(
        16,
        16,
        (0.8, 1.2),
        "image",
        0.7,
        255,
        40,
        fill_mode="constant",
        mask_fill_value=255,
    )
    chain = ks.Pipeline([turn, crop], seed=2, **QUIET)
    _, windows = to_numpy(chain(masks[..., None], masks))
    assert (on_the_grid(windows, [255]) <= 0.75).all()


def test_masks_that_are_missing():
    layer = ks.JointRandomScaleCrop(8, 8, max_class_fraction=0.5, **QUIET)
    with pytest.raises(ValueError, match=r"masks are missing.* Pass images and masks"):
        layer(random_images())
    assert tuple(layer(random_images(), training=False).shape) == (3, 8, 8, 3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"relative_to": "mask"},
        {"max_class_fraction": 0.0},
        {"max_class_fraction": 1.5},
        {"ignore_class": 2.5},
        {"candidates": 0},
    ],
)
def test_bad_arguments(arguments):
    [named] = arguments
    with pytest.raises(ValueError, match=rf"^JointRandomScaleCrop: `{named}`"):
        ks.JointRandomScaleCrop(8, 8, **arguments)
