"""Individual promises of each layer that mixes samples: shares, areas, classes, ids."""

import keras
import numpy as np
import pytest
from scipy import ndimage, stats

import keras_segaug as ks
from keras_segaug.core import random
from tests.data import COMPILED, ct_slices, dtype_of, labels, random_images, to_numpy

DRAWS = 2000


def shares(layer, height=32, width=48, count=DRAWS):
    """Which pixels of each image come from another sample, and their share."""
    images = np.zeros((count, height, width, 1), "uint8")
    _, mixing = layer(images, return_mixing=True)
    other = to_numpy(mixing)["sample"] != np.arange(count)[:, None, None]
    return other, other.mean((1, 2))


# --- CutMix ---------------------------------------------------------------------------------------


def test_the_area_of_a_rectangle():
    other, found = shares(ks.JointCutMix(area=(0.1, 0.5), seed=1, jit_compile=False))
    # Up to rounding to whole pixels along each side.
    assert 0.08 < found.min() < 0.11
    assert 0.49 < found.max() < 0.52
    assert stats.kstest(found, stats.uniform(0.1, 0.4).cdf).statistic < 0.05
    for each in other[:200]:
        rows, columns = np.flatnonzero(each.any(1)), np.flatnonzero(each.any(0))
        assert (
            each.sum() == len(rows) * len(columns) == np.ptp(rows + 1) * len(columns) + len(columns)
        )


def test_the_shape_of_a_rectangle():
    square = ks.JointCutMix(area=(0.2, 0.2), ratio=(1, 1), seed=1, jit_compile=False)
    other, _ = shares(square, count=50)
    heights, widths = other.any(2).sum(1), other.any(1).sum(1)
    assert abs(heights - widths).max() <= 1
    long = ks.JointCutMix(area=(0.5, 0.5), ratio=(20, 20), seed=1, jit_compile=False)
    other, found = shares(long, count=50)
    # The rectangle is as wide as the image, and keeps its area.
    assert (other.any(1).sum(1) == 48).all()
    np.testing.assert_allclose(found, 0.5, atol=0.02)


def test_several_rectangles_share_the_area():
    _, found = shares(ks.JointCutMix(area=(0.3, 0.3), count=3, seed=1, jit_compile=False))
    assert found.max() < 0.32
    assert 0.2 < found.mean() < 0.3


def test_no_area_is_no_rectangle():
    _, found = shares(ks.JointCutMix(area=(0.0, 0.0), jit_compile=False), count=20)
    assert found.max() == 0.0


# --- MixUp ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 5.0])
def test_weights_are_those_of_the_beta_distribution(alpha):
    drawn = to_numpy(random.Draws(random.key(3), 5000).beta(alpha))
    assert np.isfinite(drawn).all()
    # float32 is precise near 0, not near 1: so this tests the lower half, which is as likely.
    lower = drawn[drawn < 0.5]
    assert abs(len(lower) / 5000 - 0.5) < 0.03
    found = stats.kstest(lower, lambda x: 2.0 * stats.beta(alpha, alpha).cdf(x))
    assert found.statistic < 0.04


@pytest.mark.slow
def test_soft_masks_sum_to_one():
    layer = ks.JointMixUp(alpha=1.0, masks="soft", seed=1)
    images, classes = random_images(6).astype("float32"), labels(6)
    masks = np.eye(5, dtype="float32")[classes]
    found, drawn = layer((images, masks, np.ones((6, 16, 14), "float32")), return_parameters=True)
    partner, weight = (to_numpy(drawn[name]) for name in ("partner", "weight"))
    weight = weight[:, None, None, None]
    for a, b in zip(to_numpy(found), (images, masks), strict=False):
        np.testing.assert_allclose(a, weight * b + (1 - weight) * b[partner], atol=1e-3)
    np.testing.assert_allclose(to_numpy(found)[1].sum(-1), 1.0, atol=1e-6)
    _, mixing = layer(images, return_mixing=True)
    assert to_numpy(mixing)["share"].min() >= 0.5


