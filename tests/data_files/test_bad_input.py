"""Every kind of broken file and wrong argument gives a message that names it and the cure."""

import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import keras_segaug
from tests.data_files.folders import (
    COLORS,
    colored,
    make_pairs,
    random_image,
    random_mask,
    save,
    save_gray_png,
    truncate,
    with_table,
)


def load(*folders, **options):
    options = {"verbose": False, "shuffle": False, **options}
    return keras_segaug.segmentation_dataset_from_directory(*folders, **options)


def message(*folders, error=ValueError, **options):
    with pytest.raises(error) as caught:
        load(*folders, **options)
    text = str(caught.value)
    assert text.startswith("segmentation_dataset_from_directory: ")
    return text


@pytest.fixture
def folders(tmp_path):
    return make_pairs(tmp_path)


def break_empty(images, masks):
    (images / "01.png").write_bytes(b"")
    return images / "01.png", "Empty files (1). Copy them again", {}


def break_truncated(images, masks):
    truncate(masks / "01.png")
    return masks / "01.png", "cannot be read (1). Copy or export them again", {}


def break_cmyk(images, masks):
    (images / "01.png").unlink()
    path = save(images / "01.jpg", Image.fromarray(random_image()).convert("CMYK"))
    return path, "CMYK", {}


def break_sixteen_bits(images, masks):
    path = save(masks / "01.png", np.full((6, 8), 300, "uint16"))
    return path, "values 300", {"class_names": list("abcd")}


def break_rgba(images, masks):
    pixels = np.dstack([colored(random_mask()), np.full((6, 8), 7, "uint8")])
    path = save(masks / "01.png", pixels)
    return path, "48 pixels", {"palette": {c: n for n, c in enumerate([*COLORS, (1, 1, 1)])}}


def break_size(images, masks):
    path = save(masks / "01.png", random_mask(8, 6))
    return path, "8 x 6, its image 6 x 8 (height x width)", {}


def break_color(images, masks):
    path = save(masks / "01.png", colored(random_mask()))
    return path, "Give `palette`, from colors to class ids", {}


def break_lossy(images, masks):
    (masks / "01.png").unlink()
    return save(masks / "01.jpg", random_mask()), "Export the masks again, as PNG", {}


BREAKS = [
    break_empty,
    break_truncated,
    break_cmyk,
    break_sixteen_bits,
    break_rgba,
    break_size,
    break_color,
    break_lossy,
]


@pytest.mark.parametrize("break_one", BREAKS)
def test_a_broken_file_is_named_with_its_cure(folders, break_one):
    path, text, options = break_one(*folders)
    if "palette" in options:
        for n in (0, 2, 3):
            save(folders[1] / f"{n:02}.png", colored(random_mask(seed=n)))
    told = message(*folders, **options)
    assert str(path) in told
    assert text in told
    assert 'on_error="skip"' in told


@pytest.mark.parametrize("break_one", BREAKS)
def test_a_skipped_file_is_counted_and_listed(folders, break_one):
    path, text, options = break_one(*folders)
    if "palette" in options:
        for n in (0, 2, 3):
            save(folders[1] / f"{n:02}.png", colored(random_mask(seed=n)))
    with pytest.warns(
        UserWarning, match="problems with 1 files, beside 4 pairs found; they are left"
    ) as caught:
        dataset = load(*folders, on_error="skip", **options)
    assert str(path) in str(caught[0].message)
    assert caught[0].filename == __file__
    assert len(dataset.file_paths) == dataset.report.used == 3
    assert dataset.report.found == 4
    assert str(path) in dataset.report.skipped
    assert len(dataset.report.skipped) == 2  # its partner, too
    assert "Files skipped: 2." in str(dataset.report)
    assert text in str(dataset.report)
    assert sum(len(masks) for _, masks in dataset) == 3


def test_files_without_a_partner(folders):
    images, masks = folders
    (images / "00.png").unlink()
    (masks / "03.png").unlink()
    told = message(images, masks)
    assert "Images without a mask (1). A mask has its image's path and stem" in told
    assert f"  {images / '03.png'}\n" in told
    assert f"  {masks / '00.png'}" in told
    with pytest.warns(UserWarning, match="problems with 2 files, beside 2 pairs found"):
        report = load(images, masks, on_error="skip").report
    assert report.skipped == (str(images / "03.png"), str(masks / "00.png"))
    assert (report.found, report.used) == (2, 2)


