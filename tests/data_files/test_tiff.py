"""TIFF files, through tifffile."""

import sys

import numpy as np
import pytest
from PIL import Image

from keras_segaug.data.pairs import Pair
from keras_segaug.data.palettes import Labels
from keras_segaug.data.reading import BrokenPairError, Reader
from tests.data_files.folders import COLORS, colored, random_image, random_mask, save, with_table

tifffile = pytest.importorskip("tifffile")

IMAGE, MASK = random_image(), random_mask()


def read(image, mask, palette=None, color_mode="rgb", exif_orientation=None):
    reader = Reader(Labels(palette), color_mode, exif_orientation)
    return reader.arrays(Pair(str(image), str(mask)))


@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_colors_of_any_depth(tmp_path, compression, dtype):
    pixels = IMAGE.astype(dtype) * (200 if dtype == "uint16" else 1)
    tifffile.imwrite(tmp_path / "i.tif", pixels, photometric="rgb", compression=compression)
    tifffile.imwrite(tmp_path / "m.tiff", MASK, compression=compression)
    image, mask, *_ = read(tmp_path / "i.tif", tmp_path / "m.tiff")
    assert image.dtype == {"float64": "float32"}.get(dtype, dtype)
    np.testing.assert_array_equal(image, pixels)
    np.testing.assert_array_equal(mask, MASK)


def test_another_ending_changes_nothing(tmp_path):
    image = np.random.default_rng(0).integers(0, 65536, (6, 8, 3), "uint16")
    mask = random_mask().astype("float32")
    paths = tmp_path / "image.png", tmp_path / "mask.png"
    for path, pixels, photometric in zip(paths, (image, mask), ("rgb", "minisblack"), strict=True):
        tifffile.imwrite(path, pixels, photometric=photometric)
    found = read(*paths)
    assert found.image.dtype == "uint16"
    np.testing.assert_array_equal(found.image, image)
    np.testing.assert_array_equal(found.mask, mask)


def test_gray_of_fractions_is_not_rounded(tmp_path):
    pixels = IMAGE.astype("float32") / 255
    tifffile.imwrite(tmp_path / "i.tif", pixels, photometric="rgb")
    mask = save(tmp_path / "m.png", MASK)
    gray = read(tmp_path / "i.tif", mask, color_mode="grayscale").image[..., 0]
    np.testing.assert_allclose(gray, pixels @ np.array([0.299, 0.587, 0.114]), rtol=1e-6)
    rgba = read(tmp_path / "i.tif", mask, color_mode="rgba").image
    assert (rgba[..., 3] == 1.0).all()


def test_channels_apart_alpha_and_white_is_zero(tmp_path):
    mask = save(tmp_path / "m.png", MASK)
    path = tmp_path / "i.tif"
    tifffile.imwrite(path, IMAGE.transpose(2, 0, 1), photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read(path, mask).image, IMAGE)
    rgba = np.dstack([IMAGE, IMAGE[..., 0]])
    tifffile.imwrite(path, rgba, photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(read(path, mask, color_mode="rgba").image, rgba)
    tifffile.imwrite(path, IMAGE[..., 0], photometric="miniswhite")
    gray = read(path, mask, color_mode="grayscale").image[..., 0]
    np.testing.assert_array_equal(gray, 255 - IMAGE[..., 0])


def test_palette_bilevel_and_colored_masks(tmp_path):
    image = save(tmp_path / "i.png", IMAGE)
    indexed = save(tmp_path / "p.tif", with_table(MASK))
    _, ids, colors, _ = read(image, indexed)
    np.testing.assert_array_equal(ids, MASK)
    assert colors == dict(enumerate(COLORS))
    np.testing.assert_array_equal(read(image, indexed, palette=COLORS[::-1]).mask, 3 - MASK)
    bilevel = save(tmp_path / "b.tif", Image.fromarray(MASK > 1))
    np.testing.assert_array_equal(read(image, bilevel).mask, MASK > 1)
    painted = save(tmp_path / "c.tif", colored(MASK))
    np.testing.assert_array_equal(read(image, painted, palette=COLORS).mask, MASK)


def test_ids_of_many_bits_signed_ones_and_fractions(tmp_path):
    image, path = save(tmp_path / "i.png", IMAGE), tmp_path / "m.tif"
    for ids in (MASK.astype("int32") * 100_000, MASK.astype("float32")):
        tifffile.imwrite(path, ids)
        np.testing.assert_array_equal(read(image, path).mask, ids)
    for bad in (MASK.astype("int16") - 1, MASK / 255):
        tifffile.imwrite(path, bad)
        with pytest.raises(BrokenPairError, match="'id'"):
            read(image, path)


def test_the_orientation_of_a_mask_is_applied(tmp_path):
    image, path = save(tmp_path / "i.png", IMAGE), tmp_path / "m.tif"
    stored = random_mask(8, 6)
    tifffile.imwrite(path, stored, extratags=[(274, "H", 1, 6, True)])
    mask = read(image, path, exif_orientation="apply").mask
    np.testing.assert_array_equal(mask, np.rot90(stored, -1))


@pytest.mark.parametrize("compression", ["webp", "jpeg"])
def test_lossy_masks_are_refused(tmp_path, compression):
    pytest.importorskip("imagecodecs")
    image, path = save(tmp_path / "i.png", IMAGE), tmp_path / "m.tif"
    tifffile.imwrite(path, colored(MASK), photometric="rgb", compression=compression)
    with pytest.raises(BrokenPairError, match="'lossy'"):
        read(image, path, palette=COLORS)


def test_complex_numbers_are_no_ids(tmp_path):
    image, path = save(tmp_path / "i.png", IMAGE), tmp_path / "m.tif"
    tifffile.imwrite(path, MASK.astype("complex64"))
    with pytest.raises(BrokenPairError, match="complex64"):
        read(image, path, palette={0: 0, 1: 1, 2: 2, 3: 3})


def test_few_bits_with_white_as_zero_keep_within_their_bits(tmp_path):
    pytest.importorskip("imagecodecs")
    image, path = save(tmp_path / "i.png", IMAGE), tmp_path / "m.tif"
    tifffile.imwrite(path, MASK, photometric="miniswhite", bitspersample=4)
    np.testing.assert_array_equal(read(image, path).mask, 15 - MASK)


def test_colors_of_eight_bits_in_a_table_of_sixteen(tmp_path):
    """Some writers store that, and libtiff reads it the same way."""
    image, path = save(tmp_path / "i.png", IMAGE), tmp_path / "m.tif"
    table = np.zeros((3, 256), "uint16")
    table[:, :4] = np.array(COLORS).T
    tifffile.imwrite(path, MASK, photometric="palette", colormap=table)
    np.testing.assert_array_equal(read(image, path, palette=COLORS).mask, MASK)


def test_stacks_and_many_channels_are_refused(tmp_path):
    mask, path = save(tmp_path / "m.png", MASK), tmp_path / "i.tif"
    for pixels in (np.zeros((4, 6, 8), "uint8"), np.zeros((6, 8, 5), "uint8")):
        tifffile.imwrite(path, pixels, photometric="minisblack")
        with pytest.raises(BrokenPairError, match="'frames'"):
            read(path, mask)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BrokenPairError, match="'unreadable'"):
        read(path, mask)


def test_without_tifffile_the_extra_is_named(tmp_path, monkeypatch):
    path = tmp_path / "i.tif"
    tifffile.imwrite(path, IMAGE)
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(ImportError, match=r"keras-segaug\[tiff\]"):
        read(path, save(tmp_path / "m.png", MASK))
