"""Bad input is refused by name, before anything has changed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from keras_segaug import checks
from tests.data import labels, pictures, to_numpy


def layer(**more):
    return ks.JointRandomRotation(0.1, seed=1, jit_compile=False, **more)


def huge(*shape):
    """As many pixels as wanted, in one byte."""
    return np.broadcast_to(np.uint8(0), shape)


BAD_CALLS = {
    "no image key": (
        lambda: ({"picture": pictures(), "masks": labels()},),
        "exactly one of the keys 'images', 'image'. Received keys: ['picture', 'masks']",
    ),
    "two image keys": (
        lambda: ({"image": pictures(), "images": pictures()},),
        "exactly one of the keys 'images', 'image'",
    ),
    "two mask keys": (
        lambda: ({"image": pictures(), "mask": labels(), "masks": labels()},),
        "at most one of the keys 'segmentation_masks'",
    ),
    "mask of another size": (
        lambda: (pictures(), labels(height=15)),
        "masks must have the height, width and batch size of the images",
    ),
    "mask of another batch": (
        lambda: (pictures(3), labels(2)),
        "Received images of shape (3, 16, 14, 3) and masks of shape (2, 16, 14)",
    ),
    "weights of another size": (
        lambda: (pictures(), labels(), np.ones((3, 15, 14))),
        "sample_weights must have the height",
    ),
    "class labels for a mask": (lambda: (pictures(), np.array([1, 2, 3])), "masks must have"),
    "fractional mask": (
        lambda: (pictures(), labels().astype("float32") / 255),
        "a mask must hold whole numbers",
    ),
    "labels that are a mask": (
        lambda: ({"images": pictures(), "labels": labels()},),
        "would stay behind while the image moves. Say what it is with `targets={'labels': 'mask'}`",
    ),
    "image rank": (lambda: (np.zeros((8, 8)),), "images must be (height, width, channels)"),
    "no pixels": (lambda: (np.zeros((2, 0, 8, 3)),), "images must have pixels"),
    "no channels": (lambda: (np.zeros((8, 8, 0)),), "images must have pixels"),
    "too many values": (lambda: (huge(30000, 30000, 3),), "fewer than 2**31 values a picture"),
    "too many pixels": (lambda: (huge(40, 8000, 8000, 1),), "2**31 pixels a batch"),
    "too long": (lambda: (huge(1, 1 << 24, 1),), "sides of up to 2**23 pixels"),
    "complex numbers": (
        lambda: (pictures().astype("complex64"),),
        "images must be integers, floats or booleans. Received complex64",
    ),
    "text for a mask": (
        lambda: (pictures(), labels().astype("str")),
        "masks must be integers, floats or booleans. Received str",
    ),
    "four parts": (lambda: ((pictures(), labels(), labels(), labels()),), "Received 4 entries"),
    "no images": (lambda: ((None, labels()),), "images are missing"),
    "not a tensor": (lambda: ("picture.png",), "must be tensors or arrays"),
    "structure and masks": (
        lambda: ((pictures(), labels()), labels()),
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
    np.testing.assert_array_equal(to_numpy(bad(pictures())), to_numpy(good(pictures())))


def test_a_refused_call_leaves_the_counter_and_the_input():
    used, fresh = layer(), layer()
    same = (used(pictures()), fresh(pictures()))
    images, mask = pictures(), labels(height=15)
    before = images.copy(), mask.copy()
    with pytest.raises(ValueError, match="height, width"):
        used({"images": images, "masks": mask})
    np.testing.assert_array_equal(images, before[0])
    np.testing.assert_array_equal(mask, before[1])
    np.testing.assert_array_equal(to_numpy(used._state.value), to_numpy(fresh._state.value))
    assert len(same) == 2


def test_a_refused_transform_leaves_the_counter():
    """The mask's channels are seen only when the layer runs."""
    pipeline = ks.Pipeline([ks.JointRandomFlip(), ks.MaskOnlyOneHot(3)], seed=1, jit_compile=False)
    pipeline(pictures(), labels())
    before = to_numpy(pipeline._state.value).copy()
    with pytest.raises(ValueError, match="masks must have 1 channel"):
        pipeline(pictures(), np.zeros((3, 16, 14, 2), "uint8"))
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
    (ks.JointRandomFlip, {"fill_value": float("nan")}, "fill_value"),
    (ks.JointRandomFlip, {"mask_fill_value": 0.5}, "mask_fill_value"),
    (ks.JointRandomFlip, {"interpolation": "cubic"}, "interpolation"),
    (ks.JointRandomRotation, {"factor": 1.5}, "factor"),
    (ks.JointRandomRotation, {"factor": -0.1}, "factor"),
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
    (ks.ImageOnlyRescaling, {"scale": None}, "scale"),
    (ks.ImageOnlyNormalization, {"mean": 1.0}, "variance"),
    (ks.ImageOnlyNormalization, {"mean": 1.0, "variance": -1.0}, "variance"),
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
    (ks.RandomChoice, {"layers": [ks.JointRandomCrop(4, 4)]}, "layers"),
]


