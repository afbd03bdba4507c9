"""The pictures of a layer's page: draws of each strength, and what one draw changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from examples.scenes import SCENES
from keras_segaug.inspect.preview import view

# Sides in pixels. A row shows three draws of one strength, as images and with classes.
TILE, DRAWS, SIDE = 144, 3, 160
IGNORED = 255
_QUALITY = 68


@dataclass(frozen=True)
class Shown:
    """One draw: an image, its mask, the arguments of the layer that drew it, and its number."""

    image: np.ndarray
    mask: np.ndarray | None
    arguments: dict
    number: int = 0


@cache
def scene(name):
    """Images (4, H, W, 3) and masks (4, H, W), no larger than a tile needs, and class names."""
    images, masks, class_names = SCENES[name]()
    step = max(1, round(max(images.shape[1:3]) / SIDE))
    height, width = (min(side, SIDE * step) for side in images.shape[1:3])
    cut = (slice(None), slice(0, height, step), slice(0, width, step))
    return np.ascontiguousarray(images[cut]), np.ascontiguousarray(masks[cut]), class_names


def inputs(entry, name):
    images, masks, _ = scene(name)
    if entry.takes("palette"):
        return images, np.stack([colored(mask) for mask in masks])
    return images, masks


def palette(masks):
    return [view.color_of(int(label)) if label else (0, 0, 0) for label in range(masks.max() + 1)]


def colored(mask):
    return np.array([view.color_of(i) if i else (0, 0, 0) for i in range(256)], "uint8")[mask]


def arguments_at(entry, name):
    """[arguments of each strength] for the images of a scene."""
    images, masks, _ = scene(name)
    more = {}
    if entry.takes("palette"):
        more["palette"] = palette(masks)
    if entry.takes("num_classes"):
        more["num_classes"] = int(masks.max()) + 1
    return [{**arguments, **more} for arguments in entry.strengths(*images.shape[1:3])]


def drawn(entry, name, arguments, count):
    """The layer's results for the first image of a scene, `count` times; of several views, each."""
    found = _drawn(entry, name, arguments, count)[:count]
    return [replace(shown, number=number) for number, shown in enumerate(found)]


def _drawn(entry, name, arguments, count):
    layer, data = entry.make(arguments), inputs(entry, name)
    if entry.looks_at_others:
        results = [layer.augment(data, key) for key in range(count)]
        return [shown for result in results for shown in _shown(entry, result, arguments)[:1]]
    repeated = tuple(np.repeat(part[:1], count, axis=0) for part in data)
    found = layer.augment(repeated, 0)
    views = found.values() if isinstance(found, Mapping) else [found]
    by_view = [_shown(entry, view, arguments) for view in views]
    return [shown for of_one_draw in zip(*by_view, strict=True) for shown in of_one_draw]


def _shown(entry, result, arguments):
    images, masks = (np.asarray(part) for part in result)
    return [
        Shown(image, _ids(entry, mask), arguments)
        for image, mask in zip(images, masks, strict=True)
    ]


def _ids(entry, mask):
    mask = mask if mask.ndim == 3 else mask[..., None]
    return view.class_ids(entry.name, np.rint(mask)) if mask.shape[-1] != 3 else None


def all_draws(entry, name):
    """Nine draws, three of each strength; without strengths, from the weakest to the strongest."""
    strengths = arguments_at(entry, name)
    count = DRAWS if len(strengths) > 1 else 3 * DRAWS
    draws = [drawn(entry, name, arguments, count) for arguments in strengths]
    if len(strengths) > 1:
        return draws
    original = Shown(*(part[0] for part in scene(name)[:2]), {})
    ordered = sorted(draws[0], key=lambda shown: _change(original, shown))
    return [ordered[i : i + DRAWS] for i in range(0, 3 * DRAWS, DRAWS)]


def are_alike(draws):
    """Are all draws equal, because the layer draws nothing?"""
    first, *others = [shown for row in draws for shown in row]
    return all(
        np.array_equal(each.image, first.image) and np.array_equal(each.mask, first.mask)
        for each in others
    )


