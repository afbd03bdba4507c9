"""Draws every layer that moves, mixes or colors, into docs/images/gallery_*.png and colors_*.jpg.

    python -m examples.gallery

On CT slices, on nuclei under a microscope, and on generated street scenes.

The layers come from Keras' registry and their arguments from the case list of the tests, so that a
new layer appears automatically.
"""

import inspect
import io
import re
import sys
from pathlib import Path

import keras
from PIL import Image

import keras_segaug as segaug
from examples.scenes import SCENES
from tests.cases import CASES, MIXING

ROOT = Path(__file__).resolve().parent.parent
# Sizes in the case list fit the tests' small images; these are shares of the image's sides.
SHARE, PADDED_SHARE = 0.7, 1.3


def layers_named(prefix):
    """The classes of all layers whose names start with the prefix, by name."""
    registered = keras.saving.get_custom_objects().items()
    return dict(
        sorted(
            (cls.__name__, cls)
            for name, cls in registered
            if name.startswith(f"keras_segaug>{prefix}") and inspect.isclass(cls)
        )
    )


def coloring():
    """The color layers whose results a person can look at."""
    unseen = (segaug.ImageOnlyRescaling, segaug.ImageOnlyNormalization)
    return {name: cls for name, cls in layers_named("ImageOnly").items() if cls not in unseen}


def example_arguments(cls, height, width):
    """The arguments of the layer's first case, with sizes fitted to the image."""
    cases = [*CASES, *MIXING]
    arguments = next((dict(case.arguments) for case in cases if case.layer is cls), {})
    # A `width` without a `height` is not a size of the result.
    if {"height", "width"} <= arguments.keys():
        share = PADDED_SHARE if cls is segaug.JointPadding else SHARE
        arguments.update(height=round(share * height), width=round(share * width))
    if "references" in arguments:
        # None takes other images of the batch instead of the tests' small ones.
        arguments["references"] = None
    return arguments


def example_of(cls, height, width):
    # Compiling a program takes longer than the few images of a row.
    return cls(**example_arguments(cls, height, width), seed=1, jit_compile=False)


def draw(name, layers, images, masks, class_names):
    """Writes one sheet: a row for each layer, with the first image of the batch and its draws."""
    rows = {
        re.sub("(JointRandom|Joint|ImageOnly)(?=.)", r"\1\n", name, count=1): example_of(
            cls, *images.shape[1:3]
        )
        for name, cls in layers.items()
    }
    # With this seed the three draws of a single number differ clearly.
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
        # This method keeps rare colors in the palette: the outlines.
        path = ROOT / "docs" / "images" / f"{name}.png"
        image.quantize(256, Image.Quantize.MAXCOVERAGE).save(path, optimize=True)
    print(f"Wrote {path.relative_to(ROOT)}: {len(rows)} layers, {path.stat().st_size // 1024} KiB")


def main():
    for name in ("ct", "nuclei", "street"):
        images, masks, class_names = SCENES[name]()
        draw(f"gallery_{name}", layers_named("Joint"), images, masks, class_names)
        # Without masks, because filled classes would hide most of the color changes.
        draw(f"colors_{name}", coloring(), images, None, None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
