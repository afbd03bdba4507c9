"""Whether and how often a layer compiles never shows in its results."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.engine import execute
from tests.cases import CASES, ids, inner
from tests.data import labels, mask_for, random_images, to_numpy
from tests.marks import TRACED_BY_TENSORFLOW


@pytest.mark.slow
def test_changing_sizes_are_not_traced_each_time(monkeypatch):
    """Counts traces; `make bench-check` measures how long the calls take."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("JAX compiles for every shape, with and without us; torch is not compiled")
    traced = []
    look_up = execute.look_up
    monkeypatch.setattr(execute, "look_up", lambda *given: traced.append(1) or look_up(*given))
    layer = ks.JointRandomRotation(0.1, seed=1)
    for i in range(20):
        layer(random_images(1, 20 + i, 18 + 2 * i)[0])
    assert 1 <= len(traced) <= 15


@pytest.mark.slow
def test_every_size_of_a_traced_function_is_compiled():
    """A size is traced once in `dataset.map`, so compiling it always pays off."""
    import tensorflow as tf

    layer = ks.JointRandomFlip(seed=1)
    layer(random_images(1, 8, 8)[0])
    for side in range(9, 15):
        dataset = tf.data.Dataset.from_tensors(random_images(1, side, side)[0])
        graph = dataset.map(layer)._map_func.function.graph.as_graph_def()
        nodes = [function.attr["_XlaMustCompile"].b for function in graph.library.function]
        assert any(nodes), side


# The loop and the border do not depend on each other, so each kind of either is enough; the two
# borders that fold coordinates are also tested where there is only one pixel to fold to.
LOOKUPS = [
    ("reflect", (16, 14)),
    ("wrap", (17, 1)),
    ("nearest", (1, 23)),
    ("constant", (9, 40)),
    ("reflect", (1, 1)),
    ("wrap", (1, 1)),
]
# The loop is the same program wherever XLA compiles it, and JAX takes longest to compile it.
if keras.backend.backend() != "tensorflow":
    del LOOKUPS[1:5]


@pytest.mark.parametrize(("fill_mode", "size"), LOOKUPS)
def test_compiled_lookup_is_the_same(fill_mode, size):
    """The loop over blocks of rows gives the same, even if the rows do not fill the last block."""
    images, mask = random_images(3, *size), labels(3, *size)
    more = {"images": images, "masks": [mask, mask.astype("int32"), np.eye(5)[mask]]}
    results = [
        to_numpy(
            ks.JointRandomAffine(
                0.1, 0.2, 0.2, 0.1, 0.1, seed=3, fill_mode=fill_mode, jit_compile=jit_compile
            )(more)
        )
        for jit_compile in (True, False)
    ]
    np.testing.assert_allclose(results[0]["images"], results[1]["images"], atol=1.01)
    for compiled, plain in zip(results[0]["masks"], results[1]["masks"], strict=True):
        # Where a point lies halfway between two pixels, the last bit decides.
        assert (compiled != plain).mean() < 0.01


@pytest.mark.parametrize("jit_compile", [True, False])
def test_empty_batch(jit_compile):
    layer = ks.Pipeline(inner(), jit_compile=jit_compile)
    images, masks = layer(random_images(0), labels(0))
    assert tuple(images.shape) == (0, 16, 14, 3)
    assert tuple(masks.shape) == (0, 16, 14)


@pytest.mark.parametrize(
    "layer", [ks.JointClassMix, ks.JointRandomElasticTransform], ids=lambda layer: layer.__name__
)
@pytest.mark.parametrize("jit_compile", [True, False])
def test_empty_batch_of_layers_that_flatten(layer, jit_compile):
    data = random_images(0), labels(0)
    images, masks = layer(seed=1, jit_compile=jit_compile)(data)
    assert tuple(images.shape) == (0, 16, 14, 3)
    assert tuple(masks.shape) == (0, 16, 14)


EMPTY = [
    ks.Pipeline(inner(), seed=1),
    ks.JointResizing(9, 7),
    ks.JointResizing(9, 7, antialias=True),
    ks.ImageOnlyGaussianBlur(kernel_size=3, seed=1),
    ks.ImageOnlyNormalization(per_image=True),
]


