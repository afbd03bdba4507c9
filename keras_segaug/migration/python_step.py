import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core import backend, value_ranges
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.kernels.values import replace


class LegacyPythonStep(ImageOnlyLayer):
    """Runs a Python function on each image, as an array laid out as `data_format` says.

    It cannot be compiled: whatever holds it needs `jit_compile=False`. To be saved, the function
    must be known to Keras: `@keras.saving.register_keras_serializable()`.

    Args:
        function: takes a float32 NumPy array and returns one of the same shape.
        **kwargs: see `AugmentationLayer`.
    """

    random = False

    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        if not callable(function):
            checks.fail(self, "function", "a function of an array", function, TypeError)
        self.function = function

    def output_spec(self, spec):
        return replace(
            spec, value_range=value_ranges.Unknown("a Python function changes the images before it")
        )

    def transform_images(self, images, parameters):
        if backend.name() == "tensorflow":
            import tensorflow as tf

            result = tf.numpy_function(self._on_batch, [images], tf.float32, stateful=False)
            result.set_shape(images.shape)
            return result
        if backend.name() == "jax":
            import jax

            kind = jax.ShapeDtypeStruct(images.shape, "float32")
            return jax.pure_callback(self._on_batch, kind, images)
        return ops.convert_to_tensor(self._on_batch(keras.ops.convert_to_numpy(images)))

    def _on_batch(self, images):
        axis = 1 if self.data_format == "channels_first" else -1
        # A copy: the function may change the array in place, as with the old class.
        images = np.array(np.moveaxis(images, -1, axis), "float32", order="C")
        shape = images.shape[1:]
        done = [np.asarray(self.function(image)) for image in images]
        for image in done:
            if image.shape != shape:
                raise ValueError(
                    f"{type(self).__name__}: `function` must return an array of the shape it "
                    f"gets, {shape}. Received shape {image.shape}."
                )
        return np.moveaxis(np.stack(done).astype("float32"), axis, -1)
