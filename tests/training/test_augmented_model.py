"""Augmenting in the train step trains a model exactly as the same batches augmented outside."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.training import weights as pixel_weights
from tests.data import to_numpy
from tests.training.networks import (
    CLASSES,
    compiled,
    images_and_masks,
    losses_of_fit,
    losses_of_the_plain_model,
    network,
    number_of_draws,
    pipeline,
    turning_pipeline,
    weights_of,
)

IMAGES, MASKS = images_and_masks()
WEIGHTS = np.random.default_rng(5).uniform(0.0, 2.0, MASKS.shape).astype("float32")


@pytest.mark.slow
def test_the_losses_are_those_of_the_plain_model_on_the_same_augmented_batches():
    model = compiled(ks.AugmentedModel(network(), turning_pipeline()))
    data = IMAGES, MASKS
    found = losses_of_fit(model, *data, steps=20, sample_weight=WEIGHTS)
    expected = losses_of_the_plain_model(turning_pipeline(), *data, WEIGHTS, steps=20)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    # The draws matter: another seed gives other losses.
    other = losses_of_the_plain_model(turning_pipeline(seed=4), *data, WEIGHTS, steps=3)
    assert not np.allclose(found[:3], other, rtol=1e-3)
    assert number_of_draws(model) == 20


def test_one_seed_gives_the_same_augmented_batches_on_every_backend():
    """The loss sums up images and masks, each pixel with a weight of its own."""
    inputs = keras.Input((16, 14, 3))
    scale = keras.layers.Conv2D(1, 1, kernel_initializer="ones", use_bias=False)
    model = keras.Model(inputs, scale(inputs))
    place = np.arange(16 * 14, dtype="float32").reshape(16, 14, 1) / 1000

    def checksum(masks, sums):
        return keras.ops.mean(
            (sums + 1000 * keras.ops.cast(masks, "float32")) * keras.ops.convert_to_tensor(place)
        )

    layers = [ks.JointRandomFlip(), ks.JointRandomCrop(9, 10), ks.JointPadding(16, 14)]
    model = ks.AugmentedModel(model, ks.Pipeline(layers, seed=11))
    model.compile(keras.optimizers.SGD(0.0), checksum)
    found = [float(np.ravel(model.train_on_batch(IMAGES, MASKS[..., None]))[0]) for _ in range(4)]
    np.testing.assert_allclose(found, [160.128418, 157.852432, 155.924789, 160.348801], rtol=1e-5)


def test_evaluate_predict_and_calls_do_not_augment():
    model = compiled(ks.AugmentedModel(network(), pipeline()))
    plain = compiled(network())
    expected = plain.predict(IMAGES, verbose=0)
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), expected)
    np.testing.assert_allclose(to_numpy(model(IMAGES)), expected, atol=1e-5)
    history = model.fit(IMAGES, MASKS, validation_data=(IMAGES, MASKS), verbose=0)
    plain.set_weights(model.model.get_weights())
    expected = plain.evaluate(IMAGES, MASKS, verbose=0)
    assert model.evaluate(IMAGES, MASKS, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert history.history["val_loss"] == pytest.approx([expected], rel=1e-5)
    assert number_of_draws(model) == 1


@pytest.mark.slow
def test_a_saved_model_goes_on_where_it_stood(tmp_path):
    model = compiled(ks.AugmentedModel(network(), pipeline()))
    model.fit(IMAGES, MASKS, verbose=0, epochs=3)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert number_of_draws(loaded) == 3
    for mine, its in zip(weights_of(model), weights_of(loaded), strict=True):
        np.testing.assert_array_equal(mine, its)
    for _ in range(3):
        expected = np.ravel(model.train_on_batch(IMAGES, MASKS))
        np.testing.assert_allclose(
            np.ravel(loaded.train_on_batch(IMAGES, MASKS)), expected, rtol=1e-5
        )
    assert keras.saving.get_registered_name(type(loaded)) == "keras_segaug>AugmentedModel"


def test_export_writes_the_model_alone(tmp_path, backend_is):
    if not backend_is("tensorflow"):
        pytest.skip("What is handed on to Keras is the same everywhere.")
    import tensorflow as tf

    model = compiled(ks.AugmentedModel(network(), pipeline()))
    model.fit(IMAGES, MASKS, verbose=0)
    model.export(tmp_path / "model", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "model"))
    images = IMAGES.astype("float32")
    np.testing.assert_allclose(
        served.serve(images).numpy(), model.model.predict(images, verbose=0), atol=1e-5
    )
    shapes = [tuple(variable.shape) for variable in served.variables]
    assert (3,) not in [shape for shape in shapes if shape != (CLASSES,)]


def one_hot(masks):
    return np.eye(CLASSES, dtype="float32")[masks]


@pytest.mark.parametrize("form", ["ids", "one-hot"])
def test_class_weights_are_those_of_each_pixel_after_the_augmentation(form):
    given = {0: 0.5, 2: 3.0}
    table = np.array([0.5, 1.0, 3.0], "float32")
    soft = form == "one-hot"
    loss = keras.losses.CategoricalCrossentropy(from_logits=True) if soft else None
    masks = one_hot(MASKS) if soft else MASKS
    options = {"loss": loss} if soft else {}
    model = compiled(ks.AugmentedModel(network(), pipeline()), **options)
    weighted = {} if soft else {"sample_weight": WEIGHTS}
    found = losses_of_fit(model, IMAGES, masks, steps=2, class_weight=given, **weighted)
    # Each `fit` has its own class weights.
    found += losses_of_fit(model, IMAGES, masks, steps=1, **weighted)
    augmentation, plain, expected = pipeline(), compiled(network(), **options), []
    for number in range(3):
        data = IMAGES, masks, WEIGHTS
        images, moved, weights = to_numpy(augmentation.augment(data, augmentation.call_key(number)))
        weights = 1.0 if soft else weights
        if number < 2:
            weights = weights * table[moved.argmax(-1) if soft else moved]
        weights = np.broadcast_to(weights, MASKS.shape)
        found_here = plain.train_on_batch(images, moved, sample_weight=weights)
        expected.append(float(np.ravel(found_here)[0]))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_class_that_is_not_named_has_the_weight_1():
    table = pixel_weights.table("AugmentedModel", {1: 2.0})
    masks = np.array([[[0, 1], [7, 255]]], "uint8")
    found = pixel_weights.of_classes("AugmentedModel", table, masks, None, "channels_last")
    np.testing.assert_array_equal(to_numpy(found), [[[1.0, 2.0], [1.0, 1.0]]])
    found = pixel_weights.of_classes(
        "AugmentedModel", table, masks.astype("int32") - 1, None, "channels_last"
    )
    np.testing.assert_array_equal(to_numpy(found), [[[1.0, 1.0], [1.0, 1.0]]])


@keras.saving.register_keras_serializable("keras_segaug_tests")
class Scaled(keras.Model):
    """Multiplies images (B, 1, H, W), channels first, by a weight that starts at 1."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(), initializer="ones")

    def call(self, images):
        return images * self.scale