@pytest.mark.slow
def test_the_larger_share_gives_the_mask():
    layer = ks.JointMixUp(alpha=1.0, seed=1, targets={"depth": "continuous"})
    data = {
        "images": random_images(8),
        "masks": labels(8),
        "depth": random_images(8).astype("float32"),
    }
    found, drawn = layer(data, return_parameters=True)
    partner, weight = (to_numpy(drawn[name]) for name in ("partner", "weight"))
    chosen = np.where(weight >= 0.5, np.arange(8), partner)
    np.testing.assert_array_equal(to_numpy(found["masks"]), data["masks"][chosen])
    np.testing.assert_array_equal(to_numpy(found["depth"]), data["depth"][chosen])
    assert (chosen != np.arange(8)).any()


@pytest.mark.parametrize(
    "masks", [labels(), labels()[..., None], np.eye(5, dtype="uint8")[labels()]]
)
def test_class_ids_are_not_blended(masks):
    layer = ks.JointMixUp(masks="soft")
    with pytest.raises(ValueError, match=r"JointMixUp: masks must be one-hot and of a float dtype"):
        layer((random_images(), masks))


# --- Mosaic ---------------------------------------------------------------------------------------


def test_four_samples_about_a_point():
    layer = ks.JointMosaic(32, 48, center=(0.3, 0.7), seed=1, jit_compile=False)
    images = np.zeros((200, 24, 30, 1), "uint8")
    (_, drawn, mixing) = layer(images, return_parameters=True, return_mixing=True)
    sample, partners = to_numpy(mixing)["sample"], to_numpy(drawn)["partner"]
    rows = np.round(to_numpy(drawn["center_y"]) * 32).astype(int)
    columns = np.round(to_numpy(drawn["center_x"]) * 48).astype(int)
    assert 9 <= rows.min() <= rows.max() <= 23
    assert columns.max() <= 34
    for i, (row, column) in enumerate(zip(rows, columns, strict=True)):
        assert (sample[i, :row, :column] == i).all()
        assert (sample[i, :row, column:] == partners[i, 0]).all()
        assert (sample[i, row:, :column] == partners[i, 1]).all()
        assert (sample[i, row:, column:] == partners[i, 2]).all()


@pytest.mark.parametrize("center", [(0.0, 0.0), (1.0, 1.0), (0.5, 0.5)])
def test_each_part_is_a_window_at_one_scale(center):
    """One more row or column in the result is always the same step in the image."""
    rows, columns = np.meshgrid(np.arange(40.0), np.arange(40.0), indexing="ij")
    images = np.broadcast_to(np.stack([rows, columns], -1), (5, 40, 40, 2)).astype("float32")
    layer = ks.JointMosaic(40, 40, scale=(0.5, 2.0), center=center, seed=1, jit_compile=False)
    found, drawn, mixing = layer(images, return_parameters=True, return_mixing=True)
    found, sample = to_numpy(found), to_numpy(mixing)["sample"]
    assert 0.0 <= found.min() <= found.max() <= 39.0
    for i in range(5):
        row = round(float(to_numpy(drawn["center_y"])[i]) * 40)
        column = round(float(to_numpy(drawn["center_x"])[i]) * 40)
        parts = [(slice(0, row), slice(0, column)), (slice(row, 40), slice(column, 40))]
        for number, part in zip((0, 3), parts, strict=True):
            if found[i][part].size < 18:
                continue
            scale = max(to_numpy(drawn["scale"])[i, number], *np.array(sample[i][part].shape) / 40)
            inner = found[i][part][1:-1, 1:-1]
            for axis in (0, 1):
                steps = np.diff(inner[..., axis], axis=axis)
                np.testing.assert_allclose(steps, 1.0 / scale, atol=1e-3)


# --- ClassMix -------------------------------------------------------------------------------------


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("fraction", [0.0, 0.34, 0.5, 1.0])
def test_the_share_of_classes(fraction, one_hot):
    masks = labels(60, classes=7, dtype="int32")
    masks[:20] = np.minimum(masks[:20], 2)
    layer = ks.JointClassMix(fraction=fraction, num_classes=9, seed=1, jit_compile=False)
    given = np.eye(7, dtype="uint8")[masks] if one_hot else masks
    drawn = to_numpy(layer.draw_parameters((random_images(60), given), 3))
    for partner, shown in zip(drawn["partner"], drawn["shown"], strict=True):
        chosen = set(np.unique(masks[partner][shown]))
        # All pixels of a class are shown, or none.
        assert not chosen & set(np.unique(masks[partner][~shown]))
        assert len(chosen) == int(len(np.unique(masks[partner])) * fraction + 1e-4)


