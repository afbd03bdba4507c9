"""The value range of images is known from their dtype and the layers before, never assumed away."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from tests.data import random_images, to_numpy

UINT16 = np.array([1000, 30000, 60000, 200], "uint16").reshape(1, 2, 2, 1)
FLOATS = random_images(2, 4, 4).astype("float32")
PLAIN = {"jit_compile": False}
# torch holds a uint16 array as int32.
no_uint16 = pytest.mark.skipif(keras.backend.backend() == "torch", reason="torch has no uint16")


def brightness(**arguments):
    """Adds half the value range."""
    return ks.ImageOnlyBrightness((0.5, 0.5), **PLAIN, **arguments)


@no_uint16
@pytest.mark.parametrize(
    ("layer", "arguments"),
    [
        (ks.ImageOnlyBrightness, {"factor": 0.0}),
        (ks.ImageOnlyContrast, {"factor": 0.0}),
        (ks.ImageOnlyGamma, {"factor": 0.0}),
        (ks.ImageOnlyGaussianNoise, {"factor": 0.0}),
        (ks.ImageOnlyColorJitter, {"brightness_factor": 0.0}),
    ],
)
def test_uint16_keeps_its_values(layer, arguments):
    np.testing.assert_allclose(to_numpy(layer(**arguments, **PLAIN)(UINT16)), UINT16, rtol=1e-5)


@no_uint16
def test_amounts_are_fractions_of_the_range():
    found = to_numpy(brightness()(UINT16 // 4))
    np.testing.assert_allclose(found, UINT16 // 4 + 65535 / 2)
    assert to_numpy(brightness()(np.zeros((1, 2, 2, 1), bool))).max() == 0.5
    noise = ks.ImageOnlyGaussianNoise((0.1, 0.1), **PLAIN)(np.full((1, 64, 64, 1), 30000, "uint16"))
    assert 6000 < to_numpy(noise).std() < 7000


def test_erasing_writes_noise_of_the_range():
    layer = ks.JointRandomErasing(scale=(0.9, 0.9), ratio=(1, 1), fill_value="noise", **PLAIN)
    found = to_numpy(
        ks.Pipeline([ks.ImageOnlyRescaling(1 / 255), layer], **PLAIN)(random_images(2))
    )
    assert 0.9 < found.max() <= 1.0
    # Without noise the layer needs no range.
    signed = np.ones((1, 8, 8, 1), "int16")
    ks.JointRandomErasing(fill_value=3, **PLAIN)(signed)
    with pytest.raises(ValueError, match=r"JointRandomErasing.*int16.*value_range="):
        layer(signed)


def test_draws_do_not_depend_on_the_range():
    drawn = [
        ks.ImageOnlyGaussianNoise(0.1, value_range=given).draw_parameters((2, 1, 1, 1), 1)
        for given in ((0, 1), (0, 255))
    ]
    np.testing.assert_array_equal(*(to_numpy(each["deviation"]) for each in drawn))


def test_signed_integers_must_be_told():
    images = np.full((1, 2, 2, 1), -500, "int16")
    with pytest.raises(ValueError, match=r"ImageOnlyBrightness: `value_range`.*int16.*\(lowest, "):
        brightness()(images)
    assert to_numpy(brightness(value_range=(-1000, 3000))(images)).max() == 1500.0
    # Layers that need no range do not ask for one.
    ks.Pipeline([ks.JointRandomFlip(), ks.ImageOnlyGaussianBlur()], **PLAIN)(images)


def seen_by(layers, images, **arguments):
    """Twice what a brightness at the end of a pipeline adds: the width of its range."""
    before = to_numpy(ks.Pipeline(layers, **PLAIN, **arguments)(images)) if layers else images
    after = ks.Pipeline([*layers, brightness()], **PLAIN, **arguments)(images)
    return 2.0 * float((to_numpy(after) - before).max())


@pytest.mark.parametrize(
    ("layers", "width"),
    [
        ([ks.ImageOnlyRescaling(1 / 255)], 1.0),
        ([ks.ImageOnlyRescaling(-2, 3), ks.JointRandomFlip()], 510.0),
        ([ks.Pipeline([ks.ImageOnlyRescaling(1 / 255)])], 1.0),
        ([ks.ImageOnlyNormalization(255.0, 4.0)], 127.5),
        # From -10 / 2 up to 255 / 1.
        ([ks.ImageOnlyNormalization((0.0, 10.0), (1.0, 4.0))], 260.0),
        ([ks.RandomChoice([ks.ImageOnlyRescaling(2), ks.ImageOnlyRescaling(2)])], 510.0),
        ([ks.RandomChoice([ks.ImageOnlyGaussianBlur(), ks.JointRandomFlip()])], 255.0),
    ],
)
def test_a_pipeline_follows_the_range(layers, width):
    channels = 2 if isinstance(getattr(layers[0], "mean", None), tuple) else 1
    images = np.stack([np.full((2, 2, channels), value, "uint8") for value in (0, 255)])
    assert seen_by(layers, images) == pytest.approx(width, rel=1e-4)


def test_the_nearest_word_counts():
    images = np.zeros((1, 2, 2, 1), "uint8")
    assert seen_by([], images, value_range=(0, 10)) == pytest.approx(10.0)
    inner = ks.Pipeline([brightness()], value_range=(0, 20), **PLAIN)
    outer = ks.Pipeline([inner], value_range=(0, 10), **PLAIN)
    assert to_numpy(outer(images)).max() == 10.0
    plain = ks.Pipeline([brightness()], **PLAIN)
    assert to_numpy(ks.Pipeline([plain], value_range=(0, 10), **PLAIN)(images)).max() == 5.0
    own = ks.Pipeline([brightness(value_range=(0, 30))], value_range=(0, 10), **PLAIN)
    assert to_numpy(own(images)).max() == 15.0


UNKNOWN = [
    [ks.ImageOnlyNormalization(per_image=True)],
    [ks.RandomChoice([ks.ImageOnlyRescaling(2.0), ks.ImageOnlyRescaling(3.0)])],
    [ks.RandomChoice([ks.ImageOnlyRescaling(2.0)], probability=0.5)],
    [ks.Pipeline([ks.RandomChoice([ks.ImageOnlyRescaling(2.0)])], probability=0.5)],
]


@pytest.mark.parametrize("layers", UNKNOWN)
def test_an_unknown_range_must_be_given(layers):
    with pytest.raises(ValueError, match="ImageOnlyBrightness: `value_range` must be given"):
        ks.Pipeline([*layers, brightness()], **PLAIN)
    given = brightness(value_range=(-3, 3))
    ks.Pipeline([*layers, given], **PLAIN)(np.zeros((1, 2, 2, 1), "uint8"))


SCALED = ks.ImageOnlyRescaling(1 / 255)


@pytest.mark.parametrize(
    "layer",
    [
        ks.RandomOrder([SCALED, brightness()], **PLAIN),
        ks.SomeOf([SCALED, brightness()], (0, 2), **PLAIN),
        ks.SomeOf([SCALED, ks.Pipeline([brightness()]), ks.JointRandomFlip()], 2, **PLAIN),
        ks.SomeOf([ks.Pipeline([SCALED]), brightness()], 2, replace=True, **PLAIN),
        ks.JointRandAugment(2, layers=[SCALED, brightness()], value_range=(0, 255), **PLAIN),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_what_another_turn_may_have_changed_must_be_given(layer):
    name = type(layer).__name__
    message = f"ImageOnlyBrightness: `value_range` must be given.*before or after the {name}"
    with pytest.raises(ValueError, match=message):
        layer(np.zeros((4, 8, 8, 1), "uint8"), training=True)
    with pytest.raises(ValueError, match=message):
        ks.Pipeline([layer])


def test_turns_that_change_no_other_range():
    images = np.full((8, 4, 4, 1), 51, "uint8")
    # One turn: nothing comes before.
    one = to_numpy(ks.SomeOf([SCALED, brightness()], seed=1, **PLAIN)(images))
    np.testing.assert_allclose(np.unique(one), [0.2, 178.5], rtol=1e-6)
    # A range of its own, and a layer that makes the range that there was.
    own = brightness(value_range=(0, 1))
    same = ks.ImageOnlyPercentileRescaling(value_range=(0, 255))
    ks.RandomOrder([SCALED, own, ks.ImageOnlyGaussianBlur()], **PLAIN)(images)
    assert seen_by([ks.RandomOrder([same, brightness()])], 0 * images) == pytest.approx(255.0)
    # A blur is not kept within a range that another layer may have left.
    less = ks.RandomOrder([ks.ImageOnlyRescaling(-1.0), ks.ImageOnlyGaussianBlur()], **PLAIN)
    np.testing.assert_allclose(to_numpy(less(images)), -51.0, rtol=1e-6)


def test_value_range_is_kept_in_the_config():
    for given in (None, (0.0, 1.0)):
        pipeline = ks.Pipeline([ks.ImageOnlyHue(0.1, value_range=given)], value_range=given)
        for copy in (
            ks.Pipeline.from_config(pipeline.get_config()),
            ks.Pipeline.from_json(pipeline.to_json()),
        ):
            assert copy.value_range == given
            assert copy.layers[0].value_range == given


@pytest.mark.parametrize("data", [FLOATS * 300, FLOATS / 127.5 - 1])
def test_floats_outside_an_assumed_range_raise(data):
    for layer in (brightness(), ks.Pipeline([ks.JointRandomFlip(), brightness()])):
        with pytest.raises(ValueError, match="value_range="):
            layer(data)
        with pytest.raises(ValueError, match="value_range="):
            layer.apply(data, layer.draw_parameters(data.shape, 1))
    # They raise only where the range matters.
    brightness()(data, training=False)
    brightness(value_range=(-1, 76500))(data)
    ks.Pipeline([ks.JointRandomFlip(), ks.ImageOnlyGaussianBlur()], **PLAIN)(data)
    ks.Pipeline([ks.ImageOnlyRescaling(0.5), brightness(value_range=(0, 1))], **PLAIN)(data)


def test_floats_up_to_one_are_warned_about_once():
    layer = ks.Pipeline([ks.ImageOnlyRescaling(2.0), brightness()], **PLAIN)
    with pytest.warns(UserWarning, match=r"value_range=\(0, 1\)"):
        layer(FLOATS / 255)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        layer(FLOATS / 255)
        brightness()(np.zeros((1, 2, 2, 1), "float32"))
        brightness()(np.ones((1, 2, 2, 1), "float32"))
        brightness(value_range=(0, 1))(FLOATS / 255)
        brightness()(FLOATS)


@pytest.mark.parametrize("value_range", [(0, 1), (-1, 1)])
@pytest.mark.parametrize("images", [FLOATS, FLOATS.astype("uint8")], ids=["float", "uint8"])
def test_a_given_range_far_from_the_images_is_warned_about_once(value_range, images):
    policy = ks.JointTrivialAugment(layers=[brightness()], value_range=value_range, **PLAIN)
    for layer in (brightness(value_range=value_range), policy):
        with pytest.warns(UserWarning, match=f"{type(layer).__name__}: it was given `value_range="):
            layer(images, training=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            layer(images, training=True)


def test_a_given_range_is_compared_with_the_dtype_in_a_dataset():
    dataset = tf.data.Dataset.from_tensors(FLOATS.astype("uint8"))
    with pytest.warns(UserWarning, match=r"Received uint8 images.*leave it out"):
        dataset.map(brightness(value_range=(0, 1)))


def test_a_dataset_in_which_no_values_can_be_seen_leaves_the_warning_to_later_calls():
    layer, whole = brightness(value_range=(0, 1)), FLOATS.astype("int16")
    tf.data.Dataset.from_tensors(whole).map(layer)
    with pytest.warns(UserWarning, match="it was given `value_range="):
        layer(whole, training=True)


def test_a_given_range_that_may_be_meant():
    whole = FLOATS.astype("int16")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        brightness(value_range=(0, 1))(whole % 2)
        brightness(value_range=(0, 1))(FLOATS / 200.0)
        brightness(value_range=(100, 200))(whole)
        ks.ImageOnlyPercentileRescaling(value_range=(0, 1), **PLAIN)(whole)
        ks.Pipeline([ks.ImageOnlyPercentileRescaling()], value_range=(0, 1), **PLAIN)(whole)
        inner = [ks.ImageOnlyRescaling(1 / 255), brightness(value_range=(0, 1))]
        ks.Pipeline(inner, **PLAIN)(FLOATS.astype("uint8"))


def test_missing_values_are_not_looked_at():
    holes = FLOATS.copy()
    holes[:, 0] = np.nan
    with pytest.raises(ValueError, match="value_range="):
        brightness()(holes * 2)
    brightness()(holes)
    brightness()(holes * np.nan)


@no_uint16
@pytest.mark.parametrize("policy", ["mixed_float16", "float16", "uint8"])
def test_a_dtype_that_cannot_hold_the_images_is_refused(policy):
    for layer in (ks.JointRandomFlip(dtype=policy), ks.Pipeline([brightness()], dtype=policy)):
        with pytest.raises(ValueError, match=r"uint16.*dtype="):
            layer(UINT16)


@no_uint16
def test_what_counts_is_what_comes_back():
    scaled = ks.Pipeline([ks.ImageOnlyRescaling(1 / 65535), brightness()], dtype="mixed_float16")
    assert np.isfinite(to_numpy(scaled(UINT16))).all()
    enlarged = ks.ImageOnlyRescaling(300, dtype="float16", **PLAIN)
    with pytest.raises(ValueError, match=r"float16.*dtype="):
        enlarged(random_images(1))
    flip = ks.JointRandomFlip(dtype="float16", **PLAIN)
    flip(UINT16.astype("int32") // 2)
    for values in (UINT16.astype("float32") * 2, UINT16.astype("int32") * 2):
        with pytest.raises(ValueError, match=r"float16.*dtype="):
            flip(values)


def test_a_given_range_that_the_dtype_cannot_hold():
    images = np.full((1, 4, 4, 3), 1000, "uint16")
    inner = ks.Pipeline([ks.JointRandomFlip()], value_range=(0, 1000))
    for layer in (inner.layers, [inner]):
        pipeline = ks.Pipeline(layer, value_range=(0, 1000), dtype="uint8")
        with pytest.raises(
            ValueError, match=r"uint8, which holds up to 255.* may then be 0 to 1000"
        ):
            pipeline(images)
    # A user who rescales has chosen what is clipped.
    scaled = ks.Pipeline([ks.ImageOnlyRescaling(0.5)], value_range=(0, 1000), dtype="uint8")
    assert np.asarray(scaled(images)).max() == 255


@no_uint16
def test_each_image_of_a_sample_has_the_range_of_its_own_dtype():
    layer = brightness(targets={"deep": "image"})
    data = {"image": np.full((1, 4, 4, 3), 200, "uint8")}
    data["deep"] = data["image"].astype("uint16") * 257
    found = layer.augment(data, 1)
    image, deep = (np.asarray(found[key]) for key in ("image", "deep"))
    np.testing.assert_allclose(deep, image * 257.0, rtol=1e-5)
    assert deep.max() > 255


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
def test_unsigned_images_fit_into_their_own_dtype(dtype):
    images = np.full((4, 4, 1), np.iinfo(dtype).max, dtype)
    dataset = tf.data.Dataset.from_tensors(images).map(ks.JointRandomFlip(dtype=dtype))
    np.testing.assert_array_equal(next(iter(dataset.as_numpy_iterator())), images)