@pytest.mark.parametrize("channel", [False, True], ids=["(B, H, W)", "(B, 1, H, W)"])
@pytest.mark.parametrize("values", [False, True], ids=["loss (B, H, W)", "loss (B, 1, H, W)"])
def test_weights_of_pixels_with_the_channels_first(values, channel):
    """Each pixel gets its own weight, and none gets that of a pixel of another sample."""
    keras.config.set_image_data_format("channels_first")
    rng = np.random.default_rng(0)
    images = rng.uniform(0.0, 1.0, (4, 1, 6, 5)).astype("float32")
    masks = rng.integers(0, 3, (4, 6, 5)).astype("uint8")
    weights = rng.uniform(0.0, 1.0, (4, 6, 5)).astype("float32")
    given = weights[:, None] if channel else weights

    class OfPixels(keras.losses.Loss):
        def call(self, masks, scores):
            difference = keras.ops.abs(keras.ops.expand_dims(masks, 1) - scores)
            return difference if values else difference[:, 0]

    augmentation = ks.JointRandomFlip("horizontal", seed=1)
    model = ks.AugmentedModel(Scaled(), augmentation)
    model.compile(keras.optimizers.SGD(0.0), OfPixels())
    found = losses_of_fit(model, images, masks, steps=1, batch_size=4, sample_weight=given)
    data = augmentation.augment((images, masks, weights), augmentation.call_key(0))
    moved, labels_, weights_ = to_numpy(data)
    assert found == pytest.approx([(np.abs(labels_ - moved[:, 0]) * weights_).mean()], rel=1e-5)
    found = model.evaluate(images, masks, sample_weight=given, batch_size=4, verbose=0)
    assert found == pytest.approx((np.abs(masks - images[:, 0]) * weights).mean(), rel=1e-5)
