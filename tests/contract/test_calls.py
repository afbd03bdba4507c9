"""Every way to call a layer, and every kind of tensor: accepted, or refused with the cure."""

from collections import namedtuple

import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from tests.data import labels, random_images, to_numpy
from tests.marks import TRACED_BY_TENSORFLOW

QUIET = {"seed": 1, "jit_compile": False}
Pair = namedtuple("Pair", ["images", "masks"])
Swapped = namedtuple("Swapped", ["mask", "image"])
Unnamed = namedtuple("Unnamed", ["x", "y"])


def flip(**more):
    return ks.JointRandomFlip(**QUIET, **more)


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))


@pytest.mark.parametrize("kind", [Pair, Unnamed])
def test_named_tuples(kind):
    found = flip()(kind(random_images(), labels()))
    assert type(found) is kind
    same(found, flip()(random_images(), labels()))


def test_the_names_of_a_named_tuple_count_and_not_the_places():
    found = flip()(Swapped(labels(), random_images()))
    assert type(found) is Swapped
    same((found.image, found.mask), flip()(random_images(), labels()))


def test_named_tuples_in_a_dataset():
    dataset = tf.data.Dataset.from_tensors(Swapped(labels(), random_images())).map(flip())
    [found] = dataset
    assert type(found).__name__ == "Swapped"
    same((found.image, found.mask), flip()(random_images(), labels()))


@pytest.mark.parametrize("names", [("images", "masks", "sample_weights"), ("image", "mask")])
def test_arguments_by_name(names):
    values = (random_images(), labels(), np.ones((3, 16, 14), "float32"))[: len(names)]
    found = flip()(**dict(zip(names, values, strict=True)))
    assert isinstance(found, tuple)
    same(found, flip()(*values))


def test_images_alone_by_name():
    same([flip()(images=random_images())], [flip()(random_images())])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"images": random_images(), "lables": labels()}, "no argument 'lables'.*one mapping"),
        ({"image": random_images(), "images": random_images()}, "images are given twice"),
        ({"mask": labels()}, "images are missing"),
    ],
)
def test_names_that_mean_nothing(given, message):
    with pytest.raises((TypeError, ValueError), match=f"^JointRandomFlip: .*{message}"):
        flip()(**given)


def test_stateless_call_takes_what_a_call_takes():
    layer = flip()
    layer(random_images(), labels())
    state = [variable.value for variable in layer.non_trainable_variables]
    expected = flip()
    expected(random_images(), labels())
    expected = expected(random_images(), labels())
    for data in ((random_images(), labels()), (Pair(random_images(), labels()),)):
        found, after = layer.stateless_call([], state, *data)
        assert type(found) is (tuple if len(data) == 2 else Pair)
        same(found, expected)
        assert np.any(to_numpy(after[0]) != to_numpy(state[0]))
    with pytest.raises(ValueError, match="masks must have the height"):
        layer.stateless_call([], state, random_images(), labels(height=9))


def test_a_fourth_entry_is_not_training():
    four = (random_images(), labels(), labels().astype("float32"), labels())
    for call in (lambda: flip()(*four), lambda: tf.data.Dataset.from_tensors(four).map(flip())):
        with pytest.raises(ValueError, match=r"targets=\{3: 'image'\}.*Received 4 entries"):
            call()
    named = flip(targets={3: "mask"})
    [found] = tf.data.Dataset.from_tensors(four).map(named)
    same(found, flip(targets={3: "mask"})(four))
    same((found[1],), (found[3],))


@pytest.mark.parametrize("training", ["no", "False", 2, [True]])
def test_training_that_is_no_truth(training):
    with pytest.raises(ValueError, match="JointRandomFlip: `training` must be True, False or None"):
        flip()(random_images(), training=training)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (({"image": random_images()}, labels()), r'\{"image": image, "mask": mask\}'),
        (((random_images(), random_images()), labels()), r'targets=\{"depth": "continuous"\}'),
        (({"images": (random_images(), random_images())}), r'targets=\{"depth": "continuous"\}'),
    ],
)
def test_images_that_are_a_structure(data, message):
    with pytest.raises(ValueError, match=rf"^JointRandomFlip: the images must be one.*{message}"):
        flip()(data)


def test_a_structure_beside_masks_says_what_to_write():
    with pytest.raises(ValueError, match=r'JointRandomFlip: .*\{"image": image, "mask": mask\}'):
        flip()({"image": random_images()}, labels())


@pytest.mark.parametrize("jit_compile", [False, "auto"])
@pytest.mark.parametrize("channels", [None, 3])
def test_no_samples_with_crop_rules(channels, jit_compile):
    crop = ks.JointRandomCrop(
        4, 4, max_class_fraction=0.5, foreground_probability=0.5, jit_compile=jit_compile
    )
    masks = labels() if channels is None else np.zeros((3, 16, 14, channels), "uint8")
    images, masks = crop(random_images()[:0], masks[:0])
    assert images.shape == (0, 4, 4, 3)
    assert masks.shape[:3] == (0, 4, 4)


