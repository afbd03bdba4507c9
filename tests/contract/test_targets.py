"""Each further entry of a sample moves as its role in `targets` says, and none is left unmoved."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from tests.contract.test_points import read_off
from tests.data import as_held, labels, random_images, to_numpy


def full(count=3):
    """A sample with an entry of each role, and its `targets`."""
    images = random_images(count)
    rng = np.random.default_rng(4)
    data = {
        "images": images,
        "masks": labels(count),
        "sample_weights": rng.random((count, 16, 14)).astype("float32"),
        "depth": images[..., 0].astype("float32"),
        "image_2": images[:, ::-1].copy(),
        "instances": labels(count, classes=200, seed=9),
        "certainty": rng.random((count, 16, 14, 2)).astype("float32"),
        "spots": rng.uniform(2, 10, (count, 7, 2)).astype("float32"),
        "valid": np.ones((count, 16, 14), "uint8"),
    }
    targets = {
        "depth": "continuous",
        "image_2": "image",
        "instances": "mask",
        "certainty": "weights",
        "spots": "points",
        "valid": "ignore",
    }
    return data, targets


def layer(targets, **more):
    return ks.Pipeline(
        [
            ks.JointRandomRotation(0.2, fill_mode="constant", fill_value=7.0, mask_fill_value=9),
            ks.ImageOnlyBrightness(0.3),
            ks.JointRandomFlip(),
        ],
        **{"seed": 5, "targets": targets, "jit_compile": False, **more},
    )


def same(found, expected):
    for key in expected:
        a, b = to_numpy(found[key]), to_numpy(expected[key])
        assert (a.dtype, a.shape) == (b.dtype, b.shape), key
        # A compiled blend may be rounded differently.
        np.testing.assert_allclose(a, b, atol=2e-2 if a.dtype.kind == "f" else 0, err_msg=key)


def test_every_role():
    data, targets = full()
    result = to_numpy(layer(targets)(data))
    assert list(result) == list(data)

    def alone(images, mask, weights=None):
        return to_numpy(layer(None)(images, mask, weights))

    images, masks, weights = alone(data["images"], data["masks"], data["sample_weights"])
    np.testing.assert_array_equal(result["images"], images)
    np.testing.assert_array_equal(result["masks"], masks)
    np.testing.assert_array_equal(result["sample_weights"], weights)
    second = alone(data["image_2"], data["masks"])[0]
    np.testing.assert_array_equal(result["image_2"], second)
    np.testing.assert_array_equal(result["instances"], alone(data["images"], data["instances"])[1])
    certainty = alone(data["images"], data["masks"], data["certainty"])[2]
    np.testing.assert_array_equal(result["certainty"], certainty)
    assert result["valid"] is data["valid"]
    # Only the geometry, not the color of the image.
    first, _, last = layer(None).layers
    moves = ks.Pipeline([first, ks.ImageOnlyRescaling(1.0), last], jit_compile=False)
    drawn = layer(None).draw_parameters((3, 16, 14, 3), ks.random.key(5, 0))
    drawn["layers"] = (drawn["layers"][0], {}, drawn["layers"][2])
    depth = to_numpy(moves.apply(data["depth"][..., None], drawn))[..., 0]
    np.testing.assert_allclose(result["depth"], depth, atol=1e-4)
    assert (result["depth"] != images[..., 0]).any()


def test_ids_that_are_not_to_be_filled_swapped_nor_coded():
    """With the role "weights", a mask of other ids moves with the classes and changes no ids."""
    data, _ = full(8)
    border = {"fill_mode": "constant", "jit_compile": False}
    flip = ks.JointRandomFlip("horizontal", class_swap={1: 2}, jit_compile=False)
    shift = ks.JointRandomTranslation(0.3, 0.3, mask_fill_value=255, **border)
    sample = {key: data[key] for key in ("images", "masks", "instances")}
    sample["edge"] = data["masks"] > 2
    targets = {"instances": "weights", "edge": "weights"}
    layers = [flip, shift, ks.MaskOnlyOneHot(5)]
    layer = ks.Pipeline(layers, targets=targets, jit_compile=False)
    drawn = layer.draw_parameters(sample, 1)
    result = to_numpy(layer.apply(sample, drawn))
    # The same geometry, without swap and with 0 outside.
    plain = (
        ks.JointRandomFlip("horizontal", jit_compile=False),
        ks.JointRandomTranslation(0.3, 0.3, **border),
    )
    pair = sample["images"], [sample["instances"], sample["edge"]]
    for each, parameters in zip(plain, drawn["layers"], strict=False):
        pair = each.apply(pair, parameters)
    for name, expected in zip(("instances", "edge"), to_numpy(pair[1]), strict=True):
        assert (expected != sample[name]).any()
        np.testing.assert_array_equal(result[name], expected)
    assert result["masks"].shape == (8, 16, 14, 5)
    with pytest.raises(ValueError, match=r"up to 1 for a bool mask .* the role 'weights'"):
        flip(sample["images"], [sample["masks"], sample["edge"]])


@pytest.mark.slow
def test_in_every_place_and_structure():
    data, targets = full()
    expected = layer(targets)(data)
    moved = [key for key in data if key != "valid"]
    drawn = layer(targets).draw_parameters((3, 16, 14, 3), ks.random.key(5, 0))
    same(layer(targets).apply(data, drawn), expected)
    same(layer(targets, jit_compile="auto")(data), expected)
    same(layer(targets).augment(data, ks.random.key(5, 0)), expected)
    dataset = tf.data.Dataset.from_tensors(data).map(layer(targets))
    same(next(iter(dataset.as_numpy_iterator())), expected)
    # Further entries in a mapping of masks.
    inner = {key: data[key] for key in ("masks", "depth", "spots", "valid")}
    nested = {"images": data["images"], "masks": inner}
    words = {key: targets[key] for key in ("depth", "spots", "valid")}
    result = layer(words)(nested)["masks"]
    assert list(result) == list(inner)
    same(result, {key: expected[key] for key in inner})
    result = layer(words)((data["images"], inner))
    same(result[1], {key: expected[key] for key in inner})
    # By position, also with keys as JSON writes them.
    keys = ("images", "depth", "sample_weights", "image_2", "spots")
    for places in (
        {1: "continuous", 3: "image", 4: "points"},
        {"1": "continuous", "3": "image", "4": "points"},
    ):
        result = layer(places)(tuple(data[key] for key in keys))
        assert isinstance(result, tuple)
        same(dict(zip(keys, result, strict=True)), {key: expected[key] for key in keys})
    # `dataset.map` unpacks a tuple.
    entries = tuple(data[key] for key in (*keys[:3], "spots"))
    moving = layer({1: "continuous", 3: "points"})
    result = next(iter(tf.data.Dataset.from_tensors(entries).map(moving).as_numpy_iterator()))
    same(
        dict(zip((*keys[:3], "spots"), result, strict=True)),
        {k: expected[k] for k in (*keys[:3], "spots")},
    )
    result = layer({1: "continuous"})(data["images"], data["depth"])
    same({"depth": result[1]}, {"depth": expected["depth"]})
    # In a model.
    inputs = {
        key: keras.Input(data[key].shape[1:], name=key, dtype=data[key].dtype.name) for key in moved
    }
    words = {key: role for key, role in targets.items() if role != "ignore"}
    model = keras.Model(inputs, layer(words)(inputs))
    assert tuple(model.output["spots"].shape) == (None, 7, 2)
    same(model({key: data[key] for key in moved}, training=True), {k: expected[k] for k in moved})


def test_training_is_given_by_its_name():
    data, _ = full(1)
    entries = [data[key] for key in ("images", "masks", "sample_weights")]
    with pytest.raises(ValueError, match=r"`training` must be given by name"):
        ks.JointRandomFlip()(*entries, False)
    with pytest.raises(ValueError, match=r"further entries need a role.*Received 4 entries"):
        ks.JointRandomFlip()(*entries, entries[1])


@pytest.mark.slow
def test_one_image_and_augment_dataset():
    data, targets = full(2)
    flip = ks.JointRandomFlip(seed=5, targets=targets)
    single = {key: value[0] for key, value in data.items()}
    expected = {key: value[0] for key, value in to_numpy(flip(data)).items()}
    flip = ks.JointRandomFlip(seed=5, targets=targets)
    same(flip(single), expected)
    dataset = tf.data.Dataset.from_tensor_slices(data)
    flip = ks.JointRandomFlip(seed=5, targets=targets)
    same(next(iter(dataset.map(flip).as_numpy_iterator())), expected)
    found = [
        next(iter(ks.augment_dataset(each, flip, seed=2).as_numpy_iterator()))
        for each in (dataset, dataset.batch(2))
    ]
    same({key: value[0] for key, value in found[1].items()}, found[0])
    assert (found[1]["depth"] != data["depth"]).any()
    assert (found[1]["spots"] != data["spots"]).any()


@pytest.mark.slow
def test_any_number_of_points_without_a_program_for_each():
    data, _ = full(1)
    moving = ks.JointRandomFlip(targets={"spots": "points"})
    sizes = [0, 1, 2, 3, 5, 8]
    for count in sizes:
        result = moving({"images": data["images"], "spots": np.ones((1, count, 2), "float32")})
        assert tuple(result["spots"].shape) == (1, count, 2)
    # Three sizes have their own programs, all others share one.
    assert len(moving._program._programs) <= 4


def test_missing_numbers_stay_missing_and_spread_no_further():
    """A sample that is left alone shares the lookup with others, but is not blended."""
    depth = np.ones((8, 16, 14), "float32")
    depth[:, 5, 6] = np.nan
    data = {"images": random_images(8), "depth": depth}
    words = {"depth": "continuous"}
    lens = ks.JointRandomElasticTransform(
        strength=0.02, probability=0.5, seed=1, targets=words, jit_compile=False
    )
    missing = np.isnan(to_numpy(lens(data)["depth"]))
    kept = (missing == np.isnan(depth)).all((1, 2))
    assert 0 < kept.sum() < 8
    assert missing.any((1, 2)).all()


@pytest.mark.parametrize("dtype", ["float16", "float64", "uint16", "uint8"])
def test_continuous_values_keep_their_dtype_and_blend(dtype):
    values = (np.indices((16, 14)).sum(0) * 8).astype(dtype)[None]
    words = {"values": "continuous"}
    turn = ks.JointRandomRotation(
        (0.1, 0.1), fill_mode="constant", fill_value=3.0, targets=words, jit_compile=False
    )
    result = to_numpy(turn({"images": random_images(1), "values": values})["values"])
    assert result.dtype == as_held(dtype)
    assert len(set(np.unique(result)) - set(np.unique(values))) > 20
    assert 3 in result


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "uint32", "int64"])
def test_the_highest_and_the_lowest_integer_stay_what_they_are(dtype):
    """Often "no value"; in float32 the highest of 32 bits is one that they cannot hold."""
    ends = np.iinfo(dtype)
    if as_held(dtype) != dtype:
        pytest.skip("this backend holds 64 bits as 32")
    turn = ks.JointRandomRotation(0.2, targets={"values": "continuous"}, jit_compile=False)
    for end in (ends.min, ends.max):
        data = {"images": random_images(2), "values": np.full((2, 16, 14), end, dtype)}
        found = to_numpy(turn(data)["values"])
        assert found.dtype == dtype
        # Shares of a blend may sum to a little less than 1.
        assert np.abs(found.astype("float64") / end - 1.0).max() < 1e-6 if end else not found.any()
    # Moved by whole pixels through a lookup, they are the very same.
    values = np.where(np.arange(14) % 3 < 1, ends.min, ends.max).astype(dtype)
    data["values"] = np.broadcast_to(values, (2, 16, 14)).copy()
    targets = {"targets": {"values": "continuous"}}
    shift = ks.JointRandomTranslation(0, (0.5, 0.5), jit_compile=False, **targets)
    found = to_numpy(shift(data)["values"])
    np.testing.assert_array_equal(found[..., 7:], data["values"][..., :7])


def test_the_same_borders_as_the_image():
    """Pixels that leave before a color and would come back after it are lost in both."""
    data = {"images": random_images(2)[..., :1].astype("float32")}
    data["depth"] = data["images"].copy()
    layers = [
        ks.JointRandomTranslation(0, (0.4, 0.4), fill_mode="constant"),
        ks.ImageOnlyBrightness(0.0),
        ks.JointRandomTranslation(0, (-0.4, -0.4), fill_mode="constant"),
    ]
    chain = ks.Pipeline(layers, targets={"depth": "continuous"}, jit_compile=False)
    result = to_numpy(chain(data))
    np.testing.assert_array_equal(result["images"], result["depth"])
    assert (result["images"] == 0).any((0, 1, 3)).all() or (
        result["images"] != data["images"]
    ).any()


@pytest.mark.parametrize("jit_compile", [False, "auto"])
@pytest.mark.slow
def test_a_crop_that_looks_at_the_masks_is_one_for_all(jit_compile):
    data, targets = full(6)
    crop = ks.Pipeline(
        [
            ks.JointRandomFlip(),
            ks.ImageOnlyGamma(0.2),
            ks.JointRandomCrop(6, 5, max_class_fraction=0.5, foreground_probability=0.5),
            ks.JointRandomFlip(),
        ],
        seed=2,
        targets=targets,
        jit_compile=jit_compile,
    )
    data["image_2"] = data["images"]
    data["instances"] = data["masks"]
    rows, columns = np.indices((16, 14)).astype("float32")
    data["depth"] = np.stack([columns, rows], -1)[None].repeat(6, 0)
    result = to_numpy(crop(data))
    np.testing.assert_array_equal(result["images"], result["image_2"])
    np.testing.assert_array_equal(result["masks"], result["instances"])
    for ramp, moved, point in zip(result["depth"], result["spots"], data["spots"], strict=True):
        found, inside = read_off(ramp, moved)
        assert np.abs(found - point)[inside].max(initial=0.0) < 1e-3
    # The windows are the same as without further entries.
    main = {key: data[key] for key in ("images", "masks")}
    plain = ks.Pipeline(crop.layers, seed=2, jit_compile=jit_compile)(main)
    np.testing.assert_array_equal(to_numpy(plain["masks"]), result["masks"])


def test_erasing():
    data, targets = full()
    data["image_2"] = data["images"]
    erasing = ks.JointRandomErasing(
        scale=(0.3, 0.3), fill_value="noise", mask_fill_value=3, seed=1, targets=targets
    )
    result = to_numpy(erasing(data))
    np.testing.assert_array_equal(result["images"], result["image_2"])
    np.testing.assert_array_equal(result["depth"], data["depth"])
    np.testing.assert_array_equal(result["spots"], data["spots"])
    erased = (result["images"] != data["images"]).any(-1)
    assert (result["instances"][erased] == 3).all()


def test_inference_and_layers_that_move_nothing():
    data, targets = full()
    result = to_numpy(layer(targets)(data, training=False))
    for key in data:
        np.testing.assert_array_equal(result[key], data[key])
    result = to_numpy(ks.ImageOnlyBrightness(0.3, targets=targets)(data))
    assert (result["image_2"] != data["image_2"]).any()
    np.testing.assert_array_equal(result["depth"], data["depth"])
    resizing = ks.JointResizing(32, 28, targets=targets)
    result = to_numpy(resizing(data))
    # The outer edges of the images coincide.
    np.testing.assert_allclose(result["spots"], 2 * data["spots"] + 0.5, atol=1e-4)


@pytest.mark.parametrize(
    ("moving", "tolerance"),
    [
        (ks.Pipeline([ks.JointRandomRotation(0.1), ks.JointRandomScaleCrop(16, 14)]), 1e-3),
        (ks.JointRandomElasticTransform(strength=0.02), 0.1),
        (ks.JointRandomResizedCrop(20, 20), 1e-3),
    ],
)
def test_moved_back(moving, tolerance):
    data, targets = full()
    moving = type(moving).from_config({**moving.get_config(), "targets": targets})
    drawn = moving.draw_parameters(data["images"].shape, 3)
    del data["valid"]
    data["valid"] = None
    there = moving.apply(data, drawn)
    back = to_numpy(moving.invert(there, drawn, (16, 14)))
    np.testing.assert_allclose(back["spots"], data["spots"], atol=tolerance)
    assert back["depth"].shape == (3, 16, 14)
    assert back["instances"].dtype == "uint8"
    own = moving.invert((to_numpy(there)["image_2"], None), drawn, (16, 14))
    np.testing.assert_array_equal(back["image_2"], to_numpy(own[0]))


def test_config_and_json():
    given = layer({"depth": "continuous", 3: "image", "class": "ignore"}, name="mine")
    text = json.dumps(keras.saving.serialize_keras_object(given))
    copies = [
        keras.saving.deserialize_keras_object(json.loads(text)),
        ks.Pipeline.from_json(given.to_json()),
    ]
    for copy in copies:
        assert copy.targets == given.targets
        assert copy.get_config() == given.get_config()
    assert "targets" not in json.loads(layer(None).to_json())


def test_models_with_targets_run_and_are_saved(tmp_path):
    """A loaded model calls its layers again, with the arguments they were first called with."""
    roles = {"depth": "continuous", "weights": "mask", "w": "weights", "valid": "ignore"}
    flip = ks.JointRandomFlip(seed=1, targets={**roles, "a/w": "weights"})
    data = {key: random_images(2)[..., :1] for key in roles}
    data = {"images": random_images(2), **data, "more": 2 * data["w"]}
    inputs = {key: keras.Input(x.shape[1:], dtype=x.dtype, name=key) for key, x in data.items()}

    def nested(x):
        outer = {key: x[key] for key in ("images", "weights", "valid")}
        return {**outer, "a": {"w": x["w"]}, "a/w": x["more"], "b": {"depth": x["depth"]}}

    model = keras.Model(inputs, flip(nested(inputs)))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    expected = flip.augment(nested(data), flip.call_key(0))
    for each in (model, loaded):
        found = each(data, training=True)
        for key, values in expected.items():
            keras.tree.map_structure(
                lambda a, b: np.testing.assert_array_equal(to_numpy(a), to_numpy(b)),
                found[key],
                values,
            )
