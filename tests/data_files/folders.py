"""Folders of small image files, sound and broken."""

import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples/data"
COLORS = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (10, 200, 30)]


def random_image(height=6, width=8, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), "uint8")


def random_mask(height=6, width=8, classes=4, seed=0):
    return np.random.default_rng(seed).integers(0, classes, (height, width), "uint8")


def save(path, pixels, **options):
    """Writes an array, or a pillow image as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.squeeze(pixels))
    image.save(path, **options)
    return path


def colored(mask, colors=COLORS):
    return np.array(colors, "uint8")[mask]


def with_table(mask, colors=COLORS):
    image = Image.fromarray(mask, "P") if mask.dtype == bool else Image.fromarray(mask)
    image = image.convert("L")
    image.putpalette(np.array(colors, "uint8").tobytes())
    return image


def make_pairs(root, count=4, height=6, width=8, classes=4):
    """`root/images` and `root/masks` with equal stems, index masks; returns the two folders."""
    for n in range(count):
        save(root / f"images/{n:02}.png", random_image(height, width, seed=n))
        save(root / f"masks/{n:02}.png", random_mask(height, width, classes, seed=n))
    return root / "images", root / "masks"


def truncate(path, drop=30):
    path.write_bytes(path.read_bytes()[:-drop])


def save_bmp(path, indices, colors, bits):
    """A BMP of 1, 4 or 8 bits whose table has only these colors; pillow writes full tables."""
    shifts = np.arange(bits - 1, -1, -1)
    rows = [np.packbits((row[:, None] >> shifts & 1).astype("uint8")).tobytes() for row in indices]
    pixels = b"".join(row + bytes(-len(row) % 4) for row in reversed(rows))
    table = b"".join(bytes((blue, green, red, 0)) for red, green, blue in colors)
    start = 54 + len(table)
    height, width = indices.shape
    header = struct.pack("<2sIII", b"BM", start + len(pixels), 0, start)
    header += struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, 0, 0, 0, len(colors), 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + table + pixels)
    return path


def save_gray_png(path, levels, bits):
    """A gray PNG of 1, 2 or 4 bits per pixel, which pillow reads but does not write."""
    rows = b""
    for row in levels:
        packed = np.array(row, "uint8")[:, None] >> np.arange(bits - 1, -1, -1) & 1
        rows += b"\0" + np.packbits(packed.astype("uint8").ravel()).tobytes()
    height, width = levels.shape

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    return path
