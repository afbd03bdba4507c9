"""Parameters come from the seed and the number of the call, and from nothing else."""

import json
import pathlib

import keras
import numpy as np
import pytest
from scipy import stats

import keras_segaug as ks
from tests.cases import CASES, MIXING, RANDOM, ids
from tests.contract import promises
from tests.data import labels, mask_for, random_images, to_numpy

REFERENCE = pathlib.Path(__file__).with_name("parameters.json")


def flat(parameters):
    """The drawn numbers in the order of their names; torch's trees keep another order."""
    if isinstance(parameters, dict):
        drawn = sorted(name for name in parameters if name != "input_size")
        return [x for name in drawn for x in flat(parameters[name])]
    if isinstance(parameters, tuple):
        return [x for inner in parameters for x in flat(inner)]
    return [np.asarray(to_numpy(parameters), "float64")]


def drawn_by(case, count=4, key=123, **more):
    """All that decides the result of a call on `count` images."""
    return case.make(**more).draw_parameters((random_images(count), mask_for(case, count)), key)


def results(layer, images, mask, count=3):
    return [to_numpy(layer(images, mask)) for _ in range(count)]


def same(a, b):
    keras.tree.map_structure(np.testing.assert_array_equal, a, b)


def differ(a, b):
    return any((x != y).any() for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("case", **ids([*CASES, *MIXING], everywhere=True))
def test_parameters_are_the_same_on_every_backend(case):
    """The file was written on TensorFlow (`python -m tests.contract.write_parameters`)."""
    stored = json.loads(REFERENCE.read_text())
    assert case.id in stored, "nothing stored: run `python -m tests.contract.write_parameters`"
    expected = stored[case.id]
    found = flat(drawn_by(case))
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("case", **ids(RANDOM))
def test_a_seed_repeats_and_calls_differ(case):
    images, mask = random_images(), mask_for(case)
    first = results(case.make(), images, mask)
    same(first, results(case.make(), images, mask))
    assert any(differ(first[0], other) for other in first[1:]), (
        "every call gave the same: give the case arguments that draw, such as a probability below 1"
    )
    assert differ(
        np.concatenate([x.ravel() for pair in first for x in pair])[None],
        np.concatenate([x.ravel() for p in results(case.make(seed=8), images, mask) for x in p])[
            None
        ],
    )


@pytest.mark.parametrize("case", **ids(RANDOM))
def test_parameters_do_not_depend_on_the_batch_size(case):
    large, small = flat(drawn_by(case, 8, 5)), flat(drawn_by(case, 3, 5))
    for a, b in zip(large, small, strict=True):
        np.testing.assert_array_equal(a[:3], b)
    images, mask = random_images(8), mask_for(case, 8)
    single = flat(case.make().draw_parameters((images[0], mask[0]), 5))
    for a, b in zip(large, single, strict=True):
        np.testing.assert_array_equal(a[:1], b)


@pytest.mark.parametrize("case", **ids(RANDOM))
def test_replay(case):
    """A call is `apply` of `draw_parameters`, with the call's own key."""
    images, mask = random_images(), mask_for(case)
    layer = case.make(seed=31)
    for call in range(3):
        parameters = layer.draw_parameters((images, mask), layer.call_key(call))
        expected = to_numpy(layer.apply((images, mask), parameters))
        same(to_numpy(layer(images, mask)), expected)


@pytest.mark.parametrize("case", **ids(RANDOM))
def test_compiled_is_the_same(case):
    images, mask = random_images(), mask_for(case)
    plain = results(case.make(), images, mask, 2)
    compiled = results(case.make(jit_compile=True), images, mask, 2)
    for (image, moved), (image_compiled, moved_compiled) in zip(plain, compiled, strict=True):
        # Fused arithmetic rounds differently; labels must not change.
        promises.check_same_image(image, image_compiled, promises.gain_of(case))
        np.testing.assert_array_equal(moved, moved_compiled)


def test_samples_of_a_batch_differ():
    angles = to_numpy(ks.JointRandomRotation(0.5).draw_parameters((50, 8, 8, 3), 1)["angle"])
    assert len(np.unique(angles)) == 50


def test_layers_of_a_pipeline_draw_independently():
    layer = ks.Pipeline([ks.ImageOnlyBrightness(1.0), ks.ImageOnlyBrightness(1.0)])
    first, second = (
        to_numpy(drawn["delta"]) for drawn in layer.draw_parameters((4000, 1, 1, 1), 3)["layers"]
    )
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


def test_both_axes_of_a_flip_are_drawn_independently():
    drawn = to_numpy(ks.JointRandomFlip().draw_parameters((4000, 8, 8, 3), 2))
    outcomes = 2 * drawn["horizontal"].astype(int) + drawn["vertical"]
    counts = np.bincount(outcomes, minlength=4)
    assert stats.chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize("probability", [0.0, 0.25, 1.0])
def test_probability_is_a_true_probability(probability):
    layer = ks.ImageOnlyBrightness((0.5, 0.5), probability=probability, seed=4, jit_compile=False)
    changed = (to_numpy(layer(np.zeros((4000, 1, 1, 1), "uint8"))) > 0).mean()
    assert abs(changed - probability) < (0.03 if 0 < probability < 1 else 1e-9)


@pytest.mark.parametrize("case", **ids(RANDOM))
def test_probability_zero_is_inference(case):
    images, mask = random_images(), mask_for(case)
    layer = case.make(probability=0.0)
    same(to_numpy(layer(images, mask)), to_numpy(layer(images, mask, training=False)))


@pytest.mark.parametrize("case", **ids(RANDOM))
def test_probability_is_per_sample(case):
    """Some samples of a batch are left alone, the others are as without `probability`."""
    images, mask = random_images(32), mask_for(case, 32)
    layer = case.make(probability=0.5)
    parameters = layer.draw_parameters((images, mask), 9)
    applied = to_numpy(parameters["applied"])
    assert 0 < applied.sum() < 32
    image, moved = to_numpy(layer.apply((images, mask), parameters))
    image_rest, rest = to_numpy(layer(images, mask, training=False))
    np.testing.assert_array_equal(image[~applied], image_rest[~applied])
    np.testing.assert_array_equal(moved[~applied], rest[~applied])
    assert (image[applied] != image_rest[applied]).any()


def test_random_choice_follows_its_weights():
    layer = ks.RandomChoice(
        [ks.ImageOnlyBrightness((level, level)) for level in (0.1, 0.2, 0.3)],
        weights=[1, 2, 5],
        jit_compile=False,
    )
    result = to_numpy(layer(np.zeros((8000, 1, 1, 1), "uint8"))).ravel()
    values, counts = np.unique(np.round(result / 25.5).astype(int), return_counts=True)
    assert values.tolist() == [1, 2, 3]
    assert stats.chisquare(counts, [1000, 2000, 5000]).pvalue > 0.001


def test_keras_set_random_seed_fixes_layers_without_a_seed():
    def run():
        keras.utils.set_random_seed(3)
        return to_numpy(ks.JointRandomRotation(0.3, jit_compile=False)(random_images(), labels()))

    same(run(), run())


@pytest.mark.parametrize("seed", [0, -5, 2**32 + 7, 2**70])
def test_any_integer_is_a_seed(seed):
    layer = ks.JointRandomRotation(0.3, seed=seed, jit_compile=False)
    images = random_images()
    expected = layer.apply(images, layer.draw_parameters(images, layer.call_key(0)))
    same(to_numpy(layer(images)), to_numpy(expected))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_words_are_words_in_any_dtype(jit_compile):
    """Keys of torch have 64 bits, and so have arrays made from them or by hand."""
    layer = ks.JointRandomRotation(0.3, jit_compile=jit_compile)
    words = np.array([[7, 1 << 31], [0xFFFFFFFF, 3], [5, 0]], "uint32")
    images = random_images(3)
    expected = to_numpy(layer.augment(images, words))
    drawn = to_numpy(layer.draw_parameters(images, words)["angle"])
    folded = to_numpy(ks.random.fold_in(words, 3))
    for dtype in ("int64", "uint64", "int32"):
        keys = words.astype(dtype)
        same(to_numpy(layer.augment(images, keys)), expected)
        same(to_numpy(layer.draw_parameters(images, keys)["angle"]), drawn)
        same(to_numpy(ks.random.fold_in(keys, 3)), folded)
    for keys in (words.astype("int64"), words.astype("int32")):
        same(to_numpy(layer.augment(images, keras.ops.convert_to_tensor(keys))), expected)
    # A batch that is padded.
    same(to_numpy(layer.augment(images[:2], words[:2].astype("int64"))), expected[:2])


def test_the_counter_goes_past_32_bits_of_its_low_word():
    layer = ks.ImageOnlyBrightness(0.5, seed=1, jit_compile=False)
    layer(random_images())
    state = to_numpy(layer._state.value).copy()
    calls = 2**24 - 1
    state[0] = calls * 256
    layer._state.assign(state)
    for call in (calls, calls + 1):
        expected = layer.apply(
            random_images(), layer.draw_parameters(random_images().shape, ks.random.key(1, call))
        )
        same(to_numpy(layer(random_images())), to_numpy(expected))