@TRACED_BY_TENSORFLOW
@pytest.mark.slow
@pytest.mark.parametrize("layer", EMPTY, ids=lambda layer: type(layer).__name__)
def test_an_empty_batch_in_a_dataset(layer):
    """The batch size is not known while the layer is traced; later batches are unaffected."""
    import tensorflow as tf

    images, masks = random_images(3), labels(3)

    def found(counts):
        kinds = tf.TensorSpec((None, 16, 14, 3), "uint8"), tf.TensorSpec((None, 16, 14), "uint8")
        again = type(layer).from_config(layer.get_config())
        batches = ((images[:n], masks[:n]) for n in counts)
        dataset = tf.data.Dataset.from_generator(lambda: batches, output_signature=kinds)
        return list(dataset.map(again).as_numpy_iterator())

    empty, after = found((0, 3))
    _, expected = found((3, 3))
    for none, some, same in zip(empty, after, expected, strict=True):
        assert none.shape == (0, *some.shape[1:])
        assert none.dtype == some.dtype
        np.testing.assert_array_equal(some, same)


# A lookup, a window that looks at the mask, a choice, and reductions over an image: without an
# image there are no extremes and no counts.
_REDUCING = (ks.ImageOnlyAutoContrast, ks.ImageOnlyPercentileRescaling, ks.ImageOnlyCLAHE)
_SEEING = ("JointRandomRotation", "JointRandomCrop-aimed", "ImageOnlyEqualize", "SomeOf")
EMPTY_CASES = [case for case in CASES if case.layer in _REDUCING or case.id in _SEEING]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="JAX knows every size")
@pytest.mark.parametrize("case", **ids(EMPTY_CASES))
@pytest.mark.slow
def test_an_empty_batch_in_a_compiled_function_of_the_callers(case):
    """XLA compiles both branches of a condition, so neither may fail without samples."""
    import tensorflow as tf

    layer, images, masks = case.make(jit_compile="auto"), random_images(2), mask_for(case, 2)
    signature = [tf.TensorSpec((None, *each.shape[1:]), "uint8") for each in (images, masks)]
    function = tf.function(layer, jit_compile=True, input_signature=signature)
    none, some = (to_numpy(function(images[:n], masks[:n])) for n in (0, 2))
    expected = to_numpy(case.make(jit_compile="auto")(images, masks))
    for empty, found, same in zip(none, some, expected, strict=True):
        assert empty.shape == (0, *same.shape[1:])
        assert empty.dtype == found.dtype == same.dtype
        assert found.shape == same.shape


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="JAX knows every size")
@pytest.mark.parametrize("layer", EMPTY, ids=lambda layer: type(layer).__name__)
@pytest.mark.slow
def test_an_empty_batch_is_replayed_in_a_compiled_function(layer):
    import tensorflow as tf

    def replayed(images):
        drawn = layer.draw_parameters(images, 1)
        moved = layer.apply(images, drawn)
        return moved, layer.invert(moved, drawn)

    signature = [tf.TensorSpec((None, 16, 14, 3), "uint8")]
    function = tf.function(replayed, jit_compile=True, input_signature=signature)
    for count in (0, 2):
        results = function(random_images(count)), replayed(random_images(count))
        for found, expected in zip(*results, strict=True):
            assert tuple(found.shape) == tuple(expected.shape)


def test_empty_batches_cost_no_program_of_their_own():
    """A batch of an unknown size is traced once, whatever its size turns out to be."""
    import tensorflow as tf

    traced = []

    class Spy(ks.ImageOnlyLayer):
        def transform_images(self, images, parameters):
            traced.append(images.shape)
            return images

    dataset = tf.data.Dataset.from_tensor_slices(random_images(5)).batch(3).map(Spy())
    assert traced == [(None, 16, 14, 3)]
    assert [len(images) for images in dataset] == [3, 2]


@pytest.mark.slow
def test_many_sizes_with_and_without_a_batch():
    """The one graph for changing sizes serves single images and batches in any order."""
    layer, plain = (ks.JointRandomFlip(seed=4, jit_compile=j) for j in ("auto", False))
    for side in range(5, 14):
        data = random_images(1, side, side), labels(1, side, side)
        data = data if side % 2 else tuple(part[0] for part in data)
        for found, expected in zip(to_numpy(layer(*data)), to_numpy(plain(*data)), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(None, None, None), (None, 40, 44), (2, None, 44)])
