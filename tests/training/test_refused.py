"""Data that does not fit is refused before the first step, with the cure; nothing changes."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.training.networks import (
    CLASSES,
    compiled,
    images_and_masks,
    network,
    number_of_draws,
    pipeline,
    weights_of,
)

IMAGES, MASKS = images_and_masks()
NAMES = np.array(["liver", "spleen"] * 4)


@pytest.fixture(scope="module")
def model():
    return compiled(ks.AugmentedModel(network(), pipeline()))


def arrays_of_two_sizes():
    return np.array([IMAGES[0], IMAGES[1][:4]] * 4, dtype=object)


def generated(*batch):
    while True:
        yield batch


FIT = {
    "no masks": ((IMAGES,), ["needs masks", "Received: no y", "fit(images, masks)"]),
    "a mapping without masks": (
        (generated({"images": IMAGES}),),
        ["needs masks", "['images']", "'segmentation_masks'"],
    ),
    "masks of another size": ((IMAGES, MASKS[:, :8]), ["Pipeline: masks", "(8, 8, 14)"]),
    "labels of images": ((IMAGES, np.arange(8)), ["Pipeline: masks", "(8,)"]),
    "text": ((IMAGES, NAMES), ["must be numbers", "'liver'", "A mask holds class ids"]),
    "ragged": ((arrays_of_two_sizes(), MASKS), ["arrays of one size each", "np.stack"]),
    "generated text": ((generated(IMAGES, NAMES),), ["must be numbers", "'liver'", "class ids"]),
    "generated lists": (
        (generated(list(IMAGES), list(MASKS)),),
        ["images must be one array", "a list of 8", "np.stack(images)", "targets={3:"],
    ),
    "lists of numbers": ((IMAGES[:1, :2, :2].tolist(), MASKS), ["must be arrays", "np.stack"]),
    "a list of images": ((list(IMAGES), MASKS), ["images must be one array", "a list of 8"]),
    "gray images without channels": (
        (IMAGES[..., 0], MASKS),
        ["a batch of four axes", "(8, 16, 14)", "`images[..., None]`"],
    ),
    "single images": (
        (generated(IMAGES[0], MASKS[0]),),
        ["a batch of four axes", "14, 3)", "`dataset.batch(16)`"],
    ),
    "masks with fractions": ((IMAGES, MASKS / 3), ["whole numbers", "fractional values"]),
    "images of another size": (
        (IMAGES[:, :8], MASKS[:, :8]),
        ["the model takes images", "(height, width) (16, 14)", "(8, 14)", "JointResizing(16, 14)"],
    ),
    "masks twice": (({"images": IMAGES, "masks": MASKS}, MASKS), ["given twice", "'masks'"]),
}


@pytest.mark.parametrize("kind", FIT)
def test_data(model, kind):
    data, words = FIT[kind]
    before = weights_of(model)
    with pytest.raises(ValueError, match=words[0]) as caught:
        model.fit(*data, steps_per_epoch=1, shuffle=False, verbose=0)
    message = str(caught.value)
    assert message.startswith(("AugmentedModel: ", "Pipeline: "))
    for word in words:
        assert word in message
    for one, other in zip(before, weights_of(model), strict=True):
        np.testing.assert_array_equal(one, other)
    assert number_of_draws(model) == 0


def test_text_and_ragged_images_in_a_dataset(model, backend_is):
    if not backend_is("tensorflow"):
        pytest.skip("Elsewhere Keras makes arrays of them, and raises.")
    import tensorflow as tf

    texts = tf.data.Dataset.from_tensors((IMAGES, NAMES))
    with pytest.raises(ValueError, match="Pipeline: masks must be integers"):
        model.fit(texts, shuffle=False, verbose=0)
    uneven = tf.ragged.stack([IMAGES[0], IMAGES[1][:4]])
    ragged = tf.data.Dataset.from_tensors((uneven, MASKS[:2]))
    with pytest.raises(ValueError, match=r"images are ragged.*to_tensor"):
        model.fit(ragged, shuffle=False, verbose=0)
    assert number_of_draws(model) == 0


def test_an_augmentation_that_changes_the_size_of_a_fixed_input():
    model = compiled(ks.AugmentedModel(network(), ks.JointRandomCrop(8, 6, seed=1)))
    with pytest.raises(ValueError, match=r"of which the augmentation makes \(8, 6\)"):
        model.fit(IMAGES, MASKS, verbose=0)
    # The input was the problem, not the crop.
    model = compiled(ks.AugmentedModel(network((8, 6)), ks.JointRandomCrop(8, 6, seed=1)))
    model.fit(IMAGES, MASKS, verbose=0)
    assert number_of_draws(model) == 1
    # Nothing crops the validation data.
    for more in ({"validation_data": (IMAGES, MASKS)}, {"validation_split": 0.5}):
        with pytest.raises(
            ValueError, match=r"not augmented.*\(8, 6\).*\(16, 14\).*JointCenterCrop"
        ):
            model.fit(IMAGES, MASKS, verbose=0, **more)
    assert number_of_draws(model) == 1


class Texts(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return IMAGES, NAMES


def test_text_of_a_py_dataset(model):
    with pytest.raises(ValueError, match=r"AugmentedModel: .* must be numbers.*'liver'"):
        model.fit(Texts(), verbose=0)


@pytest.mark.parametrize("loss", [None, "sparse_categorical_crossentropy"])
def test_one_weight_a_sample_for_a_loss_of_pixels(loss):
    """With as many weights as pixels in a row, Keras would multiply each row by them."""
    model = compiled(ks.AugmentedModel(network(), pipeline()), loss)
    images, masks = images_and_masks(14)
    weights = np.arange(14, dtype="float32")
    with pytest.raises(ValueError, match=r"a weight for each pixel.*\(None,\).*np.broadcast_to"):
        model.train_on_batch(images, masks, sample_weight=weights)
    assert number_of_draws(model) == 0
    # Compiled again, for a loss of whole samples.
    compiled(model, lambda masks, scores: keras.ops.mean(scores**2, axis=(1, 2, 3)))
    model.train_on_batch(images, masks, sample_weight=weights)


def one_and_two_outputs():
    """{kind: (network, its loss, a function that gives masks, or weights, the form it takes)}."""
    images = keras.Input((16, 14, 3))
    heads = {name: keras.layers.Conv2D(CLASSES, 1, name=name)(images) for name in ("a", "b")}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return {
        "one": (network(), loss, lambda masks: masks),
        "a list": (network(), [loss], lambda masks: masks),
        "two": (
            keras.Model(images, heads),
            {"a": loss, "b": loss},
            lambda masks: {"a": masks, "b": masks},
        ),
    }


@pytest.mark.parametrize("kind", ["one", "a list", "two"])
def test_one_weight_a_sample_where_the_model_is_evaluated_and_validated(kind):
    plain, loss, given = one_and_two_outputs()[kind]
    model = compiled(ks.AugmentedModel(plain, pipeline()), loss)
    images, masks = images_and_masks(14)
    masks, weights = given(masks), np.arange(14, dtype="float32")
    options = {"verbose": 0, "batch_size": 14}
    with pytest.raises(ValueError, match=r"a weight for each pixel.*np.broadcast_to"):
        model.evaluate(images, masks, sample_weight=weights, **options)
    with pytest.raises(ValueError, match=r"a weight for each pixel.*np.broadcast_to"):
        model.fit(images, masks, validation_data=(images, masks, weights), **options)


def test_one_weight_a_sample_for_a_list_of_one_loss():
    model = compiled(ks.AugmentedModel(network(), pipeline()), ["sparse_categorical_crossentropy"])
    images, masks = images_and_masks(14)
    with pytest.raises(ValueError, match=r"a weight for each pixel.*np.broadcast_to"):
        model.train_on_batch(images, masks, sample_weight=np.arange(14, dtype="float32"))
    assert number_of_draws(model) == 0


def test_one_weight_a_sample_for_a_loss_of_samples_is_taken_where_the_model_is_evaluated():
    class OfSamples(keras.losses.Loss):
        def call(self, masks, scores):
            return keras.ops.mean(scores, axis=(1, 2, 3)) + masks[:, 0, 0]

    model = compiled(ks.AugmentedModel(network(), pipeline()), OfSamples(reduction="sum"))
    images, masks = images_and_masks(14)
    weights = np.arange(14, dtype="float32")
    found = model.evaluate(images, masks, sample_weight=weights, verbose=0, batch_size=14)
    scores = model.predict(images, verbose=0)
    expected = (weights * (scores.mean((1, 2, 3)) + masks[:, 0, 0])).sum()
    assert found == pytest.approx(expected, rel=1e-4)


def test_images_in_another_range_than_the_augmentation_takes_them_to_be():
    model = compiled(ks.AugmentedModel(network(), ks.ImageOnlyBrightness(0.1, seed=1)))
    with pytest.raises(ValueError, match=r"taken to be in \(0, 255\).*value_range=\(lowest"):
        model.fit(IMAGES - 100.0, MASKS, verbose=0)
    with pytest.warns(UserWarning, match=r"value_range=\(0, 1\)"):
        model.train_on_batch(IMAGES / 255.0, MASKS)


def test_a_model_that_gives_another_size_than_the_masks_have():
    small = keras.Sequential([keras.Input((16, 14, 3)), keras.layers.Conv2D(CLASSES, 2, 2)])
    model = compiled(ks.AugmentedModel(small, pipeline()))
    with pytest.raises(ValueError, match=r"\(16, 14\), and a model that gives \(8, 7\)"):
        model.fit(IMAGES, MASKS, verbose=0)
    halved = ks.AugmentedModel(small, pipeline(), mask_transform=lambda masks: masks[:, ::2, ::2])
    compiled(halved).fit(IMAGES, MASKS, verbose=0)


def test_arguments():
    with pytest.raises(ValueError, match="`augmentation` must be a keras_segaug layer"):
        ks.AugmentedModel(network(), [ks.JointRandomFlip()])
    with pytest.raises(ValueError, match="first layer of the model"):
        ks.AugmentedModel(network(), ks.Pipeline([pipeline(), ks.ImageOnlyRescaling(1 / 255)]))
    with pytest.raises(ValueError, match="`mask_transform`, which `evaluate` runs"):
        ks.AugmentedModel(network(), ks.Pipeline([ks.MaskOnlyOneHot(CLASSES)]))
    with pytest.raises(ValueError, match="`augmentation` must be a keras_segaug layer that gives"):
        ks.AugmentedModel(network(), ks.MultiView({"a": pipeline(), "b": pipeline()}))
    with pytest.raises(ValueError, match="would take the masks for images"):
        ks.AugmentedModel(network(), pipeline(), mask_transform=ks.MaskOnlyOneHot(CLASSES))
    with pytest.raises(ValueError, match=r"`model` must be a keras\.Model"):
        ks.AugmentedModel(keras.layers.Conv2D(1, 1), pipeline())
    preprocessed = network()
    preprocessed.preprocessor = keras.layers.Rescaling(1 / 255)
    with pytest.raises(ValueError, match="must have no preprocessor"):
        ks.AugmentedModel(preprocessed, pipeline())
    with pytest.raises(ValueError, match=r"model without augmentation.*Give its `\.model`"):
        ks.AugmentedModel(ks.AugmentedModel(network(), pipeline()), pipeline())


@pytest.mark.parametrize("weights", [[1.0, 2.0], {"liver": 1.0}, {0: -1.0}, {0: "heavy"}, {}])
def test_class_weights(model, weights):
    with pytest.raises(ValueError, match="`class_weight` must be None, or a mapping"):
        model.fit(IMAGES, MASKS, class_weight=weights, verbose=0)
