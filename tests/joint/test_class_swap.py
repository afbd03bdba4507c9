"""Left and right are swapped in exactly the samples that are mirrored."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.data import ct_slices, labels, to_numpy

SWAP = {1: 2, 4: 3}
TABLE = np.array([0, 2, 1, 4, 3, 5, 6, 7, 8])


def layers():
    return [
        ks.JointRandomFlip(class_swap=SWAP, seed=1),
        ks.JointRandomFlip("horizontal", class_swap=SWAP, seed=1),
        ks.JointRandomRotate90(mirror=True, class_swap=SWAP, seed=1),
        ks.JointRandomFlip("vertical", class_swap=SWAP, seed=1, probability=0.5),
    ]


def mirrored(layer, drawn):
    """Samples that the layer acts on and that have an odd number of mirrored axes, by hand."""
    drawn = to_numpy(drawn)
    odd = sum(
        drawn[name].astype(int) for name in ("horizontal", "vertical", "mirrored") if name in drawn
    )
    return (odd % 2 == 1) & drawn.get("applied", True)


@pytest.mark.parametrize("layer", layers(), ids=lambda layer: type(layer).__name__)
@pytest.mark.parametrize("jit_compile", [True, False])
def test_index_one_hot_and_several_masks(layer, jit_compile):
    count = 40
    mask = labels(count, 12, 12, classes=9)
    one_hot = np.eye(9, dtype="float32")[mask]
    drawn = layer.draw_parameters((count, 12, 12, 3), 3)
    masks = {"ids": mask, "hot": one_hot, "wide": mask.astype("int32")[..., None]}
    data = {"images": mask[..., None], "masks": masks}
    layer = type(layer).from_config({**layer.get_config(), "jit_compile": jit_compile})
    found = to_numpy(layer.apply(data, drawn))
    where = mirrored(layer, drawn)
    assert 0 < where.sum() < count
    # The image carries the mask without the swap.
    moved = found["images"][..., 0].astype(int)
    expected = np.where(where[:, None, None], TABLE[moved], moved)
    np.testing.assert_array_equal(found["masks"]["ids"], expected)
    np.testing.assert_array_equal(found["masks"]["wide"][..., 0], expected)
    np.testing.assert_array_equal(found["masks"]["hot"], np.eye(9)[expected])


def test_in_a_pipeline_what_is_filled_keeps_its_class():
    swap = ks.JointRandomFlip(
        "horizontal", class_swap={1: 2}, fill_mode="constant", mask_fill_value=1
    )
    shift = ks.JointRandomTranslation(
        (0.5, 0.5), (0.0, 0.0), fill_mode="constant", mask_fill_value=1
    )
    mask = np.full((30, 8, 8), 2, "uint8")
    _, found = to_numpy(
        ks.Pipeline([swap, shift], seed=1, jit_compile=False)(mask[..., None], mask)
    )
    np.testing.assert_array_equal(found[:, :4], 1)
    assert set(np.unique(found[:, 4:])) == {1, 2}


def test_kidneys_keep_their_side():
    """On CT slices the left kidney lies on the right of the image, mirrored or not."""
    _, masks, names = ct_slices()
    left, right = names["kidney_left"], names["kidney_right"]
    both = [mask for mask in masks if (mask == left).any() and (mask == right).any()]
    assert len(both) > 5
    masks = np.stack(both)
    flip = ks.JointRandomFlip(
        "horizontal", class_swap={"kidney_left": "kidney_right"}, class_names=names, seed=1
    )
    _, found = to_numpy(flip(masks[..., None], masks))
    changed = (found != masks).any((1, 2))
    assert 0 < changed.sum() < len(masks)

    def middle(mask, organ):
        return np.nonzero(mask == organ)[1].mean()

    for mask, before in zip(found, masks, strict=True):
        sides = (
            middle(mask, left) > middle(mask, right),
            middle(before, left) > middle(before, right),
        )
        assert sides[0] == sides[1]


def test_names_ids_and_pairs_mean_the_same():
    names = ["background", "left", "right"]
    expected = ((1, 2),)
    for swap, given in (
        ({1: 2}, None),
        ({2: 1, 1: 2}, None),
        ([(1, 2)], None),
        ({"left": "right"}, names),
        ({"left": 2}, {"left": 1, "right": 2}),
    ):
        assert ks.JointRandomFlip(class_swap=swap, class_names=given).class_swap == expected


@pytest.mark.parametrize(
    ("swap", "names"),
    [
        ({1: 1}, None),
        ({1: 2, 2: 3}, None),
        ({1: 3, 2: 3}, None),
        ({}, None),
        (5, None),
        ([1, 2], None),
        ({"left": "right"}, None),
        ({"left": "other"}, ["left", "right"]),
        ({-1: 2}, None),
        ({True: 2}, None),
    ],
)
def test_bad_swaps(swap, names):
    with pytest.raises(ValueError, match=r"JointRandomFlip: `class_swap` must be"):
        ks.JointRandomFlip(class_swap=swap, class_names=names)


@pytest.mark.parametrize("names", ["left", ["a", "a"], [1, 2]])
def test_bad_names(names):
    with pytest.raises(ValueError, match=r"JointRandomFlip: `class_names` must be"):
        ks.JointRandomFlip(class_names=names)


def test_classes_that_the_mask_cannot_hold():
    flip = ks.JointRandomFlip(class_swap={1: 300}, jit_compile=False)
    mask = np.ones((1, 4, 4), "uint8")
    with pytest.raises(ValueError, match=r"classes up to 255 for a uint8 mask"):
        flip(mask[..., None], mask)
    with pytest.raises(ValueError, match=r"classes up to 2 for a mask of 3 channels"):
        flip(mask[..., None], np.ones((1, 4, 4, 3), "uint8"))
    # A mask that can hold neither of the two is left alone.
    other = ks.JointRandomFlip(class_swap={300: 301}, jit_compile=False)
    other(mask[..., None], mask)


def test_config_and_saving(tmp_path):
    names = ["background", "left", "right"]
    flip = ks.JointRandomFlip("horizontal", class_swap={"left": "right"}, class_names=names, seed=1)
    model = keras.Sequential([keras.Input((8, 8, 1)), ks.Pipeline([flip])])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras").layers[0].layers[0]
    assert loaded.get_config() == flip.get_config()
    assert tuple(map(tuple, loaded.class_swap)) == ((1, 2),)


SCORED = {
    "flip": lambda: ks.JointRandomFlip(class_swap=SWAP),
    "gated flip": lambda: ks.JointRandomFlip("horizontal", class_swap=SWAP, probability=0.5),
    "turn": lambda: ks.JointRandomRotate90(mirror=True, class_swap=SWAP),
    "two": lambda: ks.Pipeline(
        [
            ks.JointRandomFlip("horizontal", class_swap={1: 2}),
            ks.Pipeline([ks.JointRandomRotate90(mirror=True, class_swap={2: 3})], probability=0.6),
        ]
    ),
    "choice": lambda: ks.RandomChoice(
        [
            ks.Pipeline([ks.JointRandomFlip(class_swap=SWAP), ks.JointPadding(14, 14)]),
            ks.JointPadding(14, 14, position="top_left"),
        ]
    ),
}


@pytest.mark.parametrize("name", SCORED)
def test_scores_go_back_to_their_side(name):
    """A network that is always right predicts the one-hot mask of the mirrored image."""
    layer, mask = SCORED[name](), labels(40, 12, 12, classes=9)
    drawn = layer.draw_parameters((40, 12, 12, 3), 3)
    _, moved = to_numpy(layer.apply((mask[..., None], mask), drawn))
    logits = np.eye(9, dtype="float32")[moved] * 3.0 - 1.0
    back = to_numpy(layer.invert(logits, drawn, (12, 12), predictions=True))
    np.testing.assert_array_equal(back.argmax(-1), mask)
    assert set(np.unique(back)) == {-1.0, 2.0}
    plain = to_numpy(layer.invert(logits, drawn, (12, 12), predictions=False))
    assert (plain.argmax(-1) != mask).any()


def test_predictions_must_be_told_from_images_where_classes_swap():
    logits = np.zeros((2, 8, 8, 9), "float32")
    for layer in (SCORED["flip"](), ks.Pipeline([ks.RandomChoice([SCORED["gated flip"]()])])):
        drawn = layer.draw_parameters(logits.shape, 3)
        with pytest.raises(ValueError, match=r"`predictions` must be True .* or False"):
            layer.invert(logits, drawn)
        # Together with a mask it is an image.
        layer.invert((logits, np.zeros((2, 8, 8), "uint8")), drawn)
    ks.JointRandomFlip("horizontal").invert(logits, {"horizontal": np.array([True, False])})
    flip = SCORED["flip"]()
    with pytest.raises(ValueError, match="`predictions` must be None, True or False"):
        flip.invert(logits, None, predictions="yes")
    with pytest.raises(ValueError, match="one channel a class"):
        flip.invert(logits[..., :1], flip.draw_parameters(logits.shape, 1), predictions=True)
    with pytest.raises(ValueError, match="classes up to 2 for predictions of 3 channels"):
        ks.JointRandomFlip(class_swap={1: 3}).invert(
            logits[..., :3], flip.draw_parameters(logits.shape, 1), predictions=True
        )


def test_predictions_keep_their_dtype():
    """An 8-bit pipeline rounds its images, but not scores."""
    flip = ks.JointRandomFlip(class_swap={1: 2}, dtype="uint8")
    logits = np.random.default_rng(1).normal(size=(4, 8, 8, 3)).astype("float32")
    drawn = flip.draw_parameters(logits.shape, 1)
    back = flip.invert(flip.invert(logits, drawn, predictions=True), drawn, predictions=True)
    np.testing.assert_array_equal(to_numpy(back), logits)