def test_each_class_is_as_likely():
    masks = np.broadcast_to(np.arange(6, dtype="uint8"), (DRAWS, 4, 6)).copy()
    layer = ks.JointClassMix(seed=1, jit_compile=False)
    shown = layer.draw_parameters((np.zeros((DRAWS, 4, 6, 1), "uint8"), masks), 3)["shown"]
    counts = to_numpy(shown)[:, 0].sum(0)
    assert counts.sum() == 3 * DRAWS
    assert abs(counts / DRAWS - 0.5).max() < 0.05


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "float32", "bool"])
def test_ids_that_are_no_classes_are_never_pasted(dtype):
    masks = labels(8, classes=2 if dtype == "bool" else 9).astype(dtype)
    layer = ks.JointClassMix(fraction=1.0, num_classes=5, seed=1, jit_compile=False)
    drawn = to_numpy(layer.draw_parameters((random_images(8), masks), 3))
    np.testing.assert_array_equal(drawn["shown"], masks[drawn["partner"]].astype(int) < 5)


# --- CowMix ---------------------------------------------------------------------------------------


def test_the_share_of_spots():
    layer = ks.JointCowMix(ignore_class=None, seed=1, jit_compile=False)
    _, found = shares(layer, 48, 32)
    drawn = layer.draw_parameters((DRAWS, 48, 32, 1), layer.call_key(0))
    wanted = to_numpy(drawn["proportion"])
    assert abs(found - wanted).mean() < 0.08
    assert abs(found.mean() - 0.5) < 0.02


def test_spots_are_as_smooth_as_a_gaussian_makes_noise():
    """The correlation between pixels is that of white noise smoothed by scipy."""
    from keras_segaug.kernels.smooth_noise import smooth_noise

    numbers = np.random.default_rng(0).uniform(-1, 1, (300, 20, 20)).astype("float32")
    sigma = np.full(300, 4 / 64, "float32")
    noise = to_numpy(smooth_noise(*map(keras.ops.convert_to_tensor, (numbers, sigma)), (64, 64)))
    white = np.random.default_rng(1).normal(size=(300, 64, 64))
    expected = ndimage.gaussian_filter(white, (0, 4, 4), mode="wrap")
    for distance in (2, 4, 6, 8, 12):
        a, b = (
            np.corrcoef(x[:, :, :-distance].ravel(), x[:, :, distance:].ravel())[0, 1]
            for x in (noise, expected)
        )
        assert abs(a - b) < 0.04


# --- CopyPaste ------------------------------------------------------------------------------------


def two_objects(count=4, dtype="int32"):
    """Masks of the classes 0 to 3, and masks of the ids of four objects, for each sample."""
    classes, objects = np.zeros((2, count, 24, 24), dtype)
    for number, (row, column) in enumerate([(2, 2), (2, 14), (14, 2), (14, 14)]):
        place = slice(None), slice(row, row + 7), slice(column, column + 7)
        classes[place] = [1, 2, 3, 1][number]
        objects[place] = (number + 1) * 5
    return classes, objects


@pytest.mark.parametrize("compiled", COMPILED)
def test_chosen_classes_are_pasted_and_no_others(compiled):
    classes, _ = two_objects()
    own = np.arange(4)[:, None, None] * 10 + classes
    layer = ks.JointCopyPaste([1, 3], seed=1, mask=1, interpolation="nearest", jit_compile=compiled)
    images = np.repeat(own[..., None], 3, -1).astype("uint8")
    for _ in range(5):
        found, (code, result) = to_numpy(layer(images, (own, classes)))
        np.testing.assert_array_equal(found[..., 0], code)
        np.testing.assert_array_equal(code % 10, result)
        pasted = code // 10 != np.arange(4)[:, None, None]
        assert set(np.unique(code[pasted] % 10)) <= {1, 3}
        assert pasted.any()


