"""Augmentation in grain's pipelines: `keras_segaug.data.grain.Augment`."""

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.data.accepted import a_layer
from keras_segaug.extras import needed
from keras_segaug.random import key

if TYPE_CHECKING:
    import grain
else:
    grain = needed("keras_segaug.data.grain", "grain", "grain")


class Augment(grain.transforms.RandomMap):
    """Augments each element of a grain pipeline, with the random numbers that grain gives it.

    Grain makes them from its seed and the record's place in the epoch. So a run gives the same for
    any number of worker processes, differs from epoch to epoch, and goes on from a saved iterator
    as if it had not stopped. The layer's own stream and seed are not used.

    Elements are samples or batches, in any structure the layer takes; they come back as numpy
    arrays. Layers that mix samples need batches, and batches are fastest: put `Augment` after
    `batch`.

    Args:
        augmentation: a keras_segaug layer. In worker processes it runs on the Keras backend of that
            process. Forked processes cannot run TensorFlow or JAX; grain does not fork its workers
            but starts new processes.

    Raises:
        TypeError: for anything but a keras_segaug layer.
        ImportError: on import, where grain is not installed.

    Example:

    >>> import grain
    >>> import keras_segaug as ks
    >>> from keras_segaug.data.grain import Augment
    >>> pairs = [(np.full((8, 8, 3), n, "uint8"), np.zeros((8, 8), "uint8")) for n in range(6)]
    >>> flip = ks.JointRandomFlip(dtype="uint8")
    >>> dataset = grain.MapDataset.source(pairs).seed(1).shuffle().batch(2)
    >>> dataset = dataset.random_map(Augment(flip))
    >>> images, masks = dataset[0]
    >>> images.shape, masks.shape, images.dtype.name, masks.dtype.name
    ((2, 8, 8, 3), (2, 8, 8), 'uint8', 'uint8')
    """

    def __init__(self, augmentation: AugmentationLayer) -> None:
        self.augmentation = a_layer("grain.Augment", augmentation)

    def random_map(self, element: Any, rng: np.random.Generator) -> Any:
        first, second = rng.integers(1 << 32, size=2).tolist()
        moved = self.augmentation.augment(element, key=key(first, second))
        return keras.tree.map_structure(keras.ops.convert_to_numpy, moved)

    def __repr__(self) -> str:
        # Grain compares this when a saved iterator goes on: other layers mean another run.
        return f"Augment({self.augmentation!r})"