def test_all_problems_are_in_one_message(folders):
    images, masks = folders
    broken = [break_empty(images, masks)[0]]
    broken.append(save(masks / "02.png", random_mask(4, 4)))
    truncate(images / "03.png")
    broken.append(images / "03.png")
    save(images / "alone.png", random_image())
    broken.append(images / "alone.png")
    save(masks / "00.png", np.full((6, 8), 200, "uint8"))
    broken.append(masks / "00.png")
    told = message(images, masks, class_names=list("abcd"))
    for path in broken:
        assert str(path) in told


def test_unknown_colors_are_summed_over_the_files(folders):
    images, masks = folders
    for n in range(4):
        pixels = colored(random_mask(seed=n))
        pixels[0, : n + 1] = (9, 8, 7)
        save(masks / f"{n:02}.png", pixels)
    told = message(images, masks, palette=COLORS)
    assert f"(9, 8, 7): 10 pixels in 4 files, first in {masks / '00.png'}" in told
    assert "Add the colors to `palette`" in told


def test_folders_that_are_not_there(folders, tmp_path):
    images, masks = folders
    assert "`images` must be the path of a folder; there is nothing there" in message(
        tmp_path / "none", masks
    )
    assert "`masks` must be the path of a folder; there is a file there" in message(
        images, images / "00.png"
    )
    assert "`images` must be the path of a folder" in message(7, masks, error=TypeError)


