"""One image file at a time: what it holds, and its pixels as they are stored."""

import contextlib
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_segaug.data.problems import BrokenFileError
from keras_segaug.extras import needed

TIFF_ENDINGS = (".tif", ".tiff")

# Pillow's modes that are read here; everything else (CMYK, YCbCr, LAB, ...) is refused.
COLORS = {
    "1": "gray",
    "L": "gray",
    "I": "gray",
    "I;16": "gray",
    "I;16B": "gray",
    "I;16L": "gray",
    "LA": "gray and alpha",
    "P": "palette",
    "RGB": "rgb",
    "RGBX": "rgb",
    "RGBA": "rgba",
}

KNOWN = tuple(dict.fromkeys(COLORS.values()))

# Pillow spreads 2 and 4 bits of gray over 0 .. 255.
STEPS = {"L;2": 85, "L;4": 17}

# How each EXIF orientation is turned upright.
UPRIGHT: dict[int, Callable] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels.swapaxes(0, 1)[:, ::-1],
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels.swapaxes(0, 1)[::-1],
}
EXIF_ORIENTATION = 0x0112

# The bits that pillow takes a pixel of a gray BMP to have, going by the length of its table.
BMP_GRAYS = {"1": 1, "L": 8}
# Where the two kinds of BMP headers, told apart by their lengths, have the bits of a pixel.
BMP_HEADER = 14
BMP_BITS = {12: 24}
BMP_BITS_LATER = 28

PNG_SIGNATURE = 8
PNG_CHUNK = struct.Struct(">I4s")

# WebP, also inside TIFF, may be lossless, but nothing that is read here shows it.
LOSSY = ("JPEG", "MPO", "JPEG2000", "WEBP", "AVIF")
LOSSY_TIFF = ("JPEG", "JP2000", "WEBP")


@dataclass
class ImageFile:
    """An open file.

    `load()` gives its pixels, (height, width) or (height, width, channels), which in a
    palette image are indices of the rows of `table()`, (n, 4) in red, green, blue, alpha.
    """

    path: str
    size: tuple  # (height, width)
    colors: str  # a value of COLORS, or the name of something else
    dtype: str
    lossy: bool
    load: Callable
    table: Callable
    orientation: int = 1
    step: int = 1  # between neighboring gray levels

    @property
    def shade(self):
        """How much lighter, of 255, the next gray level is; None for what is no gray of 8 bits."""
        if self.colors != "gray":
            return None
        return {"bool": 255, "uint8": self.step}.get(self.dtype)


def pillow():
    """`PIL.Image`, ready for use in several threads."""
    image = needed("Reading images", "PIL.Image", "files")
    image.init()
    return image


def tifffile():
    return needed("Reading TIFF files", "tifffile", "tiff")


def broken_link(path):
    """The detail to report for a broken link."""
    return f"to {os.readlink(path)}"


def _size_of_file(path):
    try:
        return os.path.getsize(path)
    except OSError:
        if os.path.islink(path):
            raise BrokenFileError("link", path, broken_link(path)) from None
        raise


@contextlib.contextmanager
def opened(path):
    """The `Image` of a file, open as long as the context is; raises `BrokenFileError`."""
    reader = _tiff if path.lower().endswith(TIFF_ENDINGS) else _other
    with contextlib.ExitStack() as stack:
        with readable(path):
            if _size_of_file(path) == 0:
                raise BrokenFileError("empty", path)
            image_file = reader(path, stack)
        yield image_file


@contextlib.contextmanager
def readable(path):
    """Turns whatever a decoder raises (it may be anything) into a `BrokenFileError` of the file."""
    try:
        yield
    except (BrokenFileError, ImportError, MemoryError):
        raise
    except Exception as error:
        text = str(error).replace(repr(path), "it")
        if type(error).__name__ == "DecompressionBombError":
            text += " For images you trust, raise PIL.Image.MAX_IMAGE_PIXELS."
        raise BrokenFileError("unreadable", path, f"{type(error).__name__}: {text}") from error


def _other(path, stack):
    file = stack.enter_context(pillow().open(path))
    if file.format == "TIFF":
        # With another suffix; Pillow would keep 8 of 16 bits.
        return _tiff(path, stack)
    # What cameras put after a photo (MPO) is a preview or the like, not a second photo.
    if getattr(file, "is_animated", False) and file.format != "MPO":
        raise BrokenFileError("frames", path, f"{file.n_frames} frames")
    if file.format == "BMP" and file.mode in BMP_GRAYS:
        bits = _bmp_bits(file.fp)
        if bits != BMP_GRAYS[file.mode]:
            raise ValueError(f"pillow misreads BMP files of {bits} bits with so few grays")
    stored = file.tile[0].args if file.tile else ""  # such as "L;4" or "RGB;16B"
    stored = str(stored if isinstance(stored, str) or not stored else stored[0])
    colors = COLORS.get(file.mode, file.mode)
    dtype = {"1": "bool", "I": "int32"}.get(file.mode, "uint8")
    if "16" in file.mode or stored.endswith(";16B"):
        dtype = "uint16"
    # Pillow keeps only 8 bits of 16-bit colors.
    from_tensorflow = dtype == "uint16" and colors != "gray"
    return ImageFile(
        path,
        (file.height, file.width),
        colors,
        dtype,
        lossy=file.format in LOSSY,
        load=lambda: _png_colors(path) if from_tensorflow else np.asarray(file).astype(dtype),
        table=lambda: _table(file),
        orientation=_orientation(file),
        step=STEPS.get(stored, 1),
    )


