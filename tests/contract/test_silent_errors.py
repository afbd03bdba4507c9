"""Errors that would stay silent are refused, or warned about once."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from tests.data import labels, random_images


def layer(**more):
    return ks.JointRandomRotation(0.1, seed=1, jit_compile=False, **more)


def gray(mask_dtype="uint8"):
    """A batch of grayscale images and masks without a channel axis: (3, 16, 14)."""
    return random_images()[..., 0], labels(dtype=mask_dtype)


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


@pytest.mark.slow
def test_one_image_with_many_channels_is():
    many = np.zeros((16, 14, 7), "uint8")
    layer()(many, one_hot(7))
    layer()(many, 255 * one_hot(7))
    layer()(many, one_hot(6))
    # A dataset does not show its values while it is traced; a batch axis says this is one image.
    dataset = tf.data.Dataset.from_tensors((many[None], one_hot(7)[None]))
    assert len(list(dataset.map(layer()))) == 1
    # Colors, and 0 and 255 in several channels.
    for channels in (3, 4):
        colored = 255 * np.random.default_rng(0).integers(0, 2, (16, 14, channels), "uint8")
        layer()(colored, colored)
        layer()(colored, colored // 2)


WHOLE = "a mask must hold whole numbers .* Received a float32 mask with fractional values"


@pytest.mark.parametrize("jit_compile", ["auto", False])
@pytest.mark.slow
def test_a_fractional_mask_in_a_dataset(jit_compile):
    flip = ks.JointRandomFlip(jit_compile=jit_compile, targets={"more": "mask"})
    good = {
        "image": random_images(),
        "mask": labels(dtype="float32"),
        "more": labels(dtype="float32"),
    }
    dataset = tf.data.Dataset.from_tensor_slices
    assert len(list(dataset(good).batch(2).map(flip))) == 2
    for key in ("mask", "more"):
        bad = {**good, key: good[key] / 255}
        # A user who reads only the images is told, too.
        mapped = dataset(bad).map(flip).map(lambda moved: moved["image"])
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"JointRandomFlip: {WHOLE}"):
            list(mapped)
    repeated = ks.augment_dataset(dataset({**good, "mask": good["mask"] / 255}), flip, seed=1)
    with pytest.raises(tf.errors.InvalidArgumentError, match=WHOLE):
        list(repeated)


@pytest.mark.parametrize("entry", ["masks", "sample_weights", "depth", "second"])
def test_an_entry_of_another_size_in_a_dataset_of_unknown_sizes(entry):
    """A lookup would find something in it: a wrong label for every pixel."""
    targets = {"depth": "continuous", "second": "image"}
    data = {
        "images": random_images(1)[0].astype("float32"),
        "masks": labels(1, dtype="int32")[0],
        "sample_weights": np.ones((16, 14), "float32"),
        "depth": np.ones((16, 14), "float32"),
        "second": random_images(1)[0],
    }
    signature = {
        name: tf.TensorSpec((None, None, *x.shape[2:]), x.dtype) for name, x in data.items()
    }
    wrong = {**data, entry: data[entry][:8]}
    crop = ks.JointRandomCrop(4, 4, jit_compile=False, targets=targets)
    for moving in (layer(targets=targets), crop):
        for batched in (False, True):

            def mapped(sample, moving=moving, batched=batched):
                dataset = tf.data.Dataset.from_generator(
                    lambda: iter([sample]), output_signature=signature
                )
                dataset = dataset.batch(1) if batched else dataset
                # A user who reads only the images is told, too.
                return list(dataset.map(moving).map(lambda moved: moved["images"]))

            assert len(mapped(data)) == 1
            message = rf"{type(moving).__name__}: .* must have the height, width and batch size"
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                mapped(wrong)


class MaskLoss(keras.layers.Layer):
    def call(self, masks, logits):
        loss = keras.losses.sparse_categorical_crossentropy(masks, logits, from_logits=True)
        self.add_loss(keras.ops.mean(loss))
        return logits


@pytest.mark.slow
def test_a_float_mask_in_a_model(tmp_path):
    """Checking the mask in a graph prevents neither compilation nor export."""
    images = keras.Input((16, 14, 3), dtype="uint8")
    masks = keras.Input((16, 14), dtype="float32")
    moved, targets = ks.JointRandomFlip()(images, masks)
    logits = keras.layers.Conv2D(5, 1)(moved)
    model = keras.Model([images, masks], MaskLoss()(targets, logits))
    data = [random_images(4), labels(4, dtype="float32")]
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
    model.fit(random_images(4).astype("float32"), np.zeros((4, 16, 14, 1)), verbose=0, **more)


@pytest.mark.parametrize(
    "augmentation",
    [
        lambda: ks.JointRandomFlip(name="mine"),
        lambda: ks.Pipeline(
            [ks.RandomChoice([ks.ImageOnlyGamma(0.1), ks.JointRandomFlip()])], name="mine"
        ),
    ],
)
@pytest.mark.slow
def test_images_moved_alone_in_a_model_in_training(augmentation):
    model = network(augmentation())
    with pytest.warns(
        UserWarning, match=r"'mine'\) moves the images .* `dataset.map\(layer\)`"
    ) as said:
        fit(model)
    assert len([each for each in said if "mine" in str(each.message)]) == 1
    # Once per layer: pytest turns a second warning into an error.
    fit(model)
    fit(model, batch_size=3)


def test_nothing_is_said_where_nothing_is_wrong():
    """No warning: pytest turns warnings into errors here."""
    model = network(ks.JointRandomFlip(jit_compile=False))
    images = random_images(4).astype("float32")
    model.predict(images, verbose=0)
    model.evaluate(images, np.zeros((4, 16, 14, 1)), verbose=0)
    model(images)
    fit(network(ks.Pipeline([ks.ImageOnlyGamma(0.1), ks.JointCenterCrop(16, 14)])))
    alone = keras.Sequential([keras.Input((16, 14, 3)), ks.JointRandomFlip(jit_compile=False)])
    alone(images, training=True)
    flip = ks.JointRandomFlip(jit_compile=False)
    list(tf.data.Dataset.from_tensors(images).map(flip))
    flip(images, training=True)


@pytest.mark.parametrize("role", ["mask", "continuous"])
@pytest.mark.parametrize(("dtype", "large"), [("int64", 2**40 + 3), ("uint64", 2**32)])
def test_numbers_of_64_bits_stay_or_raise(role, dtype, large):
    flip = ks.JointRandomFlip(jit_compile=False, targets={"more": role})
    data = {"image": random_images(), "more": labels(dtype=dtype)}
    assert np.asarray(flip(data)["more"]).max() == data["more"].max()
    data["more"][0, 3, 5] = large
    if keras.backend.backend() == "jax":
        with pytest.raises(ValueError, match=rf"JAX makes u?int32 of {dtype}.* Received {large}"):
            flip(data)
    else:
        assert np.asarray(flip(data)["more"]).astype(dtype).max() == large
    mapped = next(iter(tf.data.Dataset.from_tensors(data).map(flip)))
    assert mapped["more"].numpy().max() == large
