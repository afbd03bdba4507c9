"""`MultiView.transfer` moves a prediction from the frame of one view into that of another."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import gradient_of, labels, to_numpy

HEIGHT, WIDTH = 32, 28
FILLED = {"fill_mode": "constant", "fill_value": -50.0}


def multi_view(source, target, **more):
    views = {"weak": source, "strong": target}
    return ks.MultiView(views, **{"seed": 3, "jit_compile": False, "value_range": (0, 255), **more})


def coordinates(count=4, height=HEIGHT, width=WIDTH):
    """Images whose pixels hold their own coordinates."""
    places = np.stack(np.indices((height, width)), -1).astype("float32")
    return np.broadcast_to(places, (count, *places.shape)).copy()


def views_of(layer, images, masks, **more):
    """The views as arrays, and the parameters."""
    shown, parameters = layer(images, masks, return_parameters=True, **more)
    return to_numpy(shown), parameters


def moved_between(layer, prediction, parameters, source="weak", target="strong", **more):
    return to_numpy(layer.transfer(prediction, parameters, source, target, **more))


TURN = [ks.JointRandomFlip(), ks.JointRandomRotate90()]
AFFINE = {
    "rotation_factor": 0.1,
    "zoom_height_factor": 0.2,
    "translation_height_factor": 0.1,
    "translation_width_factor": 0.1,
    "shear_x_factor": 0.1,
}
PAIRS = {
    "flips": lambda: (ks.JointRandomFlip(), ks.JointRandomFlip("horizontal")),
    "quarter turns": lambda: (ks.Pipeline(TURN), ks.JointRandomRotate90(mirror=True)),
    "crops": lambda: (ks.JointRandomCrop(360, 400), ks.JointRandomCrop((400, 280))),
    "a crop and what came in": lambda: (ks.JointRandomCrop(360, 400), ks.Identity()),
    "what came in and a crop": lambda: (ks.Identity(), ks.JointRandomCrop(360, 400)),
    "larger than what came in": lambda: (ks.JointPadding(640), ks.JointCenterCrop(600, 560)),
    "flip and affine": lambda: (ks.JointRandomFlip(), ks.JointRandomAffine(**AFFINE)),
    "affine maps": lambda: (ks.JointRandomAffine(**AFFINE), ks.JointRandomAffine(**AFFINE)),
    "affine and crop": lambda: (ks.JointRandomAffine(**AFFINE), ks.JointRandomCrop(360, 400)),
}


# Other backends, which compile chains operation by operation, run only a few to show they agree.
ON_TENSORFLOW = keras.backend.backend() == "tensorflow"
CHAINS = 16 if ON_TENSORFLOW else 2
SOME_PAIRS = PAIRS if ON_TENSORFLOW else ("quarter turns", "affine and crop")


@pytest.mark.parametrize("name", SOME_PAIRS)
def test_the_mask_of_one_view_becomes_that_of_the_other(name):
    """Two large regions, so that rounding twice to the nearest pixel changes few labels."""
    images = np.zeros((3, 512, 512, 1), "float32")
    rows, columns = np.indices((512, 512))
    masks = np.where(3 * rows + columns > 1000, 7, 2).astype("uint8")[None].repeat(3, 0)
    layer = multi_view(*PAIRS[name]())
    shown, parameters = views_of(layer, images, masks)
    expected = shown["strong"][1]
    for prediction in (shown["weak"][1], shown["weak"][1].astype("int32")[..., None]):
        moved, valid = moved_between(layer, prediction, parameters)
        assert valid.shape == expected.shape
        assert valid.mean() > 0.2
        assert moved.dtype == prediction.dtype
        moved = moved.reshape(expected.shape)
        assert (moved == expected)[valid].mean() >= 0.999
        np.testing.assert_array_equal(moved[~valid], 0)
    if "affine" not in name:
        np.testing.assert_array_equal(moved[valid], expected[valid])


@pytest.mark.parametrize("name", ["flips", "quarter turns"])
def test_there_and_back_again_bit_for_bit(name):
    layer = multi_view(*PAIRS[name]())
    scores = np.random.default_rng(0).normal(size=(6, 32, 32, 3)).astype("float32")
    parameters = layer.draw_parameters((6, 32, 32, 3), 5)
    moved, valid = moved_between(layer, scores, parameters)
    assert valid.all()
    assert (moved != scores).any()
    back, valid = moved_between(layer, moved, parameters, "strong", "weak")
    assert valid.all()
    np.testing.assert_array_equal(back, scores)


SMOOTH = {
    "elastic": lambda: ks.JointRandomElasticTransform(strength=0.02),
    "lens": lambda: ks.JointRandomLensDistortion(0.2),
    "grid": lambda: ks.JointRandomGridDistortion(num_steps=4, factor=0.2),
    "perspective": lambda: ks.JointRandomPerspective(scale=0.2),
}


# Python decides how maps are composed, so one backend need test all combinations.
OTHERS = ["none", "itself", "affine"] if ON_TENSORFLOW else ["affine"]
TURN_A_LITTLE = ks.JointRandomRotation(0.05)
PLACES = {"targets": {"points": "points"}}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_maps_to_a_tenth_of_a_pixel(name, other):
    others = {"none": ks.Identity(), "itself": SMOOTH[name](), "affine": TURN_A_LITTLE}
    layer = multi_view(SMOOTH[name](), others[other], **PLACES)
    for source, target in (("weak", "strong"), ("strong", "weak")):
        off, valid = distances(layer, source, target, 4, 96, 96)
        assert valid.mean() > 0.5
        assert off.max() < 0.1


def distances(layer, source, target, count, height, width):
    """How far `transfer` is from the points that the layer itself moved, in pixels of the source.

    The transferred scores hold the coordinates of each pixel of the source. Read where a point lies
    in the target, they must give the place where it lies in the source.
    """
    shown, parameters = with_points(layer, count, height, width)
    size = shown[source]["images"].shape[1:3]
    moved, valid = moved_between(layer, coordinates(count, *size), parameters, source, target)
    # Beyond the outermost pixel centers the scores are constant.
    usable = valid & ((moved > 0.0) & (moved < np.array(size) - 1.0)).all(-1)
    off = []
    for number in range(count):
        expected, at = (shown[name]["points"][number][:, ::-1] for name in (source, target))
        read, near = read_between(moved[number], usable[number], at)
        off.append(np.abs(read - expected)[near].max(-1, initial=0.0))
    return np.concatenate(off), valid


def with_points(layer, count, height, width):
    """The views of images with weights of 1 and a point on every inner pixel."""
    images, ones = coordinates(count, height, width), np.ones((count, height, width), "float32")
    points = images[:, 1:-1, 1:-1, ::-1].reshape(count, -1, 2)
    data = {"images": images, "masks": ones.astype("uint8"), "sample_weights": ones}
    shown, parameters = layer({**data, "points": points}, return_parameters=True)
    return to_numpy(shown), parameters


def read_between(values, valid, places):
    """Blended values at places (n, 2) of an image, and where all four pixels are valid."""
    low = np.floor(places).astype(int)
    share = places - low
    inside = ((low >= 0) & (low < np.array(valid.shape) - 1)).all(-1)
    row, column = np.where(inside[:, None], low, 0).T
    total, near = 0.0, inside
    for i, j in np.ndindex(2, 2):
        weight = abs(1 - i - share[:, 0]) * abs(1 - j - share[:, 1])
        total = total + weight[:, None] * values[row + i, column + j]
        near = near & valid[row + i, column + j]
    return total, near


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", None])
def test_how_scores_are_read(interpolation):
    layer = multi_view(ks.Identity(), ks.JointRandomTranslation((0.1, 0.1), (0.1, 0.1)))
    images = coordinates()
    shown, parameters = views_of(layer, images, labels(4, HEIGHT, WIDTH))
    moved, valid = moved_between(layer, images, parameters, interpolation=interpolation)
    # The shift is 3.2 rows and 2.8 columns; a cubic reads two pixels further.
    off = np.abs(moved - shown["strong"][0])[:, 6:, 6:]
    assert valid[:, 6:, 6:].all()
    expected = 0.2 if interpolation == "nearest" else 0.0
    np.testing.assert_allclose(off, np.full_like(off, expected), atol=1e-4)


# --- Random chains ---------------------------------------------------------------------------


def random_layer(rng, border):
    makes = [
        lambda: ks.JointRandomFlip(),
        lambda: ks.JointRandomRotate90(mirror=True),
        lambda: ks.JointRandomRotation(0.1, **border()),
        lambda: ks.JointRandomZoom(0.2, probability=0.5, **border()),
        lambda: ks.JointRandomTranslation(0.2, 0.2, **border()),
        lambda: ks.JointRandomShear(0.1, 0.1, **border()),
        lambda: ks.JointRandomPerspective(scale=0.1, **border()),
        lambda: ks.JointRandomElasticTransform(strength=0.01, **border()),
        lambda: ks.JointRandomCrop(25, 24, probability=0.7, **border()),
        lambda: ks.JointRandomCrop(36, 20, **border()),
        lambda: ks.JointResizing(27, 29),
        lambda: ks.JointRandomResizedCrop(24, 26, scale=(0.5, 1.0)),
        lambda: ks.JointRandomScaleCrop(30, 30, scale=(0.8, 1.2), **border()),
        lambda: ks.JointResizing(30, 36, pad_to_aspect_ratio=True, **border()),
        lambda: ks.ImageOnlyRescaling(1.0),
        lambda: ks.RandomChoice(
            [
                ks.Pipeline([random_kept(rng, border), ks.JointResizing(28, 26)]),
                ks.JointRandomCrop(28, 26, **border()),
            ]
        ),
        lambda: ks.RandomChoice(
            [random_kept(rng, border), ks.JointRandomFlip(), ks.Identity()], probability=0.8
        ),
    ]
    return makes[rng.integers(len(makes))]()


def random_kept(rng, border):
    makes = [ks.JointRandomRotation, ks.JointRandomShear, ks.JointRandomZoom]
    return makes[rng.integers(3)](0.1, **border())


def random_chain(rng, border):
    layers = [random_layer(rng, border) for _ in range(rng.integers(1, 4))]
    return layers[0] if len(layers) == 1 else ks.Pipeline(layers)


def random_views(seed, border, **more):
    rng = np.random.default_rng(seed)
    shared, *views = (random_chain(rng, lambda: border(rng)) for _ in range(3))
    return multi_view(*views, shared=shared if seed % 2 else None, seed=seed, **more)


def any_border(rng):
    return FILLED if rng.random() < 0.5 else {"fill_mode": "reflect"}


@pytest.mark.parametrize("seed", range(CHAINS))
def test_random_chains(seed):
    layer = random_views(seed, any_border, **PLACES)
    off, valid = distances(layer, "weak", "strong", 4, HEIGHT, WIDTH)
    assert valid.any()
    assert len(off)
    assert off.max() < 0.15


@pytest.mark.parametrize("seed", range(30, 30 + CHAINS))
def test_random_chains_show_what_is_valid(seed):
    """Weights are 0 where a border was filled, and move as masks do."""
    layer = random_views(seed, lambda rng: FILLED, **PLACES)
    shown, parameters = with_points(layer, 4, HEIGHT, WIDTH)
    source, target = (shown[name]["sample_weights"] for name in ("weak", "strong"))
    size = source.shape[1:3]
    places, valid = moved_between(layer, coordinates(4, *size), parameters)
    # Each of several lookups rounds once, so up to two pixels at the edge of a view are undecided.
    assert widened(target, 2)[valid].all()
    rows, columns = np.moveaxis(np.floor(places + 0.5).astype(int), -1, 0)
    numbers = np.arange(4)[:, None, None]
    assert widened(source, 2)[numbers, rows, columns][valid].all()
    # A point that both views show lies on a valid pixel.
    at, held = {}, True
    for name, weights in (("weak", source), ("strong", target)):
        at[name], inside = on_pixels(shown[name]["points"][..., ::-1], weights.shape[1:])
        certain = 1.0 - widened(1.0 - np.pad(weights, ((0, 0), (1, 1), (1, 1))), 2)[:, 1:-1, 1:-1]
        held = held & inside & (certain[(numbers[..., 0], *at[name])] == 1.0)
    assert held.any()
    assert valid[(numbers[..., 0], *at["strong"])][held].all()


def on_pixels(places, size):
    """(row, column) of the pixels on which places (B, n, 2) lie, and whether there are any."""
    rounded = np.floor(places + 0.5).astype(int)
    inside = ((rounded >= 0) & (rounded < np.array(size))).all(-1)
    return tuple(np.moveaxis(np.where(inside[..., None], rounded, 0), -1, 0)), inside


def widened(shown, by):
    """The ones of an array, widened `by` pixels to each side."""
    spread = np.pad(shown, ((0, 0), (by, by), (by, by)))
    shifts = range(2 * by + 1)
    height, width = shown.shape[1:]
    return np.max([spread[:, i : i + height, j : j + width] for i in shifts for j in shifts], 0)


def test_what_is_valid_is_what_both_crops_show():
    layer = multi_view(ks.JointRandomCrop(20, 18), ks.JointRandomCrop(16, 22))
    images = coordinates()
    shown, parameters = views_of(layer, images, labels(4, HEIGHT, WIDTH))
    _, valid = moved_between(layer, shown["weak"][1], parameters)
    for number in range(4):
        first, last = shown["weak"][0][number, 0, 0], shown["weak"][0][number, -1, -1]
        expected = (
            (shown["strong"][0][number] >= first) & (shown["strong"][0][number] <= last)
        ).all(-1)
        np.testing.assert_array_equal(valid[number], expected)
        assert not expected.all()
        assert expected.any()


@pytest.mark.parametrize("mode", ["reflect", "wrap", "nearest", "constant"])
def test_what_a_border_was_filled_with_is_not_valid(mode):
    half = {"height_factor": (0.25, 0.25), "width_factor": (0.0, 0.0), "fill_mode": mode}
    layer = multi_view(ks.Identity(), ks.JointRandomTranslation(**half))
    parameters = layer.draw_parameters((2, 16, 16, 1), 1)
    ids = np.ones((2, 16, 16), "uint8")
    for names in (("weak", "strong"), ("strong", "weak")):
        _, valid = moved_between(layer, ids, parameters, *names)
        # Filled rows come in at the top; rows pushed out at the bottom are not in the other view.
        filled = slice(0, 4) if names[1] == "strong" else slice(12, 16)
        assert not valid[:, filled].any()
        assert valid.sum() == 2 * 12 * 16


def test_a_color_between_two_shifts_is_a_border_between_them():
    """Pixels that left the image before a color cannot come back after it."""
    shifts = [ks.JointRandomTranslation((a, a), (0.0, 0.0)) for a in (0.25, -0.25)]
    together = ks.Pipeline(shifts)
    apart = ks.Pipeline([shifts[0], ks.ImageOnlyRescaling(1.0), shifts[1]])
    ids = np.ones((1, 16, 16), "uint8")
    for chain, rows in ((together, 16), (apart, 12)):
        layer = multi_view(ks.Identity(), chain)
        parameters = layer.draw_parameters((1, 16, 16, 1), 1)
        for names in (("weak", "strong"), ("strong", "weak")):
            _, valid = moved_between(layer, ids, parameters, *names)
            assert valid.sum() == rows * 16


def test_the_shared_part_is_no_detour():
    """Pixels that it moved out are not valid; all others come back exactly, not resampled twice."""
    shared = ks.JointRandomTranslation((0.25, 0.25), (0.0, 0.0))
    layer = multi_view(ks.Identity(), ks.JointRandomFlip("horizontal"), shared=shared)
    parameters = layer.draw_parameters((6, 16, 16, 1), 1)
    scores = np.random.default_rng(0).normal(size=(6, 16, 16, 2)).astype("float32")
    moved, valid = moved_between(layer, scores, parameters)
    flipped = to_numpy(parameters["views"]["strong"]["horizontal"])
    assert flipped.any()
    assert not flipped.all()
    assert valid[:, 4:].all()
    assert not valid[:, :4].any()
    expected = np.where(flipped[:, None, None, None], scores[:, :, ::-1], scores)
    np.testing.assert_array_equal(moved[:, 4:], expected[:, 4:])


# --- Classes, dtypes, places -------------------------------------------------------------------


def test_classes_change_sides():
    swap = {"class_swap": {1: 2}}
    choice = ks.RandomChoice([ks.JointRandomFlip("horizontal", **swap), ks.Identity()])
    layer = multi_view(
        ks.Pipeline([choice, ks.JointRandomFlip("vertical", class_swap={0: 3})]),
        ks.JointRandomFlip("horizontal", **swap),
        shared=ks.JointRandomFlip("vertical", class_swap={1: 3}),
    )
    images, masks = coordinates(20, 12, 12), labels(20, 12, 12, 4)
    shown, parameters = views_of(layer, images, masks)
    ids, expected = shown["weak"][1], shown["strong"][1]
    moved, valid = moved_between(layer, ids, parameters)
    assert valid.all()
    np.testing.assert_array_equal(moved, expected)
    rows = np.eye(4, dtype="float32")
    moved, _ = moved_between(layer, rows[ids], parameters)
    np.testing.assert_array_equal(moved, rows[expected])
    moved, _ = moved_between(layer, rows[ids].astype("uint8"), parameters)
    np.testing.assert_array_equal(moved, rows[expected].astype("uint8"))


@pytest.mark.parametrize("dtype", ["float16", "float32", "bool", "uint8", "int32"])
def test_the_dtype_stays(dtype):
    layer = multi_view(ks.JointRandomRotation(0.1), ks.JointRandomFlip())
    parameters = layer.draw_parameters((2, 16, 14, 3), 1)
    ones = keras.ops.ones((2, 16, 14, 3), dtype)
    moved, valid = layer.transfer(ones, parameters)
    assert keras.backend.standardize_dtype(moved.dtype) == dtype
    moved, valid = to_numpy((moved, valid))
    expected = valid[..., None].repeat(3, -1).astype(dtype)
    np.testing.assert_allclose(moved, expected, atol=1e-6)


def test_channels_first():
    keras.config.set_image_data_format("channels_first")
    layer = multi_view(ks.JointRandomFlip(), ks.JointRandomCrop(9, 10))
    images = np.moveaxis(coordinates(3, 16, 14), -1, 1)
    shown, parameters = views_of(layer, images, labels(3))
    moved, valid = moved_between(layer, shown["weak"][0], parameters)
    assert moved.shape == (3, 2, 9, 10)
    assert valid.all()
    np.testing.assert_array_equal(moved, shown["strong"][0])


def test_no_number_comes_from_what_is_not_shown():
    """Neither NaN nor a large number outside the shown pixels reaches a valid pixel."""
    shift = ks.JointRandomTranslation((0.21, 0.21), (0.13, 0.13))
    layer = multi_view(shift, ks.JointRandomRotation((0.02, 0.02)))
    parameters = layer.draw_parameters((2, 32, 28, 1), 1)
    shown = to_numpy(layer.transfer(np.ones((2, 32, 28), "uint8"), parameters, "strong", "weak"))[1]
    for bad in (np.nan, 1e9):
        scores = np.where(shown[..., None], 1.0, bad).astype("float32")
        moved, valid = moved_between(layer, scores, parameters, interpolation="nearest")
        assert valid.sum() > 200
        assert np.isfinite(moved).all()


def test_gradients_flow_to_the_prediction(backend_is):
    layer = multi_view(ks.JointRandomRotation(0.1), ks.JointRandomZoom(0.2))
    parameters = layer.draw_parameters((2, 8, 8, 3), 1)
    scores = np.random.default_rng(0).normal(size=(2, 8, 8, 2)).astype("float32")
    found = gradient_of(lambda x: keras.ops.sum(layer.transfer(x, parameters)[0] ** 2), scores)
    assert np.isfinite(found).all()
    assert (found != 0.0).mean() > 0.5


def compiled(function):
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    if keras.backend.backend() == "torch":
        return function
    import tensorflow as tf

    return tf.function(function, jit_compile=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "target"),
    [
        (ks.JointRandomElasticTransform(strength=0.02), ks.JointRandomRotation(0.1)),
        (ks.JointRandomRotation(0.1), ks.JointRandomCrop(9, 10)),
        (ks.JointRandomCrop(12, 11), ks.Pipeline([ks.JointRandomFlip(), ks.JointResizing(9, 10)])),
    ],
)
def test_in_a_compiled_training_step(source, target):
    """There the sizes in the parameters are traced; the sizes of arrays are not."""
    layer = multi_view(source, target)
    size = to_numpy(layer(coordinates()))["weak"].shape[1:3]
    scores = np.random.default_rng(0).normal(size=(4, *size, 2)).astype("float32")
    parameters = to_numpy(layer.draw_parameters((4, HEIGHT, WIDTH, 3), 2))
    parameters = keras.tree.map_structure(keras.ops.convert_to_tensor, parameters)
    expected = moved_between(layer, scores, parameters)
    found = to_numpy(compiled(layer.transfer)(keras.ops.convert_to_tensor(scores), parameters))
    np.testing.assert_allclose(found[0], expected[0], atol=1e-3)
    assert (found[1] == expected[1]).mean() > 0.999

    def both(images):
        shown, parameters = layer(images, return_parameters=True, training=True)
        return shown, layer.transfer(shown["weak"], parameters, "weak", "weak")

    shown, (moved, valid) = to_numpy(both(keras.ops.convert_to_tensor(coordinates())))
    assert np.abs(moved - shown["weak"])[valid].max() < 0.1


def test_a_size_that_jax_cannot_know(backend_is):
    if not backend_is("jax"):
        pytest.skip("JAX alone compiles for sizes that must be known.")
    import jax

    layer = multi_view(ks.JointRandomCrop(12, 11), ks.Identity())
    parameters = layer.draw_parameters((2, 16, 14, 3), 2)
    parameters["input_size"] = keras.ops.convert_to_tensor(parameters["input_size"])
    scores = keras.ops.ones((2, 12, 11, 2))
    with pytest.raises(
        ValueError, match=r"MultiView: the size of the view 'strong'.*JointResizing"
    ):
        jax.jit(layer.transfer)(scores, parameters)


# --- What is refused ---------------------------------------------------------------------------

GOOD = np.ones((2, 16, 14, 3), "float32")
REFUSED = {
    "a name": ({"source": "weka"}, "`source` must be the name of a view, 'weak' or 'strong'"),
    "no name": ({"target": None}, "`target` must be the name of a view"),
    "one sample": ({"prediction": GOOD[0]}, "`prediction` must be scores.*batch"),
    "scores without classes": ({"prediction": GOOD[..., 0]}, "`prediction` must be scores"),
    "a list": ({"prediction": [[1.0]]}, "`prediction` must be scores.*Received.*list"),
    "text": ({"prediction": GOOD.astype(str)}, "predictions must be integers, floats"),
    "another size": ({"prediction": GOOD[:, 1:]}, r"the view 'weak', \(16, 14\).*image.resize"),
    "another batch": ({"prediction": GOOD[:1]}, "drawn for 2 samples.*a prediction for 1"),
    "no parameters": ({"parameters": None}, "`parameters` must be what.*not at inference"),
    "parts of them": ({"parameters": {"views": {}}}, "`parameters` must be what"),
    "interpolation": ({"interpolation": "cubic"}, "`interpolation` must be one of"),
    "labels with a mean": (
        {"prediction": GOOD.astype("uint8")[..., 0], "interpolation": "bilinear"},
        '`interpolation` must be None or "nearest" for labels',
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    changes, message = REFUSED[name]
    layer = multi_view(ks.JointRandomRotation(0.1), ks.JointRandomFlip())
    given = {"prediction": GOOD, "parameters": layer.draw_parameters((2, 16, 14, 3), 1)}
    with pytest.raises(ValueError, match=f"^MultiView: .*{message}"):
        layer.transfer(**{**given, **changes})


class Borrowing(ks.JointLayer):
    """Shows the previous sample in place of each."""

    def plan(self, parameters, spec):
        from keras_segaug.engine.operations import Piece, Warp
        from keras_segaug.kernels import matrices

        source = np.array([1, 0], "int32")
        piece = Piece(matrices.identity(2), source=source)
        return [Warp(before=spec.size, size=spec.size, pieces=(piece,), rest=matrices.identity(2))]


@pytest.mark.parametrize("place", ["weak", "strong", "shared"])
def test_mixed_samples_are_refused(place):
    given = {"weak": ks.Identity(), "strong": ks.JointRandomFlip(), "shared": None}
    given[place] = ks.Pipeline([ks.JointRandomRotation(0.1), Borrowing()])
    shared = given.pop("shared")
    layer = ks.MultiView(given, shared=shared)
    parameters = layer.draw_parameters((2, 16, 14, 3), 1)
    with pytest.raises(
        ValueError, match=r"^Borrowing: `transfer` cannot follow.*after the transfer"
    ):
        layer.transfer(GOOD, parameters)