def _orientation(file):
    """The orientation of the EXIF tag, without decoding the image."""
    info = file.info
    if file.format == "PNG" and "exif" not in info and (exif := _png_exif(file.fp)):
        info["exif"] = b"Exif\0\0" + exif
    if "exif" in info or "Raw profile type exif" in info:
        return file.getexif().get(EXIF_ORIENTATION, 1)
    return 1


def _bmp_bits(file):
    """The bits of a pixel, which pillow does not tell."""
    place = file.tell()
    file.seek(BMP_HEADER)
    (length,) = struct.unpack("<I", file.read(4))
    file.seek(BMP_BITS.get(length, BMP_BITS_LATER))
    (bits,) = struct.unpack("<H", file.read(2))
    file.seek(place)
    return bits


def _png_exif(file):
    """The EXIF data of a PNG; they may follow the pixels, which pillow has not read yet."""
    place, kind, exif = file.tell(), b"", b""
    file.seek(PNG_SIGNATURE)
    while kind not in (b"eXIf", b"IEND") and len(head := file.read(PNG_CHUNK.size)) == 8:
        length, kind = PNG_CHUNK.unpack(head)
        if kind == b"eXIf":
            exif = file.read(length)
        file.seek(length + 4, os.SEEK_CUR)
    file.seek(place)
    return exif


def _png_colors(path):
    try:
        import tensorflow as tf
    except ImportError as error:
        raise ImportError(
            f"Reading {path}: PNG files with colors of 16 bits are decoded with TensorFlow, which "
            "is not installed. Install it, or save the file with 8 bits."
        ) from error

    with open(path, "rb") as file, tf.device("CPU:0"):
        return tf.io.decode_png(file.read(), dtype=tf.uint16).numpy()


def _table(file):
    colors = np.array(file.getpalette("RGB"), "uint8").reshape(-1, 3)
    alpha = np.full((len(colors), 1), 255, "uint8")
    transparency = file.info.get("transparency")
    if isinstance(transparency, bytes):
        alpha[: len(transparency), 0] = list(transparency)[: len(alpha)]
    elif transparency is not None:
        alpha[transparency] = 0
    return np.concatenate([colors, alpha], axis=1)


def _tiff(path, stack):
    file = stack.enter_context(tifffile().TiffFile(path))
    series, *others = file.series
    page = series.keyframe
    axes = dict(zip(series.axes, series.shape, strict=True))
    layers = {name: n for name, n in axes.items() if name not in "YXS" and n > 1}
    # Smaller copies and transparency masks belong to an image; they are not further images.
    others = [other for other in others if not (other.keyframe.subfiletype & 5)]
    if layers or others:
        detail = f"its axes are {axes}" if layers else f"{1 + len(others)} images"
        raise BrokenFileError("frames", path, detail)
    if not {"Y", "X"} <= set(axes):
        raise BrokenFileError("colors", path, f"its axes are {axes}")
    orientation = page.tags.get("Orientation")
    return ImageFile(
        path,
        (axes["Y"], axes["X"]),
        _tiff_colors(page.photometric.name, axes.get("S", 1)),
        page.dtype.name,
        lossy=any(name in page.compression.name for name in LOSSY_TIFF),
        load=lambda: _tiff_pixels(series),
        table=lambda: _tiff_table(page),
        orientation=int(orientation.value) if orientation else 1,
    )


def _tiff_colors(photometric, channels):
    return {
        ("MINISBLACK", 1): "gray",
        ("MINISWHITE", 1): "gray",
        ("MINISBLACK", 2): "gray and alpha",
        ("PALETTE", 1): "palette",
        ("RGB", 3): "rgb",
        ("YCBCR", 3): "rgb",
        ("RGB", 4): "rgba",
    }.get((photometric, channels), f"{photometric} with {channels} channels")


def _tiff_pixels(series):
    pixels = series.asarray()
    kept = [name for name in series.axes if name in "YXS"]
    pixels = pixels.reshape(
        [n for name, n in zip(series.axes, series.shape, strict=True) if name in kept]
    )
    pixels = pixels.transpose([kept.index(name) for name in "YXS" if name in kept])
    if series.keyframe.photometric.name == "MINISWHITE":
        if pixels.dtype.kind not in "bu":
            raise ValueError(f"white is 0, and the greatest of {pixels.dtype} not black")
        return ~pixels if pixels.dtype == bool else 2**series.keyframe.bitspersample - 1 - pixels
    return pixels


def _tiff_table(page):
    # Some writers store 8 bits where 16 belong; libtiff recognizes them the same way.
    bits = 8 if page.colormap.max() > 255 else 0
    colors = (page.colormap.T >> bits).astype("uint8")
    return np.concatenate([colors, np.full((len(colors), 1), 255, "uint8")], axis=1)
