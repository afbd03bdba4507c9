"""The dataset: elements, order, split, statistics."""

import inspect
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import keras_segaug
from tests.data_files.folders import (
    COLORS,
    EXAMPLES,
    colored,
    make_pairs,
    random_image,
    random_mask,
    save,
    truncate,
    with_table,
)

CT = EXAMPLES / "ct"


def load(*folders, **options):
    options = {"verbose": False, "shuffle": False, **options}
    return keras_segaug.segmentation_dataset_from_directory(*folders, **options)


def arrays(dataset):
    """All elements, batches joined."""
    images, masks = zip(*dataset.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(masks)


@pytest.fixture
def folders(tmp_path):
    return make_pairs(tmp_path, count=10)


def test_real_slices_come_as_they_are_stored():
    dataset = load(CT / "images", CT / "masks", color_mode="grayscale", batch_size=50)
    assert dataset.element_spec == (
        tf.TensorSpec((None, 101, 122, 1), "uint8"),
        tf.TensorSpec((None, 101, 122), "uint8"),
    )
    assert [len(images) for images, _ in dataset] == [50, 50, 12]
    assert [pair.image[-7:] for pair in dataset.file_paths] == [f"{n:03}.png" for n in range(112)]
    images, masks = arrays(dataset)
    for n in (0, 57, 111):
        with Image.open(CT / f"images/{n:03}.png") as image:
            np.testing.assert_array_equal(images[n, ..., 0], image)
        with Image.open(CT / f"masks/{n:03}.png") as image:
            np.testing.assert_array_equal(masks[n], image)
    values, pixels = np.unique(masks, return_counts=True)
    assert dataset.pixel_counts() == dict(zip(values.tolist(), pixels.tolist(), strict=True))
    with Image.open(CT / "masks/050.png") as image:
        table = np.reshape(image.getpalette(), (-1, 3)).tolist()
    assert dataset.class_colors == {n: tuple(table[n]) for n in values.tolist()}


def test_one_real_image_with_a_mask_of_its_own_name():
    """One folder: a suffix marks the mask, and the mask of instances, another file, is ignored."""
    options = {"image_suffix": "img", "mask_suffix": "mask_3class", "batch_size": None}
    dataset = load(EXAMPLES / "nuclei", class_names=["out", "in", "border"], **options)
    ((image, mask),) = dataset
    assert tuple(image.shape) == (512, 512, 3)
    assert tuple(mask.shape) == (512, 512)
    weights = dataset.class_weights()
    shares = np.bincount(mask.numpy().ravel()) / mask.numpy().size
    np.testing.assert_allclose([weights[n] * shares[n] for n in range(3)], 1 / 3)
    assert dataset.report.ignored >= 1


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("size", [(40, 50), (150, 61)])
def test_resizing_is_that_of_the_layers(interpolation, size):
    original = arrays(load(CT / "images", CT / "masks", color_mode="grayscale").take(1))
    options = {"image_size": size, "interpolation": interpolation, "color_mode": "grayscale"}
    settings = {"interpolation": interpolation, "dtype": "float32", "jit_compile": False}
    dataset = load(CT / "images", CT / "masks", **options)
    images, masks = arrays(dataset.take(1))
    assert (images.dtype, masks.dtype) == (np.uint8, np.uint8)
    layer = keras_segaug.JointResizing(*size, **settings)
    expected, moved = layer((original[0].astype("float32"), original[1]))
    np.testing.assert_array_equal(masks, keras.ops.convert_to_numpy(moved))
    assert np.abs(images - keras.ops.convert_to_numpy(expected)).max() <= 0.51


def test_bicubic_overshoot_is_clipped(tmp_path):
    images, masks = make_pairs(tmp_path, count=1)
    save(
        images / "00.png",
        np.repeat([0] * 4 + [255] * 4, 18).reshape(8, 6, 3).swapaxes(0, 1).astype("uint8"),
    )
    ((resized,), _), *_ = load(images, masks, image_size=(6, 64), interpolation="bicubic")
    levels = resized.numpy()[0, :, 0].astype(int)
    assert (np.diff(levels[16:48]) >= 0).all()
    assert set(levels[:20]) == {0}
    assert set(levels[44:]) == {255}


def test_antialiasing_smooths_what_shrinks(folders):
    plain, smooth = (
        arrays(load(*folders, image_size=(2, 2), antialias=antialias))[0].astype(float)
        for antialias in (False, True)
    )
    assert plain.std() > 1.5 * smooth.std()


def test_images_of_different_sizes_come_one_by_one(tmp_path):
    for n, size in enumerate([(4, 5), (6, 3), (4, 9)]):
        save(tmp_path / f"images/{n}.png", random_image(*size))
        save(tmp_path / f"masks/{n}.png", random_mask(*size))
    dataset = load(tmp_path / "images", tmp_path / "masks", batch_size=None)
    assert [mask.shape for _, mask in dataset.as_numpy_iterator()] == [(4, 5), (6, 3), (4, 9)]
    dataset = load(tmp_path / "images", tmp_path / "masks", image_size=(5, 4))
    assert dataset.element_spec[0].shape.as_list() == [None, 5, 4, 3]
    assert arrays(dataset)[1].shape == (3, 5, 4)


def test_a_dict_and_a_pipeline(folders):
    dataset = load(*folders, output="dict", batch_size=5)
    (spec,) = {tuple(sorted(dataset.element_spec))}
    assert spec == ("images", "segmentation_masks")
    pipeline = keras_segaug.Pipeline(
        [keras_segaug.JointRandomFlip("vertical")], seed=1, jit_compile=False
    )
    element = next(iter(dataset.map(pipeline)))
    assert element["segmentation_masks"].dtype == tf.uint8
    assert element["images"].shape == (5, 6, 8, 3)


# On JAX and torch, Keras warns that `shuffle` is ignored for a dataset.
@pytest.mark.filterwarnings("ignore:.shuffle=True. was passed")
def test_a_model_learns_from_it(folders):
    dataset = load(*folders, class_names=list("abcd"), batch_size=5)
    network = keras.Sequential(
        [keras.Input((6, 8, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(4, 1)]
    )
    network.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = network.fit(dataset, epochs=2, verbose=0).history["loss"]
    assert np.isfinite(losses).all()


def test_the_seed_decides_the_order_and_epochs_differ(folders):
    first, again = (load(*folders, shuffle=True, seed=3) for _ in range(2))
    epochs = [arrays(first)[1] for _ in range(2)]
    np.testing.assert_array_equal(epochs[0], arrays(again)[1])
    np.testing.assert_array_equal(epochs[1], arrays(again)[1])
    assert (epochs[0] != epochs[1]).any()
    in_order = arrays(load(*folders))[1]
    assert sorted(map(bytes, epochs[0])) == sorted(map(bytes, in_order))
    assert (arrays(load(*folders, shuffle=True, seed=4))[1] != epochs[0]).any()


def test_the_split_is_disjoint_complete_and_the_same_in_every_call(folders):
    parts = {
        subset: load(*folders, validation_split=0.3, subset=subset, seed=5).file_paths
        for subset in ("training", "validation")
    }
    assert [len(paths) for paths in parts.values()] == [7, 3]
    everything = load(*folders).file_paths
    assert sorted(parts["training"] + parts["validation"]) == everything
    both = load(*folders, validation_split=0.3, subset="both", seed=5)
    assert [part.file_paths for part in both] == list(parts.values())
    other = load(*folders, validation_split=0.3, subset="validation", seed=6).file_paths
    assert other != parts["validation"]


def test_the_split_hardly_moves_when_files_are_added_or_break(tmp_path):
    folders = make_pairs(tmp_path, count=40)
    options = {"validation_split": 0.25, "subset": "validation", "seed": 1}
    before = set(load(*folders, **options).file_paths)
    make_pairs(tmp_path, count=41)
    after = set(load(*folders, **options).file_paths)
    assert len(before ^ after) <= 2
    broken = sorted(before)[0]
    open(broken.mask, "wb").close()
    with pytest.warns(UserWarning, match="Empty"):
        left = load(*folders, on_error="skip", **options)
    assert set(left.file_paths) == after - {broken}


def test_statistics_are_the_same_whether_checked_or_counted_later(folders):
    checked, later = (
        load(*folders, class_names=list("abcde"), ignore_index=3, check=check)
        for check in ("all", "headers")
    )
    _, masks = arrays(later)
    pixels = np.bincount(masks.ravel(), minlength=5)
    assert checked.pixel_counts() == later.pixel_counts() == dict(enumerate(pixels.tolist()))
    weights = checked.class_weights()
    assert weights == later.class_weights()
    assert sorted(weights) == [0, 1, 2, 4]
    assert weights[4] == 0.0
    total = pixels[:3].sum()
    np.testing.assert_allclose([weights[n] for n in range(3)], total / 3 / pixels[:3])


@pytest.mark.parametrize(("largest", "dtype"), [(255, "uint8"), (256, "uint16"), (65535, "uint16")])
@pytest.mark.parametrize("check", ["all", "headers"])
def test_masks_take_the_smallest_dtype_that_is_sure_to_hold_the_ids(
    tmp_path, largest, dtype, check
):
    images, masks = make_pairs(tmp_path, count=1)
    ids = np.full((6, 8), largest, "uint16")
    save(masks / "00.png", ids)
    (_, mask), *_ = load(images, masks, check=check)
    np.testing.assert_array_equal(mask[0], ids)
    assert mask.dtype.name == ("uint16" if check == "headers" else dtype)


@pytest.mark.parametrize("name", ["voc", "cityscapes", "ade20k"])
def test_named_palettes(tmp_path, name):
    images, masks = make_pairs(tmp_path, count=1)
    from keras_segaug.data.named_palettes import named_palette

    named = named_palette(name)
    chosen = np.random.default_rng(0).integers(0, len(named.ids), (6, 8))
    save(masks / "00.png", np.array(list(named.ids), "uint8")[chosen])
    dataset = load(images, masks, palette=name)
    np.testing.assert_array_equal(arrays(dataset)[1][0], np.array(list(named.ids.values()))[chosen])
    assert dataset.class_names == list(named.class_names)
    assert named.ignore_index == dataset.ignore_index
    assert dataset.ignore_index not in dataset.class_weights()


def test_the_files_own_palette(tmp_path):
    images, masks = make_pairs(tmp_path, count=2)
    for n in range(2):
        save(masks / f"{n:02}.png", with_table(random_mask(seed=n)))
    dataset = load(images, masks, palette="file")
    assert dataset.class_colors == dict(enumerate(COLORS))
    np.testing.assert_array_equal(arrays(dataset)[1][1], random_mask(seed=1))
    dataset = load(images, masks, palette={0: 0, 1: 7, 2: 8, 3: 7})
    assert dataset.class_colors == {0: COLORS[0], 7: COLORS[1], 8: COLORS[2]}
    np.testing.assert_array_equal(
        arrays(dataset)[1][1], np.array([0, 7, 8, 7])[random_mask(seed=1)]
    )


def test_colors_become_ids_in_the_dataset(tmp_path):
    images, masks = make_pairs(tmp_path, count=3)
    for n in range(3):
        save(masks / f"{n:02}.png", colored(random_mask(seed=n)))
    dataset = load(images, masks, palette=COLORS, image_size=(3, 4))
    expected = np.stack([random_mask(seed=n)[1::2, 1::2] for n in range(3)])
    np.testing.assert_array_equal(arrays(dataset)[1], expected)
    assert dataset.class_colors == dict(enumerate(COLORS))


def test_every_argument_is_documented():
    function = keras_segaug.segmentation_dataset_from_directory
    for argument in inspect.signature(function).parameters:
        assert re.search(rf"^        {argument}: ", function.__doc__, re.M), argument


def test_large_images_are_checked_in_threads_with_the_same_outcome(folders, monkeypatch):
    from keras_segaug.data import survey

    truncate(folders[1] / "09.png")
    seen = set()
    for limit in (-1.0, 1e9):
        monkeypatch.setattr(survey, "LONG", limit)
        monkeypatch.setattr(survey, "FIRST", 2)
        with pytest.warns(UserWarning, match="problems with 1 files"):
            dataset = load(*folders, on_error="skip")
        seen.add((tuple(dataset.file_paths), tuple(dataset.pixel_counts().items())))
    assert len(seen) == 1
    assert len(dataset.file_paths) == 9


def test_what_is_printed(folders, capsys):
    load(*folders, verbose=True, validation_split=0.2, subset="both")
    assert capsys.readouterr().out == (
        "Found 10 pairs of images and masks.\n"
        "Using 8 of them for training.\nUsing 2 of them for validation.\n"
    )
    load(*folders)
    assert capsys.readouterr().out == ""


def test_long_work_shows_a_progress_bar(folders, capsys, monkeypatch):
    from keras_segaug.data import survey

    monkeypatch.setattr(survey, "PATIENCE", 0.0)
    monkeypatch.setattr(survey, "CHUNK", 4)
    monkeypatch.setattr(survey, "FIRST", 2)
    load(*folders, verbose=True)
    out = capsys.readouterr().out
    assert "Checking 10 pairs of files" in out
    assert "10/10" in out
    load(*folders, verbose=False)
    assert capsys.readouterr().out == ""
