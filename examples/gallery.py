"""Draws every layer that moves, mixes or colors, into docs/images/gallery_*.png and colors_*.jpg.

    python -m examples.gallery

On CT slices, on nuclei under a microscope, and on made street scenes.

The layers are found by their registration, their arguments in the case list of the tests, so that
a new layer appears by itself.
"""

import inspect
import io
import re
import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image

import keras_segaug as segaug
from examples import street
from examples.slices import read_arrays, read_pairs
from tests.cases import CASES, MIXING

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "examples" / "data"
# Sizes in the case list fit the small images of the tests: here a share of the image's sides.
SHARE, PADDED_SHARE = 0.7, 1.3


def layers_named(prefix):
    """The classes of all layers whose names start so, by name."""
    registered = keras.saving.get_custom_objects().items()
    return dict(
        sorted(
            (cls.__name__, cls)
            for name, cls in registered
            if name.startswith(f"keras_segaug>{prefix}") and inspect.isclass(cls)
        )
    )


def coloring():
    """Those that give images a person can look at."""
    unseen = (segaug.ImageOnlyRescaling, segaug.ImageOnlyNormalization)
    return {name: cls for name, cls in layers_named("ImageOnly").items() if cls not in unseen}


def example_of(cls, height, width):
    """A layer with the arguments of its first case, sizes excepted."""
    cases = [*CASES, *MIXING]
    arguments = next(dict(case.arguments) for case in cases if case.layer is cls)
    sides = {"height": height, "width": width}
    share = PADDED_SHARE if cls is segaug.JointPadding else SHARE
    for name in sides.keys() & arguments.keys():
        if isinstance(arguments[name], int):
            arguments[name] = round(share * sides[name])
    if "references" in arguments:
        # Other images of the batch, in the place of the small ones of the tests.
        arguments["references"] = None
    # Compiling a program takes longer than the few images of a row.
    return cls(**arguments, seed=1, jit_compile=False)


def draw(name, layers, images, masks, class_names):
    """Writes one sheet: a row a layer, the first image of the batch and its draws."""
    rows = {
        re.sub("(JointRandom|Joint|ImageOnly)(?=.)", r"\1\n", name, count=1): example_of(
            cls, *images.shape[1:3]
        )
        for name, cls in layers.items()
    }
    # With this seed the three draws of a single number lie apart.
    options = {"draws": 3, "seed": 10, "class_names": class_names}
    figure = segaug.plot_gallery(rows, images, masks, rows=1, **options)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=50)
    image = Image.open(drawn).convert("RGB")
    if masks is None:
        # A palette would tint the grays.
        path = ROOT / "docs" / "images" / f"{name}.jpg"
        image.save(path, quality=90)
    else:
        # A palette that keeps rare colors: the outlines.
        path = ROOT / "docs" / "images" / f"{name}.png"
        image.quantize(256, Image.Quantize.MAXCOVERAGE).save(path, optimize=True)
    print(f"Wrote {path.relative_to(ROOT)}: {len(rows)} layers, {path.stat().st_size // 1024} KiB")


def sheets(name, images, masks, class_names):
    # Some colors want three channels.
    images = np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
    draw(f"gallery_{name}", layers_named("Joint"), images, masks, class_names)
    # Under classes that are filled, colors would hardly be seen.
    draw(f"colors_{name}", coloring(), images, None, None)


def main():
    images, masks, names = read_pairs(DATA / "ct")
    chosen = [80, 20, 50, 105]
    images = images[chosen]
    sheets("ct", images if images.ndim == 4 else images[..., None], masks[chosen], names)

    pairs = {"img.png": "mask_3class.png"}
    (image,), (nuclei,) = read_arrays(DATA / "nuclei", pair=pairs.get)
    # Quarters, so that layers which mix images have several.
    corners = [(0, 0), (0, 256), (256, 0), (256, 256)]
    cut = [(slice(y, y + 256), slice(x, x + 256)) for y, x in corners]
    images, masks = (np.stack([whole[part] for part in cut]) for whole in (image, nuclei))
    images = images if images.ndim == 4 else images[..., None]
    sheets("nuclei", images, masks, ["background", "nucleus", "border"])
    sheets("street", *street.scenes(4))
    return 0


if __name__ == "__main__":
    sys.exit(main())
