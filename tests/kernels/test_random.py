"""The generator gives its published vectors, and its numbers have their distributions."""

import keras
import numpy as np
import pytest
from scipy import stats

from keras_segaug.core import backend, random, threefry
from keras_segaug.kernels.xla_cpu import pairs
from tests.data import to_numpy


def words(*values):
    return keras.ops.convert_to_tensor(values, dtype="uint32")


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        # The known-answer vectors of Threefry-2x32-20 in the authors' Random123 distribution.
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_published_vectors(key, counter, expected):
    first, second = words(*counter)[0], words(*counter)[1]
    drawn = threefry.threefry_2x32(words(*key), first, second)
    assert tuple(int(word) for word in drawn) == expected


def test_numpy_makes_the_same_words():
    keys = random.fold_in(random.key(5), keras.ops.arange(7, dtype="int32"))
    stream = threefry.constant(3)
    # More words than fit into one part.
    count = 5000
    counter = threefry.counted(count, keys)
    expected = to_numpy(threefry.threefry_2x32(keys[:, None], counter, stream))
    found = threefry.pairs(to_numpy(keys).astype("uint32"), count, 3)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(to_numpy(threefry.pairs(keys, count, 3)), expected)
    units = to_numpy(threefry.unit(found[0])), to_numpy(threefry.unit(keys[:, 0]))
    assert units[0].dtype == units[1].dtype == "float32"
    np.testing.assert_array_equal(units[0], (expected[0] >> 8) / 2.0**24)


def test_a_graph_holds_the_rounds_once():
    """It does on every backend of Keras, since TensorFlow traces what a dataset maps."""
    tf = pytest.importorskip("tensorflow")

    @tf.function(autograph=False)
    def folded(key):
        with backend.ops_of(key):
            return random.fold_in(random.fold_in(key, 1), tf.range(3))

    traced = folded.get_concrete_function(tf.TensorSpec((3, 2), "uint32"))
    assert traced.output_shapes == (3, 2)
    graph = traced.graph.as_graph_def()
    steps = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    assert sum(node.op == "LeftShift" for node in steps) == 4
    keys = np.arange(6, dtype="uint32").reshape(3, 2)
    expected = random.fold_in(random.fold_in(keys, 1), np.arange(3))
    np.testing.assert_array_equal(folded(keys).numpy(), expected)


def test_eager_numbers_are_drawn_in_numpy(monkeypatch):
    """Otherwise each of the hundred steps would be a call of the backend."""
    key = random.key(5)
    monkeypatch.setattr(threefry, "constant", lambda value: pytest.fail("a step of the backend"))
    assert to_numpy(random.Draws(key, 4).uniform()).shape == (4,)


def draws(count=20000, seed=5):
    keys = random.fold_in(random.key(seed), keras.ops.arange(count, dtype="int32"))
    return random.Draws(keys)


def test_uniform():
    source = draws()
    for _ in range(10):  # more than one block
        assert (
            stats.kstest(to_numpy(source.uniform(-2.0, 3.0)), stats.uniform(-2, 5).cdf).pvalue
            > 1e-3
        )


def test_uniform_stays_below_its_upper_end():
    assert to_numpy(draws().uniform()).max() < 1.0
    assert to_numpy(draws().uniform()).min() >= 0.0


def test_draws_are_independent():
    source = draws()
    table = np.stack([to_numpy(source.uniform()) for _ in range(18)])
    off_diagonal = np.corrcoef(table) - np.eye(18)
    assert np.abs(off_diagonal).max() < 0.04
    assert np.abs(np.corrcoef(table[0, :-1], table[0, 1:])[0, 1]) < 0.04


def test_integers_and_signs():
    counts = np.bincount(to_numpy(draws().integer(7)), minlength=7)
    assert stats.chisquare(counts).pvalue > 1e-3
    assert sorted(np.unique(to_numpy(draws().sign()))) == [-1.0, 1.0]


def test_bernoulli_at_its_ends():
    assert not to_numpy(draws().bernoulli(0.0)).any()
    assert to_numpy(draws().bernoulli(1.0)).all()


def test_normal_field():
    keys = random.fold_in(random.key(1), keras.ops.arange(3, dtype="int32"))
    field = to_numpy(random.normal_field(keys, 41, 37, 3))
    assert field.shape == (3, 41, 37, 3)
    for sample in field:
        assert stats.kstest(sample.ravel(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(field[0].ravel(), field[1].ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(field[0, :, :-1].ravel(), field[0, :, 1:].ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("field", [random.normal_field, random.uniform_field])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_no_two_values_of_a_field_are_correlated(field, channels):
    """At no distance: one pass of the generator makes two values, which may lie far apart."""
    keys = random.fold_in(random.key(3), keras.ops.arange(3, dtype="int32"))
    values = to_numpy(field(keys, 41, 37, channels)).reshape(3, -1).astype("float64")
    values -= values.mean(1, keepdims=True)
    count = values.shape[1]
    power = np.abs(np.fft.rfft(values, 2 * count)) ** 2
    at_distance = np.fft.irfft(power)[:, 1:count] / (values**2).sum(1, keepdims=True)
    assert np.abs(at_distance).max() < 5.0 / np.sqrt(count)


def test_cosine_and_sine_of_a_turn():
    turns = np.concatenate([np.arange(8) / 8, np.linspace(0, 1 - 2**-24, 9999)]).astype("float32")
    found = to_numpy(pairs.cosine_and_sine(keras.ops.convert_to_tensor(turns)))
    angles = 2 * np.pi * turns.astype("float64")
    np.testing.assert_allclose(found, [np.cos(angles), np.sin(angles)], atol=3e-7)


def test_derived_keys_are_apart_from_draws():
    key = random.fold_in(random.key(9), keras.ops.arange(64, dtype="int32"))
    derived = to_numpy(random.fold_in(key[:1], keras.ops.arange(64, dtype="int32"))).ravel()
    drawn = to_numpy(random.words(key[:1], 64, 2)).ravel()
    assert not set(derived.tolist()) & set(drawn.tolist())


@pytest.mark.parametrize("index", [0.5, np.array([0.2, 0.7]), [0.2, 1], (0.5,)])
def test_no_key_is_made_of_fractions(index):
    with pytest.raises(TypeError, match=r"fold_in: `index` must be integers\. Received: index="):
        random.fold_in(random.key(1), index)


@pytest.mark.parametrize(
    "index", [1 << 32, -(1 << 31) - 1, 10**30, np.array([3, 1 << 32]), (1 << 40,)]
)
def test_numbers_of_more_than_32_bits_would_repeat_keys(index):
    with pytest.raises(ValueError, match=r"fold_in: `index` must be from -2\*\*31 to 2\*\*32 - 1"):
        random.fold_in(random.key(1), index)


def test_the_largest_and_the_smallest_index():
    both = random.fold_in(random.key(1), np.array([(1 << 32) - 1, -(1 << 31)]))
    for index, found in zip(((1 << 32) - 1, -(1 << 31)), to_numpy(both), strict=True):
        np.testing.assert_array_equal(to_numpy(random.fold_in(random.key(1), index)), found)


def test_seeds_of_numpy_with_few_bits():
    for number in (np.int32(-1), np.int8(-1), np.int64(-1), (1 << 64) - 1):
        assert to_numpy(random.key(number, number)).tolist() == [(1 << 32) - 1] * 2
