"""TensorFlow has little to prepare for each pass over a dataset, and the results are the same."""

import collections
import threading
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from keras_segaug.core import stablehlo_backend
from tests.cases import CASES, MIXING, inner
from tests.data import labels, random_images, to_numpy
from tests.marks import TRACED_BY_TENSORFLOW

# 2.16 does not, and its datasets round differently; the versions in between were not tried.
LOWERS = pytest.mark.skipif(
    tuple(map(int, tf.__version__.split(".")[:2])) < (2, 19),
    reason="this TensorFlow does not lower to StableHLO",
)
MASKS = {"bool": 1, "uint8": 200, "uint16": 60000, "int32": -7, "int64": 2**40 + 1, "float32": 3.0}


def samples(count=4, height=33, width=47):
    mask = labels(count, height, width) > 2
    masks = {dtype: np.where(mask, top, 0).astype(dtype) for dtype, top in MASKS.items()}
    data = {"images": random_images(count, height, width), "masks": masks}
    return tf.data.Dataset.from_tensor_slices(data)


def chain(**more):
    return ks.Pipeline(inner(), seed=1, **more)


def nodes_of(mapped):
    """{operation: how often} of a mapped function and all that it calls."""
    graph = mapped._map_func.function.graph.as_graph_def()
    bodies = [graph.node, *(each.node_def for each in graph.library.function)]
    return collections.Counter(node.op for body in bodies for node in body)


def assert_same_bits(found, expected):
    for one, other in zip(*map(keras.tree.flatten, (found, expected)), strict=True):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes()


def by_id(name):
    return next(case for case in [*CASES, *MIXING] if case.id == name)


@LOWERS
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_program_is_one_node(dtype):
    """`python -m benchmarks.passes` measures how long a pass takes with this many nodes."""
    mapped = samples().map(chain(dtype=dtype))
    nodes = nodes_of(mapped)
    assert nodes["XlaCallModule"] == 1
    assert nodes.total() < 80


@LOWERS
@TRACED_BY_TENSORFLOW
def test_a_batch_of_known_size_is_one_node():
    for batches in (samples().batch(2, drop_remainder=True), samples().batch(2)):
        known = batches.element_spec["images"].shape[0] is not None
        assert nodes_of(batches.map(chain()))["XlaCallModule"] == known


# A copy, a lookup, a window that looks at the masks, a field, a choice, draws whose last bit
# TensorFlow's simplifications would change, and branches, which its optimizer does rewrite.
LAYERS = [
    "JointRandomFlip",
    "JointRandomRotation",
    "JointRandomCrop-aimed",
    "JointRandomElasticTransform",
    "ImageOnlySolarize",
    "ImageOnlyDefocusBlur",
    "SomeOf",
    "Pipeline",
]


@LOWERS
@TRACED_BY_TENSORFLOW
@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_each_image_is_to_the_bit_that_of_an_eager_call(name):
    mapped, eager = (by_id(name).make(jit_compile="auto") for _ in range(2))
    expected = [to_numpy(eager(sample)) for sample in samples()]
    for found, same in zip(samples().map(mapped).as_numpy_iterator(), expected, strict=True):
        assert_same_bits(found, same)
        assert {str(mask.dtype) for mask in found["masks"].values()} == set(MASKS)


@LOWERS
@TRACED_BY_TENSORFLOW
@pytest.mark.slow
@pytest.mark.parametrize("name", ["JointCutMix", "JointCopyPaste", "JointMosaic", "Pipeline"])
def test_each_batch_is_to_the_bit_that_of_an_eager_call(name):
    pairs = random_images(6), labels(6)
    batches = tf.data.Dataset.from_tensor_slices(pairs).batch(3, drop_remainder=True)
    mapped, eager = (by_id(name).make(jit_compile="auto") for _ in range(2))
    expected = [to_numpy(eager(*batch)) for batch in batches]
    for found, same in zip(batches.map(mapped).as_numpy_iterator(), expected, strict=True):
        assert_same_bits(found, same)


@LOWERS
@TRACED_BY_TENSORFLOW
@pytest.mark.slow
def test_what_was_drawn_comes_along():
    told, eager = chain(), chain()
    mapped = samples().map(lambda sample: told(sample, return_parameters=True))
    for found, sample in zip(mapped.as_numpy_iterator(), samples(), strict=True):
        assert_same_bits(found, to_numpy(eager(sample, return_parameters=True)))


@TRACED_BY_TENSORFLOW
def test_a_schedule_moves_the_program():
    shift = ks.ImageOnlyBrightness((0.5, 0.5), value_range=(0, 1), seed=1)
    schedule = ks.AugmentationSchedule(shift, "factor", lambda epoch: (0.1 * epoch, 0.1 * epoch))
    images = np.zeros((2, 8, 8, 3), "float32")
    mapped = tf.data.Dataset.from_tensor_slices(images).map(shift)
    for epoch in (1, 2):
        schedule.on_epoch_begin(epoch)
        for found in mapped:
            np.testing.assert_allclose(found, 0.1 * epoch, atol=1e-6)


@TRACED_BY_TENSORFLOW
def test_one_layer_in_several_datasets_of_one_shape():
    """Images with masks and images with weights have the same shapes, but not the same program."""
    fill = {"fill_mode": "constant", "mask_fill_value": 3}
    layer = ks.JointRandomRotation((0.1, 0.1), seed=1, **fill)
    fours = np.full((2, 8, 8), 4.0, "float32")
    # Pixels from outside the image have the weight 0.
    for name, outside in (("masks", 3.0), ("sample_weights", 0.0)):
        data = {"images": random_images(2, 8, 8), name: fours}
        for found in tf.data.Dataset.from_tensor_slices(data).map(layer):
            assert set(found) == set(data)
            assert set(np.unique(found[name])) == {outside, 4.0}


