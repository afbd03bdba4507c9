"""The layers of the migration keep the promises of every layer here."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from keras_segaug.migration import affine, color, python_step
from tests.cases import Case, ids
from tests.contract import promises
from tests.data import labels, random_images, to_numpy


@keras.saving.register_keras_serializable("tests")
def halve(image):
    image /= 2.0
    return image


CASES = [
    Case(
        affine.LegacyAffine,
        {
            "rotation_range": 30,
            "height_shift_range": 3,
            "width_shift_range": [0.1, -0.2],
            "shear_range": 10,
            "zoom_range": (0.7, 1.2),
        },
    ),
    Case(color.LegacyChannelShift, {"intensity": 40}),
    Case(color.LegacyBrightness, {"factor": (0.3, 1.6)}),
    Case(color.LegacyCentring, {}),
    Case(color.LegacyWhitening, {"matrix": 0.5 * np.eye(16 * 14 * 3)}),
    Case(python_step.LegacyPythonStep, {"function": halve}),
]
JOINT, *IMAGE_ONLY = CASES


def test_alignment():
    promises.check_alignment(JOINT.make)
    promises.check_interpolated_alignment(JOINT.make)
    promises.check_labels(JOINT.make, "int32", fill=255)


@pytest.mark.parametrize("case", **ids(IMAGE_ONLY))
def test_masks_stay(case):
    promises.check_mask_untouched(case.make, random_images(), labels())


@pytest.mark.parametrize("case", **ids(CASES))
def test_config(case):
    if case.layer is color.LegacyWhitening:
        layer = case.make()
        copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        np.testing.assert_array_equal(copy.matrix, layer.matrix)
        return
    promises.check_config(case.make(), random_images(), labels())


@pytest.mark.parametrize("case", **ids(CASES))
def test_in_dataset_map_and_compiled(case):
    images, mask = random_images(4), labels(4)
    compiles = case.layer is not python_step.LegacyPythonStep
    layer = case.make(jit_compile="auto" if compiles else False)
    dataset = tf.data.Dataset.from_tensor_slices((images, mask)).batch(4).map(layer)
    found = next(dataset.as_numpy_iterator())
    parameters = layer.draw_parameters(images.shape, ks.random.key(7, 0)) if layer.random else {}
    expected = to_numpy(layer.apply((images, mask), parameters))
    # A product that falls on a whole gray level may be rounded down from either side.
    tolerance = 1.0 if case.layer is color.LegacyBrightness else 2e-2
    np.testing.assert_allclose(found[0], expected[0], atol=tolerance)
    np.testing.assert_array_equal(found[1], expected[1])


def test_saved_with_a_model(tmp_path):
    pipeline = (
        ks.from_image_data_generator(
            {
                "rotation_range": 30,
                "height_shift_range": [1, 2],
                "brightness_range": (0.5, 1.5),
                "channel_shift_range": 10,
                "preprocessing_function": halve,
                "zca_whitening": True,
            }
        )
        .fit(random_images(5))
        .pipeline
    )
    assert pipeline.layers[3].name == "preprocessing"
    inputs = keras.Input((16, 14, 3))
    model = keras.Model(inputs, pipeline(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    images = random_images().astype("float32")
    np.testing.assert_allclose(
        to_numpy(model(images, training=False)), to_numpy(loaded(images, training=False)), atol=1e-3
    )
    copy = loaded.layers[-1]
    parameters = pipeline.draw_parameters(images.shape, 3)
    a, b = (to_numpy(layer.apply(images, parameters)) for layer in (pipeline, copy))
    np.testing.assert_array_equal(a, b)


def test_channels_first_python_step_sees_channels_first():
    seen = []

    def note(image):
        seen.append(image.shape)
        return image

    layer = python_step.LegacyPythonStep(note, data_format="channels_first", jit_compile=False)
    images = np.zeros((2, 3, 8, 6), "float32")
    assert layer(images).shape == (2, 3, 8, 6)
    assert seen == [(3, 8, 6)] * 2


BAD = [
    (affine.LegacyAffine, {"rotation_range": "a"}, "rotation_range"),
    (affine.LegacyAffine, {"height_shift_range": None}, "height_shift_range"),
    (affine.LegacyAffine, {"zoom_range": 0.2}, "zoom_range"),
    (color.LegacyChannelShift, {"intensity": "a"}, "intensity"),
    (color.LegacyBrightness, {"factor": (-1, 1)}, "factor"),
    (color.LegacyWhitening, {"matrix": np.zeros((2, 3))}, "matrix"),
]


@pytest.mark.parametrize(("layer", "arguments", "named"), BAD)
def test_bad_arguments(layer, arguments, named):
    with pytest.raises(ValueError, match=rf"^{layer.__name__}: `{named}`"):
        layer(**arguments)


def test_a_step_that_is_no_function():
    with pytest.raises(TypeError, match="LegacyPythonStep: `function` must be a function"):
        python_step.LegacyPythonStep("halve")
