"""Images and masks out of two folders."""

import os
from pathlib import Path

import numpy as np

from keras_segaug.data.pairs import find_pairs
from keras_segaug.extras import needed


def readable(name):
    """The name of a file as text that can be written: not every name is UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")


def read_pairs(owner, images, masks, count):
    """The first pairs of files with the same stem, as [(name, image, mask)].

    Images are (H, W, 1) or (H, W, 3). A palette PNG is read as indices; a colored mask
    stays (H, W, 3), for `MaskOnlyColorToClass`.
    """
    pillow = needed(owner, "PIL.Image", "plot")
    for folder in (images, masks):
        if not Path(folder).is_dir():
            raise FileNotFoundError(f"{owner}: there is no folder {folder}.")
    found = find_pairs(images, masks).pairs
    if not found:
        raise ValueError(f"{owner}: no image in {images} has a mask of the same name in {masks}.")
    pairs = []
    for image_path, mask_path in found[:count]:
        pair = []
        for path, kinds in ((image_path, ("L", "RGB", "I;16")), (mask_path, None)):
            try:
                with pillow.open(path) as image_file:
                    gray = image_file.mode in ("1", "L", "LA")
                    kept = image_file.mode in (kinds or ("L", "P", "I;16", "I", "RGB"))
                    pair.append(
                        np.array(image_file if kept else image_file.convert("L" if gray else "RGB"))
                    )
            except OSError as error:
                raise ValueError(f"{owner}: {path} cannot be read: {error}") from error
        image, mask = pair
        pairs.append(
            (readable(Path(image_path).name), image if image.ndim == 3 else image[..., None], mask)
        )
    return pairs
