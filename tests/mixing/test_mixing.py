"""The contract of layers that mix samples, over all of them."""

import warnings

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.engine.operations import Labels
from tests.cases import MIXING, ids
from tests.contract import promises as contract
from tests.data import COMPILED, labels, random_images, to_numpy
from tests.marks import TRACED_BY_TENSORFLOW
from tests.mixing.promises import STEP, check_one_source, coded, coordinates

# Layers whose pixels each come from one place; a blend comes from two.
PLACED = [case for case in MIXING if case.layer is not ks.JointMixUp]
PASTING = [case for case in PLACED if case.layer is not ks.JointMosaic]
NEAREST = {"interpolation": "nearest"}


def made(case, **more):
    """The layer of a case, with "nearest" lookup; the mask of classes decides."""
    if case.layer in (ks.JointMosaic, ks.JointCopyPaste):
        more = {**NEAREST, **more}
    return case.layer(
        **{"seed": 7, "jit_compile": False, **case.arguments, "mask": "classes", **more}
    )


def one_image_a_sample(count=4, **options):
    """Samples with distinct values: their images and masks hold their number."""
    number = np.arange(count, dtype="uint8")[:, None, None]
    masks = np.broadcast_to(number, (count, 16, 14)).copy()
    return np.repeat(masks[..., None], 3, axis=-1), masks


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("case", **ids(PLACED))
def test_image_masks_and_weights_come_from_one_place(case, compiled):
    layer = made(case, jit_compile=compiled)
    for number in range(40 if compiled else 6):
        check_one_source(layer, seed=number, mixed=number == 0)


@pytest.mark.parametrize("case", **ids(PLACED))
def test_in_dataset_map(case):
    tf = pytest.importorskip("tensorflow")
    layer = made(case)

    def mapped(data):
        dataset = tf.data.Dataset.from_tensors(data).repeat(2).unbatch().batch(4).map(layer)
        return list(dataset.as_numpy_iterator())[1]

    check_one_source(mapped)


@TRACED_BY_TENSORFLOW
@pytest.mark.parametrize("case", **ids(MIXING))
def test_an_empty_batch_in_a_dataset(case):
    """The batch size is not known while tracing, and reductions have nothing to reduce."""
    tf = pytest.importorskip("tensorflow")
    images, masks = one_image_a_sample(3)
    kinds = tf.TensorSpec((None, 16, 14, 3), "uint8"), tf.TensorSpec((None, 16, 14), "uint8")
    batches = ((images[:count], masks[:count]) for count in (0, 3))
    dataset = tf.data.Dataset.from_generator(lambda: batches, output_signature=kinds)
    empty, after = dataset.map(case.make(jit_compile=False)).as_numpy_iterator()
    for none, some in zip(empty, after, strict=True):
        assert none.shape == (0, *some.shape[1:])
        assert none.dtype == some.dtype
        assert len(some) == 3


class Crossed(ks.MixingLayer):
    """Broken: the masks come from another partner."""

    def draw(self, draws):
        return {"partner": draws.partners()[0]}

    def plan(self, parameters, spec):
        cut = ks.JointCutMix(area=(0.3, 0.3), ignore_class=None)
        drawn = {name: keras.ops.ones((4, 1)) * 0.5 for name in ("aspect", "top", "left")}
        drawn |= {"partner": parameters["partner"], "area": keras.ops.ones((4,)) * 0.3}
        return [*cut.plan(drawn, spec), Labels(function=self.rolled)]

    def rolled(self, mask):
        return keras.ops.roll(mask, 1, axis=0)


def test_the_check_of_places_can_fail():
    with pytest.raises(AssertionError):
        check_one_source(Crossed(jit_compile=False))


# --- Partners ----------------------------------------------------


@pytest.mark.parametrize("count", [2, 3, 7, 8])
def test_partners_are_a_permutation_without_fixed_points(count):
    layer = ks.JointCutMix(ignore_class=None)
    seen = set()
    for key in range(40):
        partner = to_numpy(layer.draw_parameters((count, 8, 8, 3), key)["partner"])
        assert sorted(partner) == list(range(count))
        assert (partner != np.arange(count)).all()
        seen.add(tuple(partner))
    assert len(seen) > (1 if count > 2 else 0)


@pytest.mark.slow
def test_every_other_sample_is_as_likely_a_partner():
    layer = ks.JointCutMix(ignore_class=None)
    drawn = [layer.draw_parameters((5, 8, 8, 3), key)["partner"] for key in range(240)]
    counts = np.bincount(np.stack([to_numpy(each)[0] for each in drawn]), minlength=5)
    assert counts[0] == 0
    # Five standard deviations of a binomial draw.
    np.testing.assert_allclose(counts[1:], 60, atol=5 * np.sqrt(240 * 1 / 4 * 3 / 4))


