"""Generated street scenes with masks, since street photographs cannot be redistributed freely."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

NAMES = ["sky", "building", "road", "car", "tree", "lane"]
SKY, BUILDING, ROAD, CAR, TREE, LANE = range(len(NAMES))


def scene(seed, side=256):
    """One scene: an image (side, side, 3) and its mask (side, side), uint8."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side))
    mask = Image.new("L", (side, side), SKY)
    painters = ImageDraw.Draw(image), ImageDraw.Draw(mask)
    horizon = round(side * 0.5)
    for row in range(horizon):
        share = row / horizon
        color = (round(110 + 90 * share), round(150 + 70 * share), round(210 + 25 * share))
        painters[0].line([(0, row), (side, row)], fill=color)

    def paint(shape, box, color, label):
        getattr(painters[0], shape)(box, fill=tuple(map(int, color)))
        getattr(painters[1], shape)(box, fill=label)

    _buildings(paint, rng, side, horizon)
    paint("rectangle", [0, horizon, side, side], (82, 80, 84), ROAD)
    middle, foot = round(side * rng.uniform(0.4, 0.6)), round(side * 0.02)
    for start in np.linspace(horizon + 6, side, 6):
        grown = round(foot * (start - horizon) / (side - horizon)) + 1
        box = [middle - grown, start, middle + grown, start + side * 0.05]
        paint("rectangle", box, (225, 222, 205), LANE)
    for x in (0.06, 0.9):
        _tree(paint, rng, round(side * (x + rng.uniform(-0.04, 0.04))), horizon, side)
    for x, size in ((0.25, 0.2), (0.72, 0.13)):
        _car(paint, rng, side * x, horizon + side * size * 1.1, side * size)
    noise = rng.normal(0.0, 5.0, (side, side, 3))
    smooth = np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)), "float32")
    return np.clip(smooth + noise, 0, 255).astype("uint8"), np.asarray(mask)


def _buildings(paint, rng, side, horizon):
    x = 0
    while x < side:
        width, height = rng.integers(side // 8, side // 4), rng.integers(side // 6, side // 2.3)
        wall = rng.integers((120, 90, 70), (190, 150, 130))
        top = horizon - height
        paint("rectangle", [x, top, x + width, horizon], wall, BUILDING)
        for window_y in range(top + 8, horizon - 10, 16):
            for window_x in range(x + 6, x + width - 8, 14):
                box = [window_x, window_y, window_x + 6, window_y + 8]
                paint("rectangle", box, wall // 2 + rng.integers(0, 60), BUILDING)
        x += width


def _tree(paint, rng, x, horizon, side):
    foot = horizon + side // 12
    paint("rectangle", [x - 4, horizon - side // 8, x + 4, foot], (88, 62, 44), TREE)
    for _ in range(12):
        dx, dy = rng.integers(-side // 14, side // 14, 2)
        radius, y = rng.integers(side // 22, side // 12), horizon - side // 5 + dy
        box = [x + dx - radius, y - radius, x + dx + radius, y + radius]
        paint("ellipse", box, rng.integers((30, 80, 25), (75, 135, 60)), TREE)


def _car(paint, rng, x, y, size):
    body = rng.choice([(178, 34, 40), (36, 72, 150), (215, 215, 215), (220, 170, 40)])
    paint("rectangle", [x - size / 2, y - size * 0.35, x + size / 2, y], body, CAR)
    roof = [x - size * 0.32, y - size * 0.62, x + size * 0.32, y - size * 0.33]
    paint("rectangle", roof, np.asarray(body) * 0.8, CAR)
    glass = [x - size * 0.27, y - size * 0.57, x + size * 0.27, y - size * 0.37]
    paint("rectangle", glass, (150, 175, 190), CAR)
    for wheel in (-0.33, 0.33):
        center, radius = x + wheel * size, size * 0.1
        box = [center - radius, y - radius, center + radius, y + radius]
        paint("ellipse", box, (25, 25, 28), CAR)


def scenes(count, side=256):
    """(images, masks, names of the classes)."""
    images, masks = zip(*(scene(seed, side) for seed in range(count)), strict=True)
    return np.stack(images), np.stack(masks), NAMES
