from typing import Any

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core import value_ranges
from keras_segaug.core.backend import ops
from keras_segaug.core.inputs import Inputs
from keras_segaug.core.layer_types import ImageOnlyLayer
from keras_segaug.core.types import Range
from keras_segaug.engine.spec import NOT_ASKED
from keras_segaug.kernels import color
from keras_segaug.kernels.values import replace


class ImageOnlyNormalization(ImageOnlyLayer):
    """Subtracts a mean and divides by a standard deviation; the mask is untouched.

    Three ways: `mean` and `variance` given, `adapt`ed to a dataset, or `per_image=True`.
    Acts in training and at inference; deterministic: takes no `probability`.

    Args:
        mean: a number for all channels, or one per channel; None with `per_image`, or until `adapt`
            is called.
        variance: the same, with as many numbers as `mean` where both have one per channel.
        per_image: use each image's own mean and variance, over all its pixels and channels except
            those that are NaN.
        **kwargs: see `AugmentationLayer`.

    Raises:
        ValueError: when called without statistics, before `adapt`; for images that do not have as
            many channels as the statistics.

    Example:

    >>> normalization = keras_segaug.ImageOnlyNormalization(mean=127.5, variance=127.5**2)
    >>> images, masks = normalization(np.zeros((2, 8, 8, 3)), np.ones((2, 8, 8), "uint8"))
    >>> float(images[0, 0, 0, 0])
    -1.0
    """

    random = False

    def __init__(
        self,
        mean: Range | None = None,
        variance: Range | None = None,
        per_image: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.per_image = checks.one_of(self, "per_image", per_image, (True, False))
        if (mean is None) != (variance is None):
            checks.fail(self, "variance", "given together with `mean`", variance)
        if per_image and mean is not None:
            checks.fail(self, "mean", "None where `per_image` is True", mean)
        self.mean: Any = None
        self.variance: Any = None
        if mean is not None:
            self._set(mean, variance)

    def adapt(self, data: Any) -> None:
        """Computes mean and variance of each channel over a dataset.

        Args:
            data: an array of images, or an iterable (such as a `tf.data.Dataset`) of any structure
                the layer accepts, batched or not; masks and NaN are ignored.

        Call it before the layer, or a `Pipeline` or model that holds it, is first called:
        compiled programs keep the numbers they were compiled with.
        """
        if self.per_image:
            raise ValueError(
                f"{type(self).__name__}: `adapt` is for one mean and variance of all images. "
                "Received: per_image=True, which takes each image's own. Leave one of them out."
            )
        origin: Any = None
        counts: Any = None
        total, squares = np.float64(0.0), np.float64(0.0)
        for element in [data] if hasattr(data, "shape") else data:
            pixels = self._pixels(element)
            held = ~np.isnan(pixels)
            # Moments about the first pixel: sums of squares far from 0 would lose digits.
            if origin is None:
                origin, counts = np.where(held[0], pixels[0], 0.0), 0
            elif pixels.shape[-1] != len(origin):
                raise ValueError(
                    f"{type(self).__name__}: `adapt` needs images of one channel count. Received "
                    f"{len(origin)} channels, then {pixels.shape[-1]}."
                )
            apart = np.where(held, pixels - origin, 0.0)
            counts = counts + held.sum(0)
            total = total + apart.sum(0)
            squares = squares + (apart**2).sum(0)
        self._check_counts(counts)
        shift = total / counts
        self._set((origin + shift).tolist(), (squares / counts - shift**2).clip(0).tolist())

    def _pixels(self, element):
        """The pixels of an element of a dataset, float64 (N, C)."""
        # A dataset of pairs yields tuples; a dataset of images yields tensors.
        images = Inputs(self, element).images
        pixels = np.asarray(keras.ops.convert_to_numpy(images), "float64")
        axis = -3 if self.data_format == "channels_first" else -1
        return np.moveaxis(pixels, axis, -1).reshape(-1, pixels.shape[axis])

    def _check_counts(self, counts):
        """Checks that every channel has values to `adapt` to."""
        if counts is None:
            raise ValueError(
                f"{type(self).__name__}: `adapt` needs images. Received none. Is the dataset "
                "empty, or an iterator that has been used up?"
            )
        if not all(counts):
            raise ValueError(
                f"{type(self).__name__}: `adapt` needs values in every channel. Received none but "
                f"NaN in channel {int(np.argmin(counts))}. Leave that channel out of the images."
            )

    def _set(self, mean, variance):
        self.mean = checks.numbers_per_channel(self, "mean", mean)
        self.variance = checks.numbers_per_channel(self, "variance", variance, 0.0)
        counts = self._channel_counts()
        if len(counts) > 1:
            accepted = f"a number, or one a channel as `mean` is, which has {len(self.mean)}"
            checks.fail(self, "variance", accepted, variance)

    def _channel_counts(self):
        return {len(each) for each in (self.mean, self.variance) if isinstance(each, tuple)}

    def output_spec(self, spec):
        if spec.image_channels != NOT_ASKED:
            self._check_channels(spec.image_channels)
        return replace(spec, value_range=self._range_after(spec.value_range))

    def _check_channels(self, channels):
        # Statistics would broadcast: one channel would become three.
        for count in self._channel_counts() - {channels}:
            raise ValueError(
                f"{type(self).__name__}: `mean` and `variance` are those of {count} channel"
                f"{'s' * (count > 1)}, so images must have as many. Received {channels}. Give one "
                "number for all channels, or `adapt` to such images."
            )

    def _range_after(self, value_range):
        if self.per_image:
            return value_ranges.Unknown("each image is normalized by itself before it")
        if self.mean is None:
            return value_range
        mean, variance = np.broadcast_arrays(*map(np.atleast_1d, (self.mean, self.variance)))
        scale = 1.0 / np.maximum(np.sqrt(variance), keras.config.epsilon())
        return value_ranges.scaled(value_range, scale.tolist(), (-mean * scale).tolist())

    def plan(self, parameters, spec):
        reach = "images" if self.per_image else "places"
        return [replace(each, reach=reach) for each in super().plan(parameters, spec)]

    def transform_images(self, images, parameters):
        self._check_channels(images.shape[-1])
        if self.per_image:
            mean, variance = color.moments(images, parameters["gaps"])
        elif self.mean is None:
            raise ValueError(
                f"{type(self).__name__}: no statistics. Give `mean` and `variance`, call "
                "`adapt(dataset)` first, or set `per_image=True`."
            )
        else:
            mean = ops.convert_to_tensor(self.mean, dtype="float32")
            variance = ops.convert_to_tensor(self.variance, dtype="float32")
        # The limit is applied before the root, not after it: the root of 0 has no gradient.
        return (images - mean) / ops.sqrt(ops.maximum(variance, keras.config.epsilon() ** 2))