@pytest.mark.skipif(True not in COMPILED, reason="see test_programs_of_torch.py")
@pytest.mark.parametrize("case", **ids(MIXING[::2]))
@pytest.mark.slow
def test_what_fills_up_a_batch_is_nobodys_partner(case):
    """After a first batch of 8, one of 5 is padded to that program's size."""
    arguments = {"masks": "larger"} if case.layer is ks.JointMixUp else {}
    layer, same = (made(case, mask=None, jit_compile=how, **arguments) for how in (True, False))
    for count in (8, 5, 3):
        images, masks = random_images(count), labels(count)
        found, expected = (to_numpy(each((images, masks))) for each in (layer, same))
        np.testing.assert_array_equal(found[1], expected[1])
        np.testing.assert_allclose(found[0], expected[0], atol=1.01)


def test_partners_stay_within_the_shards_of_a_distribution(monkeypatch):
    from keras_segaug.core import backend

    monkeypatch.setattr(backend, "batch_shards", lambda: 3)
    shard = np.arange(9) // 3
    for key in range(20):
        layers = [ks.JointCutMix(ignore_class=None, across_shards=x) for x in (False, True)]
        inside, across = (
            to_numpy(each.draw_parameters((9, 8, 8, 3), key)["partner"]) for each in layers
        )
        assert (shard[inside] == shard).all()
        assert (inside != np.arange(9)).all()
    assert (shard[across] != shard).any()


