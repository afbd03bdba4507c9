"""Test-time augmentation merges the network's predictions of all views, moved back in place."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import to_numpy
from tests.training.scorers import (
    Watched,
    convolution,
    images,
    of_the_whole,
    per_pixel,
    said,
    sided,
)

ROOT = Path(__file__).parents[2]
BACKEND = keras.backend.backend()
SQUARE = images(2, 8, 8, 3)
OBLONG = images(2, 6, 10, 3)
# Functions that flip an image, and flip it back.
FLIPS = [lambda x: x, lambda x: x[:, :, ::-1], lambda x: x[:, ::-1], lambda x: x[:, ::-1, ::-1]]
TURNS = [
    (
        lambda x, k=k, m=m: np.rot90(x[:, :, ::-1] if m else x, k, (1, 2)),
        lambda x, k=k, m=m: np.rot90(x, -k, (1, 2))[:, :, ::-1] if m else np.rot90(x, -k, (1, 2)),
    )
    for k in range(4)
    for m in (False, True)
]
VIEWS = {"flips": [(flip, flip) for flip in FLIPS], "d4": TURNS}


def by_hand(model, x, views):
    return np.stack([back(said(model, np.ascontiguousarray(show(x)))) for show, back in views])


@pytest.mark.parametrize("merge", ["mean", "geometric_mean", "max"])
@pytest.mark.parametrize("views", ["flips", "d4", [ks.JointRandomFlip("vertical")]])
def test_of_a_network_that_looks_at_single_pixels_nothing_changes(views, merge):
    network = per_pixel()
    for x in (SQUARE, OBLONG):
        tta = ks.TestTimeAugmentation(network, views, merge, batch_views=1, logits=False)
        np.testing.assert_array_equal(said(tta, x), said(network, x))


@pytest.mark.parametrize("views", ["flips", "d4"])
def test_the_views_are_what_they_are_called(views):
    network = convolution()
    expected = by_hand(network, SQUARE, VIEWS[views])
    tta = ks.TestTimeAugmentation(network, views)
    assert len(expected) == {"flips": 4, "d4": 8}[views]
    np.testing.assert_allclose(said(tta, SQUARE), expected.mean(0), atol=1e-6)
    if views == "flips":
        np.testing.assert_allclose(tta.predict(SQUARE, verbose=0), expected.mean(0), atol=1e-6)


def test_what_is_not_square_is_not_turned_by_a_quarter():
    network = convolution()
    d4, flips = (ks.TestTimeAugmentation(network, views) for views in ("d4", "flips"))
    np.testing.assert_allclose(said(d4, OBLONG), said(flips, OBLONG), atol=1e-6)


def test_classes_of_left_and_right_change_back():
    x, network = images(2, 6, 8, 1), sided()
    swapping, plain = (
        ks.TestTimeAugmentation(network, ks.JointRandomFlip("horizontal", class_swap=pairs))
        for pairs in ({1: 2}, None)
    )
    np.testing.assert_array_equal(said(swapping, x), said(network, x))
    assert np.abs(said(plain, x) - said(network, x)).max() > 0.1
    # So do those of resampled views, in the middle of an image whose columns are all equal.
    ramp = np.broadcast_to(np.arange(16, dtype="float32")[:, None], (1, 16, 16, 1))
    layers = [ks.JointRandomFlip("horizontal", class_swap={1: 2}), ks.JointRandomShear(0.0, 0.1)]
    drawn = ks.TestTimeAugmentation(network, ks.Pipeline(layers, seed=1))
    middle = (slice(None), slice(4, -4), slice(4, -4))
    np.testing.assert_allclose(said(drawn, ramp)[middle], said(network, ramp)[middle], atol=1e-3)


@pytest.fixture(scope="module")
def affine():
    options = {"fill_mode": "constant", "fill_value": 2.0, "seed": 4}
    return ks.JointRandomAffine(
        rotation_factor=0.1,
        zoom_height_factor=0.2,
        translation_height_factor=0.2,
        translation_width_factor=0.2,
        **options,
    )


def test_affine_views_agree_and_what_they_do_not_show_does_not_count(affine):
    """A ramp is interpolated without loss, and any fill of a view would be seen at once.

    (Except for a thousandth of it, which `transfer` takes for rounding of float32.)
    """
    y, x = np.mgrid[:32, :32].astype("float32") / 32
    ramp = np.stack([y, x, y - x], -1)[None]
    network = per_pixel(softmax=False)
    tta = ks.TestTimeAugmentation(network, affine, uncertainty=True, logits=False)
    merged, _, deviation = to_numpy(tta(ramp))
    np.testing.assert_allclose(merged, said(network, ramp), atol=1e-3)
    assert deviation.max() < 3e-3
    # Pixels that are not shown do not count as a 0, which could be the largest value.
    largest = ks.TestTimeAugmentation(network, affine, "max")
    np.testing.assert_allclose(said(largest, ramp), said(network, ramp), atol=3e-3)


def test_a_view_is_the_same_whatever_else_is_in_the_batch_and_others_are_drawn_otherwise(affine):
    network = convolution()
    tta = ks.TestTimeAugmentation(network, affine)
    together = said(tta, SQUARE)
    np.testing.assert_allclose(said(tta, SQUARE[1:]), together[1:], atol=1e-6)
    np.testing.assert_array_equal(said(tta, SQUARE), together)
    for views, count in ((affine, 7), ([affine] * 3, 3), (ks.JointResizing(8, 8), 1)):
        drawn = ks.TestTimeAugmentation(network, views)._ways
        assert len({str(view.drawn) for view in drawn}) == len(drawn) == count
    # Drawn from the layer's seed.
    of_seeds = [
        [str(view.drawn) for view in ks.TestTimeAugmentation(network, turn)._ways]
        for turn in (ks.JointRandomRotation(0.1, seed=seed) for seed in (1, 2, 1))
    ]
    assert of_seeds[0] == of_seeds[2]
    assert not {*of_seeds[0]} & {*of_seeds[1]}


def test_views_of_other_sizes():
    """They work as in multi-scale testing; a crop shows only its window."""
    network = convolution(kernel=1, activation=None)
    y = np.broadcast_to(np.linspace(0, 1, 16, dtype="float32")[:, None, None], (1, 16, 16, 3))
    views = [ks.JointResizing(24, 24), ks.JointRandomCrop(8, 8, seed=1), ks.Identity()]
    tta = ks.TestTimeAugmentation(network, views)
    inside = (slice(None), slice(2, -2))
    np.testing.assert_allclose(said(tta, y)[inside], said(network, y)[inside], atol=1e-4)


# --- Merging ---


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def entropy(p):
    p = np.maximum(p, 1e-30)
    return -(p * np.log(p)).sum(-1)


def test_merges_and_uncertainty_of_classes():
    network = convolution(activation=None)
    views = softmax(by_hand(network, SQUARE, VIEWS["flips"]).astype("float64"))
    geometric = np.exp(np.log(views).mean(0))
    votes = np.eye(4)[views.argmax(-1)].mean(0)
    expected = {
        "mean": views.mean(0),
        "geometric_mean": geometric / geometric.sum(-1, keepdims=True),
        "max": views.max(0),
        "vote": votes,
    }
    assert len(np.unique(votes)) > 3
    for merge, merged in expected.items():
        tta = ks.TestTimeAugmentation(network, merge=merge, uncertainty=True, logits=True)
        found = to_numpy(tta(SQUARE))
        np.testing.assert_allclose(found[0], merged, atol=1e-5, err_msg=merge)
        share = merged / merged.sum(-1, keepdims=True)
        np.testing.assert_allclose(found[1], entropy(share), atol=1e-4, err_msg=merge)
        np.testing.assert_allclose(found[2], views.std(0), atol=1e-5, err_msg=merge)


def test_merges_and_uncertainty_of_one_channel():
    network = convolution(classes=1, activation=None)
    p = 1 / (1 + np.exp(-by_hand(network, SQUARE, VIEWS["flips"]).astype("float64")))
    yes, no = (np.exp(np.log(q).mean(0)) for q in (p, 1 - p))
    expected = {
        "mean": p.mean(0),
        "geometric_mean": yes / (yes + no),
        "max": p.max(0),
        "vote": (p > 0.5).mean(0),
    }
    for merge, merged in expected.items():
        tta = ks.TestTimeAugmentation(network, merge=merge, uncertainty=True, logits=True)
        found = to_numpy(tta(SQUARE))
        np.testing.assert_allclose(found[0], merged, atol=1e-5, err_msg=merge)
        both = np.concatenate([merged, 1 - merged], -1)
        np.testing.assert_allclose(found[1], entropy(both), atol=1e-4, err_msg=merge)
        np.testing.assert_allclose(found[2], p.std(0), atol=1e-5, err_msg=merge)


def test_infinite_logits_stay():
    x = np.where(SQUARE > 0.9, -np.inf, SQUARE).astype("float32")
    network = per_pixel(softmax=False)
    np.testing.assert_array_equal(said(ks.TestTimeAugmentation(network), x), said(network, x))


def half_infinite():
    """A network whose prediction is infinite in the left half of each image."""
    inputs = keras.Input((None, None, 1))
    left = keras.layers.Lambda(half_infinite_of, output_shape=lambda shape: shape)
    return keras.Model(inputs, left(inputs))


def half_infinite_of(x):
    there = np.arange(x.shape[2]) < x.shape[2] // 2
    return keras.ops.where(keras.ops.convert_to_tensor(there[None, None, :, None]), -np.inf, x)


def test_the_mean_of_what_is_infinite_and_what_is_not_is_infinite():
    """It is, whichever of the views, or of the windows, comes first."""
    x = images(1, 4, 6, 1)
    flipped = ks.TestTimeAugmentation(half_infinite(), [ks.JointRandomFlip("horizontal")])
    np.testing.assert_array_equal(said(flipped, x), np.full(x.shape, -np.inf))
    mirrored = x[:, :, ::-1]
    for tta, given in (
        (ks.TestTimeAugmentation(half_infinite(), None, tile=(4, 4)), x),
        (ks.TestTimeAugmentation(half_infinite(), None, tile=(4, 4)), mirrored),
    ):
        infinite = np.isneginf(said(tta, given))[0, 0, :, 0]
        np.testing.assert_array_equal(infinite, [True, True, True, True, False, False])


@pytest.mark.parametrize("merge", ["mean", "geometric_mean", "max", "vote"])
@pytest.mark.parametrize("channels", [1, 3])
def test_where_the_network_says_nan_nothing_is_made_up(merge, channels):
    x = images(2, 6, 6, channels)
    x[0, 1, 2] = np.nan
    network = per_pixel(channels, softmax=False)
    if channels == 1:
        network = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Rescaling(1.0)])
    tta = ks.TestTimeAugmentation(network, merge=merge, logits=False)
    found = np.isnan(said(tta, x)).any(-1)
    np.testing.assert_array_equal(found, np.isnan(x[..., 0]))


# --- Tiles ---


def blended(x, tile, apart):
    """Blends windows one by one, in plain numpy."""
    total, weight = np.zeros(x.shape), np.zeros(x.shape[1:3])[..., None]
    hann = [np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in tile]
    hann = np.outer(*hann)[..., None]
    starts = [
        sorted({min(k * step, n - t) for k in range(n) if (k - 1) * step < n - t})
        for n, t, step in zip(x.shape[1:3], tile, apart, strict=True)
    ]
    for y in starts[0]:
        for z in starts[1]:
            window = x[:, y : y + tile[0], z : z + tile[1]]
            said = window - window.mean((1, 2), keepdims=True)
            total[:, y : y + tile[0], z : z + tile[1]] += said * hann
            weight[y : y + tile[0], z : z + tile[1]] += hann
    assert weight.min() > 0
    return total / weight


def test_windows_are_blended_by_their_weights():
    x, network = images(2, 11, 17, 2), of_the_whole()
    for overlap, apart in ((0.5, (2, 4)), (0.0, (4, 8)), (0.8, (1, 2))):
        tta = ks.TestTimeAugmentation(network, None, tile=(4, 8), overlap=overlap)
        np.testing.assert_allclose(said(tta, x), blended(x, (4, 8), apart), atol=1e-5)
        if overlap == 0.5:
            found = tta.predict(x, verbose=0)
            np.testing.assert_allclose(found, blended(x, (4, 8), apart), atol=1e-5)


def test_what_is_smaller_than_a_window_is_mirrored_at_its_edges():
    x, network = images(1, 5, 6, 2), of_the_whole()
    whole = np.pad(x, ((0, 0), (1, 2), (7, 7), (0, 0)), "symmetric")
    tta = ks.TestTimeAugmentation(network, None, tile=(8, 20))
    expected = x - whole.mean((1, 2), keepdims=True)
    np.testing.assert_allclose(said(tta, x), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(8, 8), (19, 8), (5, 30), (3, 2)])
def test_windows_change_nothing_of_single_pixels(size):
    # No softmax: its last bit changes when XLA compiles it for another shape.
    x, network = images(2, *size, 3), per_pixel(softmax=False)
    tta = ks.TestTimeAugmentation(network, "d4", tile=(8, 8), batch_views=8)
    np.testing.assert_array_equal(said(tta, x), said(network, x))


def test_so_many_views_are_predicted_at_once():
    layer = Watched()
    inputs = keras.Input((None, None, 2))
    network = keras.Model(inputs, layer(inputs))
    x = images(2, 8, 8, 2)
    for views, at_once, batches in (
        ("d4", None, [16]),
        ("d4", 3, [6, 6, 4]),
        ("flips", 1, [2, 2, 2, 2]),
        ([ks.JointResizing(4, 4), ks.JointRandomZoom(0.1)], None, [2, 2, 2]),
    ):
        layer.seen.clear()
        ks.TestTimeAugmentation(network, views, batch_views=at_once)(x)
        assert [shape[0] for shape in layer.seen] == batches
    # For images that are not square, quarter turns would repeat the half turns.
    layer.seen.clear()
    ks.TestTimeAugmentation(network, "d4")(images(2, 6, 8, 2))
    assert [shape[0] for shape in layer.seen] == [8]
    layer.seen.clear()
    ks.TestTimeAugmentation(network, "flips", tile=(8, 8))(images(2, 12, 8, 2))
    # The first call only finds out the shape of the maps.
    assert layer.seen == [(2, 8, 8, 2), (8, 8, 8, 2), (8, 8, 8, 2)]


# --- As a model ---


def test_several_outputs_are_merged_each():
    inputs = keras.Input((None, None, 3))
    outputs = {"b": keras.layers.Softmax()(inputs), "a": [keras.layers.Rescaling(2.0)(inputs)]}
    network = keras.Model(inputs, outputs)
    for tile in (None, (8, 8)):
        tta = ks.TestTimeAugmentation(network, tile=tile, uncertainty=True, logits=False)
        merged, entropies, deviation = to_numpy(tta(SQUARE))
        np.testing.assert_allclose(merged["b"], said(network, SQUARE)["b"], atol=1e-6)
        np.testing.assert_array_equal(merged["a"][0], said(network, SQUARE)["a"][0])
        assert entropies["b"].shape == (2, 8, 8)
        assert deviation["a"][0].shape == (2, 8, 8, 3)


def test_channels_first():
    x = SQUARE.transpose(0, 3, 1, 2)
    inputs = keras.Input((3, None, None))
    network = keras.Model(inputs, keras.layers.Softmax(axis=1)(inputs))
    for tile in (None, (6, 6)):
        settings = {"logits": False, "uncertainty": True, "data_format": "channels_first"}
        tta = ks.TestTimeAugmentation(network, tile=tile, **settings)
        merged, entropies, deviation = to_numpy(tta(x))
        np.testing.assert_allclose(merged, said(network, x), atol=1e-6)
        assert (entropies.shape, deviation.shape) == ((2, 8, 8), (2, 3, 8, 8))


def test_integers_and_half_precision():
    x = (SQUARE * 255).astype("uint8")
    keras.config.set_dtype_policy("mixed_float16")
    network = per_pixel()
    tta = ks.TestTimeAugmentation(network)
    found = said(tta, x)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, said(network, x), atol=1e-3)


class Subclassed(keras.Model):
    """Its output shape is known only by running it, which needs its weights."""

    def __init__(self):
        super().__init__()
        self.layer = keras.layers.Conv2D(4, 1)

    def call(self, images):
        return self.layer(images)


def test_windows_of_a_subclassed_model():
    x, network = images(1, 8, 12, 3), Subclassed()
    tta = ks.TestTimeAugmentation(network, None, tile=(8, 8))
    np.testing.assert_allclose(tta.predict(x, verbose=0), said(network, x), atol=1e-5)


def test_in_a_functional_model():
    tta = ks.TestTimeAugmentation(convolution(), "d4", tile=(6, 8), uncertainty=True, logits=False)
    inputs = keras.Input((8, 8, 3))
    around = keras.Model(inputs, tta(inputs))
    shapes = [tuple(each.shape) for each in around.outputs]
    assert shapes == [(None, 8, 8, 4), (None, 8, 8), (None, 8, 8, 4)]
    for one, other in zip(to_numpy(around(SQUARE)), to_numpy(tta(SQUARE)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_it_is_saved(tmp_path, affine):
    views = [affine, ks.JointRandomFlip(class_swap={1: 2})]
    tta = ks.TestTimeAugmentation(convolution(), views, "vote", tile=[6, 8], batch_views=2)
    tta.save(tmp_path / "tta.keras")
    copy = keras.models.load_model(tmp_path / "tta.keras")
    np.testing.assert_array_equal(said(copy, SQUARE), said(tta, SQUARE))
    configs = copy.get_config(), tta.get_config()
    assert configs[0]["views"] == configs[1]["views"]
    assert {**configs[0], "model": None} == {**configs[1], "model": None}


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "tensorflow", reason="a SavedModel is TensorFlow's")
def test_it_is_exported(tmp_path, affine):
    import tensorflow as tf

    for tile, views in ((None, [affine, ks.JointRandomFlip()]), ((6, 8), "flips")):
        options = {"tile": tile, "uncertainty": True, "logits": False, "batch_views": 3}
        tta = ks.TestTimeAugmentation(convolution(), views, **options)
        tta.export(tmp_path / "exported", verbose=False)
        exported = tf.saved_model.load(tmp_path / "exported")
        for x in (SQUARE, OBLONG, images(1, 4, 5, 3)):
            for one, other in zip(exported.serve(x), tta(x), strict=True):
                np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow runs what it can at once")
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says what a process had")
@pytest.mark.parametrize("way", ["program", "predict"])
def test_a_large_image_takes_the_memory_of_a_window(way):
    command = [sys.executable, "-m", "tests.training.tile_memory", way]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert found.returncode == 0, found.stderr
    window, rest = map(float, found.stdout.split())
    assert 40 < window < rest < 3 * window, (window, rest)
