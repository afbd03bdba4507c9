"""`layer(data, return_parameters=True)` returns what was drawn beside the result."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from tests.cases import CASES, ONE_OF_EACH_KIND, ids
from tests.contract import promises
from tests.contract.test_randomness import flat
from tests.data import labels, mask_for, random_images, to_numpy
from tests.marks import TRACED_BY_TENSORFLOW

TELL = {"return_parameters": True}


def key_of(layer, call=0):
    return layer.call_key(call) if layer.random else 0


def same_parameters(found, expected):
    for a, b in zip(flat(found), flat(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)
    sizes = (to_numpy(each["input_size"]) for each in (found, expected))
    np.testing.assert_array_equal(*sizes)


def same_result(found, expected, case):
    images, masks = to_numpy(found)
    promises.check_same_image(images, to_numpy(expected[0]), promises.gain_of(case))
    np.testing.assert_array_equal(masks, to_numpy(expected[1]))


def check_told(layer, data, result, parameters, call, case):
    """The parameters are those of the call, and applying them gives the same result."""
    same_parameters(parameters, layer.draw_parameters(data, key_of(layer, call)))
    same_result(result, layer.apply(data, parameters), case)


@pytest.mark.parametrize("case", **ids(ONE_OF_EACH_KIND))
def test_eagerly(case):
    layer, data = case.make(), (random_images(), mask_for(case))
    for call in range(2):
        result, parameters = layer(*data, **TELL)
        check_told(layer, data, result, parameters, call, case)
    same_result(result, case.make().augment(data, key_of(layer, 1)), case)
    assert len(layer.describe(parameters)) == 3
    # Parameters of the third call: each call takes one key.
    same_result(layer(*data), layer.augment(data, key_of(layer, 2)), case)
    result, parameters = layer(*data, **TELL, training=False)
    assert parameters is None
    same_result(result, layer.apply(data, None), case)


@pytest.mark.parametrize("case", **ids(ONE_OF_EACH_KIND))
@pytest.mark.slow
@TRACED_BY_TENSORFLOW
def test_in_a_dataset(case):
    """The last batch is smaller, so the batch size is not known when the layer is traced."""
    images, mask = random_images(5), mask_for(case, 5)
    layer = case.make()
    dataset = tf.data.Dataset.from_tensor_slices((images, mask)).batch(3)
    told = list(dataset.map(lambda *data: layer(*data, **TELL)))
    for call, part in enumerate((slice(0, 3), slice(3, 5))):
        # The tensors of a dataset are TensorFlow's.
        (found, masks), parameters = keras.tree.map_structure(lambda x: x.numpy(), told[call])
        check_told(layer, (images[part], mask[part]), (found, masks), parameters, call, case)


COMPILED = [
    case
    for case in CASES
    if case.id
    in ("JointRandomFlip", "JointRandomCrop-aimed", "ImageOnlyGaussianNoise", "JointCenterCrop")
    or case.layer in (ks.Pipeline, ks.RandomChoice)
]


@pytest.mark.parametrize("case", **ids(COMPILED))
@pytest.mark.slow
def test_compiled(case):
    layer, data = case.make(jit_compile="auto"), (random_images(), mask_for(case))
    result, parameters = layer(*data, **TELL)
    check_told(case.make(), data, result, parameters, 0, case)
    # A smaller batch is padded, its parameters are not.
    smaller = data[0][:2], data[1][:2]
    result, parameters = layer(*smaller, **TELL)
    check_told(case.make(), smaller, result, parameters, 1, case)
    result, parameters = case.make(jit_compile="auto")(data[0][0], data[1][0], **TELL)
    assert to_numpy(parameters["input_size"]).tolist() == [[16, 14]]
    same_result(result, case.make().apply((data[0][0], data[1][0]), parameters), case)


def test_a_layer_compiles_only_what_it_is_asked_for():
    layer = ks.JointRandomFlip(seed=1)
    layer(random_images(), labels(), **TELL)
    assert not layer._program._programs
    assert len(layer._telling_program._programs) == (keras.backend.backend() != "torch")


def test_in_jit(backend_is):
    if not backend_is("jax"):
        pytest.skip("JAX alone has `jax.jit`.")
    import jax

    layer, data = ks.JointRandomRotation(0.2, seed=1), (random_images(), labels())
    augment = jax.jit(lambda data, key: layer.augment(data, key, return_parameters=True))
    result, parameters = augment(data, ks.random.key(3))
    same_parameters(parameters, layer.draw_parameters(data, 3))
    np.testing.assert_array_equal(result[1], layer.apply(data, parameters)[1])


def test_stateless():
    layer, data = ks.JointRandomFlip(seed=1, jit_compile=False), (random_images(), labels())
    layer(*data)
    state = [variable.value for variable in layer.non_trainable_variables]
    (result, parameters), after = layer.stateless_call([], state, *data, **TELL)
    same_parameters(parameters, layer.draw_parameters(data, layer.call_key(1)))
    np.testing.assert_array_equal(to_numpy(result[1]), to_numpy(layer.apply(data, parameters)[1]))
    assert np.any(to_numpy(after[0]) != to_numpy(state[0]))


def test_they_move_back_what_the_call_moved():
    layer = ks.Pipeline([ks.JointRandomFlip(), ks.JointRandomRotate90()], seed=1)
    images, masks = random_images(width=16), labels(width=16)
    moved, parameters = layer({"image": images, "mask": masks}, **TELL)
    back = to_numpy(layer.invert(moved, parameters))
    np.testing.assert_array_equal(back["image"], images)
    np.testing.assert_array_equal(back["mask"], masks)


class Told(keras.layers.Layer):
    """The layer that the message for symbolic inputs tells users to write."""

    def __init__(self):
        super().__init__()
        self.augmentation = ks.JointRandomFlip(seed=1, jit_compile=False)

    def call(self, images, masks):
        moved, parameters = self.augmentation(images, masks, training=True, **TELL)
        return moved, self.augmentation.invert(moved, parameters, size=(16, 14))


def test_in_a_functional_model():
    inputs = keras.Input((16, 14, 3), dtype="uint8"), keras.Input((16, 14), dtype="uint8")
    with pytest.raises(
        ValueError, match=r"JointRandomFlip: `return_parameters` must be False.*own"
    ):
        ks.JointRandomFlip()(*inputs, **TELL)
    moved, back = keras.Model(inputs, Told()(*inputs))((random_images(), labels()))
    assert (to_numpy(moved[1]) != labels()).any()
    np.testing.assert_array_equal(to_numpy(back[1]), labels())


def test_what_is_no_truth_is_refused():
    layer = ks.JointRandomFlip(seed=1)
    for call in (
        lambda: layer(random_images(), return_parameters="yes"),
        lambda: layer.augment(random_images(), 1, return_parameters=1),
    ):
        with pytest.raises(ValueError, match="JointRandomFlip: `return_parameters` must be one of"):
            call()
    assert layer(random_images(), **TELL)[1]["input_size"].tolist() == [[16, 14]] * 3
    same_parameters(
        layer.draw_parameters(random_images(), layer.call_key(0)),
        ks.JointRandomFlip(seed=1)(random_images(), **TELL)[1],
    )
