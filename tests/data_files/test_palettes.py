"""From colors and values to class ids: the tables, the lookup, the arguments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_segaug.data.image_files import ImageFile
from keras_segaug.data.named_palettes import named_palette
from keras_segaug.data.palettes import Labels, counted

LEVELS = st.integers(0, 255)
COLOR = st.tuples(LEVELS, LEVELS, LEVELS)


def image(pixels, colors="rgb", table=None):
    return ImageFile(
        "mask.png",
        pixels.shape[:2],
        colors,
        pixels.dtype.name,
        lossy=False,
        load=lambda: pixels,
        table=lambda: table,
    )


def ids(labels, pixels, colors="rgb"):
    return labels.read(image(pixels, colors))[0]


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(COLOR, st.integers(0, 70_000), min_size=1, max_size=30), st.integers(0, 99))
def test_painting_and_reading_are_inverse(palette, seed):
    colors = list(palette)
    chosen = np.random.default_rng(seed).integers(0, len(colors), (5, 7))
    found = ids(Labels(palette), np.array(colors, "uint8")[chosen])
    np.testing.assert_array_equal(found, np.array(list(palette.values()))[chosen])
    assert found.dtype == np.min_scalar_type(max(palette.values()))


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(LEVELS, st.integers(0, 300), min_size=1, max_size=30), st.integers(0, 99))
def test_values_map_one_by_one(palette, seed):
    values = np.random.default_rng(seed).choice(np.array(list(palette), "uint8"), (5, 7))
    found = ids(Labels(palette), values, "gray")
    assert found.tolist() == [[palette[value] for value in row] for row in values.tolist()]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "int64"])
def test_counting(dtype):
    values = np.array([[3, 1, 1], [200, 3, 3]], dtype)
    assert [numbers.tolist() for numbers in counted(values)] == [[1, 3, 200], [2, 3, 1]]


VOC = """0 0 0, 128 0 0, 0 128 0, 128 128 0, 0 0 128, 128 0 128, 0 128 128, 128 128 128, 64 0 0,
192 0 0, 64 128 0, 192 128 0, 64 0 128, 192 0 128, 64 128 128, 192 128 128, 0 64 0, 128 64 0,
0 192 0, 128 192 0, 0 64 128"""


def test_voc_is_the_published_table():
    """It is as in `mmseg/utils/class_names.py`, with void as the development kit draws it."""
    named = named_palette("voc")
    published = [tuple(map(int, row.split())) for row in VOC.split(",")]
    assert list(named.ids)[:21] == published
    assert named.ids[224, 224, 192] == named.ignore_index == 255
    assert len(named.ids) == 22
    assert (named.class_names[0], named.class_names[15]) == ("background", "person")


def test_cityscapes_has_its_training_ids():
    """Compares a few rows of cityscapesScripts' `labels.py`, including void ones."""
    named = named_palette("cityscapes")
    assert len(named.class_names) == 19
    rows = {
        (128, 64, 128): "road",
        (244, 35, 232): "sidewalk",
        (250, 170, 30): "traffic light",
        (70, 130, 180): "sky",
        (0, 80, 100): "train",
        (119, 11, 32): "bicycle",
    }
    for color, name in rows.items():
        assert named.class_names[named.ids[color]] == name
    void = {color for color, class_id in named.ids.items() if class_id == 255}
    assert {(0, 0, 0), (111, 74, 0), (81, 0, 81), (250, 170, 160), (0, 0, 110)} < void
    assert len(named.ids) == 29
    assert len(set(named.ids.values())) == 20


def test_ade20k_has_the_ids_of_its_index_masks():
    """Compares a few rows of the benchmark's `objectInfo150.txt` and `color150`."""
    named = named_palette("ade20k")
    assert len(named.class_names) == len(set(named.class_names)) == 151
    rows = {
        1: ("wall", (120, 120, 120)),
        13: ("person", (150, 5, 61)),
        21: ("car", (0, 102, 200)),
        61: ("river", (11, 200, 200)),
        90: ("television", (0, 255, 194)),
        104: ("ship", (255, 235, 0)),
        128: ("bicycle", (255, 245, 0)),
        150: ("flag", (92, 0, 255)),
    }
    for class_id, (name, color) in rows.items():
        assert (named.class_names[class_id], named.ids[color]) == (name, class_id)
    # Road and skyscraper (49) share a color.
    assert named.ids[140, 140, 140] == 7
    assert set(range(151)) - set(named.ids.values()) == {49}


@pytest.mark.parametrize("name", ["voc", "cityscapes", "ade20k"])
def test_named_palettes_read_colored_and_index_masks_alike(name):
    labels, named = Labels(name), named_palette(name)
    colors = np.array(list(named.ids), "uint8")[None]
    expected = np.array(list(named.ids.values()))[None]
    np.testing.assert_array_equal(ids(labels, colors), expected)
    np.testing.assert_array_equal(ids(labels, expected.astype("uint8"), "gray"), expected)
    assert labels.class_names == list(named.class_names)
    assert labels.class_colors[1] == next(c for c, n in named.ids.items() if n == 1)


def test_the_ignored_id_of_a_named_palette_can_be_another():
    labels = Labels("ade20k", ignore_index=255)
    values = np.array([[0, 1, 150]], "uint8")
    assert ids(labels, values, "gray").tolist() == [[255, 1, 150]]
    assert ids(labels, np.zeros((1, 1, 3), "uint8")).tolist() == [[255]]
    assert labels.ignore_index == 255


def test_an_array_is_a_list_of_colors():
    labels = Labels(np.array([[0, 0, 0], [1, 2, 3]], "uint8"))
    assert ids(labels, np.array([[[1, 2, 3]]], "uint8")).tolist() == [[1]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"palette": [(0, 0, 0), (9, 9, 9), (0, 0, 0)]},
            r"every color once.*\(0, 0, 0\).*\[0, 2\]",
        ),
        ({"palette": [((1, 1, 1), 0), ((1, 1, 1), 0)]}, r"every color once.*\(1, 1, 1\)"),
        ({"palette": "pascal"}, "`palette` must be.*'voc'|`palette` must be.*\"voc\".*'pascal'"),
        ({"palette": []}, "`palette` must be"),
        ({"palette": {}}, "`palette` must be"),
        ({"palette": {(0, 0, 300): 1}}, "`palette` must be"),
        ({"palette": {(0, 0, 0): -1}}, "`palette` must be.*at least 0.*-1"),
        ({"palette": {3: 1.5}}, "`palette` must be.*1.5"),
        ({"palette": 7}, "`palette` must be"),
        ({"palette": {(0, 0, 0): 0, (1, 1, 1): 4}, "class_names": ["a", "b"]}, r"2 names.*\[4\]"),
        ({"class_names": "road"}, "`class_names` must be a list"),
        ({"class_names": ["a", "b", "a"]}, r"\['a'\] come twice"),
        ({"class_names": []}, "`class_names` must be a list"),
        ({"class_names": [1, 2]}, "`class_names` must be a list"),
        ({"ignore_index": -1}, "`ignore_index` must be.*at least 0"),
        ({"ignore_index": 2.0}, "`ignore_index` must be"),
        ({"ignore_index": True}, "`ignore_index` must be"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        Labels(**arguments)
    assert str(caught.value).startswith("segmentation_dataset_from_directory: ")
