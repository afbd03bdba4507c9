"""The gallery shows the images it was given and what a layer makes of them, in true colors."""

import sys

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import keras_segaug as ks
from keras_segaug.inspect.preview import view
from tests.cases import ONE_OF_EACH_KIND, ids
from tests.data import labels, mask_for, random_images
from tests.test_docs import ROOT


def shown(figure):
    """The images of a figure, row by row."""
    axes = [a for a in figure.axes if a.images]
    return [np.asarray(a.images[0].get_array()) for a in axes]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()] if figure.legends else []


def test_originals_and_draws_of_a_layer():
    images, masks = random_images(3), labels(3)
    layer = ks.Pipeline([ks.JointRandomFlip(), ks.JointRandomRotation(0.1)], seed=1)
    figure = ks.plot_gallery(layer, images, masks, draws=2, rows=2, opacity=0, outlines=False)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["original", "draw 1", "draw 2", "", "", ""]
    cells = shown(figure)
    scale = len(cells[0]) // 16
    np.testing.assert_array_equal(cells[0][::scale, ::scale], images[0])
    np.testing.assert_array_equal(cells[3][::scale, ::scale], images[1])
    drawn = layer.apply(
        images,
        layer.draw_parameters(
            images.shape, ks.random.fold_in(ks.random.key(0, 2), keras.ops.arange(3, dtype="int32"))
        ),
    )
    expected = keras.ops.convert_to_numpy(drawn)[1].round()
    np.testing.assert_array_equal(cells[5][::scale, ::scale], expected)
    assert layer._state is None, "The layer's own random stream must not have moved."


def test_draws_do_not_depend_on_the_images_beside_them():
    images, masks = random_images(3), labels(3)
    layer = ks.JointRandomRotation(0.3)
    together = shown(ks.plot_gallery(layer, images, masks, rows=3, draws=1))
    odd = [np.pad(images[0], ((0, 4), (0, 0), (0, 0))), *images[1:]]
    odd_masks = [np.pad(masks[0], ((0, 4), (0, 0))), *masks[1:]]
    apart = shown(ks.plot_gallery(layer, odd, odd_masks, rows=3, draws=1))
    for one, other in zip(together[2:], apart[2:], strict=True):
        np.testing.assert_array_equal(one, other)


def test_classes_are_filled_outlined_and_named():
    images = np.full((1, 560, 560, 1), 100, "uint8")
    masks = np.zeros((1, 560, 560), "uint8")
    masks[0, 100:300, 100:300] = 1
    masks[0, 400:500, 400:500] = 255
    names = ["sky", "road"]
    figure = ks.plot_gallery(
        ks.JointRandomFlip(), images, masks, draws=1, class_names=names, opacity=0.5
    )
    original = shown(figure)[0]
    road = np.array(view.color_of(1))
    assert (original[50, 50] == 100).all()
    np.testing.assert_array_equal(original[200, 200], (road * 0.5 + 50).round())
    np.testing.assert_array_equal(original[100, 200], road)
    np.testing.assert_array_equal(original[99, 200], (100, 100, 100))
    assert (abs(original[450, 450].astype(int) - 110) < 5).all()
    assert legend(figure) == ["road", "ignored"]
    figure = ks.plot_gallery(
        ks.JointRandomFlip(),
        images,
        masks,
        class_names={0: "air"},
        background=None,
        draws=1,
        ignore_index=None,
    )
    assert legend(figure) == ["air", "class 1", "class 255"]


@pytest.mark.parametrize(
    ("images", "note"),
    [
        (random_images(2), None),
        (random_images(2).astype("float32"), None),
        (random_images(2)[..., :1] / 255.0, None),
        (random_images(2) / 127.5 - 1.0, "black is -1, white is 1"),
        (random_images(2).astype("uint16") * 257, "black is 0, white is 6.55e+04"),
    ],
)
def test_any_value_range_is_shown_and_stated(images, note):
    same = lambda images, masks: (images, masks)  # noqa: E731
    figure = ks.plot_gallery(same, images, labels(2), draws=1, opacity=0, outlines=False)
    levels = shown(figure)[0]
    scale = len(levels) // 16
    assert (
        abs(
            levels[::scale, ::scale].astype(int)
            - random_images(2)[0][..., : 1 if images.shape[-1] == 1 else 3]
        ).max()
        <= 1
    )
    said = figure.get_supxlabel()
    assert (note in said) if note else (said == "")


def test_value_range_can_be_given():
    dark = np.full((1, 8, 8, 3), 10.0, "float32")
    figure = ks.plot_gallery(ks.JointRandomFlip(), dark, value_range=(0, 20), draws=1)
    assert (shown(figure)[0] == 128).all()


