"""Bad input is refused by name, before anything has changed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from keras_segaug import checks
from tests.data import labels, random_images, to_numpy


def layer(**more):
    return ks.JointRandomRotation(0.1, seed=1, jit_compile=False, **more)


def huge(*shape):
    """An array of any number of pixels that takes one byte of memory."""
    return np.broadcast_to(np.uint8(0), shape)


BAD_CALLS = {
    "no image key": (
        lambda: ({"photo": random_images(), "masks": labels()},),
        "exactly one of the keys 'images', 'image'. Received keys: ['photo', 'masks']",
    ),
    "two image keys": (
        lambda: ({"image": random_images(), "images": random_images()},),
        "exactly one of the keys 'images', 'image'",
    ),
    "two mask keys": (
        lambda: ({"image": random_images(), "mask": labels(), "masks": labels()},),
        "at most one of the keys 'segmentation_masks'",
    ),
    "mask of another size": (
        lambda: (random_images(), labels(height=15)),
        "masks must have the height, width and batch size of the images",
    ),
    "mask of another batch": (
        lambda: (random_images(3), labels(2)),
        "Received images of shape (3, 16, 14, 3) and masks of shape (2, 16, 14)",
    ),
    "weights of another size": (
        lambda: (random_images(), labels(), np.ones((3, 15, 14))),
        "sample_weights must have the height",
    ),
    "class labels for a mask": (lambda: (random_images(), np.array([1, 2, 3])), "masks must have"),
    "fractional mask": (
        lambda: (random_images(), labels().astype("float32") / 255),
        "a mask must hold whole numbers",
    ),
    "labels that are a mask": (
        lambda: ({"images": random_images(), "labels": labels()},),
        "would stay behind while the image moves. Say what it is with `targets={'labels': 'mask'}`",
    ),
    "image rank": (lambda: (np.zeros((8, 8)),), "images must be (height, width, channels)"),
    "no pixels": (lambda: (np.zeros((2, 0, 8, 3)),), "images must have pixels"),
    "no channels": (lambda: (np.zeros((8, 8, 0)),), "images must have pixels"),
    "too many values": (lambda: (huge(30000, 30000, 3),), "fewer than 2**31 values an image"),
    "too many pixels": (lambda: (huge(40, 8000, 8000, 1),), "2**31 pixels a batch"),
    "too long": (lambda: (huge(1, 1 << 24, 1),), "sides of up to 2**23 pixels"),
    "complex numbers": (
        lambda: (random_images().astype("complex64"),),
        "images must be integers, floats or booleans. Received complex64",
    ),
    "text for a mask": (
        lambda: (random_images(), labels().astype("str")),
        "masks must be integers, floats or booleans. Received str",
    ),
    "four parts": (
        lambda: ((random_images(), labels(), labels(), labels()),),
        "Received 4 entries",
    ),
    "no images": (lambda: ((None, labels()),), "images are missing"),
    "not a tensor": (lambda: ("image.png",), "must be tensors or arrays"),
    "structure and masks": (
        lambda: ((random_images(), labels()), labels()),
        "either one structure or separate tensors",
    ),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_bad_calls(name):
    arguments, message = BAD_CALLS[name]
    arguments = arguments()
    bad, good = layer(), layer()
    with pytest.raises(ValueError, match="JointRandomRotation: ") as caught:
        bad(*arguments)
    assert message in str(caught.value)
    # Nothing has changed: the next call draws what the first call would have drawn.
    np.testing.assert_array_equal(to_numpy(bad(random_images())), to_numpy(good(random_images())))


def test_a_refused_call_leaves_the_counter_and_the_input():
    used, fresh = layer(), layer()
    same = (used(random_images()), fresh(random_images()))
    images, mask = random_images(), labels(height=15)
    before = images.copy(), mask.copy()
    with pytest.raises(ValueError, match="height, width"):
        used({"images": images, "masks": mask})
    np.testing.assert_array_equal(images, before[0])
    np.testing.assert_array_equal(mask, before[1])
    np.testing.assert_array_equal(to_numpy(used._state.value), to_numpy(fresh._state.value))
    assert len(same) == 2


def test_a_refused_transform_leaves_the_counter():
    """A mask that is refused only when the layer runs does not advance the counter."""
    pipeline = ks.Pipeline([ks.JointRandomFlip(), ks.MaskOnlyOneHot(3)], seed=1, jit_compile=False)
    pipeline(random_images(), labels())
    before = to_numpy(pipeline._state.value).copy()
    with pytest.raises(ValueError, match="masks must have 1 channel"):
        pipeline(random_images(), np.zeros((3, 16, 14, 2), "uint8"))
    np.testing.assert_array_equal(to_numpy(pipeline._state.value), before)


BAD_ARGUMENTS = [
    (ks.JointRandomFlip, {"mode": "diagonal"}, "mode"),
    (ks.JointRandomFlip, {"probability": 1.5}, "probability"),
    (ks.JointRandomFlip, {"probability": "half"}, "probability"),
    (ks.JointRandomFlip, {"seed": 0.5}, "seed"),
    (ks.JointRandomFlip, {"data_format": "channels_middle"}, "data_format"),
    (ks.JointRandomFlip, {"jit_compile": "yes"}, "jit_compile"),
    (ks.JointRandomFlip, {"jit_compile": 1}, "jit_compile"),
    (ks.JointRandomFlip, {"fill_mode": "mirror"}, "fill_mode"),
    (ks.JointRandomFlip, {"fill_value": float("inf")}, "fill_value"),
    (ks.JointRandomFlip, {"mask_fill_value": 0.5}, "mask_fill_value"),
    (ks.JointRandomFlip, {"interpolation": "cubic"}, "interpolation"),
    (ks.JointRandomRotation, {"factor": 1.5}, "factor"),
    (ks.JointRandomRotation, {"factor": -1.1}, "factor"),
    (ks.JointRandomRotation, {"factor": (0.3, 0.1)}, "factor"),
    (ks.JointRandomRotation, {"factor": (0.1, 0.2, 0.3)}, "factor"),
    (ks.JointRandomRotation, {"factor": (-5, 0.5)}, "factor"),
    (ks.JointRandomZoom, {"height_factor": (-1.0, 0.0)}, "height_factor"),
    (ks.JointRandomZoom, {"height_factor": 0.1, "width_factor": 2.0}, "width_factor"),
    (ks.JointRandomTranslation, {"height_factor": 2, "width_factor": 0}, "height_factor"),
    (ks.JointRandomShear, {"x_factor": "a"}, "x_factor"),
    (ks.JointRandomAffine, {"shear_y_factor": 3}, "shear_y_factor"),
    (ks.JointRandomCrop, {"height": 0, "width": 3}, "height"),
    (ks.JointRandomCrop, {"height": 3, "width": 2.5}, "width"),
    (ks.JointCenterCrop, {"height": 3, "width": True}, "width"),
    (ks.JointResizing, {"height": -3, "width": 3}, "height"),
    (ks.JointResizing, {"height": 3, "width": 3, "probability": 0.5}, "probability"),
    (ks.ImageOnlyBrightness, {"factor": 3}, "factor"),
    (ks.ImageOnlyBrightness, {"factor": 0.1, "value_range": (1, 0)}, "value_range"),
    (ks.ImageOnlyBrightness, {"factor": 0.1, "value_range": (1, 1)}, "value_range"),
    (ks.ImageOnlyContrast, {"factor": (2, 1)}, "factor"),
    (ks.ImageOnlyContrast, {"factor": -1}, "factor"),
    (ks.ImageOnlySaturation, {"factor": (0.5, 2)}, "factor"),
    (ks.ImageOnlyHue, {"factor": -0.5}, "factor"),
    (ks.ImageOnlyColorJitter, {"hue_factor": 2}, "hue_factor"),
    (ks.ImageOnlyGamma, {"factor": (0, 1)}, "factor"),
    (ks.ImageOnlyGamma, {"factor": 1.0}, "factor"),
    (ks.ImageOnlyGaussianBlur, {"kernel_size": 4}, "kernel_size"),
    (ks.ImageOnlyGaussianBlur, {"sigma": -1}, "sigma"),
    (ks.ImageOnlyGaussianNoise, {"factor": 2}, "factor"),
    (ks.ImageOnlyBrightness, {"factor": 0.1, "mode": "both"}, "mode"),
    (ks.ImageOnlyGrayscale, {"factor": 1.5}, "factor"),
    (ks.ImageOnlyInvert, {"factor": (0.5, 0.1)}, "factor"),
    (ks.ImageOnlyPosterize, {"factor": 0}, "factor"),
    (ks.ImageOnlyPosterize, {"factor": (4, 9)}, "factor"),
    (ks.ImageOnlyPosterize, {"factor": 2.0}, "factor"),
    (ks.ImageOnlySolarize, {"threshold_factor": 128}, "threshold_factor"),
    (ks.ImageOnlySolarize, {"addition_factor": -0.1}, "addition_factor"),
    (ks.ImageOnlyAutoContrast, {"factor": -1}, "factor"),
    (ks.ImageOnlyEqualize, {"factor": (0, 2)}, "factor"),
    (ks.ImageOnlyCLAHE, {"clip_limit": 0}, "clip_limit"),
    (ks.ImageOnlyCLAHE, {"tile_grid_size": 8}, "tile_grid_size"),
    (ks.ImageOnlyCLAHE, {"tile_grid_size": (8, 0)}, "tile_grid_size"),
    (ks.ImageOnlyChannelShift, {"factor": 20}, "factor"),
    (ks.ImageOnlyChannelDropout, {"count": (2, 1)}, "count"),
    (ks.ImageOnlyChannelDropout, {"count": -1}, "count"),
    (ks.ImageOnlyChannelDropout, {"fill_value": "mean"}, "fill_value"),
    (ks.ImageOnlySaltAndPepper, {"salt": 2}, "salt"),
    (ks.ImageOnlySaltAndPepper, {"per_channel": 1}, "per_channel"),
    (ks.ImageOnlyShotNoise, {"factor": -0.1}, "factor"),
    (ks.ImageOnlySpeckleNoise, {"factor": 2}, "factor"),
    (ks.ImageOnlyPercentileRescaling, {"lower": -1}, "lower"),
    (ks.ImageOnlyPercentileRescaling, {"lower": (0, 60), "upper": (50, 100)}, "upper"),
    (ks.ImageOnlyPercentileRescaling, {"per": "pixel"}, "per"),
    (ks.ImageOnlyRescaling, {"scale": None}, "scale"),
    (ks.ImageOnlyNormalization, {"mean": 1.0}, "variance"),
    (ks.ImageOnlyNormalization, {"mean": 1.0, "variance": -1.0}, "variance"),
    (ks.ImageOnlyNormalization, {"mean": (1, 2, 3), "variance": (1, 2)}, "variance"),
    (ks.JointRandomFlip, {"mask_fill_value": 2**64}, "mask_fill_value"),
    (ks.ImageOnlyNormalization, {"mean": 1, "variance": 1, "per_image": True}, "mean"),
    (ks.MaskOnlyOneHot, {"num_classes": 0}, "num_classes"),
    (ks.MaskOnlyColorToClass, {"palette": []}, "palette"),
    (ks.MaskOnlyColorToClass, {"palette": [(0, 0, 0), (0, 0, 0)]}, "palette"),
    (ks.MaskOnlyColorToClass, {"palette": [(0, 0, 300)]}, "palette"),
    (ks.Pipeline, {"layers": []}, "layers"),
    (ks.Pipeline, {"layers": [keras.layers.RandomFlip()]}, "layers"),
    (ks.Pipeline, {"layers": [ks.JointCenterCrop(2, 2)], "probability": 0.5}, "probability"),
    (ks.RandomChoice, {"layers": [ks.JointRandomFlip()], "weights": [1, 2]}, "weights"),
    (ks.RandomChoice, {"layers": [ks.JointRandomFlip()], "weights": [0]}, "weights"),
    (ks.RandomChoice, {"layers": [ks.JointRandomFlip(), ks.JointRandomCrop(4, 4)]}, "layers"),
]


@pytest.mark.parametrize(("cls", "arguments", "named"), BAD_ARGUMENTS)
def test_bad_arguments(cls, arguments, named):
    with pytest.raises(ValueError, match=rf"^{cls.__name__}: .*{named}"):
        cls(**arguments)


def test_a_fill_the_mask_cannot_hold():
    filling = layer(fill_mode="constant", mask_fill_value=-1)
    with pytest.raises(ValueError, match=r"`mask_fill_value` must be in \[0, 255\] for a uint8"):
        filling(random_images(), labels())


FILLS = [
    lambda fill: layer(fill_mode="constant", fill_value=fill),
    lambda fill: ks.Pipeline(
        [ks.JointRandomFlip(), ks.JointPadding(40, 40, fill_mode="constant", fill_value=fill)]
    ),
    lambda fill: ks.JointRandomErasing(fill_value=fill, jit_compile=False),
]


@pytest.mark.parametrize("make", FILLS)
@pytest.mark.parametrize("fill", [300, -1])
def test_a_fill_the_images_cannot_hold(make, fill):
    named = type(getattr(make(fill), "layers", [make(fill)])[-1]).__name__
    expected = rf"{named}: `fill_value` must be in \[0, 255\] for uint8 images"
    with pytest.raises(ValueError, match=expected):
        make(fill)(random_images(), labels())
    with pytest.raises(ValueError, match=expected):
        tf.data.Dataset.from_tensors(random_images()).map(make(fill))
    make(fill)(random_images().astype("float32"))


def test_the_layer_that_fills_is_named():
    """The error names the layer that fills, not the first of those that share its lookup."""
    filling = ks.Pipeline(
        [ks.JointRandomFlip(), layer(fill_mode="constant", mask_fill_value=300)], jit_compile=False
    )
    with pytest.raises(ValueError, match=r"JointRandomRotation: `mask_fill_value` must be in"):
        filling(random_images(), labels())


@pytest.mark.parametrize("dtype", ["int64", "uint32"])
def test_a_fill_of_more_than_31_bits(dtype):
    large = {"int64": 2**40 + 1, "uint32": 2**32 - 1}[dtype]
    padding = ks.JointPadding(20, 14, fill_mode="constant", mask_fill_value=large)
    dataset = tf.data.Dataset.from_tensors((random_images(), labels().astype(dtype))).map(padding)
    assert next(iter(dataset))[1].numpy()[0, 0, 0] == large


def test_colors_that_are_not_in_the_palette():
    coding = ks.MaskOnlyColorToClass([(0, 0, 0), (9, 9, 9)], jit_compile=False)
    mask = np.zeros((8, 8, 3), "uint8")
    mask[0, :3] = (1, 2, 3)
    with pytest.raises(ValueError, match=r"3 pixels .* the first is \(1, 2, 3\)"):
        coding(np.zeros((8, 8, 3)), mask)


@pytest.mark.parametrize("cls", [ks.ImageOnlyHue, ks.ImageOnlySaturation])
def test_color_layers_want_three_channels(cls):
    layer = cls(0.4, jit_compile=False)
    with pytest.raises(ValueError, match=r"must have 3 channels .* Repeat .* `all_ops=False`"):
        layer(np.zeros((8, 8, 1), "uint8"))
    with pytest.raises(ValueError, match=r"Received 9\. .* `channels=\(0, 1, 2\)`, or leave"):
        layer(np.zeros((8, 8, 9), "uint8"))


STATISTICS = {"mean": (1.0, 2.0, 3.0), "variance": 4.0}


@pytest.mark.parametrize("channels", [1, 4])
def test_statistics_of_other_channels(channels):
    normalization = ks.ImageOnlyNormalization(**STATISTICS, jit_compile=False)
    images = np.zeros((2, 8, 8, channels), "uint8")
    expected = rf"ImageOnlyNormalization: .* 3 channels.* Received {channels}"
    for whole in (normalization, ks.Pipeline([ks.RandomChoice([normalization, ks.Identity()])])):
        with pytest.raises(ValueError, match=expected):
            whole(images)
        with pytest.raises(ValueError, match=expected):
            whole(keras.Input(images.shape[1:], dtype="uint8"))
        with pytest.raises(ValueError, match=expected):
            tf.data.Dataset.from_tensors(images).map(whole)


def test_one_statistic_for_all_channels():
    for channels in (1, 3):
        images = np.zeros((2, 8, 8, channels), "uint8")
        found = ks.ImageOnlyNormalization(1.0, 4.0)(images)
        assert found.shape == images.shape


def test_adapt_to_images_of_several_channel_counts():
    with pytest.raises(ValueError, match="`adapt` needs images of one channel count"):
        ks.ImageOnlyNormalization().adapt([np.zeros((4, 4, 3)), np.zeros((4, 4, 1))])


def test_normalization_without_statistics():
    with pytest.raises(ValueError, match="call `adapt"):
        ks.ImageOnlyNormalization(jit_compile=False)(random_images())
    with pytest.raises(ValueError, match="Received none"):
        ks.ImageOnlyNormalization().adapt([])


def test_wording_names_owner_argument_accepted_and_received():
    with pytest.raises(ValueError, match=r"^crop: `height` must be an integer .* height='a'\.$"):
        checks.positive_integer("crop", "height", "a")


@pytest.mark.parametrize("batch", [(), (2,)])
@pytest.mark.parametrize(("given", "fitting"), [("last", "first"), ("first", "last")])
def test_channels_at_the_other_end_are_told(batch, given, fitting):
    images = np.zeros((*batch, 3, 9, 8) if fitting == "first" else (*batch, 9, 8, 3), "uint8")
    layer = ks.JointRandomFlip(data_format=f"channels_{given}")
    with pytest.raises(ValueError, match=f'They fit with data_format="channels_{fitting}"'):
        layer(images, np.zeros((*batch, 9, 8), "uint8"))
    with pytest.raises(ValueError, match="Are they of the same sample"):
        layer(images, np.zeros((*batch, 9, 7), "uint8"))