@TRACED_BY_TENSORFLOW
def test_what_has_no_state_gets_none(tmp_path):
    """TensorFlow takes the node for a stateful one, and saves no iterator that has state."""
    layer = chain()
    for call in (lambda x: layer.augment(x, 3), lambda x: layer(x, training=False)):
        mapped = samples().map(call)
        assert not nodes_of(mapped)["XlaCallModule"]
        tf.train.Checkpoint(iterator=iter(mapped)).save(str(tmp_path / "state"))


@TRACED_BY_TENSORFLOW
def test_tensorflows_own_draws_stay():
    def drawn(between):
        tf.random.set_seed(3)
        first = float(tf.random.uniform(()))
        between()
        return first, float(tf.random.uniform(()))

    def mapping():
        stablehlo_backend._works.cache_clear()
        samples().map(chain())

    assert drawn(mapping) == drawn(lambda: None)


@LOWERS
@TRACED_BY_TENSORFLOW
@pytest.mark.parametrize("images", ["float32", "uint8"])
def test_gradients_flow_through_a_node(images):
    """The node has no gradient, yet gradients within a dataset are the same as outside."""

    def slope_of(layer):
        def slope(sample):
            factor = tf.ones(())
            with tf.GradientTape() as tape:
                tape.watch(factor)
                data = {"images": sample["images"], "heat": factor * sample["heat"]}
                moved = layer(data)
                total = tf.reduce_sum(moved["images"]) + tf.reduce_sum(moved["heat"] ** 2)
            return tape.gradient(total, factor)

        return slope

    mapped, eager = (chain(targets={"heat": "continuous"}) for _ in range(2))
    data = {"images": random_images(2, 8, 9).astype(images), "heat": np.ones((2, 8, 9), "float32")}
    heated = tf.data.Dataset.from_tensor_slices(data)
    slopes = heated.map(slope_of(mapped))
    assert nodes_of(slopes)["XlaCallModule"]
    expected = [float(slope_of(eager)(sample)) for sample in heated]
    assert min(expected) > 1
    np.testing.assert_allclose([float(each) for each in slopes], expected, rtol=1e-5)


@pytest.mark.parametrize("batched", [False, True])
def test_gradients_within_a_dataset_whatever_keras_runs_on(batched):
    """TensorFlow computes them, after the call, whatever backend Keras has."""
    images = tf.data.Dataset.from_tensor_slices(random_images(2, 8, 9).astype("float32"))
    given = images.batch(1) if batched else images

    def slopes(**more):
        layers = [ks.JointRandomFlip(), ks.ImageOnlyContrast(0.2)]
        layer = ks.Pipeline(layers, seed=1, **more)

        def slope(image):
            with tf.GradientTape() as tape:
                tape.watch(image)
                total = tf.reduce_sum(layer(image) ** 2)
            return tape.gradient(total, image)

        return np.stack(list(given.map(slope).as_numpy_iterator()))

    expected = slopes(jit_compile=False)
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(slopes(), expected, rtol=1e-5, atol=1e-2)


@TRACED_BY_TENSORFLOW
def test_warnings_stay_where_two_threads_trace():
    """Only TensorFlow's one message is silenced; a filter for all outlived overlapping traces."""
    entered, left = threading.Event(), threading.Event()

    class Program:
        def __init__(self, before, after):
            self.before, self.after = before, after

        def experimental_get_compiler_ir(self, *specs):
            return self.generate

        def generate(self, **options):
            self.before.set()
            self.after.wait(5)
            warnings.warn("device_name is being deprecated. Use platform_name.", stacklevel=1)

    def first():
        stablehlo_backend._lowered(Program(threading.Event(), entered), (), "hlo")
        left.set()

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        thread = threading.Thread(target=first)
        thread.start()
        stablehlo_backend._lowered(Program(entered, left), (), "hlo")
        thread.join()
        warnings.warn("of the user", stacklevel=1)
    assert [str(each.message) for each in warned] == ["of the user"]


class Tabled(ks.ImageOnlyLayer):
    """Its program captures a table that is not part of it."""

    random = True

    def draw(self, draws):
        return {"factor": draws.uniform(0.5, 1.0)}

    def transform_values(self, values, parameters):
        table = keras.ops.convert_to_tensor(self.table)
        return values * parameters["factor"] * table[0]


def broken(*arguments):
    raise ValueError


@LOWERS
@TRACED_BY_TENSORFLOW
@pytest.mark.slow
@pytest.mark.parametrize("why", ["captures", "does not lower", "does not work"])
def test_where_there_is_no_node_all_is_as_it_was(why, monkeypatch):
    def make():
        layer = Tabled(seed=1) if why == "captures" else chain()
        layer.table = tf.range(1.0, 1001.0)
        return layer

    if why == "does not lower":
        monkeypatch.setattr(stablehlo_backend, "_works", lambda: True)
        monkeypatch.setattr(stablehlo_backend, "_lowered", broken)
    if why == "does not work":
        monkeypatch.setattr(stablehlo_backend, "_works", lambda: False)
    eager, mapped = make(), samples().map(make())
    assert not nodes_of(mapped)["XlaCallModule"]
    for found, sample in zip(mapped.as_numpy_iterator(), samples(), strict=True):
        assert_same_bits(found, to_numpy(eager(sample)))