@pytest.mark.parametrize("count", [None, 1, 2])
def test_ids_of_instances_stay_different(count):
    classes, objects = two_objects()
    layer = ks.JointCopyPaste(
        [1, 2], count=count, instances="objects", mask="classes", scale=(1.0, 1.0), seed=1
    )
    images = np.zeros((4, 24, 24, 3), "uint8")
    seen = set()
    for _ in range(10):
        data = {"images": images, "masks": {"classes": classes, "objects": objects}}
        found, mixing = to_numpy(layer(data, return_mixing=True))
        pasted = mixing["sample"] != np.arange(4)[:, None, None]
        for mine, ids, new in zip(
            found["masks"]["classes"], found["masks"]["objects"], pasted, strict=True
        ):
            # A sample's own objects keep their ids; pasted ids are counted on from the highest, 20.
            assert set(np.unique(ids[~new])) <= {0, 5, 10, 15, 20}
            came = set(np.unique(ids[new]))
            assert came <= {25, 30, 40}
            assert len(came) == (count or 3) if new.sum() > 100 else True
            seen |= came
            for each in came:
                assert len(np.unique(mine[ids == each])) == 1
    assert seen == {25, 30, 40}


def test_each_instance_is_as_likely():
    classes, objects = two_objects(DRAWS, "uint8")
    layer = ks.JointCopyPaste(count=1, instances=1, scale=(1.0, 1.0), jit_compile=False)
    images = np.zeros((DRAWS, 24, 24, 1), "uint8")
    drawn = to_numpy(layer.draw_parameters((images, (classes, objects)), 3))
    chosen = (objects * drawn["shown"]).max((1, 2))
    np.testing.assert_array_equal(drawn["shown"].sum((1, 2)), 49)
    assert abs(np.bincount(chosen, minlength=21)[[5, 10, 15, 20]] / DRAWS - 0.25).max() < 0.04


def test_the_matrix_of_what_is_pasted():
    """It scales about a window that lies inside, and mirrors half of the time."""
    images = np.stack(np.meshgrid(np.arange(24.0), np.arange(24.0), indexing="ij"), -1)
    images = np.broadcast_to(images, (60, 24, 24, 2)).astype("float32")
    masks = np.ones((60, 24, 24), "uint8")
    layer = ks.JointCopyPaste([1], flip=True, scale=(1.5, 1.5), seed=1, jit_compile=False)
    found, drawn = layer(images, masks, return_parameters=True)
    inner, mirrored = to_numpy(found)[0][:, 4:-4, 4:-4], to_numpy(drawn["mirrored"])
    assert 15 < mirrored.sum() < 45
    np.testing.assert_allclose(np.diff(inner[..., 0], axis=1), 1 / 1.5, atol=1e-3)
    steps = np.diff(inner[..., 1], axis=2) * np.where(mirrored, -1, 1)[:, None, None]
    np.testing.assert_allclose(steps, 1 / 1.5, atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "masks", "message"),
    [
        ({}, {}, "`classes` must be class ids"),
        ({"classes": [1, 1]}, {}, "`classes` must be class ids"),
        ({"classes": [300]}, {}, "`classes` must be ids that the masks can hold, 0 to 255"),
        ({"classes": [1], "instances": "objects"}, {}, "`instances` must be one of the masks"),
        (
            {"instances": 1},
            {"objects": 128},
            "`instances` must be a mask whose ids are at most 127",
        ),
        ({"classes": [1], "scale": (0.0, 1.0)}, {}, "`scale` must be"),
        ({"classes": [1], "count": 0}, {}, "`count` must be"),
        ({"classes": [1], "instances": 0.5}, {}, "`instances` must be None, the name"),
    ],
)
def test_bad_arguments(arguments, masks, message):
    more = {name: np.full((3, 16, 14), top, "uint8") for name, top in masks.items()}
    data = {"images": random_images(), "masks": {"classes": labels(), **more}}
    with pytest.raises(ValueError, match=f"JointCopyPaste: {message}"):
        ks.JointCopyPaste(**arguments, mask="classes")(data)


def test_one_hot_masks_know_their_classes():
    masks = np.eye(5, dtype="uint8")[labels()]
    with pytest.raises(ValueError, match="`classes` must be ids that the masks can hold, 0 to 4"):
        ks.JointCopyPaste([5])(random_images(), masks)
    found = to_numpy(ks.JointCopyPaste([1, 2], seed=1)(random_images(), masks))[1]
    np.testing.assert_array_equal(found.sum(-1), 1)


