"""Recipes give the published augmentations, and suit common kinds of images."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug import recipes
from tests.data import ct_slices, random_images, to_numpy

SIZED = ["large_scale_jitter", "mmsegmentation", "nnunet", "unimatch_strong", "unimatch_weak"]
# Layers that need RGB colors.
COLORED = ["mmsegmentation", "street", "unimatch_strong"]
SWAPPING = [name for name in recipes.__all__ if name not in ("street", "medical_slices")]
COUNT = 2000
QUIET = {"seed": 1, "jit_compile": False}


def make(name, **more):
    size = [(40, 48)] if name in SIZED else []
    return getattr(recipes, name)(*size, **{"seed": 3, "jit_compile": False, **more})


def slices(count=4):
    images, masks, _ = ct_slices()
    return images[:count], masks[:count]


def photos(count=4):
    """Smooth colors, and a class for each of some blocks."""
    y, x = np.mgrid[:60, :70]
    waves = [np.sin((y * a + x * b) / 9.0) for a, b in ((1, 0), (0, 1), (0.7, 0.7))]
    image = np.stack([(127.5 + 100 * wave) for wave in waves], -1).astype("uint8")
    mask = ((y // 15 + x // 20) % 4).astype("uint8")
    return np.stack([np.roll(image, 5 * i, 0) for i in range(count)]), np.stack([mask] * count)


def drawn(pipeline, count=COUNT):
    """The numbers that the layers draw before they see masks: [{name: (count, ...)}]."""
    return [to_numpy(each) for each in pipeline._draw(20261126, count)["layers"]]


def frequency(parameters):
    return parameters["applied"].mean()


@pytest.mark.parametrize("name", recipes.__all__)
@pytest.mark.parametrize("scale", [None, (0.0, 1.0), (-1000.0, 1000.0)])
def test_shapes_labels_and_values(name, scale):
    images, masks = photos() if name in COLORED or scale is None else slices()
    low, high = scale or (0.0, 255.0)
    given = images if scale is None else (images / 255.0 * (high - low) + low).astype("float32")
    found, moved = to_numpy(make(name, value_range=scale)(given, masks))
    size = (40, 48) if name in SIZED else images.shape[1:3]
    assert found.shape == (4, *size, images.shape[-1])
    assert moved.shape == (4, *size)
    assert moved.dtype == masks.dtype
    assert set(np.unique(moved)) <= {*np.unique(masks), 255}
    assert len(np.unique(moved)) > 1
    assert np.isfinite(found).all()
    assert found.min() >= low - 1e-3
    assert found.max() <= high + 1e-3


@pytest.mark.parametrize("name", recipes.__all__)
def test_a_recipe_is_saved_and_shown(name):
    pipeline = make(name, value_range=(0, 255))
    again = ks.Pipeline.from_config(pipeline.get_config())
    assert again.get_config() == pipeline.get_config()
    parsed = type(pipeline).from_json(pipeline.to_json())
    assert repr(parsed) == repr(again) == repr(pipeline)
    assert repr(pipeline).startswith("Pipeline([\n    ")
    assert repr(pipeline).endswith("], value_range=(0, 255), seed=3, jit_compile=False)")
    data = photos(2)
    for a, b in zip(to_numpy(pipeline(*data)), to_numpy(again(*data)), strict=True):
        np.testing.assert_array_equal(a, b)
    changed = ks.Pipeline([*pipeline.layers, ks.Identity()])
    assert len(changed.layers) == len(pipeline.layers) + 1


@pytest.mark.parametrize("name", recipes.__all__)
def test_what_is_shown_makes_the_same(name):
    pipeline = make(name)
    again = eval(repr(pipeline), vars(ks))
    assert repr(again) == repr(pipeline)
    for a, b in zip(again.layers, pipeline.layers, strict=True):
        assert type(a) is type(b)
        assert a.probability == pytest.approx(b.probability)


def test_one_hot_masks_and_no_class_to_fill_with():
    images, masks = photos()
    one_hot = np.eye(4, dtype="uint8")[masks]
    for name in recipes.__all__:
        _, moved = to_numpy(make(name)(images, one_hot))
        assert moved.shape[-1] == 4
        assert moved.sum(-1).max() == 1
    for name in set(recipes.__all__) - {"aerial", "microscopy"}:
        _, moved = to_numpy(make(name, ignore_class=None)(images, masks))
        assert set(np.unique(moved)) <= set(range(4))


def coded(count=24):
    """The column of each pixel as its value; the head of an arrow as class 1, its tail as 2."""
    image = np.broadcast_to(np.linspace(0.0, 1.0, 40, dtype="float32")[:, None], (30, 40, 3))
    mask = np.ones((30, 40), "uint8")
    mask[:, 20:] = 2
    return np.stack([image] * count), np.stack([mask] * count)


@pytest.mark.parametrize("name", ["street", "medical_slices"])
def test_nothing_is_mirrored_without_classes_to_swap(name):
    images, masks = coded()
    pipeline = make(name, value_range=(0.0, 1.0))
    geometry = ks.Pipeline([x for x in pipeline.layers if isinstance(x, ks.JointLayer)], **QUIET)
    assert not any("Flip" in repr(x) or "mirror" in repr(x) for x in pipeline.layers)
    found, moved = to_numpy(geometry(images, masks))
    assert (found[:, 15, 30, 0] > found[:, 15, 10, 0]).all()
    assert (moved[:, 15, 8] == 1).all()
    assert (moved[:, 15, 32] == 2).all()


@pytest.mark.parametrize("name", ["street", "medical_slices"])
def test_classes_are_swapped_in_mirrored_samples(name):
    images, masks = coded()
    pipeline = make(name, value_range=(0.0, 1.0), class_swap={1: 2})
    geometry = ks.Pipeline([x for x in pipeline.layers if isinstance(x, ks.JointLayer)], **QUIET)
    found, moved = to_numpy(geometry(images, masks))
    mirrored = found[:, 15, 30, 0] < found[:, 15, 10, 0]
    assert 4 < mirrored.sum() < 20
    # Left stays left: where a sample is mirrored, the classes are swapped.
    assert (moved[:, 15, 8] == 1).all()
    assert (moved[:, 15, 32] == 2).all()


@pytest.mark.parametrize("name", SWAPPING)
def test_all_that_mirrors_takes_classes_to_swap(name):
    pipeline = make(name, class_swap={1: 2})
    swapping = [x.class_swap for x in pipeline.layers if getattr(x, "class_swap", None)]
    assert swapping == [((1, 2),)]


def test_nnunet_as_published():
    pipeline = recipes.nnunet((64, 60))
    crop, turn, zoom, noise, blur, brightness, contrast, low, inverted, gamma, flip = drawn(
        pipeline
    )
    near = {"abs": 0.035}
    assert crop["aimed"].mean() == pytest.approx(0.33, **near)
    for parameters, chance in (
        (turn, 0.2),
        (zoom, 0.2),
        (noise, 0.1),
        (blur, 0.1),
        (brightness, 0.15),
        (contrast, 0.15),
        (low, 0.125),
        (inverted, 0.1),
        (gamma, 0.3),
    ):
        assert frequency(parameters) == pytest.approx(chance, **near)
    for axis in ("horizontal", "vertical"):
        assert flip[axis].mean() == pytest.approx(0.5, **near)
    [angle] = [x for name, x in turn.items() if name != "applied"]
    assert abs(angle).max() == pytest.approx(np.pi, rel=0.01)
    shown = zoom["height"].min(), zoom["height"].max()
    assert shown == pytest.approx((0.7, 1.4), rel=0.01)
    assert low["scale"].min() == pytest.approx(0.5, rel=0.01)
    assert (gamma["gamma"].min(), gamma["gamma"].max()) == pytest.approx((0.7, 1.5), rel=0.01)
    long = recipes.nnunet((64, 32)).layers[1]
    assert long.factor == pytest.approx((-15 / 360, 15 / 360))


def test_nnunet_turns_what_lies_around_the_window_into_it():
    """As if cut from a larger patch: only pixels from outside the image are filled."""
    images, masks = np.ones((40, 96, 96, 1), "float32"), np.ones((40, 96, 96), "uint8")
    crop, turn, zoom, *_ = recipes.nnunet(32, value_range=(0, 1)).layers
    assert isinstance(crop, ks.JointRandomCrop)
    middle = ks.JointCenterCrop(32, 32, fill_mode="constant", mask_fill_value=255)
    geometry = ks.Pipeline([middle, turn, zoom], **QUIET)
    assert to_numpy(geometry._draw(1, 40)["layers"][1]["applied"]).any()
    found, moved = to_numpy(geometry(images, masks))
    assert (moved == 1).all()
    assert found.min() > 0.99


def test_mmsegmentation_as_published():
    crop, flip, brightness, choice = drawn(recipes.mmsegmentation(64))
    assert crop["scale"].min() == pytest.approx(0.5, abs=0.01)
    assert crop["scale"].max() == pytest.approx(2.0, abs=0.01)
    assert flip["horizontal"].mean() == pytest.approx(0.5, abs=0.035)
    assert frequency(brightness) == pytest.approx(0.5, abs=0.035)
    assert abs(brightness["delta"]).max() == pytest.approx(32 / 255, rel=0.01)
    first = [choice["layers"][i]["layers"] for i in (0, 1)]
    # Each with probability 1/2, in one of two orders: a quarter of the samples for each branch.
    branches = (choice["choice"] < 0.5, choice["choice"] >= 0.5)
    for layers, chosen in zip(first, branches, strict=True):
        assert chosen.mean() == pytest.approx(0.5, abs=0.035)
        for each in layers:
            assert (each["applied"] & chosen).mean() == pytest.approx(0.25, abs=0.035)
    assert abs(first[0][2]["shift"]).max() == pytest.approx(0.1, rel=0.01)
    multiplier = first[0][1]["factor"] / (1.0 - first[0][1]["factor"])
    assert (multiplier.min(), multiplier.max()) == pytest.approx((0.5, 1.5), rel=0.01)


def test_the_colors_of_mmsegmentation_are_those_of_its_steps():
    """They equal brightness, contrast and hue of one sample, computed by hand."""
    pipeline = ks.Pipeline(recipes.mmsegmentation(8).layers[2:3], seed=1, jit_compile=False)
    images = random_images(20, 8, 8)
    parameters = pipeline.draw_parameters(images.shape, 3)
    [brightness] = to_numpy(parameters["layers"])
    shift = np.where(brightness["applied"], brightness["delta"] * 255.0, 0.0)
    expected = np.clip(images + shift[:, None, None, None], 0, 255)
    np.testing.assert_allclose(to_numpy(pipeline.apply(images, parameters)), expected, atol=1e-3)


def test_unimatch_as_published():
    strong = recipes.unimatch_strong(64)
    crop, flip, jitter, gray, blur, mix = drawn(strong)
    assert (crop["scale"].min(), crop["scale"].max()) == pytest.approx((0.5, 2.0), abs=0.01)
    assert flip["horizontal"].mean() == pytest.approx(0.5, abs=0.035)
    for parameters, chance in ((jitter, 0.8), (gray, 0.2), (blur, 0.5), (mix, 0.5)):
        assert frequency(parameters) == pytest.approx(chance, abs=0.035)
    assert (blur["sigma"].min(), blur["sigma"].max()) == pytest.approx((0.1, 2.0), abs=0.01)
    assert (mix["area"].min(), mix["area"].max()) == pytest.approx((0.02, 0.4), abs=0.01)
    assert [x.probability for x in recipes.unimatch_strong().layers] == [0.8, 0.2, 0.5, 0.5]
    weak = recipes.unimatch_weak(64)
    assert repr(weak.layers) == repr(strong.layers[:2])


def test_the_views_of_unimatch_lie_on_each_other():
    views = ks.MultiView(
        {"weak": ks.Identity(), "strong": recipes.unimatch_strong(cut_mix=False)},
        shared=recipes.unimatch_weak((32, 40)),
        seed=1,
        jit_compile=False,
    )
    shown = to_numpy(views(*photos()))
    for name in ("weak", "strong"):
        image, mask = shown[name]
        assert image.shape == (4, 32, 40, 3)
        np.testing.assert_array_equal(mask, shown["weak"][1])


def test_large_scale_jitter_is_gray_around_a_smaller_image():
    images, masks = photos(16)
    pipeline = make("large_scale_jitter", value_range=(0, 255))
    [crop, _] = drawn(pipeline)
    assert (crop["scale"].min(), crop["scale"].max()) == pytest.approx((0.1, 2.0), abs=0.01)
    found, moved = to_numpy(pipeline(images, masks))
    assert (moved == 255).any()
    assert set(np.unique(found[moved == 255])) <= {127.0, 127.5, 128.0}


@pytest.mark.parametrize(
    ("make_it", "words"),
    [
        (lambda: recipes.nnunet((0, 3)), "nnunet: `size`"),
        (lambda: recipes.large_scale_jitter((64, 64, 3)), r"large_scale_jitter: `size`.*64, 3\)"),
        (lambda: recipes.mmsegmentation("a"), "mmsegmentation: `crop_size`"),
        (lambda: recipes.large_scale_jitter(8, value_range=3), "large_scale_jitter: `value_range`"),
        (lambda: recipes.street({1: 1}), "JointRandomFlip: `class_swap`"),
        (lambda: recipes.unimatch_strong(class_swap={1: 2}), "unimatch_strong: `class_swap`"),
        (lambda: recipes.unimatch_strong(8, cut_mix=2), "unimatch_strong: `cut_mix`"),
        (lambda: recipes.aerial(seed="x"), "Pipeline: `seed`"),
    ],
)
def test_bad_arguments(make_it, words):
    with pytest.raises(ValueError, match=rf"^{words}"):
        make_it()


def test_a_recipe_in_a_saved_model(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((30, 40, 3)),
            recipes.street(seed=1, jit_compile=False),
            keras.layers.Conv2D(2, 1),
        ]
    )
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert repr(again.layers[0]) == repr(model.layers[0])