@pytest.mark.parametrize(("cls", "arguments", "named"), BAD_ARGUMENTS)
def test_bad_arguments(cls, arguments, named):
    with pytest.raises(ValueError, match=rf"^{cls.__name__}: .*{named}"):
        cls(**arguments)


def test_a_fill_the_mask_cannot_hold():
    filling = layer(fill_mode="constant", mask_fill_value=-1)
    with pytest.raises(ValueError, match=r"`mask_fill_value` must be in \[0, 255\] for a uint8"):
        filling(pictures(), labels())


def test_colours_that_are_not_in_the_palette():
    coding = ks.MaskOnlyColorToClass([(0, 0, 0), (9, 9, 9)], jit_compile=False)
    mask = np.zeros((8, 8, 3), "uint8")
    mask[0, :3] = (1, 2, 3)
    with pytest.raises(ValueError, match=r"3 pixels .* the first is \(1, 2, 3\)"):
        coding(np.zeros((8, 8, 3)), mask)


@pytest.mark.parametrize("cls", [ks.ImageOnlyHue, ks.ImageOnlySaturation])
def test_colour_layers_want_three_channels(cls):
    with pytest.raises(ValueError, match="images must have 3 channels"):
        cls(0.4, jit_compile=False)(np.zeros((8, 8, 1), "uint8"))


def test_normalization_without_statistics():
    with pytest.raises(ValueError, match="call `adapt"):
        ks.ImageOnlyNormalization(jit_compile=False)(pictures())
    with pytest.raises(ValueError, match="Received none"):
        ks.ImageOnlyNormalization().adapt([])


def test_wording_names_owner_argument_accepted_and_received():
    with pytest.raises(ValueError, match=r"^crop: `height` must be an integer .* height='a'\.$"):
        checks.positive_integer("crop", "height", "a")


def gray(mask_dtype="uint8"):
    """A batch of grayscale images and masks without a channel axis: (3, 16, 14)."""
    return pictures()[..., 0], labels(dtype=mask_dtype)


def one_hot(channels):
    return np.eye(channels, dtype="uint8")[labels(1, classes=channels)[0]]


@pytest.mark.parametrize("dtype", ["uint8", "float32", "bool"])
def test_a_gray_batch_is_not_one_image(dtype):
    for data in (gray(dtype), {"image": gray(dtype)[0], "mask": gray(dtype)[1]}):
        with pytest.raises(ValueError, match=r"14 channels.* write `images\[..., None\]`"):
            layer()(data)
    traced = tf.data.Dataset.from_tensors(gray(dtype))
    with pytest.raises(ValueError, match="are read as one image with 14 channels"):
        traced.map(layer())
    with pytest.raises(ValueError, match="are read as one image with 14 channels"):
        layer()(*(keras.KerasTensor(x.shape, x.dtype) for x in gray(dtype)))
    with pytest.raises(ValueError, match="are read as one image with 16 channels"):
        layer(data_format="channels_first")(*(x.transpose(1, 0, 2) for x in gray(dtype)))


