"""A model that augments in its train step learns what it learns from the same batches outside."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import to_numpy
from tests.training.networks import (
    CLASSES,
    compiled,
    images_and_masks,
    network,
    number_of_draws,
    pipeline,
    turning_pipeline,
    weights_of,
)

IMAGES, MASKS = images_and_masks()
WEIGHTS = np.random.default_rng(5).uniform(0.0, 2.0, MASKS.shape).astype("float32")


def losses_of_fit(model, *data, steps, **options):
    """Of each step, one an epoch: Keras reports the mean of an epoch."""
    options = {"batch_size": len(IMAGES), "epochs": steps, "shuffle": False, **options}
    return model.fit(*data, verbose=0, **options).history["loss"]


def losses_of_the_plain_model(augmentation, *data, steps, prepared=lambda *data: data):
    plain, found = compiled(network()), []
    for number in range(steps):
        moved = to_numpy(augmentation.augment(data, augmentation.call_key(number)))
        found.append(float(np.ravel(plain.train_on_batch(*prepared(*moved)))[0]))
    return found


def test_the_losses_are_those_of_the_plain_model_on_the_same_augmented_batches():
    model = compiled(ks.AugmentedModel(network(), turning_pipeline()))
    data = IMAGES, MASKS
    found = losses_of_fit(model, *data, steps=20, sample_weight=WEIGHTS)
    expected = losses_of_the_plain_model(turning_pipeline(), *data, WEIGHTS, steps=20)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    # The draws matter: those of another seed give other losses.
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
    found = losses_of_fit(model, IMAGES, masks, steps=2, class_weight=given)
    # Each `fit` has its own.
    found += losses_of_fit(model, IMAGES, masks, steps=1)
    augmentation, plain, expected = pipeline(), compiled(network(), **options), []
    for number in range(3):
        key = augmentation.call_key(number)
        images, moved = to_numpy(augmentation.augment((IMAGES, masks), key))
        weights = table[moved.argmax(-1) if soft else moved] if number < 2 else None
        found_here = plain.train_on_batch(images, moved, sample_weight=weights)
        expected.append(float(np.ravel(found_here)[0]))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def batches(structures):
    """A dataset as every backend takes it: a Python generator."""
    while True:
        # Keras wants a tuple.
        yield from (each if isinstance(each, tuple) else (each,) for each in structures)


def test_mappings_give_a_model_its_images_or_the_inputs_that_it_names():
    data = {"image": IMAGES, "segmentation_mask": MASKS, "sample_weight": WEIGHTS}
    model = compiled(ks.AugmentedModel(network(), pipeline()))
    found = losses_of_fit(model, batches([data]), steps=3, batch_size=None, steps_per_epoch=1)
    expected = losses_of_the_plain_model(pipeline(), IMAGES, MASKS, WEIGHTS, steps=3)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert np.isfinite(model.evaluate(batches([data]), steps=1, verbose=0))
    np.testing.assert_array_equal(
        model.predict(batches([data]), steps=1, verbose=0), model.predict(IMAGES, verbose=0)
    )


def named_network():
    sizes = {"images": (16, 14, 3), "depth": (16, 14, 1)}
    inputs = {name: keras.Input(size, name=name) for name, size in sizes.items()}
    images = network()(inputs["images"])
    return keras.Model(
        inputs,
        keras.layers.Conv2D(CLASSES, 1)(keras.layers.Concatenate()([images, inputs["depth"]])),
    )


def test_further_inputs_move_with_the_images():
    depth = WEIGHTS[..., None]
    augmentation = pipeline(targets={"depth": "continuous"})
    inputs = {"images": IMAGES, "depth": depth}
    model, plain = compiled(ks.AugmentedModel(named_network(), augmentation)), named_network()
    plain.set_weights(model.model.get_weights())
    found = losses_of_fit(model, inputs, MASKS, steps=2)
    # All in one mapping, and what no input names.
    whole = {**inputs, "masks": MASKS}
    found += losses_of_fit(model, batches([whole]), steps=1, batch_size=None, steps_per_epoch=1)
    compiled(plain)
    for number, loss in enumerate(found):
        key = augmentation.call_key(number)
        moved = to_numpy(augmentation.augment(whole, key))
        expected = plain.train_on_batch({k: moved[k] for k in inputs}, moved["masks"])
        assert loss == pytest.approx(float(np.ravel(expected)[0]), rel=1e-4)


def two_outputs():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((16, 14, 3))
    features = keras.layers.Conv2D(4, 3, padding="same")(inputs)
    half = keras.layers.Conv2D(CLASSES, 1, name="half")(keras.layers.AveragePooling2D(2)(features))
    return keras.Model(inputs, [keras.layers.Conv2D(CLASSES, 1, name="full")(features), half])


@keras.saving.register_keras_serializable("tests")
def full_and_half(masks):
    return [masks, masks[:, 1::2, 1::2]]


def test_deep_supervision_with_targets_of_two_sizes(tmp_path):
    model = ks.AugmentedModel(two_outputs(), pipeline(), mask_transform=full_and_half)
    compiled(model, [ks_loss(), ks_loss()])
    found = losses_of_fit(model, IMAGES, MASKS, steps=2, sample_weight=WEIGHTS)
    augmentation, plain = pipeline(), compiled(two_outputs(), [ks_loss(), ks_loss()])
    for number, loss in enumerate(found):
        key = augmentation.call_key(number)
        images, masks, weights = to_numpy(augmentation.augment((IMAGES, MASKS, WEIGHTS), key))
        expected = plain.train_on_batch(images, full_and_half(masks), full_and_half(weights))
        assert loss == pytest.approx(float(np.ravel(expected)[0]), rel=1e-4)
    scores = model.evaluate(IMAGES, MASKS, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.evaluate(IMAGES, MASKS, verbose=0), scores, rtol=1e-5)


def ks_loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class Unbuilt(keras.Model):
    """Built by what it is first called with; with a loss of its own."""

    def __init__(self):
        super().__init__()
        self.layer = keras.layers.Conv2D(CLASSES, 3, padding="same", kernel_regularizer="l2")

    def call(self, inputs):
        return self.layer(keras.ops.cast(inputs, self.compute_dtype) / 255)


def test_all_that_keras_can_do_while_it_trains(backend_is):
    """One run with much of it; each step draws once."""
    keras.config.set_dtype_policy("mixed_float16")
    model = ks.AugmentedModel(Unbuilt(), pipeline(), name="all")
    assert model.compute_dtype == "float16"
    model.compile(
        keras.optimizers.Adam(1e-3, gradient_accumulation_steps=2, weight_decay=0.01),
        ks_loss(),
        metrics=["accuracy"],
        weighted_metrics=[
            keras.metrics.SparseCategoricalCrossentropy("weighted", from_logits=True)
        ],
        steps_per_execution=1 if backend_is("torch") else 2,
        jit_compile="auto" if backend_is("torch") else True,
    )
    stopping = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=100.0)
    history = model.fit(
        IMAGES,
        MASKS,
        batch_size=2,
        epochs=5,
        callbacks=[stopping],
        validation_split=0.5,
        class_weight={0: 2.0},
        verbose=0,
    )
    assert len(history.history["loss"]) == 2
    assert number_of_draws(model) == 4
    assert all(np.isfinite(each).all() for each in history.history.values())
    assert {"accuracy", "weighted", "val_accuracy"} <= set(history.history)


def test_a_step_is_traced_once(backend_is):
    traces = []

    def counted(masks):
        traces.append(masks.shape)
        return masks

    model = compiled(ks.AugmentedModel(network(), pipeline(), mask_transform=counted))
    model.fit(IMAGES, MASKS, batch_size=4, epochs=1, verbose=0)
    first = len(traces)
    model.fit(IMAGES, MASKS, batch_size=4, epochs=10, verbose=0)
    # Torch runs every step as it is.
    assert len(traces) == first + (20 if backend_is("torch") else 0)
    assert number_of_draws(model) == 22


def test_images_of_changing_size(backend_is):
    """A new size is looked at while `fit` runs, when on JAX the variables are empty."""
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(CLASSES, 3, padding="same")(inputs))
    model = compiled(ks.AugmentedModel(model, pipeline()))
    sizes = [(IMAGES, MASKS), images_and_masks(8, 12, 18)]
    history = model.fit(batches(sizes), steps_per_epoch=4, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def test_wraps_a_segmenter_of_keras_hub(backend_is):
    hub = pytest.importorskip("keras_hub")
    backbone = hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 8, 8, 8],
        stackwise_num_blocks=[1, 1, 1, 1],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
        use_pre_activation=False,
        image_shape=(32, 32, 3),
    )
    deeplab = hub.models.DeepLabV3Backbone(
        image_encoder=backbone,
        low_level_feature_key="P2",
        spatial_pyramid_pooling_key="P4",
        dilation_rates=[6],
        upsampling_size=4,
        image_shape=(32, 32, 3),
    )
    segmenter = hub.models.DeepLabV3ImageSegmenter(deeplab, num_classes=CLASSES, preprocessor=None)
    model = compiled(ks.AugmentedModel(segmenter, pipeline()))
    images, masks = images_and_masks(2, 32, 32)
    assert np.isfinite(model.fit(images, masks, verbose=0).history["loss"]).all()
    assert model.predict(images, verbose=0).shape == (2, 32, 32, CLASSES)
