"""Files that change after the check are named when they are read, never silently converted."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf

import keras_segaug
from tests.data_files.folders import (
    COLORS,
    make_pairs,
    random_image,
    random_mask,
    save,
    with_table,
)


def load(*folders, **options):
    options = {"verbose": False, "shuffle": False, "batch_size": None, **options}
    return keras_segaug.segmentation_dataset_from_directory(*folders, **options)


def replace_id(images, masks):
    save(masks / "01.png", np.full((6, 8), 300, "uint16"))
    return masks / "01.png", "ids up to 300, where the dataset gives uint8"


def replace_sizes(images, masks):
    save(images / "01.png", random_image(5, 9))
    save(masks / "01.png", random_mask(5, 9))
    return images / "01.png", "5 x 9, where the dataset gives 6 x 8"


def replace_depth(images, masks):
    save(images / "01.png", random_image()[..., 0].astype("uint16") * 9)
    return images / "01.png", "uint16, where the dataset gives uint8"


def remove_mask(images, masks):
    (masks / "01.png").unlink()
    return masks / "01.png", "it is gone"


def remove_image(images, masks):
    (images / "01.png").unlink()
    return images / "01.png", "it is gone"


@pytest.mark.parametrize("check", ["all", "headers"])
@pytest.mark.parametrize(
    "change", [replace_id, replace_sizes, replace_depth, remove_mask, remove_image]
)
def test_a_changed_file_is_named_with_its_cure(tmp_path, change, check):
    folders = make_pairs(tmp_path, count=2)
    dataset = load(*folders, check=check)
    path, text = change(*folders)
    elements = iter(dataset)
    next(elements)
    with pytest.raises(tf.errors.OpError) as caught:
        next(elements)
    told = str(caught.value)
    assert f"{path}: {text}" in told
    assert "Files that changed since the dataset was made (1). Make the dataset again" in told


def test_what_the_check_passed_and_reading_refuses_has_changed(tmp_path):
    folders = make_pairs(tmp_path, count=1)
    dataset = load(*folders, class_names=list("abcd"))
    path = save(folders[1] / "00.png", random_mask(classes=9))
    with pytest.raises(tf.errors.OpError) as caught:
        next(iter(dataset))
    told = str(caught.value)
    assert f"{path}: values 4" in told
    assert "sound when the dataset was made: has it changed?" in told


def test_sizes_may_change_where_none_was_promised(tmp_path):
    images, masks = make_pairs(tmp_path, count=1)
    save(images / "01.png", random_image(5, 9))
    save(masks / "01.png", random_mask(5, 9))
    dataset = load(images, masks)
    save(images / "00.png", random_image(7, 7))
    save(masks / "00.png", random_mask(7, 7))
    assert [mask.shape for _, mask in dataset.as_numpy_iterator()] == [(7, 7), (5, 9)]


@pytest.mark.parametrize("check", ["all", "headers"])
def test_another_color_table_is_noticed_where_it_decides(tmp_path, check):
    images, masks = make_pairs(tmp_path, count=2)
    for n in range(2):
        save(masks / f"{n:02}.png", with_table(random_mask(seed=n)))
    dataset = load(images, masks, palette="file", check=check)
    assert len(list(dataset)) == 2
    path = save(masks / "01.png", with_table(random_mask(seed=1), COLORS[::-1]))
    with pytest.raises(tf.errors.OpError) as caught:
        list(dataset)
    told = str(caught.value)
    assert f"{path}: index 0 is {COLORS[3]}, not {COLORS[0]}" in told
    assert "Give `palette` from colors to ids" in told


def test_headers_do_not_hide_tables_that_disagree(tmp_path):
    images, masks = make_pairs(tmp_path, count=2)
    for n, colors in enumerate([COLORS, COLORS[::-1]]):
        save(masks / f"{n:02}.png", with_table(random_mask(seed=n), colors))
    dataset = load(images, masks, palette="file", check="headers")
    with pytest.raises(tf.errors.OpError, match=r"masks/0\d\.png: index \d is"):
        list(dataset)
    with pytest.raises(ValueError, match=r"masks/0\d\.png: index \d is"):
        dataset.class_weights()


def test_training_and_validation_agree(tmp_path):
    images, masks = make_pairs(tmp_path, count=4)
    options = {"subset": "both", "validation_split": 0.25}
    _, validation = load(images, masks, **options)
    ((image, mask),) = validation.file_paths
    for path in masks.iterdir():
        save(path, with_table(random_mask(seed=1), COLORS[:: -1 if str(path) == mask else 1]))
    with pytest.raises(ValueError, match="color tables of palette masks disagree"):
        load(images, masks, palette="file", **options)
    save(pathlib.Path(image), random_image()[..., 0].astype("uint16") * 9)
    with pytest.raises(ValueError, match="images must all have the same depth"):
        load(images, masks, palette=COLORS, **options)