def test_compiled_because_told_so_where_sizes_are_not_known(shape):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("JAX and torch know every size")
    import tensorflow as tf

    images, masks = random_images(2, 40, 44), labels(2, 40, 44)
    layers = [
        ks.JointRandomElasticTransform(),
        ks.ImageOnlyGamma(0.2),
        ks.ImageOnlyContrast(0.2),
        ks.ImageOnlyGaussianBlur(kernel_size=5, sigma=1.0),
        ks.ImageOnlyHue(0.0),
    ]
    compiled, plain = (ks.Pipeline(layers, seed=1, jit_compile=j) for j in (True, False))
    signature = [tf.TensorSpec((*shape, 3), "uint8"), tf.TensorSpec(shape, "uint8")]
    found = tf.function(lambda *pair: compiled(*pair), input_signature=signature)(images, masks)
    expected = plain(images, masks)
    # 8 bits between the lookup and the colors: a half is rounded up or down.
    np.testing.assert_allclose(to_numpy(found[0]), to_numpy(expected[0]), atol=2.0)
    assert (to_numpy(found[1]) != to_numpy(expected[1])).mean() < 0.001


# --- Few programs for all batches ---


class Counted:
    """Counts how often a layer is traced, that is, compiled."""

    def __init__(self, monkeypatch, layer):
        self.layer, self.traces = layer, 0
        apply = layer._program._apply

        def traced(*arguments):
            self.traces += 1
            return apply(*arguments)

        monkeypatch.setattr(layer._program, "_apply", traced)


needs_xla = pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="see test_programs_of_torch.py"
)
ORDERS = {
    "upwards": range(1, 65),
    "downwards": range(64, 0, -1),
    "epochs": [16, 16, 16, 5] * 8,
    "shuffled": np.random.default_rng(0).permutation(range(1, 65)).tolist(),
}


@needs_xla
@pytest.mark.parametrize("order", ORDERS)
def test_any_order_of_batch_sizes_costs_few_programs(monkeypatch, order):
    counted = Counted(monkeypatch, ks.Pipeline([ks.JointRandomFlip()], seed=1))
    for count in ORDERS[order]:
        images, masks = counted.layer(random_images(count, 8, 6), labels(count, 8, 6))
        assert images.shape[0] == masks.shape[0] == count
    # The function with a gradient is traced only on demand, not together with the one without.
    assert 1 <= counted.traces <= 4


@needs_xla
@pytest.mark.slow
def test_padding_a_batch_is_seen_nowhere():
    """Images, masks, weights and points of 8, then 5 samples: the same as uncompiled."""
    results = []
    for jit_compile in ("auto", False):
        layer = ks.Pipeline(
            [ks.JointRandomRotation(0.2), ks.ImageOnlyBrightness(0.2, probability=0.5)],
            seed=1,
            targets={"spots": "points"},
            jit_compile=jit_compile,
        )
        results.append([])
        for count in (8, 5, 8, 1):
            data = {
                "images": random_images(count),
                "masks": [labels(count), np.eye(5, dtype="float32")[labels(count)]],
                "sample_weights": np.ones((count, 16, 14), "float32"),
                "spots": np.full((count, 2, 2), 3.0, "float32"),
            }
            results[-1] += keras.tree.flatten(to_numpy(layer(data)))
            keys = ks.random.fold_in(ks.random.key(count), np.arange(count))
            results[-1] += keras.tree.flatten(to_numpy(layer.augment(data, keys)))
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, atol=1.01 if found.shape[-1] == 3 else 1e-4)


@needs_xla
def test_a_size_that_comes_back_is_not_padded_for_ever(monkeypatch):
    counted = Counted(monkeypatch, ks.JointRandomFlip(seed=1))
    for count in [64] + [17] * 40:
        counted.layer(random_images(count, 8, 6))
    assert counted.traces == 2
    assert counted.layer._program._batches.popitem()[1]._sizes == [64, 17]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow warns")
@pytest.mark.slow
def test_tensorflow_does_not_warn_of_retracing(caplog):
    layer = ks.Pipeline(inner(), seed=1)
    for side in range(8, 18):
        layer(random_images(2, side, side), labels(2, side, side))
    for count in range(1, 12):
        layer(random_images(count, 8, 8), labels(count, 8, 8))
    assert "retracing" not in caplog.text


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="compiles in `dataset.map`")
def test_the_last_batch_of_a_dataset_costs_one_program_more(monkeypatch):
    import tensorflow as tf

    traces = []
    for drop in (True, False):
        counted = Counted(monkeypatch, ks.JointRandomFlip(seed=1))
        pairs = tf.data.Dataset.from_tensor_slices((random_images(20, 8, 6), labels(20, 8, 6)))
        list(pairs.batch(8, drop_remainder=drop).map(counted.layer))
        traces.append(counted.traces)
    assert traces[1] <= traces[0] + 1
