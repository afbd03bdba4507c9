"""Four kinds of images with masks, two real and two generated: four of each, three channels."""

from pathlib import Path

import numpy as np

from examples import aerial, street
from examples.slices import read_arrays, read_pairs

DATA = Path(__file__).resolve().parent / "data"


def ct():
    images, masks, names = read_pairs(DATA / "ct")
    chosen = [80, 20, 50, 105]
    return _colored(images[chosen]), masks[chosen], names


def nuclei():
    pairs = {"img.png": "mask_3class.png"}
    (image,), (mask,) = read_arrays(DATA / "nuclei", pair=pairs.get)
    # Quarters, so that layers which mix images have several.
    corners = [(0, 0), (0, 256), (256, 0), (256, 256)]
    cut = [(slice(y, y + 256), slice(x, x + 256)) for y, x in corners]
    images, masks = (np.stack([whole[part] for part in cut]) for whole in (image, mask))
    return _colored(images), masks, ["background", "nucleus", "border"]


def _colored(images):
    """Gray images as three channels, which some color layers need."""
    images = images if images.ndim == 4 else images[..., None]
    return np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images


SCENES = {
    "ct": ct,
    "nuclei": nuclei,
    "street": lambda: street.scenes(4),
    "aerial": lambda: aerial.scenes(4),
}
