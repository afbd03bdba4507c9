"""EXIF orientation: image and mask are turned each by its own tag, or neither is."""

import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

import keras_segaug
from keras_segaug.data.pairs import Pair
from keras_segaug.data.palettes import Labels
from keras_segaug.data.reading import BrokenPairError, Reader
from tests.data_files.folders import random_image, random_mask, save

IMAGE, MASK = random_image(), random_mask()
ORIENTATIONS = range(1, 9)


def read(image, mask, exif_orientation=None):
    pair = Pair(str(image), str(mask))
    return Reader(Labels(), exif_orientation=exif_orientation).arrays(pair)


def problems(image, mask, exif_orientation=None):
    with pytest.raises(BrokenPairError) as caught:
        read(image, mask, exif_orientation)
    return [(problem.kind, problem.path, problem.detail) for problem in caught.value.problems]


def tagged(path, pixels, orientation):
    """The file, and its pixels turned upright."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(path, pixels, exif=exif)
    with Image.open(path) as image:
        return path, np.asarray(ImageOps.exif_transpose(image))


def tagged_mask(path, image_orientation, orientation, height=6, width=8):
    """A mask whose upright size is that of an image (6, 8) with `image_orientation`."""
    turned = (image_orientation >= 5) != (orientation >= 5)
    size = (width, height) if turned else (height, width)
    return tagged(path, random_mask(*size), orientation)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_an_upright_mask_turns_its_image(tmp_path, orientation, ending):
    path, _ = tagged(tmp_path / f"image.{ending}", IMAGE, orientation)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    mask = save(tmp_path / "mask.png", random_mask(*upright.shape[:2]))
    np.testing.assert_array_equal(read(path, mask, "apply").image, upright)
    if orientation == 1 or orientation >= 5:
        np.testing.assert_array_equal(read(path, mask).image, upright)
    else:
        assert problems(path, mask) == [("orientation", str(path), f"orientation {orientation}")]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_mask_drawn_on_the_stored_pixels_keeps_its_image(tmp_path, orientation):
    path, _ = tagged(tmp_path / "image.png", IMAGE, orientation)
    mask = save(tmp_path / "mask.png", MASK)
    np.testing.assert_array_equal(read(path, mask, "ignore").image, IMAGE)
    if orientation == 1 or orientation >= 5:
        np.testing.assert_array_equal(read(path, mask).image, IMAGE)
    if orientation >= 5:
        ((kind, where, detail),) = problems(path, mask, "apply")
        assert (kind, where) == ("size", str(mask))
        assert f"turned by EXIF orientation 1, the image's {orientation}" in detail


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_apply_turns_image_and_mask_each_by_its_own_tag(tmp_path, orientation):
    for other in ORIENTATIONS:
        image, pixels = tagged(tmp_path / f"image{other}.png", IMAGE, other)
        mask, labels = tagged_mask(tmp_path / f"mask{other}.png", other, orientation)
        arrays = read(image, mask, "apply")
        np.testing.assert_array_equal(arrays.image, pixels)
        np.testing.assert_array_equal(arrays.mask, labels)
        assert arrays.mask.dtype == np.uint8


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_ignore_turns_neither(tmp_path, orientation):
    image, _ = tagged(tmp_path / "image.png", IMAGE, 6)
    mask, _ = tagged(tmp_path / "mask.png", MASK, orientation)
    arrays = read(image, mask, "ignore")
    np.testing.assert_array_equal(arrays.image, IMAGE)
    np.testing.assert_array_equal(arrays.mask, MASK)


def test_the_sizes_settle_the_tag_of_a_mask_as_well(tmp_path):
    image = save(tmp_path / "image.png", IMAGE)
    mask, labels = tagged(tmp_path / "turned.png", random_mask(8, 6), 8)
    np.testing.assert_array_equal(read(image, mask).mask, labels)
    mask, _ = tagged(tmp_path / "stored.png", MASK, 8)
    np.testing.assert_array_equal(read(image, mask).mask, MASK)


def test_tags_that_fit_with_and_without_are_asked_about(tmp_path):
    image, _ = tagged(tmp_path / "image.png", IMAGE, 6)
    mask, _ = tagged(tmp_path / "mask.png", MASK, 6)
    assert problems(image, mask) == [
        ("orientation", str(image), f"orientation 6, its mask's 6: {mask}")
    ]
    plain = save(tmp_path / "plain.png", IMAGE)
    mask, _ = tagged(tmp_path / "half.png", MASK, 3)
    assert problems(plain, mask) == [("orientation", str(mask), "orientation 3, its image's 1")]


def chunk(kind, content):
    body = kind + content
    return len(content).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def exif_of(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def test_a_tag_behind_the_pixels_of_a_png_counts(tmp_path):
    """The format allows that, and some tools write it."""
    image = save(tmp_path / "image.png", IMAGE)
    labels = random_mask(8, 6)
    mask = save(tmp_path / "mask.png", labels)
    data = mask.read_bytes()
    end = len(data) - 12
    mask.write_bytes(data[:end] + chunk(b"eXIf", exif_of(6)[6:]) + data[end:])
    np.testing.assert_array_equal(read(image, mask, "apply").mask, np.rot90(labels, -1))


def test_a_tag_in_a_text_of_a_png_counts(tmp_path):
    """ImageMagick wrote tags so before the format had a place for them."""
    image = save(tmp_path / "image.png", IMAGE)
    labels = random_mask(8, 6)
    mask = save(tmp_path / "mask.png", labels)
    data, exif = mask.read_bytes(), exif_of(6)
    text = f"Raw profile type exif\0\nexif\n{len(exif):8}\n{exif.hex()}\n".encode()
    mask.write_bytes(data[:33] + chunk(b"tEXt", text) + data[33:])
    np.testing.assert_array_equal(read(image, mask, "apply").mask, np.rot90(labels, -1))


@pytest.mark.parametrize("check", ["all", "headers"])
def test_a_dataset_of_tagged_pairs_is_aligned(tmp_path, check):
    expected = []
    for n, (first, second) in enumerate([(6, 6), (5, 1), (8, 3)]):
        _, pixels = tagged(tmp_path / f"images/{n}.png", IMAGE, first)
        _, labels = tagged_mask(tmp_path / f"masks/{n}.png", first, second)
        expected.append((pixels, labels))
    dataset = keras_segaug.segmentation_dataset_from_directory(
        tmp_path / "images",
        tmp_path / "masks",
        exif_orientation="apply",
        check=check,
        shuffle=False,
        verbose=False,
    )
    ((images, masks),) = dataset.as_numpy_iterator()
    for place, (pixels, labels) in enumerate(expected):
        np.testing.assert_array_equal(images[place], pixels)
        np.testing.assert_array_equal(masks[place], labels)
