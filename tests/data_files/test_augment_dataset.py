"""The result for a sample depends on its number and the epoch alone, bit for bit."""

import hashlib

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from keras_segaug.data.augment import sample_keys
from tests.data import labels, random_images, to_numpy

COUNT = 500


def chain(**more):
    return ks.Pipeline(
        [
            ks.JointRandomRotation(0.1),
            ks.ImageOnlyContrast(0.2),
            ks.ImageOnlyGaussianNoise(0.05, probability=0.7),
        ],
        **more,
    )


# Compiled, again for each iteration of a dataset; a light one where rounding does not matter.
LAYER = chain(seed=3)
LIGHT = ks.ImageOnlyBrightness(0.3, seed=3, jit_compile=False)


def pairs(count=COUNT):
    return tf.data.Dataset.from_tensor_slices((random_images(count), labels(count)))


def samples(dataset):
    """The samples of all elements, one by one."""
    for element in dataset.as_numpy_iterator():
        yield from zip(*element, strict=True) if element[0].ndim == 4 else [element]


def hash_of(found):
    digest = hashlib.sha256()
    for part in keras.tree.flatten(list(found)):
        digest.update(part.tobytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def reference():
    """The 500 samples of epoch 0, one at a time."""
    return list(samples(ks.augment_dataset(pairs(), LAYER)))


@pytest.mark.parametrize(("batch", "calls"), [(None, 2), (None, 8), (1, 1), (16, 1), (16, 8)])
def test_the_hash_of_500_samples(reference, batch, calls):
    dataset = pairs() if batch is None else pairs().batch(batch)
    found = list(samples(ks.augment_dataset(dataset, LAYER, num_parallel_calls=calls)))
    assert len(found) == COUNT
    assert hash_of(found) == hash_of(reference)


def test_goes_on_after_a_stop_at_element_137(reference):
    """A new layer and a new dataset continue, as after a restart."""
    dataset = ks.augment_dataset(pairs(), chain(seed=3), start=137, num_parallel_calls=2)
    assert hash_of(samples(dataset)) == hash_of(reference[137:])


@pytest.mark.slow
def test_the_epoch_after_a_stop_is_whole():
    whole = ks.augment_dataset(pairs(9), LIGHT)
    epochs = [list(samples(whole)) for _ in range(3)]
    dataset = ks.augment_dataset(pairs(9), LIGHT, epoch=1, start=4)
    assert hash_of(samples(dataset)) == hash_of(epochs[1][4:])
    assert hash_of(samples(dataset)) == hash_of(epochs[2])


def test_start_counts_batches():
    dataset = pairs(40).batch(16)
    whole = list(ks.augment_dataset(dataset, LIGHT).as_numpy_iterator())
    rest = list(ks.augment_dataset(dataset, LIGHT, start=1).as_numpy_iterator())
    assert hash_of(rest) == hash_of(whole[1:])


def test_an_iterator_goes_on_from_its_checkpoint(tmp_path):
    dataset = ks.augment_dataset(pairs(20), LIGHT, epoch=4, advance=False)
    iterator = iter(dataset)
    for _ in range(7):
        next(iterator)
    saved = tf.train.Checkpoint(iterator=iterator).save(str(tmp_path / "state"))
    expected = to_numpy(list(iterator))
    restored = iter(ks.augment_dataset(pairs(20), LIGHT, epoch=4, advance=False))
    tf.train.Checkpoint(iterator=restored).restore(saved)
    assert len(expected) == 13
    assert hash_of(to_numpy(list(restored))) == hash_of(expected)


@pytest.mark.slow
def test_any_number_of_machines(reference):
    """Each reads its own shard only, and all together give what one machine gives."""
    machines, found = 3, [None] * COUNT
    for machine in range(machines):
        shard = pairs().shard(machines, machine).batch(7)
        shard = ks.augment_dataset(shard, LAYER, num_shards=machines, shard_index=machine)
        found[machine::machines] = samples(shard)
    assert hash_of(found) == hash_of(reference)


def test_epochs_differ_and_can_be_asked_for():
    dataset = ks.augment_dataset(pairs(10), LIGHT)
    epochs = [hash_of(samples(dataset)) for _ in range(3)]
    assert len(set(epochs)) == 3
    again = ks.augment_dataset(pairs(10), LIGHT, epoch=2, advance=False)
    assert [hash_of(samples(again)) for _ in range(2)] == epochs[2:] * 2


def test_a_variable_holds_the_epoch():
    variable = tf.Variable(0, dtype="int32")
    dataset = ks.augment_dataset(pairs(10), LIGHT, epoch=variable)
    epochs = [hash_of(samples(dataset)) for _ in range(3)]
    assert int(variable) == 3
    variable.assign(1)
    assert [hash_of(samples(dataset)) for _ in range(2)] == epochs[1:]


# On JAX and torch, Keras warns that `shuffle` is ignored for a dataset.
@pytest.mark.filterwarnings("ignore:.shuffle=True. was passed")
@pytest.mark.slow
def test_a_callback_tells_the_epochs_of_fit():
    def train(epochs, initial_epoch):
        """The loss of each epoch for a model that does not learn: a fingerprint of its images."""
        model = keras.Sequential([keras.Input((16, 14, 3)), keras.layers.Conv2D(1, 1)])
        model.set_weights([np.ones((1, 1, 3, 1)), np.zeros(1)])
        model.compile(keras.optimizers.SGD(0.0), "mse")
        epoch = tf.Variable(0, dtype="int64")
        dataset = ks.augment_dataset(pairs(4).batch(2), LIGHT, epoch=epoch, advance=False)
        tell = keras.callbacks.LambdaCallback(on_epoch_begin=lambda n, logs: epoch.assign(n))
        options = {"epochs": epochs, "initial_epoch": initial_epoch, "callbacks": [tell]}
        return model.fit(dataset, **options, verbose=0).history["loss"]

    whole = train(3, 0)
    assert len(set(whole)) == 3
    assert train(3, 2) == whole[2:]


def test_the_key_replays_a_sample():
    found = next(ks.augment_dataset(pairs(6).batch(6), LAYER, epoch=2).as_numpy_iterator())
    keys = sample_keys(3, 2, keras.ops.arange(6))
    parameters = LAYER.draw_parameters((6, 16, 14, 3), keys)
    images, masks = to_numpy(LAYER.apply((random_images(6), labels(6)), parameters))
    np.testing.assert_allclose(found[0], images, atol=2e-2)
    np.testing.assert_array_equal(found[1], masks)


def test_leaves_the_count_of_the_layer_alone():
    used, fresh = (ks.ImageOnlyBrightness(0.3, seed=5) for _ in range(2))
    list(ks.augment_dataset(pairs(3), used))
    np.testing.assert_array_equal(to_numpy(used(random_images())), to_numpy(fresh(random_images())))


@pytest.mark.slow
def test_keeps_structure_dtypes_and_length():
    data = {
        "image": random_images(5),
        "masks": {"organ": labels(5, dtype="int32"), "edge": labels(5)[..., None]},
        "sample_weight": np.ones((5, 16, 14), "float32"),
        "name": np.array(list("abcde")),
    }
    dataset = tf.data.Dataset.from_tensor_slices(data)
    layer = ks.ImageOnlyBrightness(0.2, dtype="uint8", jit_compile=False)
    for batched in (dataset, dataset.batch(2), dataset.batch(5, drop_remainder=True)):
        found = ks.augment_dataset(batched, layer, 1)
        assert len(found) == len(batched)
        keras.tree.map_structure(
            lambda a, b: (a.dtype, a.shape.rank) == (b.dtype, b.shape.rank) or pytest.fail(str(a)),
            found.element_spec,
            batched.element_spec,
        )
        assert found.element_spec["image"].shape[-3:] == (16, 14, 3)
        assert next(iter(found))["name"].shape == next(iter(batched))["name"].shape
    images = ks.augment_dataset(tf.data.Dataset.from_tensor_slices(random_images(3)), layer, 1)
    assert [x.shape for x in images] == [(16, 14, 3)] * 3


@pytest.mark.slow
def test_images_of_different_sizes():
    layer = ks.Pipeline([ks.JointRandomFlip("horizontal"), ks.ImageOnlyGamma(0.2)])
    sizes = [(16, 14), (9, 21), (30, 30)]

    def generate():
        for height, width in sizes:
            yield random_images(1, height, width)[0], labels(1, height, width)[0]

    specs = tf.TensorSpec((None, None, 3), "uint8"), tf.TensorSpec((None, None), "uint8")
    dataset = tf.data.Dataset.from_generator(generate, output_signature=specs)
    found = list(ks.augment_dataset(dataset, layer, 1, num_parallel_calls=2).as_numpy_iterator())
    assert [images.shape[:2] for images, _ in found] == sizes
    again = list(ks.augment_dataset(dataset, layer, 1).as_numpy_iterator())
    assert hash_of(again) == hash_of(found)


def test_a_layer_that_draws_nothing_and_changes_the_size():
    layer = ks.Pipeline([ks.JointCenterCrop(8, 6), ks.MaskOnlyOneHot(5)], jit_compile=False)
    for images, masks in ks.augment_dataset(pairs(4).batch(3), layer, 0):
        assert images.shape[1:] == (8, 6, 3)
        assert masks.shape[1:] == (8, 6, 5)


BAD = [
    ({"dataset": [1, 2]}, TypeError, "`dataset` must be a `tf.data.Dataset`"),
    ({"augmentation": keras.layers.RandomFlip()}, TypeError, "`augmentation` must be a keras_seg"),
    ({"augmentation": ks.JointRandomFlip()}, ValueError, "`seed` must be an integer where"),
    ({"seed": 0.5}, ValueError, "`seed` must be an integer"),
    ({"epoch": -1}, ValueError, "`epoch` must be an integer of at least 0"),
    ({"epoch": tf.Variable(0.5)}, ValueError, "`epoch` must be an integer or a scalar"),
    ({"advance": 1}, ValueError, "`advance` must be one of True, False"),
    ({"start": -1}, ValueError, "`start` must be an integer of at least 0"),
    ({"num_shards": 0}, ValueError, "`num_shards` must be an integer of at least 1"),
    ({"num_shards": 2, "shard_index": 2}, ValueError, "`shard_index` must be below num_shards=2"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BAD)
def test_bad_arguments(arguments, error, message):
    arguments = {"dataset": pairs(2), "augmentation": LIGHT, **arguments}
    with pytest.raises(error, match=f"^augment_dataset: {message}"):
        ks.augment_dataset(**arguments)


def test_elements_the_layer_does_not_accept():
    dataset = tf.data.Dataset.from_tensor_slices({"photo": random_images(2)})
    with pytest.raises(ValueError, match="exactly one of the keys 'images', 'image'"):
        ks.augment_dataset(dataset, LIGHT)