def test_one_image_with_many_channels_is():
    many = np.zeros((16, 14, 7), "uint8")
    layer()(many, one_hot(7))
    layer()(many, 255 * one_hot(7))
    layer()(many, one_hot(6))
    # What cannot be seen can be said.
    dataset = tf.data.Dataset.from_tensors((many[None], one_hot(7)[None]))
    assert len(list(dataset.map(layer()))) == 1
    # Colors, and 0 and 255 in several channels.
    for channels in (3, 4):
        colored = 255 * np.random.default_rng(0).integers(0, 2, (16, 14, channels), "uint8")
        layer()(colored, colored)
        layer()(colored, colored // 2)


WHOLE = "a mask must hold whole numbers .* Received a float32 mask with fractional values"


@pytest.mark.parametrize("jit_compile", ["auto", False])
def test_a_fractional_mask_in_a_dataset(jit_compile):
    flip = ks.JointRandomFlip(jit_compile=jit_compile, targets={"more": "mask"})
    good = {"image": pictures(), "mask": labels(dtype="float32"), "more": labels(dtype="float32")}
    dataset = tf.data.Dataset.from_tensor_slices
    assert len(list(dataset(good).batch(2).map(flip))) == 2
    for key in ("mask", "more"):
        bad = {**good, key: good[key] / 255}
        # Whoever reads the images alone is told, too.
        mapped = dataset(bad).map(flip).map(lambda moved: moved["image"])
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"JointRandomFlip: {WHOLE}"):
            list(mapped)
    repeated = ks.augment_dataset(dataset({**good, "mask": good["mask"] / 255}), flip, seed=1)
    with pytest.raises(tf.errors.InvalidArgumentError, match=WHOLE):
        list(repeated)


class MaskLoss(keras.layers.Layer):
    def call(self, masks, logits):
        loss = keras.losses.sparse_categorical_crossentropy(masks, logits, from_logits=True)
        self.add_loss(keras.ops.mean(loss))
        return logits


def test_a_float_mask_in_a_model(tmp_path):
    """What checks it in a graph hinders neither compilation nor export."""
    images = keras.Input((16, 14, 3), dtype="uint8")
    masks = keras.Input((16, 14), dtype="float32")
    moved, targets = ks.JointRandomFlip()(images, masks)
    logits = keras.layers.Conv2D(5, 1)(moved)
    model = keras.Model([images, masks], MaskLoss()(targets, logits))
    data = [pictures(4), labels(4, dtype="float32")]
    for jit_compile in (True, False):
        model.compile("sgd", jit_compile=jit_compile)
        history = model.fit(data, epochs=1, verbose=0)
        assert np.isfinite(history.history["loss"]).all()
    if keras.backend.backend() == "tensorflow":
        model.export(tmp_path / "export", verbose=False)
        loaded = tf.saved_model.load(tmp_path / "export")
        assert loaded.serve([tf.constant(x) for x in data]).shape == (4, 16, 14, 5)


def network(augmentation):
    inside = [keras.Input((16, 14, 3)), augmentation, keras.layers.Conv2D(1, 1)]
    model = keras.Sequential(inside)
    model.compile("sgd", "mse")
    return model


def fit(model, **more):
    model.fit(pictures(4).astype("float32"), np.zeros((4, 16, 14, 1)), verbose=0, **more)


@pytest.mark.parametrize(
    "augmentation",
    [
        lambda: ks.JointRandomFlip(name="mine"),
        lambda: ks.Pipeline(
            [ks.RandomChoice([ks.ImageOnlyGamma(0.1), ks.JointRandomFlip()])], name="mine"
        ),
    ],
)
def test_images_moved_alone_in_a_model_in_training(augmentation):
    model = network(augmentation())
    with pytest.warns(
        UserWarning, match=r"'mine'\) moves the images .* `dataset.map\(layer\)`"
    ) as said:
        fit(model)
    assert len([each for each in said if "mine" in str(each.message)]) == 1
    # Once a layer, and pytest makes errors of warnings.
    fit(model)
    fit(model, batch_size=3)


def test_nothing_is_said_where_nothing_is_wrong():
    """Here pytest makes errors of warnings."""
    model = network(ks.JointRandomFlip(jit_compile=False))
    images = pictures(4).astype("float32")
    model.predict(images, verbose=0)
    model.evaluate(images, np.zeros((4, 16, 14, 1)), verbose=0)
    model(images)
    fit(network(ks.Pipeline([ks.ImageOnlyGamma(0.1), ks.JointCenterCrop(16, 14)])))
    alone = keras.Sequential([keras.Input((16, 14, 3)), ks.JointRandomFlip(jit_compile=False)])
    alone(images, training=True)
    flip = ks.JointRandomFlip(jit_compile=False)
    list(tf.data.Dataset.from_tensors(images).map(flip))
    flip(images, training=True)
