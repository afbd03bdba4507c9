"""Each kind of image and mask file is read as it is stored, or reported as a clear problem."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, features

from keras_segaug.data.image_files import COLORS as KINDS_OF_COLORS
from keras_segaug.data.pairs import Pair
from keras_segaug.data.palettes import Labels
from keras_segaug.data.reading import BrokenPairError, Reader
from tests.data_files.folders import (
    COLORS,
    colored,
    random_image,
    random_mask,
    save,
    save_bmp,
    save_gray_png,
    truncate,
    with_table,
)

IMAGE = random_image()
MASK = random_mask()
PALETTE = {color: place for place, color in enumerate(COLORS)}


def read(image, mask, palette=None, color_mode="rgb", **labels):
    pair = Pair(str(image), str(mask))
    return Reader(Labels(palette, **labels), color_mode).arrays(pair)


def problems(image, mask, **options):
    with pytest.raises(BrokenPairError) as caught:
        read(image, mask, **options)
    return [(problem.kind, problem.path) for problem in caught.value.problems]


@pytest.fixture
def image(tmp_path):
    return save(tmp_path / "image.png", IMAGE)


@pytest.fixture
def mask(tmp_path):
    return save(tmp_path / "mask.png", MASK)


def as_modes():
    """The image in each of Pillow's modes that is read."""
    rgba = Image.fromarray(np.dstack([IMAGE, IMAGE[..., 0]]))
    rgb = Image.fromarray(IMAGE)
    modes = {mode: rgb.convert(mode) for mode in ("1", "L", "P", "RGB")}
    return modes | {"RGBA": rgba, "LA": rgba.convert("LA")}


@pytest.mark.parametrize("mode", list(as_modes()))
@pytest.mark.parametrize("color_mode", ["grayscale", "rgb", "rgba"])
def test_images_of_all_modes_become_what_pillow_makes_of_them(tmp_path, mask, mode, color_mode):
    stored = as_modes()[mode]
    image = save(tmp_path / "image.png", stored)
    pixels = read(image, mask, color_mode=color_mode).image
    through = stored.convert("RGB") if mode == "P" else stored
    expected = np.asarray(through.convert({"grayscale": "L"}.get(color_mode, color_mode.upper())))
    assert pixels.dtype == np.uint8
    assert pixels.shape == (6, 8, {"grayscale": 1, "rgb": 3, "rgba": 4}[color_mode])
    # Pillow weights the colors in fixed point.
    assert np.abs(pixels.reshape(expected.shape).astype(int) - expected).max() <= (
        color_mode == "grayscale"
    )


def test_colors_become_gray_by_their_luma_and_are_rounded(image, mask):
    luma = IMAGE @ np.array([0.299, 0.587, 0.114])
    gray = read(image, mask, color_mode="grayscale").image[..., 0]
    assert np.abs(gray - luma).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("ending", ["png", "bmp", "gif", "webp", "jpg", "jpeg", "JPG"])
def test_formats_are_read_as_pillow_reads_them(tmp_path, mask, ending):
    options = {"lossless": True} if ending == "webp" else {}
    path = save(tmp_path / f"image.{ending}", IMAGE, **options)
    with Image.open(path) as image:
        np.testing.assert_array_equal(read(path, mask).image, image.convert("RGB"))


def test_transparent_entries_of_a_color_table_reach_rgba(tmp_path, mask):
    image = with_table(MASK)
    path = save(tmp_path / "image.png", image, transparency=bytes([0, 128, 255]))
    pixels = read(path, mask, color_mode="rgba").image
    np.testing.assert_array_equal(pixels[..., 3], np.array([0, 128, 255, 255])[MASK])
    path = save(tmp_path / "one.png", image, transparency=2)
    pixels = read(path, mask, color_mode="rgba").image
    np.testing.assert_array_equal(pixels[..., 3], np.where(MASK == 2, 0, 255))
    np.testing.assert_array_equal(pixels[..., :3], colored(MASK))