def _change(before, after):
    """How much an image changed, as one number to sort by."""
    first, second = (
        np.asarray(fitted(_rgb(each.image)).convert("RGB"), "float32") for each in (before, after)
    )
    return float(abs(first - second).mean())


# --- Pictures --------------------------------------------------------------------------------


def _rgb(image):
    return view.rgb("docs", image, view.value_range_of([image])[0])


def fitted(pixels):
    """An RGB array as a tile with its aspect kept and transparent margins."""
    image = Image.fromarray(pixels)
    scale = TILE / max(image.size)
    size = [max(1, round(side * scale)) for side in image.size]
    tile = Image.new("RGBA", (TILE, TILE))
    resized = image.resize(size, Image.Resampling.LANCZOS).convert("RGBA")
    tile.paste(resized, tuple((TILE - side) // 2 for side in size))
    return tile


def overlaid(shown, opacity=0.35, outlines=True):
    if shown.mask is None:
        return fitted(_rgb(shown.image))
    return fitted(view.painted(_rgb(shown.image), shown.mask, IGNORED, 0, opacity, outlines))


def sheet(rows, path):
    """Writes tiles as one picture; None leaves a gap."""
    canvas = Image.new("RGBA", (TILE * max(map(len, rows)), TILE * len(rows)))
    for y, row in enumerate(rows):
        for x, tile in enumerate(row):
            if tile is not None:
                canvas.paste(tile, (x * TILE, y * TILE))
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.save(path, quality=_QUALITY, method=4)


def draws_sheet(draws, path):
    """A row for each strength; each draw as image and with its classes."""
    pairs = [[(fitted(_rgb(each.image)), overlaid(each)) for each in row] for row in draws]
    sheet([[tile for pair in row for tile in pair] for row in pairs], path)


def changes_sheet(entry, name, draws, path):
    """Before above, after below; to the right the difference, and the pixels of unknown class.

    Returns:
        Whether it has a tile of differences, and one of ignored pixels.
    """
    before = Shown(*(part[0] for part in scene(name)[:2]), {})
    # The middle strength, the draw that is shown first.
    after = draws[1][0]
    difference = _difference(before, after)
    ignored = _ignored(entry, name, after)
    rows = [
        [fitted(_rgb(each.image)), overlaid(each, outlines=False), overlaid(each, 0.0), last]
        for each, last in ((before, difference), (after, ignored))
    ]
    sheet(rows, path)
    return difference is not None, ignored is not None


def _difference(before, after):
    first, second = _rgb(before.image), _rgb(after.image)
    if first.shape != second.shape:
        return None
    apart = abs(first.astype("float32") - second).max(-1, keepdims=True)
    return fitted(np.repeat(apart, 3, -1).astype("uint8"))


def _ignored(entry, name, after):
    """A tile that marks the pixels of unknown class in the same draw; None if there are none.

    Layers that are given to a policy bring borders of their own.
    """
    if "layers" in after.arguments:
        return None
    if entry.takes("fill_mode", "mask_fill_value"):
        arguments = {**after.arguments, "fill_mode": "constant", "mask_fill_value": IGNORED}
    elif entry.takes("mask_fill_value"):
        arguments = {**after.arguments, "mask_fill_value": IGNORED}
    else:
        return None
    shown = drawn(entry, name, arguments, after.number + 1)[-1]
    pixels = _rgb(shown.image) // 2 + 100
    pixels[shown.mask == IGNORED] = (204, 51, 102)
    return fitted(pixels)


def write_all(entry, folder: Path):
    """Writes all pictures of a layer; returns what its page must know about each scene.

    {scene: {"draws": [[the draws of each strength]], "difference": bool, "ignored": bool}}
    """
    known = {}
    for name in SCENES:
        draws = all_draws(entry, name)
        draws_sheet(draws, folder / f"{entry.name}-{name}.webp")
        difference, ignored = changes_sheet(
            entry, name, draws, folder / f"{entry.name}-{name}-changes.webp"
        )
        if name == "street":
            thumbnail = overlaid(draws[1][-1], opacity=0.2).resize((112, 112))
            thumbnail.save(folder / f"{entry.name}.webp", quality=_QUALITY)
        known[name] = {"draws": draws, "difference": difference, "ignored": ignored}
    return known
