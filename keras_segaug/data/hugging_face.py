"""Augmentation of Hugging Face datasets: `keras_segaug.data.hugging_face.transform`."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from keras_segaug import checks
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.pipeline import Pipeline
from keras_segaug.data.accepted import for_rows
from keras_segaug.data.rows import column_of, groups
from keras_segaug.mask_only.color_to_class import MaskOnlyColorToClass

_OWNER = "hugging_face.transform"
# Pillow's modes of images whose pixels are taken as they are; others become red, green, blue.
_KEPT_IMAGES = ("L", "I;16", "I;16B", "I", "F", "RGB")
# Gray levels or the indices of a palette: class ids as they are stored.
_LABELS = ("1", "L", "P", "I;16", "I")


def transform(
    augmentation: AugmentationLayer, image: str = "image", mask: str = "annotation"
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A function for `dataset.with_transform` or `set_transform` that augments images and masks.

    It is called with each batch of rows that is read, and draws anew each time. Images and masks
    (pillow's, as an `Image` column gives them, or arrays) are moved together; masks by nearest
    lookup only. They come back as lists of numpy arrays, images (height, width, channels) and masks
    (height, width) of class ids, one-hot ones (height, width, classes); other columns stay as they
    are. If all rows of a batch have the same size they are augmented as one batch, else one by one;
    layers that mix samples then leave them as they are. For batches of one size, put
    `JointResizing` or a crop into the pipeline.

    Args:
        augmentation: a keras_segaug layer. Colored masks (RGB) are accepted if it is, or begins
            with, a `MaskOnlyColorToClass`.
        image: the column of images. Gray levels stay gray, with one channel; alpha is left out.
        mask: the column of masks. Of gray PNGs with 2 or 4 bits pillow gives ids times 85 or 17,
            which cannot be seen here; of those with 1 bit they are 0 and 1.

    Returns:
        The function. It can be sent to worker processes.

    Raises:
        TypeError: where the augmentation is not a keras_segaug layer.
        ValueError: for a layer that gives several views, has `targets` or takes "channels_first";
            by the function, for a column that is missing, a row without an image or a mask, a
            colored mask, or one with alpha.

    Example:

    >>> from PIL import Image
    >>> from keras_segaug.data.hugging_face import transform
    >>> augment = transform(keras_segaug.JointRandomFlip(dtype="uint8"))
    >>> rows = {"image": [Image.new("RGB", (8, 6))], "annotation": [Image.new("L", (8, 6), 3)]}
    >>> moved = augment(rows)  # as dataset.with_transform(augment) does it
    >>> moved["image"][0].shape, moved["annotation"][0].shape, moved["annotation"][0].max().item()
    ((6, 8, 3), (6, 8), 3)
    """
    for_rows(_OWNER, augmentation)
    for name, column in (("image", image), ("mask", mask)):
        if not isinstance(column, str):
            checks.fail(_OWNER, name, "the name of a column", column, TypeError)
    return _Transform(augmentation, image, mask)


class _Transform:
    """What `transform` returns: an object, since functions inside functions cannot be pickled."""

    def __init__(self, augmentation, image, mask):
        self.augmentation = augmentation
        self.image = image
        self.mask = mask
        self._takes_colors = _begins_with_colors(augmentation)

    def __call__(self, rows):
        images = [_image(x) for x in self._column(rows, self.image)]
        masks = [self._mask(x, n) for n, x in enumerate(self._column(rows, self.mask))]
        moved: dict[str, list] = {self.image: [], self.mask: []}
        for numbers in groups(images, masks):
            batch = (np.stack([column[n] for n in numbers]) for column in (images, masks))
            found = keras.tree.map_structure(keras.ops.convert_to_numpy, self.augmentation(*batch))
            for column, arrays in zip(moved, found, strict=True):
                moved[column] += list(arrays)
        # Class ids that were colors have one channel; one-hot masks keep all of theirs.
        moved[self.mask] = [x[..., 0] if x.shape[2:] == (1,) else x for x in moved[self.mask]]
        return {**rows, **moved}

    def _column(self, rows, name):
        cure = f"Leave them out: dataset.filter(lambda row: row[{name!r}] is not None)."
        return column_of(_OWNER, rows, name, cure)

    def _mask(self, mask, number):
        mode = getattr(mask, "mode", None)
        labels = np.asarray(mask)
        if mode is None and labels.ndim == 2:
            return labels
        if mode in _LABELS:
            return labels.astype("uint8") if labels.dtype == bool else labels
        if labels.ndim == 3 and labels.shape[-1] == 3 and self._takes_colors:
            return labels
        kind = f"of pillow's mode {mode!r}" if mode else f"of shape {labels.shape}"
        raise ValueError(
            f"{_OWNER}: the mask of row {number} of a batch must hold class ids (height, width). "
            f"Received one {kind}. Colors become class ids by a MaskOnlyColorToClass, which has "
            "to be the first layer of the Pipeline."
        )


def _begins_with_colors(layer):
    while isinstance(layer, Pipeline) and layer.layers:
        layer = layer.layers[0]
    return isinstance(layer, MaskOnlyColorToClass)


def _image(image):
    mode = getattr(image, "mode", None)
    if mode is not None and mode not in _KEPT_IMAGES:
        # Gray with alpha stays gray.
        image = image.convert("L" if mode in ("1", "LA", "La") else "RGB")
    pixels = np.asarray(image)
    # "I;16B" has the other byte order, which no backend accepts.
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    return pixels[..., None] if pixels.ndim == 2 else pixels
