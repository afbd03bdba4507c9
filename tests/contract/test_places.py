"""The three places a layer runs in: `dataset.map`, a model under `fit`, a saved model."""

import subprocess
import sys
import textwrap
import traceback

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from keras_segaug.core import backend
from tests.cases import CASES, ONE_OF_EACH_KIND, ids, inner
from tests.contract import promises
from tests.data import labels, mask_for, random_images, to_numpy
from tests.marks import TRACED_BY_TENSORFLOW

# TensorFlow runs what a dataset maps, whatever Keras runs on. So the other backends only have to
# show that each layer can be traced there at all, which single pairs do with the fewest shapes, and
# TensorFlow that each layer takes images of any size. The rest shows that all use the same code.
ON_TENSORFLOW = keras.backend.backend() == "tensorflow"
SINGLE = ONE_OF_EACH_KIND if ON_TENSORFLOW else CASES


def eagerly(case, images, mask, call=0, **more):
    """The result of call number `call` of the layer, outside `tf.data`."""
    layer = case.make(**more)
    key = layer.call_key(call) if layer.random else 0
    parameters = layer.draw_parameters((images, mask), key)
    return to_numpy(layer.apply((images, mask), parameters))


def assert_same(found, expected, case):
    for a, b in zip(to_numpy(found), to_numpy(expected), strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype or {a.dtype, b.dtype} <= {np.dtype("int64"), np.dtype("int32")}
        if a.dtype.kind == "f":
            promises.check_same_image(a, b, promises.gain_of(case))
        else:
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", **ids(SINGLE, everywhere=True))
def test_dataset_of_single_pairs(case):
    images, mask = random_images(2), mask_for(case, 2)
    dataset = tf.data.Dataset.from_tensor_slices((images, mask))
    found = list(dataset.map(case.make()).as_numpy_iterator())
    assert len(found) == 2
    for call, (image, one) in enumerate(zip(images, mask, strict=True)):
        assert_same(found[call], eagerly(case, image, one, call), case)


@TRACED_BY_TENSORFLOW
@pytest.mark.parametrize("case", **ids(ONE_OF_EACH_KIND))
def test_dataset_of_batched_mappings(case):
    """The last batch is smaller, so the batch size is not known when the layer is traced."""
    images, mask = random_images(5), mask_for(case, 5)
    data = {"images": images, "masks": mask, "name": np.array(list("abcde"))}
    dataset = tf.data.Dataset.from_tensor_slices(data).batch(3)
    first, second = dataset.map(case.make()).as_numpy_iterator()
    assert second["name"].tolist() == [b"d", b"e"]
    for call, (found, part) in enumerate(((first, slice(3)), (second, slice(3, 5)))):
        expected = eagerly(case, images[part], mask[part], call)
        assert_same((found["images"], found["masks"]), expected, case)


def test_batches_under_a_parallel_map():
    case = next(case for case in CASES if case.layer is ks.Pipeline)
    images, mask = random_images(5), mask_for(case, 5)
    dataset = tf.data.Dataset.from_tensor_slices((images, mask)).batch(3)
    first, second = dataset.map(case.make(), num_parallel_calls=2).as_numpy_iterator()
    # Under a parallel map the calls are numbered in the order in which they happen to run.
    orders = []
    for calls in ((0, 1), (1, 0)):
        expected = (
            eagerly(case, images[:3], mask[:3], calls[0]),
            eagerly(case, images[3:], mask[3:], calls[1]),
        )
        try:
            assert_same(first, expected[0], case)
            assert_same(second, expected[1], case)
            orders.append(calls)
        except AssertionError:
            continue
    assert orders


@TRACED_BY_TENSORFLOW
@pytest.mark.parametrize("case", **ids(CASES))
def test_dataset_of_images_of_unknown_size(case):
    """Batches for all layers; single pairs (batches of one) for one layer of each kind."""
    sizes = [(16, 14), (9, 21)]
    for count in (1, 3) if case in ONE_OF_EACH_KIND else (3,):

        def generate(count=count):
            for height, width in sizes:
                pair = random_images(count, height, width), mask_for(case, count, height, width)
                yield tuple(each[0] for each in pair) if count == 1 else pair

        batch = [count] * (count > 1)
        rank = mask_for(case).ndim - 1
        dataset = tf.data.Dataset.from_generator(
            generate,
            output_signature=(
                tf.TensorSpec((*batch, None, None, 3), "uint8"),
                tf.TensorSpec((*batch, *(None, None, 3)[:rank]), "uint8"),
            ),
        )
        # "auto" must not compile here: compiling for every size would be slower than not compiling.
        found = list(dataset.map(case.make(jit_compile="auto")).as_numpy_iterator())
        for call, (images, masks) in enumerate(generate()):
            assert_same(found[call], eagerly(case, images, masks, call), case)


@TRACED_BY_TENSORFLOW
@pytest.mark.slow
def test_compiled_in_dataset_map():
    case = next(case for case in CASES if case.layer is ks.Pipeline)
    images, mask = random_images(6), labels(6)
    dataset = tf.data.Dataset.from_tensor_slices((images, mask)).batch(4)
    for call, found in enumerate(dataset.map(case.make(jit_compile="auto"))):
        part = slice(4 * call, 4 * call + 4)
        expected = eagerly(case, images[part], mask[part], call)
        assert_same([x.numpy() for x in found], expected, case)


@pytest.mark.slow
def test_masks_of_every_dtype_in_dataset_map_under_a_mixed_policy():
    layer = ks.JointRandomRotation(0.2, dtype="mixed_bfloat16", fill_mode="constant")
    tops = {"bool": 1, "uint8": 1, "uint16": 60000, "int32": 60000, "int64": 2**40 + 1}
    tops["float32"] = 60000
    masks = {dtype: np.where(labels(4) > 2, top, 0).astype(dtype) for dtype, top in tops.items()}
    data = {"images": random_images(4), "masks": masks}
    for found in tf.data.Dataset.from_tensor_slices(data).map(layer):
        assert found["images"].dtype == tf.bfloat16
        for dtype, top in tops.items():
            assert found["masks"][dtype].dtype == dtype
            assert set(np.unique(found["masks"][dtype])) <= {0, top}


def test_parallel_calls_never_share_their_parameters():
    layer = ks.ImageOnlyBrightness((0.0, 1.0), value_range=(0.0, 1.0), seed=3, jit_compile=False)
    dataset = tf.data.Dataset.from_tensors(np.zeros((1, 1, 1), "float32")).repeat(2000)
    values = [float(x[0, 0, 0]) for x in dataset.map(layer, num_parallel_calls=8)]
    assert len(set(values)) == 2000


def test_two_epochs_differ():
    layer = ks.JointRandomRotation(0.5, seed=3)
    dataset = tf.data.Dataset.from_tensors((random_images(1)[0], labels(1)[0])).map(layer)
    first, second = (next(iter(dataset))[0].numpy() for _ in range(2))
    assert (first != second).any()


WAYS_IN = {
    "call": lambda layer: layer,
    "call in a function": lambda layer: lambda image: layer(image),
    "augment": lambda layer: lambda image: layer.augment(image, 3),
    "apply": lambda layer: lambda image: layer.apply(image, layer.draw_parameters(image, 3)),
}


METHODS = ("draw_parameters", "apply", "invert", "augment", "stateless_call")


@pytest.mark.parametrize("way", WAYS_IN)
def test_autograph_leaves_the_layers_alone(way):
    """The mark for that is a private one of TensorFlow; this test fails when its name changes."""
    stacks = []

    class Spy(ks.ImageOnlyLayer):
        def transform_images(self, images, parameters):
            stacks.append([frame.filename for frame in traceback.extract_stack()])
            return images

    tf.data.Dataset.from_tensors(random_images(1)[0]).map(WAYS_IN[way](Spy(jit_compile=False)))
    assert stacks
    for files in stacks:
        ours = [place for place, file in enumerate(files) if "keras_segaug/core/" in file]
        assert ours
        # AutoGraph may rewrite the caller's own function, in which our code runs.
        assert not any("__autograph_generated_file" in file for file in files[ours[0] :])


def test_every_method_for_data_has_the_mark_of_autograph():
    views = ks.MultiView({"weak": ks.JointRandomFlip()})
    methods = [getattr(views.views["weak"], name) for name in METHODS] + [views.transfer]
    assert all(hasattr(method, backend.AUTOGRAPH_MARK) for method in methods)


def test_the_private_way_to_tensorflow_ops_still_exists():
    used = (
        "abs any arange bitwise_left_shift bitwise_right_shift cast clip concatenate "
        "broadcast_to convert_to_tensor cos equal exp floor full_like left_shift log map max mean "
        "min minimum maximum mod pad reshape right_shift scatter_update shape sin sqrt stack sum "
        "take transpose var where zeros_like"
    )
    for function in used.split():
        assert callable(backend.tensorflow_ops(function)), function
    with pytest.raises(AttributeError, match="no_such_function"):
        backend.tensorflow_ops("no_such_function")


class PixelLoss(keras.layers.Layer):
    """Adds the loss between the moved masks and the prediction."""

    def call(self, masks, logits):
        loss = keras.losses.sparse_categorical_crossentropy(masks, logits, from_logits=True)
        self.add_loss(keras.ops.mean(loss))
        return logits


def training_model(augmentation, height=16, width=14):
    images = keras.Input((height, width, 3), dtype="uint8", name="images")
    masks = keras.Input((height, width), dtype="uint8", name="masks")
    moved_images, moved_masks = augmentation(images, masks)
    logits = keras.layers.Conv2D(5, 3, padding="same")(moved_images)
    return keras.Model([images, masks], PixelLoss()(moved_masks, logits))


@pytest.mark.parametrize(
    ("jit_compile", "policy"),
    [(True, "float32"), (False, "mixed_bfloat16"), ("auto", "mixed_bfloat16")],
)
@pytest.mark.slow
def test_fit(jit_compile, policy):
    augmentation = ks.Pipeline(
        [ks.ImageOnlyRescaling(1 / 255), ks.JointRandomRotation(0.1), ks.JointRandomFlip()],
        seed=1,
        dtype=policy,
    )
    model = training_model(augmentation)
    model.compile("adam", jit_compile=jit_compile)
    assert model.jit_compile == jit_compile or jit_compile == "auto"
    history = model.fit([random_images(6), labels(6)], batch_size=2, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    # Six steps drew six times.
    assert to_numpy(augmentation._state.value)[0] == 6 * 256
    predicted = model.predict([random_images(6), labels(6)], verbose=0)
    assert predicted.shape == (6, 16, 14, 5)
    assert to_numpy(augmentation._state.value)[0] == 6 * 256


def test_a_network_that_is_not_told_to_train_does_not_augment():
    """`model(x)` predicts, and so does what `model.export` traces; Keras' own layers augment."""
    images = random_images(4).astype("float32")
    network = keras.Sequential(
        [keras.Input((16, 14, 3)), ks.ImageOnlyBrightness(0.5), keras.layers.Conv2D(2, 1)]
    )
    expected = network.predict(images, verbose=0)
    np.testing.assert_allclose(to_numpy(network(images)), expected, atol=1e-3)
    assert np.abs(to_numpy(network(images, training=True)) - expected).max() > 1.0


def test_a_model_of_augmentation_alone_augments():
    """People call it in `dataset.map`, without `training=True`, as Keras' guides do."""
    images = random_images(4).astype("float32")
    augmentation = keras.Sequential([keras.Input((16, 14, 3)), ks.ImageOnlyBrightness(0.5)])
    assert np.abs(to_numpy(augmentation(images)) - images).max() > 1.0
    assert np.abs(to_numpy(augmentation(images, training=False)) - images).max() == 0.0
    dataset = tf.data.Dataset.from_tensors(images)
    if keras.backend.backend() == "tensorflow":
        assert np.abs(next(iter(dataset.map(augmentation))).numpy() - images).max() > 1.0


@pytest.mark.slow
def test_sequential():
    model = keras.Sequential(
        [
            keras.Input((16, 14, 3)),
            ks.ImageOnlyBrightness(0.2),
            ks.Pipeline([ks.ImageOnlyGamma(0.2), ks.ImageOnlyRescaling(1 / 255)]),
            keras.layers.Conv2D(2, 3),
        ]
    )
    model.compile("sgd", "mse")
    model.fit(random_images(4), np.zeros((4, 14, 12, 2)), verbose=0)
    assert model.predict(random_images(4), verbose=0).shape == (4, 14, 12, 2)


def in_a_new_process(code, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_saved_and_loaded_in_a_new_process(tmp_path):
    """The loaded model predicts the same, and its random stream goes on where it stopped."""
    augmentation = ks.Pipeline(inner())  # no seed: the stream itself must be saved
    model = training_model(augmentation)
    data = [random_images(4), labels(4)]
    model(data, training=True)
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "data.npz", images=data[0], masks=data[1])
    in_a_new_process(
        """
        import sys, keras, numpy as np, keras_segaug

        @keras.saving.register_keras_serializable("tests")
        class PixelLoss(keras.layers.Layer):
            def call(self, masks, logits):
                return logits

        folder = sys.argv[1]
        data = list(np.load(folder + "/data.npz").values())
        model = keras.models.load_model(
            folder + "/model.keras", custom_objects={"PixelLoss": PixelLoss}
        )
        assert any(isinstance(layer, keras_segaug.Pipeline) for layer in model.layers)
        results = [model(data, training=training) for training in (False, True)]
        np.savez(folder + "/out.npz", *map(keras.ops.convert_to_numpy, results))
        """,
        tmp_path,
    )
    inferred, trained = np.load(tmp_path / "out.npz").values()
    np.testing.assert_allclose(inferred, to_numpy(model(data, training=False)), atol=1e-3)
    np.testing.assert_allclose(trained, to_numpy(model(data, training=True)), atol=1e-3)


@pytest.mark.slow
def test_exported_as_a_saved_model(tmp_path):
    if keras.backend.backend() == "torch":
        pytest.skip("with torch, Keras exports a SavedModel through torch_xla only")
    pipeline = ks.Pipeline([*inner(), ks.ImageOnlyRescaling(1 / 255)])
    model = keras.Sequential(
        [keras.Input((16, 14, 3)), pipeline, keras.layers.Conv2D(2, 3, padding="same")]
    )
    model.export(tmp_path / "export", verbose=False)
    np.save(tmp_path / "images.npy", random_images(4).astype("float32"))
    in_a_new_process(
        """
        import sys, numpy as np, tensorflow as tf
        loaded = tf.saved_model.load(sys.argv[1] + "/export")
        images = np.load(sys.argv[1] + "/images.npy")
        np.save(sys.argv[1] + "/out.npy", loaded.serve(images).numpy())
        assert "keras_segaug" not in sys.modules
        """,
        tmp_path,
    )
    expected = model.predict(random_images(4).astype("float32"), verbose=0)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-4)


def test_the_stream_of_dataset_map_is_saved(tmp_path):
    """Also if Keras runs on JAX or torch, where `tf.data` counts in a variable of its own."""
    augmentation = ks.Pipeline([ks.ImageOnlyBrightness(0.2)], seed=4)
    model = keras.Sequential([keras.Input((16, 14, 3)), augmentation])
    list(tf.data.Dataset.from_tensor_slices(random_images(5)).map(augmentation))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert to_numpy(loaded.layers[-1]._state.value).tolist() == [5 * 256, 0, 4]