@pytest.mark.parametrize("case", **ids(MIXING))
def test_a_batch_of_one_is_left_alone_and_says_so_once(case):
    layer = made(case, mask=None)
    images, masks = random_images(1, 18, 20), labels(1, 18, 20)
    with pytest.warns(UserWarning, match="a batch of one sample is left as it is"):
        found = to_numpy(layer((images, masks)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer((images, masks))
    if case.layer is not ks.JointMosaic:
        np.testing.assert_array_equal(found[0], images)
        np.testing.assert_array_equal(found[1], masks)
    assert set(np.unique(found[1])) <= set(np.unique(masks))


@pytest.mark.parametrize("wrap", [lambda layer: layer, lambda layer: ks.Pipeline([layer])])
def test_single_images_are_refused_and_nothing_advances(wrap):
    layer = wrap(ks.JointCutMix(seed=1))
    before = to_numpy(layer.call_key(0))
    with pytest.raises(ValueError, match=r"samples are mixed within a batch.*dataset.batch\(8\)"):
        layer(random_images()[0], labels()[0])
    with pytest.raises(ValueError, match="samples are mixed within a batch"):
        layer.draw_parameters((8, 8, 3), 1)
    found = to_numpy(layer(random_images(), labels()))
    key = layer.call_key(0)
    np.testing.assert_array_equal(before, to_numpy(key))
    again = to_numpy(layer.augment((random_images(), labels()), key))
    np.testing.assert_array_equal(found[1], again[1])


# --- What comes out ----------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32"])
@pytest.mark.parametrize("case", **ids(MIXING))
def test_labels_are_labels_of_the_batch(case, dtype):
    contract.check_labels(lambda **more: made(case, mask=None, **more), dtype)


@pytest.mark.parametrize("case", **ids(MIXING))
def test_at_inference_nothing_is_mixed(case):
    layer = made(case, mask=None)
    images, masks = one_image_a_sample()
    found = to_numpy(layer((images, masks), training=False))
    for i, (image, mask) in enumerate(zip(*found, strict=True)):
        assert (image == i).all()
        assert (mask == i).all()


@pytest.mark.parametrize("case", **ids(MIXING))
def test_samples_are_left_alone_by_their_probability(case):
    layer = made(case, mask=None, probability=0.5)
    images, masks = one_image_a_sample(40)
    if case.layer in (ks.JointCopyPaste, ks.JointClassMix):
        masks = np.where(np.arange(14) < 7, 1, 2) + 0 * masks
    drawn = layer.draw_parameters((images, masks), 5)
    found = to_numpy(layer.apply((images, masks), drawn))[0]
    alone = (found == np.arange(40)[:, None, None, None]).all((1, 2, 3))
    applied = to_numpy(drawn["applied"])
    assert 8 < applied.sum() < 32
    assert alone[~applied].all()
    assert not alone[applied].all()


@pytest.mark.parametrize("case", **ids(MIXING))
def test_config_and_replay(case):
    layer = made(case, mask=None)
    images, masks = random_images(), labels()
    contract.check_config(layer, images, masks)
    found, parameters = layer((images, masks), return_parameters=True)
    again = layer.apply((images, masks), parameters)
    np.testing.assert_array_equal(*(to_numpy(each[1]) for each in (found, again)))
    assert len(layer.describe(parameters)) == 3


@pytest.mark.parametrize("case", **ids(PLACED))
def test_the_map_of_samples(case):
    layer = made(case, mask=0)
    places = coordinates(4)
    masks = {"classes": labels(4, dtype="int32"), "code": coded(places).astype("int32")}
    found, mixing = layer({"images": places, "masks": masks}, return_mixing=True)
    found, mixing = to_numpy(found), to_numpy(mixing)
    np.testing.assert_array_equal(mixing["sample"], found["masks"]["code"] // STEP**2)
    np.testing.assert_array_equal(mixing["other"], mixing["sample"])
    assert (mixing["share"] == 1.0).all()
    found = to_numpy(layer({"images": places, "masks": masks}, return_mixing="from"))
    np.testing.assert_array_equal(found["from"]["sample"], found["masks"]["code"] // STEP**2)
    with pytest.raises(ValueError, match="return_mixing"):
        layer(places, (labels(4), labels(4)), return_mixing="from")
    with pytest.raises(ValueError, match=r"`return_mixing` must be .* not an empty one"):
        layer({"images": places, "masks": masks}, return_mixing="")


@pytest.mark.parametrize("case", **ids(PASTING))
def test_what_was_pasted_goes_home(case):
    """Every pixel that is shown somewhere returns to its place; all others are filled."""
    exact = {"scale": (1.0, 1.0)} if case.layer is ks.JointCopyPaste else {}
    layer = made(case, probability=0.7, **exact)
    places, classes = coordinates(5), labels(5, dtype="int32")
    code = 1 + coded(places).astype("int32")
    data = {"images": places, "masks": {"classes": classes, "code": code}}
    found, parameters = layer(data, return_parameters=True)
    back = to_numpy(layer.invert(found, parameters))["masks"]["code"]
    shown = np.isin(code, np.unique(to_numpy(found)["masks"]["code"]))
    assert 0.3 < shown.mean() < 1.0
    np.testing.assert_array_equal(back, np.where(shown, code, 0))


@pytest.mark.parametrize("compiled", COMPILED)
def test_what_was_pasted_goes_home_through_geometry_before_and_after(compiled):
    layers = [
        ks.JointRandomFlip(),
        ks.JointClassMix(mask=0),
        ks.JointRandomRotate90(),
        ks.ImageOnlyContrast(0.2),
    ]
    chain = ks.Pipeline(layers, seed=2, jit_compile=compiled)
    classes, code = labels(5, 12, 12, dtype="int32"), 1 + coded(coordinates(5, 12, 12))
    code = code.astype("int32")
    (_, (_, found)), drawn = chain(
        random_images(5, 12, 12), (classes, code), return_parameters=True
    )
    images = np.zeros((5, 12, 12, 3), "uint8")
    back = to_numpy(chain.invert((images, to_numpy(found)), drawn))[1]
    shown = np.isin(code, np.unique(to_numpy(found)))
    assert 0.3 < shown.mean() < 1.0
    np.testing.assert_array_equal(back, np.where(shown, code, 0))


@pytest.mark.parametrize("layer", [ks.JointMosaic(16, 14), ks.JointMixUp()], ids=str)
def test_what_cannot_go_home_says_so(layer):
    parameters = layer.draw_parameters((4, 16, 14, 3), 1)
    with pytest.raises(ValueError, match=rf"{type(layer).__name__}: `invert` cannot"):
        layer.invert(random_images(4), parameters)


def test_points_are_refused():
    layer = ks.JointCutMix(targets={"points": "points"})
    data = {"images": random_images(), "masks": labels(), "points": np.zeros((3, 2, 2), "float32")}
    with pytest.raises(ValueError, match="JointCutMix: points cannot be moved by what mixes"):
        layer(data)


# --- With other layers ----------------------------------------------------


@pytest.mark.parametrize("case", **ids(PLACED))
def test_between_geometry_and_color(case):
    # Fusion is the same compiled or not, so two cases: a plain paste, and one with its own scale.
    compiled = True in COMPILED and case.layer in (ks.JointClassMix, ks.JointMosaic)
    layers = [
        ks.JointRandomFlip(),
        made(case, mask=0),
        ks.JointRandomRotation(0.1, fill_mode="wrap", **NEAREST),
        ks.ImageOnlyBrightness(0.0),
    ]
    chain = ks.Pipeline(layers, seed=3, jit_compile=compiled)
    for number in range(3):
        places, classes = coordinates(4), labels(4, seed=number, dtype="int32")
        data = places, (classes, coded(places).astype("int32"))
        found, parameters = chain(data, return_parameters=True)
        images, (_, code) = to_numpy(found)
        np.testing.assert_array_equal(coded(images), code)
        if case.layer in (ks.JointMosaic, ks.JointCopyPaste):
            # Resizing and turning in one lookup reads other pixels than one after the other.
            continue
        one_by_one = data
        for layer, drawn in zip(layers, parameters["layers"], strict=True):
            one_by_one = layer.apply(one_by_one, drawn)
        np.testing.assert_array_equal(code, to_numpy(one_by_one)[1][1])


def test_a_choice_finds_the_batch_as_it_is_before():
    layers = [ks.JointCutMix(), ks.JointClassMix(), ks.JointRandomFlip()]
    chain = ks.RandomChoice(layers, seed=3, jit_compile=False)
    images, masks = random_images(12), labels(12)
    drawn = chain.draw_parameters((images, masks), 4)
    found = to_numpy(chain.apply((images, masks), drawn))
    chosen = to_numpy(chain._chosen(drawn))
    assert len(set(chosen)) == 3
    for number, (layer, own) in enumerate(zip(layers, drawn["layers"], strict=True)):
        alone = to_numpy(layer.apply((images, masks), own))
        for a, b in zip(found, alone, strict=True):
            np.testing.assert_array_equal(a[chosen == number], b[chosen == number])
    with pytest.raises(ValueError, match="RandomChoice: `invert` cannot move back a choice"):
        chain.invert((images, masks), drawn)


@pytest.mark.slow
def test_augment_dataset_repeats_for_any_parallelism():
    tf = pytest.importorskip("tensorflow")
    dataset = tf.data.Dataset.from_tensor_slices((random_images(12), labels(12))).batch(4)
    layer = ks.Pipeline([ks.JointRandomFlip(), ks.JointClassMix()])
    results = [
        list(ks.augment_dataset(dataset, layer, 1, num_parallel_calls=n).as_numpy_iterator())
        for n in (None, 1, 3)
    ]
    given = list(dataset.as_numpy_iterator())
    assert any((a != b).any() for (_, a), (_, b) in zip(results[0], given, strict=True))
    for other in results[1:]:
        keras.tree.map_structure(np.testing.assert_array_equal, other, results[0])


def test_in_a_model_that_is_trained(tmp_path):
    """A saved model is loaded and fitted: the layer mixes, compiled with the model."""
    inputs = keras.Input((16, 14, 3))
    mixed = ks.JointCutMix(ignore_class=None)(inputs)
    model = keras.Model(inputs, keras.layers.Conv2D(5, 1)(mixed))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    history = again.fit(random_images(6).astype("float32"), labels(6), batch_size=3, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mask": "organs"}, r"`mask` must be one of the masks that came"),
        ({"mask": "organs", "ignore_class": None}, r"`mask` must be one of the masks that came"),
        ({"mask": -1}, "`mask` must be None, the name of a mask, or its place"),
        ({"mask": True}, "`mask` must be None"),
        ({"across_shards": 1}, "`across_shards` must be"),
        ({"ignore_class": "x"}, "`ignore_class` must be"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=f"JointCutMix: {message}"):
        ks.JointCutMix(**arguments)((random_images(), labels()))


@pytest.mark.parametrize("layer", [ks.JointClassMix(), ks.JointCopyPaste([1])], ids=str)
def test_masks_that_decide_must_be_there(layer):
    with pytest.raises(ValueError, match="masks are missing, which say what to paste"):
        layer(random_images())


def test_the_mask_that_decides():
    first, second = labels(4, seed=1), labels(4, seed=2)
    data = {"images": random_images(4), "masks": {"a": first, "b": second}}
    shown = [
        to_numpy(ks.JointClassMix(mask=name).draw_parameters(data, 3)["shown"])
        for name in (None, "a", 0, "b", 1)
    ]
    for number in (1, 2):
        np.testing.assert_array_equal(shown[0], shown[number])
    np.testing.assert_array_equal(shown[3], shown[4])
    assert (shown[0] != shown[3]).any()
    named = ks.JointClassMix(mask="b", targets={"b": "mask"})
    by_role = named.draw_parameters({"images": random_images(4), "masks": first, "b": second}, 3)
    np.testing.assert_array_equal(to_numpy(by_role["shown"]), shown[3])


def test_tools_for_single_samples_say_so():
    layer = ks.Pipeline([ks.JointRandomFlip(), ks.JointCutMix()])
    with pytest.raises(ValueError, match=r"check_alignment.*each image must come from one sample"):
        ks.check_alignment(layer)
