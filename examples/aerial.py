"""Generated views from above with masks, since aerial photographs are large and rarely free."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

NAMES = ["field", "road", "building", "tree", "water"]
FIELD, ROAD, BUILDING, TREE, WATER = range(len(NAMES))
_CROPS = ((150, 142, 88), (110, 134, 70), (176, 160, 112), (92, 120, 62), (134, 118, 84))


def scene(seed, side=256):
    """One view: an image (side, side, 3) and its mask (side, side), uint8."""
    rng = np.random.default_rng(seed)
    image, mask = Image.new("RGB", (side, side)), Image.new("L", (side, side), FIELD)
    painters = ImageDraw.Draw(image), ImageDraw.Draw(mask)

    def paint(shape, place, color, label, **more):
        for painter, fill in zip(painters, (tuple(map(int, color)), label), strict=True):
            getattr(painter, shape)(place, fill=fill, **more)

    cuts = np.sort(rng.uniform(0.2, 0.8, 2)) * side
    for left, right in zip((0, *cuts), (*cuts, side), strict=True):
        top = rng.uniform(0.3, 0.7) * side
        for box in ((left, 0, right, top), (left, top, right, side)):
            paint("rectangle", box, rng.permutation(_CROPS)[0] + rng.integers(-8, 8), FIELD)
    _river(paint, rng, side)
    _roads_and_houses(paint, rng, side)
    for x, y in rng.uniform(0, side, (side // 8, 2)):
        radius = rng.uniform(0.012, 0.026) * side
        color = np.array((44, 78, 38)) + rng.integers(-12, 18)
        paint("ellipse", (x - radius, y - radius, x + radius, y + radius), color, TREE)
    smooth = np.asarray(image.filter(ImageFilter.GaussianBlur(0.6)), "float32")
    noise = rng.normal(0.0, 5.0, (side, side, 1))
    return np.clip(smooth + noise, 0, 255).astype("uint8"), np.asarray(mask)


def _river(paint, rng, side):
    x = np.linspace(-0.1, 1.1, 40) * side
    y = rng.uniform(0.1, 0.9) * side + 0.08 * side * np.sin(x / side * 6 + rng.uniform(0, 6))
    paint("line", list(zip(x, y, strict=True)), (58, 84, 104), WATER, width=round(side * 0.07))


def _roads_and_houses(paint, rng, side):
    start, turn = rng.uniform(0.25, 0.75) * side, rng.uniform(-0.3, 0.3)
    width = max(3, round(side * 0.035))
    paint("line", [(start, 0), (start + turn * side, side)], (138, 136, 134), ROAD, width=width)
    for along in np.linspace(0.06, 0.94, 7):
        for away in (-1, 1):
            half = rng.uniform(0.025, 0.045, 2) * side
            x = start + turn * side * along + away * (width + half.max() + 3)
            y = along * side + rng.uniform(-4, 4)
            box = (x - half[0], y - half[1], x + half[0], y + half[1])
            roof = rng.permutation(((152, 74, 60), (120, 112, 108), (176, 150, 132)))[0]
            paint("rectangle", box, roof + rng.integers(-10, 10), BUILDING)


def scenes(count, side=256):
    """`count` views: images, masks and the names of the classes."""
    pairs = [scene(seed, side) for seed in range(count)]
    images, masks = (np.stack(part) for part in zip(*pairs, strict=True))
    return images, masks, NAMES