def test_normalized_draws_leave_the_original_bright():
    layer = ks.ImageOnlyNormalization(per_image=True)
    figure = ks.plot_gallery(layer, random_images(1), labels(1), draws=1, opacity=0, outlines=False)
    scale = len(shown(figure)[0]) // 16
    np.testing.assert_array_equal(shown(figure)[0][::scale, ::scale], random_images(1)[0])
    assert figure.get_supxlabel().startswith("draws: black is -")


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3])),
    dtype=st.sampled_from(["uint8", "int16", "float32"]),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
    seed=st.integers(0, 99),
)
def test_any_image_can_be_seen(shape, dtype, scale, seed):
    numbers = np.random.default_rng(seed).normal(size=shape) * (scale if dtype == "float32" else 60)
    images = numbers.astype(dtype)
    seen = view.rgb("test", images, view.value_range_of([images])[0])
    assert seen.shape == (*shape[:2], 3)
    assert seen.dtype == "uint8"
    # Brighter pixels stay brighter.
    order = images.ravel().argsort(kind="stable")
    assert (np.diff(seen[..., : shape[2]].ravel()[order].astype(int)) >= 0).all()


def test_one_hot_masks_and_pixels_of_no_class():
    one_hot = np.zeros((1, 4, 4, 3), "uint8")
    one_hot[0, 0, :, 2] = 1
    one_hot[0, 1, :, 0] = 1
    found = view.class_ids("test", one_hot)[0]
    assert found[:, 0].tolist() == [2, 0, view.NO_CLASS, view.NO_CLASS]
    assert view.shares(found, 255) == {0: 0.5, 2: 0.5}
    figure = ks.plot_gallery(ks.JointRandomFlip(), random_images(1, 4, 4), one_hot)
    assert legend(figure) == ["class 2", "ignored"]


def test_colors_become_classes_also_in_the_original():
    mask = np.zeros((1, 16, 14, 3), "uint8")
    mask[0, 4:9] = (0, 128, 0)
    to_class = ks.MaskOnlyColorToClass([(0, 0, 0), (0, 128, 0)])
    layer = ks.Pipeline([to_class, ks.JointRandomFlip()])
    figure = ks.plot_gallery(layer, random_images(1), mask, class_names=["none", "green"])
    assert legend(figure) == ["green"]
    with pytest.raises(ValueError, match=r"plot_gallery: .* holds 128. Are these colors"):
        ks.plot_gallery(ks.JointRandomFlip(), random_images(1), mask)


@pytest.mark.parametrize("case", **ids(ONE_OF_EACH_KIND))
def test_every_layer_is_shown(case):
    figure = ks.plot_gallery(case.make(), random_images(2), mask_for(case, 2), draws=1)
    assert len(shown(figure)) == 4


def test_a_mapping_has_rows_for_each():
    both = {"flip": ks.JointRandomFlip(), "gamma": ks.ImageOnlyGamma(0.5)}
    figure = ks.plot_gallery(both, random_images(3), labels(3), rows=2, draws=3)
    assert len(shown(figure)) == 4 * 4
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert texts == ["flip", "flip", "gamma", "gamma"]


def test_channels_first():
    images = np.moveaxis(random_images(2), -1, 1)
    layer = ks.JointRandomFlip(data_format="channels_first")
    figure = ks.plot_gallery(layer, images, labels(2), opacity=0, outlines=False)
    scale = len(shown(figure)[0]) // 16
    np.testing.assert_array_equal(shown(figure)[0][::scale, ::scale], random_images(2)[0])


@pytest.mark.parametrize("batched", [True, False])
def test_a_dataset_is_shown_as_it_comes(batched):
    pairs = list(zip(random_images(6), labels(6), strict=True))
    elements = (
        [(random_images(6), labels(6))]
        if batched
        else [{"images": i, "masks": m} for i, m in pairs]
    )
    figure = ks.plot_gallery(iter(elements), rows=2, draws=2, opacity=0, outlines=False)
    scale = len(shown(figure)[0]) // 16
    seen = np.stack([cell[::scale, ::scale] for cell in shown(figure)])
    np.testing.assert_array_equal(seen, random_images(6))


def test_many_classes_make_a_short_legend():
    masks = np.arange(40 * 40, dtype="int32").reshape(1, 40, 40)
    figure = ks.plot_gallery(ks.JointRandomFlip(), random_images(1, 40, 40), masks, draws=1)
    assert len(legend(figure)) == 26
    assert legend(figure)[-2] == f"and {1600 - 2 - 24} more"