def test_folders_without_pairs(folders, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/a.txt").write_text("")
    told = message(tmp_path / "empty", tmp_path / "empty", mask_suffix="_m")
    assert "no pairs" in told
    assert "1 other files" in told
    for path in folders[1].iterdir():
        path.rename(path.with_name(path.stem + "_mask.png"))
    told = message(*folders)
    assert "no pairs" in told
    assert "mask_suffix" in told
    assert str(folders[1] / "00_mask.png") in told
    assert len(load(*folders, mask_suffix="_mask").file_paths) == 4


def test_one_folder_needs_something_to_tell_masks_by(folders):
    assert "must tell them apart" in message(folders[0])
    assert "must tell them apart" in message(folders[0], folders[0])


def test_sizes_that_differ_do_not_fit_a_batch(folders):
    images, masks = folders
    save(images / "02.png", random_image(5, 9))
    save(masks / "02.png", random_mask(5, 9))
    told = message(images, masks)
    assert f"6 x 8 ({images / '00.png'}), 5 x 9 ({images / '02.png'})" in told
    assert "image_size=(height, width)" in told
    assert "batch_size=None" in told


def test_depths_that_differ(folders):
    images, masks = folders
    save(images / "02.png", random_image()[..., 0].astype("uint16") * 9)
    told = message(images, masks)
    assert f"uint8 (as {images / '00.png'}), uint16 (as {images / '02.png'})" in told


def test_color_tables_that_disagree(folders):
    images, masks = folders
    for n, colors in enumerate([COLORS, COLORS, COLORS[::-1], COLORS]):
        save(masks / f"{n:02}.png", with_table(random_mask(seed=n), colors))
    told = message(images, masks, palette="file")
    assert f"is {COLORS[0]} in {masks / '00.png'} and {COLORS[3]} in {masks / '02.png'}" in told
    with pytest.warns(UserWarning, match="Indices are taken as class ids"):
        load(images, masks)
    assert len(load(images, masks, palette=COLORS).file_paths) == 4


@pytest.mark.parametrize(("bits", "shade"), [(1, 255), (2, 85), (4, 17)])
def test_gray_masks_of_several_depths_are_doubted(folders, bits, shade):
    """White is 1 in files of one bit, which programs that shrink PNGs write, and 255 in others."""
    masks = folders[1]
    few = random_mask(classes=2)
    few[0, :2] = 0, 1
    save_gray_png(masks / "01.png", few, bits)
    load(*folders)  # No other file has this shade.
    save(masks / "02.png", few * np.uint8(shade))
    text = f"gray {shade} is id 1 in .*01.png and id {shade} in .*02.png. Stored values are taken"
    with pytest.warns(UserWarning, match=text) as caught:
        dataset = load(*folders)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(next(iter(dataset))[1][1:3], [few, few * shade])
    load(*folders, palette={0: 0, 1: 1, 2: 2, 3: 3, shade: 1})
    load(*folders, check="headers")


def test_black_and_white_masks_are_doubted(folders):
    for path in folders[1].iterdir():
        save(path, (random_mask() > 1) * np.uint8(255))
    with pytest.warns(UserWarning, match=r"palette={0: 0, 255: 1} makes it 1"):
        load(*folders)
    assert load(*folders, palette={0: 0, 255: 1}).pixel_counts().keys() == {0, 1}
    assert load(*folders, ignore_index=255).class_weights() == {0: 1.0}


def test_nothing_left(folders):
    for path in folders[0].iterdir():
        path.write_bytes(b"")
    with pytest.warns(UserWarning, match="4 files"):
        assert "no pair is left" in message(*folders, on_error="skip")


def test_what_the_headers_do_not_show_is_named_at_its_element(folders):
    truncate(folders[1] / "01.png")
    dataset = load(*folders, check="headers", batch_size=None)
    with pytest.raises(tf.errors.OpError, match=r"01\.png: OSError"):
        list(dataset)
    with pytest.raises(ValueError, match=r"01\.png"):
        dataset.class_weights()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"palette": [(0, 0, 0), (0, 0, 0)]}, "every color once. Received (0, 0, 0)"),
        ({"batch_size": 0}, "`batch_size` must be an integer of at least 1"),
        ({"image_size": 256}, "`image_size` must be None or a pair"),
        ({"image_size": (256, 0)}, "`image_size` must be"),
        ({"image_size": (1, 2, 3)}, "`image_size` must be None or a pair"),
        ({"color_mode": "bgr"}, "`color_mode` must be one of 'grayscale', 'rgb', 'rgba'"),
        ({"interpolation": "area"}, "`interpolation` must be one of"),
        ({"antialias": 1}, "`antialias` must be one of True, False"),
        ({"shuffle": None}, "`shuffle` must be one of"),
        ({"seed": 1.5}, "`seed` must be an integer or None"),
        ({"output": "list"}, "`output` must be one of 'tuple', 'dict'"),
        ({"check": True}, "`check` must be one of 'all', 'headers'"),
        ({"on_error": "ignore"}, "`on_error` must be one of 'raise', 'skip'"),
        ({"exif_orientation": True}, "`exif_orientation` must be one of"),
        ({"validation_split": 0.2}, "`validation_split` and `subset` must be given together"),
        ({"subset": "training"}, "`validation_split` and `subset` must be given together"),
        ({"validation_split": 1.0, "subset": "both"}, "`validation_split` must be between 0 and 1"),
        ({"validation_split": 0.2, "subset": "test"}, "`subset` must be one of"),
        ({"validation_split": 0.01, "subset": "both"}, "leaves nothing for validation"),
        ({"mask_suffix": 1}, "`mask_suffix` must be a string"),
        ({"pair": "stem"}, "`pair` must be None or a function"),
        ({"pair": str, "mask_suffix": "_m"}, "`pair` must be None or a function"),
        (
            {"class_names": ["a"], "palette": [(0, 0, 0), (1, 1, 1)]},
            "`class_names` must name every",
        ),
    ],
)
def test_wrong_arguments(folders, options, text):
    assert text in message(*folders, **options)


@pytest.mark.parametrize(
    ("module", "cure"),
    [("tensorflow", "pip install tensorflow"), ("PIL.Image", r"keras-segaug\[files\]")],
)
def test_what_is_not_installed_is_named(folders, monkeypatch, module, cure):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=cure):
        load(*folders)


def test_a_function_that_fails_fails_as_it_is(folders):
    with pytest.raises(KeyError, match=r"00\.png"):
        load(*folders, pair={}.__getitem__)
