"""Draws every joint layer of the package on real images, into docs/images/gallery_*.png.

    python -m examples.gallery

The layers are found by their registration, their arguments in the case list of the tests, so that
a new layer appears by itself.
"""

import inspect
import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image

import keras_segaug as segaug
from examples.slices import read_arrays, read_pairs
from tests.cases import CASES, MIXING

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "examples" / "data"
# Sizes in the case list fit the small images of the tests: here a share of the image's sides.
SHARE, PADDED_SHARE = 0.7, 1.3


def joint_layers():
    """The classes of all joint layers, by name."""
    registered = keras.saving.get_custom_objects().items()
    return dict(
        sorted(
            (cls.__name__, cls)
            for name, cls in registered
            if name.startswith("keras_segaug>Joint") and inspect.isclass(cls)
        )
    )


def example_of(cls, height, width):
    """A layer with the arguments of its first case, sizes excepted."""
    cases = [*CASES, *MIXING]
    arguments = next(dict(case.arguments) for case in cases if case.layer is cls)
    sides = {"height": height, "width": width}
    share = PADDED_SHARE if cls is segaug.JointPadding else SHARE
    for name in sides.keys() & arguments.keys():
        if isinstance(arguments[name], int):
            arguments[name] = round(share * sides[name])
    return cls(**arguments, seed=1)


def draw(name, images, masks, class_names):
    """Writes one sheet: a row a layer, the first image of the batch and its draws."""
    rows = {
        name.replace("JointRandom", "JointRandom\n"): example_of(cls, *images.shape[1:3])
        for name, cls in joint_layers().items()
    }
    # With this seed the three draws of a single number lie apart.
    options = {"draws": 3, "seed": 10, "class_names": class_names}
    figure = segaug.plot_gallery(rows, images, masks, rows=1, **options)
    path = ROOT / "docs" / "images" / f"gallery_{name}.png"
    figure.savefig(path, dpi=50)
    # A palette that keeps rare colors: the outlines.
    image = Image.open(path).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE)
    image.save(path, optimize=True)
    print(f"Wrote {path.relative_to(ROOT)}: {len(rows)} layers, {path.stat().st_size // 1024} KiB")


def main():
    images, masks, names = read_pairs(DATA / "ct")
    chosen = [80, 20, 50, 105]
    draw("ct", images[chosen], masks[chosen], names)

    pairs = {"img.png": "mask_3class.png"}
    (image,), (nuclei,) = read_arrays(DATA / "nuclei", pair=pairs.get)
    # Quarters, so that layers which mix images have several.
    corners = [(0, 0), (0, 256), (256, 0), (256, 256)]
    cut = [(slice(y, y + 256), slice(x, x + 256)) for y, x in corners]
    images, masks = (np.stack([whole[part] for part in cut]) for whole in (image, nuclei))
    draw("nuclei", images, masks, ["background", "nucleus", "border"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