def test_real_images():
    folder = ROOT / "examples" / "data" / "nuclei"
    image = np.array(Image.open(folder / "img.png"))[..., None]
    mask = np.array(Image.open(folder / "mask_instances.png"))
    figure = ks.plot_gallery(ks.JointRandomRotation(0.1), image, mask, draws=1, ignore_index=None)
    original = shown(figure)[0].astype(int)
    scale = len(original) // 512
    colored = np.ptp(original[::scale, ::scale], axis=-1) > 20
    assert (colored[mask > 0]).mean() > 0.9
    assert not colored[mask == 0].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((random_images(1, channels=4), labels(1)), "1 or 3 channels to be shown. Received 4"),
        ((random_images(1), labels(1, height=9)), "masks must have the height"),
        (([], []), "`images` must hold at least one image"),
        ((list(random_images(2)), list(labels(1))), "2 images came with 1 masks"),
        ((), "`images` must be given with an augmentation"),
    ],
)
def test_wrong_images_are_told_so(arguments, message):
    with pytest.raises(ValueError, match=f"^plot_gallery: .*{message}"):
        ks.plot_gallery(ks.JointRandomFlip(), *arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": 0}, "`draws` must be an integer of at least 1"),
        ({"rows": 1.5}, "`rows` must be an integer of at least 1"),
        ({"opacity": 2}, r"`opacity` must be a number in \[0, 1\]"),
        ({"class_names": "road"}, "`class_names` must be a list of names"),
        ({"value_range": (1, 1)}, "`value_range` must be"),
    ],
)
def test_wrong_options_are_told_so(options, message):
    with pytest.raises(ValueError, match=f"^plot_gallery: {message}"):
        ks.plot_gallery(ks.JointRandomFlip(), random_images(1), labels(1), **options)


def test_an_empty_dataset_is_told_so():
    with pytest.raises(ValueError, match="the dataset holds nothing"):
        ks.plot_gallery([])


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'plot_gallery: .* pip install "keras-segaug\[plot\]"'):
        ks.plot_gallery(ks.JointRandomFlip(), random_images(1), labels(1))


@pytest.mark.parametrize("count", [11, 16, 20])
def test_the_legend_is_inside_the_figure(count):
    mask = np.arange(1, count + 1, dtype="uint8").repeat(16 * 20 // count + 1)[: 16 * 20]
    names = ["background", *(f"a class of many letters {i}" for i in range(count))]
    image, mask = random_images(1, 16, 20), mask.reshape(1, 16, 20)
    figure = ks.plot_gallery(ks.JointRandomFlip(), image, mask, class_names=names, draws=1)
    figure.draw_without_rendering()
    inside, box = figure.bbox, figure.legends[0].get_window_extent()
    assert inside.y0 <= box.y0
    assert box.y1 <= inside.y1
    assert inside.x0 <= box.x0
    assert box.x1 <= inside.x1
    for axes in figure.axes:
        assert axes.get_window_extent().height > 30
        assert not axes.get_window_extent().overlaps(box)


@pytest.mark.parametrize("images", [np.zeros((0, 8, 8, 3), "uint8"), []])
def test_no_images(images):
    with pytest.raises(ValueError, match="plot_gallery: `images` must hold at least one image"):
        ks.plot_gallery(ks.JointRandomFlip(), images)


def test_class_names_the_wrong_way_round():
    with pytest.raises(ValueError, match=r"`class_names` must be .* \{id: name\}"):
        ks.plot_gallery(ks.JointRandomFlip(), random_images(1), labels(1), class_names={"a": 1})


def test_what_is_known_of_no_class_is_painted_over_alike():
    ids = np.array([[view.NO_CLASS, 255], [1, 0]])
    image = np.zeros((2, 2, 3), "uint8")
    found = view.painted(image, ids, 255, 0, 0.5, outlines=False)
    side = len(found) // 2
    no_class, ignored, first, background = (found[y, x] for y in (0, side) for x in (0, side))
    np.testing.assert_array_equal(no_class, ignored)
    np.testing.assert_allclose(ignored, 0.75 * np.array(view.IGNORED_COLOR), atol=0.5)
    np.testing.assert_allclose(first, 0.5 * np.array(view.color_of(1)), atol=0.5)
    assert not background.any()


def test_outlines_are_as_thick_as_the_picture_asks_for():
    ids = np.repeat([[1, 2]], 4, 0).repeat(2, 1)
    found = view.painted(np.zeros((4, 4, 3), "uint8"), ids, 255, 0, 0.0, outlines=True)
    middle = len(found) // 2
    [columns] = found[middle].any(-1).nonzero()
    assert columns.tolist() == list(range(middle - 2, middle + 2))