def test_sixteen_bits_of_gray_are_kept(tmp_path, mask):
    levels = (MASK.astype("uint16") + 1) * 16000
    path = save(tmp_path / "image.png", levels)
    pixels = read(path, mask, color_mode="grayscale").image
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels[..., 0], levels)
    rgba = read(path, mask, color_mode="rgba").image
    np.testing.assert_array_equal(rgba[..., 2], levels)
    assert (rgba[..., 3] == 65535).all()


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_sixteen_bits_of_color_are_kept(tmp_path, mask, channels):
    levels = np.random.default_rng(0).integers(0, 65536, (6, 8, channels), "uint16")
    path = tmp_path / "image.png"
    path.write_bytes(tf.io.encode_png(levels).numpy())
    pixels = read(path, mask, color_mode="rgba").image
    assert pixels.dtype == np.uint16
    expected = {
        2: levels[..., [0, 0, 0, 1]],
        3: np.concatenate([levels, np.full((6, 8, 1), 65535)], -1),
        4: levels,
    }[channels]
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("ending", ["png", "bmp", "gif"])
def test_a_palette_mask_is_read_as_its_indices(tmp_path, image, ending):
    path = save(tmp_path / f"mask.{ending}", with_table(MASK))
    _, ids, colors, _ = read(image, path)
    np.testing.assert_array_equal(ids, MASK)
    assert colors == dict(enumerate(COLORS))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_indices_of_any_depth(tmp_path, image, bits):
    ids = random_mask(classes=2**bits, seed=bits)
    stored = with_table(ids, [(n, n // 2, 255 - n) for n in range(2**bits)])
    path = save(tmp_path / "mask.png", stored, bits=bits)
    np.testing.assert_array_equal(read(image, path).mask, ids)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_of_gray_are_ids_too(tmp_path, image, bits):
    """Viewers and pillow spread them over 0 .. 255; the ids are the stored values."""
    ids = random_mask(classes=2**bits, seed=bits)
    path = save_gray_png(tmp_path / "mask.png", ids, bits)
    np.testing.assert_array_equal(read(image, path).mask, ids)
    palette = [(n * 255 // (2**bits - 1),) * 3 for n in range(2**bits)]
    np.testing.assert_array_equal(read(image, path, palette=palette).mask, ids)


@pytest.mark.parametrize(
    ("bits", "grays"),
    [(1, (0, 255)), (4, (0, 255)), (8, (0, 255)), (4, (0, 1, 2, 3)), (8, (0, 1, 2, 3))],
)
@pytest.mark.parametrize("width", [4, 8])
def test_a_bmp_with_a_short_table_of_grays_is_read_right_or_refused(tmp_path, bits, grays, width):
    """Pillow assumes that all black and white BMPs with two colors have one bit per pixel."""
    indices = random_mask(width=width, classes=len(grays))
    path = save_bmp(tmp_path / "a.bmp", indices, [(n, n, n) for n in grays], bits)
    if bits == {2: 1, 4: 8}[len(grays)]:
        found = read(path, path, color_mode="grayscale")
        np.testing.assert_array_equal(found.mask, indices)
        np.testing.assert_array_equal(found.image[..., 0], np.array(grays)[indices])
    else:
        told = [("unreadable", str(path))]
        assert problems(path, path) == told * 2


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_a_bmp_with_a_short_table_of_colors_is_read_as_its_indices(tmp_path, bits):
    indices = random_mask(classes=2)
    path = save_bmp(tmp_path / "a.bmp", indices, COLORS[1:3], bits)
    np.testing.assert_array_equal(read(path, path).mask, indices)
    np.testing.assert_array_equal(read(path, path).image, colored(indices, COLORS[1:3]))


def test_a_sixteen_bit_mask_keeps_its_ids(tmp_path, image):
    ids = MASK.astype("uint16") * 1000
    path = save(tmp_path / "mask.png", ids)
    np.testing.assert_array_equal(read(image, path).mask, ids)
    mapped = read(image, path, palette={0: 0, 1000: 1, 2000: 2, 3000: 300}).mask
    np.testing.assert_array_equal(mapped, np.array([0, 1, 2, 300])[MASK])


@pytest.mark.parametrize(
    "stored",
    [
        Image.fromarray(colored(MASK)),
        Image.fromarray(colored(MASK)).convert("RGBA"),
        # The order of its color table has no meaning.
        Image.fromarray(colored(MASK)).convert("P", palette=Image.Palette.ADAPTIVE, colors=4),
        with_table(3 - MASK, COLORS[::-1]),
    ],
    ids=["RGB", "RGBA", "quantised", "other order"],
)
def test_colors_become_ids_whatever_holds_them(tmp_path, image, stored):
    path = save(tmp_path / "mask.png", stored)
    np.testing.assert_array_equal(read(image, path, palette=PALETTE).mask, MASK)
    np.testing.assert_array_equal(read(image, path, palette=COLORS).mask, MASK)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB"])
def test_black_and_white_in_any_mode(tmp_path, image, mode):
    path = save(tmp_path / "mask.png", Image.fromarray((MASK > 1) * np.uint8(255)).convert(mode))
    ids = read(image, path, palette=[(0, 0, 0), (255, 255, 255)]).mask
    np.testing.assert_array_equal(ids, MASK > 1)
    if mode in ("L", "LA"):
        np.testing.assert_array_equal(read(image, path, palette={0: 0, 255: 1}).mask, MASK > 1)


def test_a_cmyk_jpeg_is_named(tmp_path, mask):
    path = save(tmp_path / "image.jpg", Image.fromarray(IMAGE).convert("CMYK"))
    assert problems(path, mask) == [("colors", str(path))]
    with pytest.raises(BrokenPairError, match="CMYK, the colors of printing"):
        read(path, mask)


def test_a_lossy_mask_is_named(tmp_path, image):
    for ending in ("jpg", "webp"):
        path = save(tmp_path / f"mask.{ending}", MASK)
        assert problems(image, path) == [("lossy", str(path))]


@pytest.mark.skipif(not features.check("avif"), reason="pillow without AVIF")
def test_a_lossy_mask_of_another_ending_is_named(tmp_path, image):
    path = save(tmp_path / "mask.png", Image.fromarray(MASK), format="AVIF")
    assert problems(image, path, palette=PALETTE) == [("lossy", str(path))]


def test_a_transparent_mask_is_named(tmp_path, image):
    pixels = np.dstack([colored(MASK), np.full_like(MASK, 255)])
    pixels[2, 3:5, 3] = 100
    path = save(tmp_path / "mask.png", pixels)
    assert problems(image, path, palette=PALETTE) == [("transparent", str(path))]
    with pytest.raises(BrokenPairError, match="2 pixels"):
        read(image, path, palette=PALETTE)


def test_a_colored_mask_without_a_palette_is_named(tmp_path, image):
    path = save(tmp_path / "mask.png", colored(MASK))
    assert problems(image, path) == [("colored", str(path))]
    assert problems(image, path, palette={0: 0, 1: 1}) == [("colors", str(path))]
    assert problems(image, path, palette="file") == [("colors", str(path))]


def test_unknown_colors_are_counted(tmp_path, image):
    pixels = colored(MASK)
    pixels[0, :3] = (1, 2, 3)
    pixels[5, 5] = (255, 255, 254)
    path = save(tmp_path / "mask.png", pixels)
    with pytest.raises(BrokenPairError) as caught:
        read(image, path, palette=PALETTE)
    (problem,) = caught.value.problems
    assert problem.kind == "unknown color"
    assert problem.colors == (((1, 2, 3), 3), ((255, 255, 254), 1))
    assert problem.detail == "4 pixels in 2 unknown colors"


def test_ids_that_are_no_class_are_listed(tmp_path, image, mask):
    assert problems(image, mask, class_names=["a", "b", "c"]) == [("id", str(mask))]
    with pytest.raises(BrokenPairError, match="values 2, 3"):
        read(image, mask, class_names=["a", "b"])
    assert read(image, mask, class_names=["a", "b", "c"], ignore_index=3).mask.max() == 3
    with pytest.raises(BrokenPairError, match="values 3"):
        read(image, mask, palette={0: 0, 1: 1, 2: 1})


def test_everything_wrong_with_a_pair_is_told_at_once(tmp_path):
    image = save(tmp_path / "image.png", IMAGE)
    truncate(image)
    mask = save(tmp_path / "mask.png", random_mask(7, 8))
    assert problems(image, mask, class_names=["a"]) == [
        ("size", str(mask)),
        ("unreadable", str(image)),
        ("id", str(mask)),
    ]


def _wrong(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "gif", "webp"])
def test_broken_bytes_are_problems_never_crashes(tmp_path, mask, ending):
    """Files of each format, cut at every length, or with noise in every place."""
    buffer = io.BytesIO()
    Image.fromarray(IMAGE).save(buffer, {"jpg": "jpeg"}.get(ending, ending))
    sound = buffer.getvalue()
    rng = np.random.default_rng(0)
    seen = set()
    for place in range(0, len(sound), max(1, len(sound) // 60)):
        noisy = bytearray(sound)
        noisy[place : place + 4] = rng.bytes(4)
        for content in (sound[:place], bytes(noisy)):
            path = _wrong(tmp_path / f"image.{ending}", content)
            try:
                assert read(path, mask).image.shape == (6, 8, 3)
            except BrokenPairError as error:
                seen |= {problem.kind for problem in error.problems}
    assert (
        {"empty", "unreadable"} <= seen <= {"empty", "unreadable", "size", "colors", "orientation"}
    )


def test_a_text_file_and_a_missing_one_cannot_be_read(tmp_path, mask):
    path = _wrong(tmp_path / "image.png", b"no image")
    assert problems(path, mask) == [("unreadable", str(path))]
    assert problems(tmp_path / "gone.png", mask) == [("unreadable", str(tmp_path / "gone.png"))]


def test_an_image_beyond_the_limit_of_pillow_tells_how_to_raise_it(image, mask, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(BrokenPairError, match=r"raise PIL\.Image\.MAX_IMAGE_PIXELS"):
        read(image, mask)


def test_every_kind_of_colors_is_known():
    assert set(KINDS_OF_COLORS.values()) == {"gray", "gray and alpha", "palette", "rgb", "rgba"}
