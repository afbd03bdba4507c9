"""A model with weights infers wherever it is exported to: its random layers are gone."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import random_images, to_numpy

BACKEND = keras.backend.backend()
IMAGES = random_images(2, 24, 20).astype("float32")
FORMATS = {"tensorflow": ["onnx", "litert", "tf_saved_model"], "jax": [], "torch": ["onnx"]}


def network():
    return keras.Sequential(
        [
            keras.Input((24, 20, 3)),
            ks.Pipeline(
                [
                    ks.JointResizing(16, 16),
                    ks.JointRandomRotation(0.3),
                    ks.JointRandomElasticTransform(),
                    ks.JointRandomCrop(12, 12),
                    ks.ImageOnlyGaussianNoise(0.3),
                    ks.ImageOnlyRescaling(1 / 255),
                    ks.ImageOnlyNormalization(0.5, 0.2),
                ]
            ),
            keras.layers.Conv2D(4, 3, padding="same"),
        ]
    )


def run(path, file_format):
    if file_format == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path)
        return session.run(None, {session.get_inputs()[0].name: IMAGES})[0]
    import tensorflow as tf

    if file_format == "tf_saved_model":
        loaded = tf.saved_model.load(path)
        return loaded.serve(IMAGES).numpy()
    interpreter = tf.lite.Interpreter(path)
    (given,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(given["index"], IMAGES.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], IMAGES)
    interpreter.invoke()
    return interpreter.get_tensor(result["index"])


@pytest.mark.filterwarnings("ignore")  # warnings of the exporters about themselves
@pytest.mark.parametrize("file_format", FORMATS[BACKEND])
def test_a_model_is_exported_as_it_infers(tmp_path, file_format):
    model = network()
    expected = model.predict(IMAGES, verbose=0)
    path = str(tmp_path / ("model" + {"onnx": ".onnx", "litert": ".tflite"}.get(file_format, "")))
    model.export(path, format=file_format, verbose=False)
    np.testing.assert_allclose(run(path, file_format), expected, atol=1e-5)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="a SavedModel keeps the stream of TensorFlow")
def test_augmentation_alone_is_exported_augmenting(tmp_path):
    import tensorflow as tf

    model = keras.Sequential([keras.Input((24, 20, 3)), ks.ImageOnlyBrightness(0.3, seed=1)])
    model.export(tmp_path / "model", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "model")
    first, second = (to_numpy(loaded.serve(IMAGES)) for _ in range(2))
    assert (first != IMAGES).any()
    assert (first != second).any()