@pytest.mark.parametrize("place", ["in a pipeline", "before", "in a graph"])
@pytest.mark.slow
def test_what_a_border_was_filled_with_is_no_instance(place):
    """A fill of 255 is not an id; as one, it would leave no room for others in 8 bits."""
    fill = {"fill_mode": "constant", "mask_fill_value": 255}
    moved = ks.JointRandomTranslation((0.25, 0.25), (0.0, 0.0), **fill)
    paste = ks.JointCopyPaste([1], instances="ids", mask="classes", scale=(1.0, 1.0))
    objects = np.zeros((3, 16, 14), "uint8")
    objects[:, 2:6, 2:6] = 7
    data = {"images": random_images(), "masks": {"classes": 1 * (objects > 0), "ids": objects}}
    if place == "before":
        result = to_numpy(paste(to_numpy(moved(data))))
    else:
        jit_compile = True if place == "in a graph" else "auto"
        result = to_numpy(ks.Pipeline([moved, paste], jit_compile=jit_compile)(data))
    assert set(np.unique(result["masks"]["ids"])) == {0, 14, 255}


def test_where_ids_would_not_fit_nothing_is_pasted_in_a_graph():
    tf = pytest.importorskip("tensorflow")
    classes, objects = two_objects(4, "uint8")
    objects[:2] = np.where(objects[:2] > 0, objects[:2] + 200, 0)
    images = np.zeros((4, 24, 24, 1), "uint8")
    layer = ks.JointCopyPaste(
        [1, 2, 3], instances=1, scale=(1.0, 1.0), ignore_class=None, jit_compile=False
    )
    dataset = tf.data.Dataset.from_tensors((images, (classes, objects))).repeat(8)
    for _, (_, found) in dataset.map(layer).as_numpy_iterator():
        for i, ids in enumerate(found):
            own = set(np.unique(objects[i]))
            came = set(np.unique(ids)) - own
            # Ids are counted on and never wrap around.
            assert all(each > max(own) for each in came)


# --- Pixels about which nothing is known ---------------------------------------------------------


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize(
    "layer",
    [
        ks.JointCutMix(area=(0.5, 0.9), seed=1, jit_compile=False),
        ks.JointCowMix(seed=1, jit_compile=False),
        ks.JointClassMix(fraction=1.0, seed=1, jit_compile=False),
        ks.JointCopyPaste([1, 2, 255], seed=1, jit_compile=False),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_ignored_pixels_are_not_pasted(layer, one_hot):
    masks = labels(6, classes=4)
    known = (labels(6, seed=3) > 1) | (np.arange(6) % 2 == 0)[:, None, None]
    masks[~known] = 255
    if one_hot:
        if 255 in (getattr(layer, "classes", None) or ()):
            layer = ks.JointCopyPaste([1, 2], seed=1, jit_compile=False)
        given = np.eye(256, dtype="uint8")[masks][..., :4]
    else:
        given = masks
    for _ in range(5):
        found = to_numpy(layer(random_images(6), given))[1]
        lost = found.sum(-1) == 0 if one_hot else found == 255
        assert not (lost & known).any()
    asked = ks.JointCutMix(area=(0.9, 0.9), ignore_class=None, seed=1, jit_compile=False)
    found = to_numpy(asked(random_images(6), given))[1]
    lost = found.sum(-1) == 0 if one_hot else found == 255
    assert (lost & known).any()


def test_on_real_slices():
    """Each pixel of image and mask comes from its own place in one and the same slice."""
    images, masks, ids = ct_slices()
    images, masks = images[:6], masks[:6]
    layer = ks.JointClassMix(num_classes=1 + max(ids.values()), seed=1)
    (found, result), mixing = layer((images, masks), return_mixing=True)
    sample = to_numpy(mixing)["sample"]
    rows, columns = np.indices(masks.shape[1:])
    np.testing.assert_array_equal(to_numpy(result), masks[sample, rows, columns])
    np.testing.assert_array_equal(to_numpy(found), images[sample, rows, columns])
    assert 0.02 < (sample != np.arange(6)[:, None, None]).mean() < 0.98
    assert dtype_of(result) == "uint8"