@pytest.mark.parametrize("jit_compile", [False, "auto"])
@TRACED_BY_TENSORFLOW
@pytest.mark.slow
def test_no_samples_with_crop_rules_in_a_dataset(jit_compile):
    """The number of samples is not known while the layer is traced."""
    crop = ks.JointRandomCrop(
        4,
        max_class_fraction=0.5,
        foreground_probability=0.5,
        foreground_classes=[1, 2],
        jit_compile=jit_compile,
    )
    kinds = tf.TensorSpec((None, 16, 14, 3), "uint8"), tf.TensorSpec((None, 16, 14), "uint8")
    dataset = tf.data.Dataset.from_generator(
        lambda: ((random_images(3)[:n], labels(3)[:n]) for n in (2, 0, 3)), output_signature=kinds
    )
    for count, (images, masks) in zip((2, 0, 3), dataset.map(crop), strict=True):
        assert images.shape == (count, 4, 4, 3)
        assert masks.shape == (count, 4, 4)


# --- Tensors about which too little is known ------------------------------------------------

IMAGE, MASK = tf.TensorSpec((None, None, 3), "uint8"), tf.TensorSpec((None, None, 1), "uint8")
RAGGED_IMAGES = tf.RaggedTensorSpec((None, None, None, 3), "uint8")
RAGGED_MASKS = tf.RaggedTensorSpec((None, None, None), "uint8")
UNKNOWN = {
    "image channels": (
        (tf.TensorSpec((None, None, None), "uint8"), MASK),
        "images .*number of channels.*channels=3.*set_shape",
    ),
    "image rank": (
        (tf.TensorSpec(None, "uint8"), MASK),
        "images .*rank.*expand_animations=False.*set_shape",
    ),
    "mask rank": ((IMAGE, tf.TensorSpec(None, "uint8")), "masks .*rank.*set_shape"),
    "ragged images": ((RAGGED_IMAGES, RAGGED_MASKS), r"images .*ragged.*\.to_tensor\(\)"),
    "ragged masks": (
        (tf.TensorSpec((None, 8, 8, 3), "uint8"), RAGGED_MASKS),
        r"masks .*ragged.*\.to_tensor\(",
    ),
    "sparse": (
        (tf.SparseTensorSpec((8, 8, 3), "uint8"), MASK),
        r"images .*sparse.*tf\.sparse\.to_dense",
    ),
    "sparse masks": (
        (IMAGE, tf.SparseTensorSpec((8, 8), "uint8")),
        r"masks .*sparse.*tf\.sparse\.to_dense",
    ),
}


@pytest.mark.parametrize("make", [flip, lambda: ks.ImageOnlyGamma(0.1)])
@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_is_named_with_its_remedy(name, make):
    signature, message = UNKNOWN[name]
    layer = make()
    dataset = tf.data.Dataset.from_generator(lambda: iter(()), output_signature=signature)
    with pytest.raises(ValueError, match=rf"{type(layer).__name__}: {message}"):
        dataset.map(layer)


def test_a_mask_of_unknown_channels_is_refused_where_they_matter():
    unknown = tf.TensorSpec((None, None, None), "uint8")
    dataset = tf.data.Dataset.from_generator(lambda: iter(()), output_signature=(IMAGE, unknown))
    dataset.map(flip())
    filling = {"fill_mode": "constant", "mask_fill_value": 9}
    for layer in (
        ks.JointRandomRotation(0.1, **filling),
        flip(class_swap={1: 2}),
        ks.JointRandomCrop(4, 4, foreground_probability=1.0),
        ks.MaskOnlyOneHot(3),
        ks.MaskOnlyColorToClass([(0, 0, 0)]),
    ):
        name = type(layer).__name__
        with pytest.raises(
            ValueError, match=rf"{name}: .*number of channels.*channels=.*set_shape"
        ):
            dataset.map(layer)


def test_ragged_and_sparse_eagerly():
    with pytest.raises(ValueError, match="JointRandomFlip: images are ragged"):
        flip()(tf.RaggedTensor.from_tensor(random_images()), labels())
    with pytest.raises(ValueError, match="JointRandomFlip: images are sparse"):
        flip()(tf.sparse.from_dense(random_images()), labels())


def test_a_layer_works_after_a_dataset_that_it_refused():
    """The stream exists, even if the trace that first needed it failed."""
    layer = ks.ImageOnlyHue(0.1, seed=1, dtype="uint8")
    dataset = tf.data.Dataset.from_tensor_slices
    with pytest.raises(ValueError, match="ImageOnlyHue"):
        dataset((random_images(2)[..., :1], labels(2))).map(layer)
    images, _ = next(iter(dataset((random_images(2), labels(2))).map(layer)))
    assert images.shape == (16, 14, 3)
