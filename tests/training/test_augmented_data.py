"""The forms of data that `fit` takes, and what of it the model and the loss get."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import to_numpy
from tests.training.networks import (
    CLASSES,
    compiled,
    images_and_masks,
    losses_of_fit,
    losses_of_the_plain_model,
    network,
    pipeline,
    pixel_loss,
)

IMAGES, MASKS = images_and_masks()
WEIGHTS = np.random.default_rng(5).uniform(0.0, 2.0, MASKS.shape).astype("float32")


def batches(structures):
    """A dataset as every backend takes it: a Python generator."""
    while True:
        # Keras requires a tuple.
        yield from (each if isinstance(each, tuple) else (each,) for each in structures)


@pytest.mark.slow
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


@pytest.mark.slow
def test_further_inputs_move_with_the_images():
    depth = WEIGHTS[..., None]
    augmentation = pipeline(targets={"depth": "continuous"})
    inputs = {"images": IMAGES, "depth": depth}
    model, plain = compiled(ks.AugmentedModel(named_network(), augmentation)), named_network()
    plain.set_weights(model.model.get_weights())
    found = losses_of_fit(model, inputs, MASKS, steps=2)
    # All entries in one mapping, including one that is not an input of the model.
    whole = {**inputs, "masks": MASKS}
    found += losses_of_fit(model, batches([whole]), steps=1, batch_size=None, steps_per_epoch=1)
    compiled(plain)
    for number, loss in enumerate(found):
        key = augmentation.call_key(number)
        moved = to_numpy(augmentation.augment(whole, key))
        expected = plain.train_on_batch({k: moved[k] for k in inputs}, moved["masks"])
        assert loss == pytest.approx(float(np.ravel(expected)[0]), rel=1e-4)


def listed_network():
    named = named_network()
    return keras.Model([named.input["images"], named.input["depth"]], named.output)


@pytest.mark.slow
def test_inputs_in_a_list_go_by_their_places():
    depth = WEIGHTS[..., None]
    augmentation = pipeline(targets={3: "continuous"})
    model, plain = compiled(ks.AugmentedModel(listed_network(), augmentation)), listed_network()
    plain.set_weights(model.model.get_weights())
    found = model.train_on_batch([IMAGES, depth], MASKS)
    key = augmentation.call_key(0)
    images, masks, _, moved = to_numpy(augmentation.augment((IMAGES, MASKS, None, depth), key))
    expected = compiled(plain).train_on_batch([images, moved], masks)
    np.testing.assert_allclose(np.ravel(found)[0], np.ravel(expected)[0], rtol=1e-4)
    assert model.predict([IMAGES, depth], verbose=0).shape == (8, 16, 14, CLASSES)


def two_outputs():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((16, 14, 3))
    features = keras.layers.Conv2D(4, 3, padding="same")(inputs)
    half = keras.layers.Conv2D(CLASSES, 1, name="half")(keras.layers.AveragePooling2D(2)(features))
    return keras.Model(inputs, [keras.layers.Conv2D(CLASSES, 1, name="full")(features), half])


@keras.saving.register_keras_serializable("tests")
def full_and_half(masks):
    return [masks, masks[:, 1::2, 1::2]]


@pytest.mark.slow
def test_deep_supervision_with_targets_of_two_sizes(tmp_path):
    model = ks.AugmentedModel(two_outputs(), pipeline(), mask_transform=full_and_half)
    compiled(model, [pixel_loss(), pixel_loss()])
    found = losses_of_fit(model, IMAGES, MASKS, steps=2, sample_weight=WEIGHTS)
    augmentation, plain = pipeline(), compiled(two_outputs(), [pixel_loss(), pixel_loss()])
    for number, loss in enumerate(found):
        key = augmentation.call_key(number)
        images, masks, weights = to_numpy(augmentation.augment((IMAGES, MASKS, WEIGHTS), key))
        expected = plain.train_on_batch(images, full_and_half(masks), full_and_half(weights))
        assert loss == pytest.approx(float(np.ravel(expected)[0]), rel=1e-4)
    scores = model.evaluate(IMAGES, MASKS, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.evaluate(IMAGES, MASKS, verbose=0), scores, rtol=1e-5)


def test_images_of_changing_size(backend_is):
    """A new size is checked while `fit` runs, when the variables are empty on JAX."""
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(CLASSES, 3, padding="same")(inputs))
    model = compiled(ks.AugmentedModel(model, pipeline()))
    sizes = [(IMAGES, MASKS), images_and_masks(8, 12, 18)]
    history = model.fit(batches(sizes), steps_per_epoch=4, shuffle=False, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


@pytest.mark.slow
def test_images_of_a_new_size_that_the_model_gives_another_size_for(backend_is):
    if backend_is("tensorflow"):
        pytest.skip("Its program for many sizes knows none of them.")
    inputs = keras.Input((None, None, 3))
    halved = keras.layers.UpSampling2D()(keras.layers.MaxPooling2D()(inputs))
    model = keras.Model(inputs, keras.layers.Conv2D(CLASSES, 1)(halved))
    model = compiled(ks.AugmentedModel(model, ks.JointRandomFlip("horizontal", seed=1)))
    sizes = [(IMAGES, MASKS), images_and_masks(8, 15, 14)]
    with pytest.raises(ValueError, match=r"AugmentedModel: .*\(15, 14\), and a model that gives"):
        model.fit(batches(sizes), steps_per_epoch=4, shuffle=False, verbose=0)


@pytest.mark.slow
def test_masks_with_an_axis_of_channels_and_without(backend_is):
    """TensorFlow would make one program for both, with an unknown number of axes."""
    if not backend_is("tensorflow"):
        pytest.skip("Elsewhere each of them has its own program.")
    model = ks.AugmentedModel(network(), ks.JointRandomFlip("horizontal", seed=1))
    compiled(model, jit_compile=False)
    for masks in (MASKS[..., None], MASKS):
        assert np.isfinite(losses_of_fit(model, IMAGES, masks, steps=1)).all()
