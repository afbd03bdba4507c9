"""`MultiView`: several views of each sample, in every place a layer can run."""

import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_segaug as ks
from keras_segaug.inspect.check import report
from tests.data import labels, random_images, to_numpy
from tests.marks import TRACED_BY_TENSORFLOW

TELL = {"return_parameters": True}


def strong():
    return ks.Pipeline(
        [ks.JointRandomRotation(0.2), ks.ImageOnlyContrast(0.5), ks.JointRandomCrop(9, 10)]
    )


def multi_view(**more):
    views = {"weak": ks.JointRandomFlip(), "strong": strong()}
    return ks.MultiView(views, **{"seed": 1, "jit_compile": False, **more})


def shared():
    return ks.Pipeline([ks.JointRandomCrop(12, 11), ks.ImageOnlyBrightness(0.3)])


def data(count=3):
    return random_images(count), labels(count)


def same(found, expected):
    keras.tree.map_structure(np.testing.assert_array_equal, to_numpy(found), to_numpy(expected))


def close(found, expected):
    """Equal, as far as differently compiled programs are: images only nearly."""
    found, expected = to_numpy(found), to_numpy(expected)
    assert set(found) == set(expected)
    for name in expected:
        for one, other in zip(*map(keras.tree.flatten, (found[name], expected[name])), strict=True):
            exact = one.dtype.kind != "f"
            np.testing.assert_allclose(one, other, atol=0 if exact else 0.05)


# --- What comes back -----------------------------------------------------------------------------


def test_each_view_has_the_structure_of_the_caller():
    images, masks = data()
    layer = multi_view(shared=shared())
    sizes = {"weak": (12, 11), "strong": (9, 10)}
    found = layer(images, masks)
    assert list(found) == ["weak", "strong"]
    for name, size in sizes.items():
        assert isinstance(found[name], tuple)
        assert found[name][0].shape == (3, *size, 3)
        assert found[name][1].shape == (3, *size)
    named = layer({"image": images, "mask": masks, "patient": "a"})
    assert named["weak"]["patient"] == "a"
    assert set(named["strong"]) == {"image", "mask", "patient"}
    assert layer(images)["strong"].shape == (3, 9, 10, 3)
    single = layer(images[0], masks[0])
    assert single["strong"][1].shape == (9, 10)
    assert masks.shape == (3, 16, 14)


def test_a_view_is_what_its_layer_makes_of_what_is_shared():
    layer = multi_view(shared=shared())
    found, parameters = layer(*data(), **TELL)
    assert set(parameters) == {"shared", "views", "input_size"}
    for name, view in layer.views.items():
        chain = ks.Pipeline([layer.shared, view], jit_compile=False)
        drawn = {"layers": (parameters["shared"], parameters["views"][name])}
        same(found[name], chain.apply(data(), drawn))


def test_views_draw_for_themselves_and_share_what_is_shared():
    views = {name: ks.JointRandomTranslation(0.3, 0.3) for name in "abc"}
    parameters = ks.MultiView(views, shared=ks.JointRandomFlip()).draw_parameters((200, 8, 8, 3), 1)
    heights = [to_numpy(parameters["views"][name]["height"]) for name in "abc"]
    for one in range(3):
        for other in range(one):
            assert abs(np.corrcoef(heights[one], heights[other])[0, 1]) < 0.25
    # Views draw by their places, not by their names.
    renamed = dict(zip("xyz", views.values(), strict=True))
    again = ks.MultiView(renamed, shared=ks.JointRandomFlip()).draw_parameters((200, 8, 8, 3), 1)
    same(again["views"]["y"], parameters["views"]["b"])
    alike = ks.MultiView(
        {"one": ks.Identity(), "other": ks.Identity()}, shared=ks.JointRandomRotation(0.2)
    )
    found = alike(*data())
    same(found["one"], found["other"])
    assert (to_numpy(found["one"][1]) != data()[1]).any()


def test_what_is_shared_is_finished_once():
    """A window that the shared layer chooses by the masks is the same in all views."""
    crop = ks.JointRandomCrop(5, 5, foreground_probability=1.0, foreground_classes=[3])
    layer = ks.MultiView({"a": ks.Identity(), "b": ks.Identity()}, shared=crop, seed=1)
    found, parameters = layer(*data(8), **TELL)
    same(found["a"], found["b"])
    drawn = layer.draw_parameters(data(8), layer.call_key(0))
    same(layer.apply(data(8), drawn), found)
    same(layer.apply(data(8)[0], parameters)["b"], found["b"][0])
    with pytest.raises(ValueError, match="MultiView: `data` must be images and masks"):
        layer.draw_parameters((8, 16, 14, 3), 1)


def test_at_inference_random_layers_do_nothing():
    layer = ks.MultiView(
        {"weak": ks.JointRandomFlip(), "strong": ks.Pipeline([strong(), ks.MaskOnlyOneHot(5)])},
        shared=ks.ImageOnlyRescaling(0.5),
        seed=1,
    )
    images, masks = data()
    found, parameters = layer(images, masks, training=False, **TELL)
    assert parameters is None
    same(found["weak"], (images.astype("float32") * 0.5, masks))
    middle = ks.JointCenterCrop(9, 10)(images, np.eye(5, dtype="uint8")[masks])
    same(found["strong"], (to_numpy(middle[0]) * 0.5, middle[1]))
    same(layer.apply((images, masks), None), found)


def test_where_the_gate_is_off_all_views_are_as_at_inference():
    layer = multi_view(probability=0.5, shared=shared())
    images, masks = data(20)
    found, parameters = layer(images, masks, **TELL)
    acts = to_numpy(parameters["applied"])
    assert 0 < acts.sum() < 20
    found, rest = to_numpy(found), to_numpy(layer.apply((images, masks), None))
    for name in found:
        for one, other in zip(found[name], rest[name], strict=True):
            np.testing.assert_array_equal(one[~acts], other[~acts])
        assert (found[name][1][acts] != rest[name][1][acts]).any()


def test_further_entries_move_with_each_view():
    layer = multi_view(targets={"depth": "continuous", "spots": "points"})
    images, masks = data()
    spots = np.full((3, 2, 2), 5.0, "float32")
    given = {"image": images, "mask": masks, "depth": images[..., 0] / 255.0, "spots": spots}
    found = layer({**given, "depth": given["depth"].astype("float32")})
    assert found["strong"]["depth"].shape == (3, 9, 10)
    assert (to_numpy(found["weak"]["spots"]) != to_numpy(found["strong"]["spots"])).any()


def test_the_value_range_is_that_of_what_comes_in():
    images = (data()[0] / 255.0).astype("float32")
    views = {"a": ks.ImageOnlyBrightness((0.5, 0.5)), "b": ks.Identity()}
    found = to_numpy(ks.MultiView(views, value_range=(0, 1))(images))
    np.testing.assert_allclose(found["a"], np.minimum(images + 0.5, 1.0), atol=1e-6)
    with pytest.warns(UserWarning, match="value_range"):
        ks.MultiView(views)(images)


def test_words_for_what_was_drawn():
    flip = ks.JointRandomFlip("horizontal")
    layer = ks.MultiView({"weak": flip, "other": ks.Identity()}, shared=ks.JointRandomFlip())
    [told] = layer.describe(layer.draw_parameters((1, 8, 8, 3), 1))
    beginnings = ["shared: JointRandomFlip: horiz", "weak: JointRandomFlip: horiz", "other: Id"]
    assert all(map(str.startswith, told, beginnings))
    assert len(told) == 3


# --- One stream ----------------------------------------------------------------------------------


def test_a_call_takes_one_key():
    layer = multi_view(shared=shared())
    for call in range(3):
        found = layer(*data())
        drawn = layer.draw_parameters(data(), layer.call_key(call))
        same(found, layer.apply(data(), drawn))
    same(found, multi_view(shared=shared()).augment(data(), layer.call_key(2)))
    assert len(layer.variables) == 1
    assert not ks.MultiView({"a": ks.Identity()}).random


# --- Places --------------------------------------------------------------------------------------


@pytest.mark.parametrize("jit_compile", [False, "auto"])
def test_compiled_and_padded(jit_compile):
    layer, plain = multi_view(shared=shared(), jit_compile=jit_compile), multi_view(shared=shared())
    for count in (3, 2):
        found, parameters = layer(*data(count), **TELL)
        expected, drawn = plain(*data(count), **TELL)
        close(found, expected)
        assert list(found) == ["weak", "strong"]
        np.testing.assert_array_equal(parameters["input_size"], drawn["input_size"])
        assert len(to_numpy(parameters["views"]["weak"]["horizontal"])) == count


@pytest.mark.slow
def test_in_a_dataset():
    layer, plain = multi_view(shared=shared()), multi_view(shared=shared())
    tuples = tf.data.Dataset.from_tensor_slices(data(5)).batch(3)
    told = list(tuples.map(lambda *pair: layer(*pair, **TELL)))
    for part, (found, parameters) in zip((slice(3), slice(3, 5)), told, strict=True):
        images, masks = (each[part] for each in data(5))
        expected = plain(images, masks)
        close(keras.tree.map_structure(lambda x: x.numpy(), found), expected)
        close(plain.apply((images, masks), parameters), expected)
        _, valid = plain.transfer(expected["weak"][1], parameters)
        assert valid.shape == expected["strong"][1].shape
    mappings = tf.data.Dataset.from_tensor_slices(dict(zip(("image", "mask"), data(), strict=True)))
    [first, *_] = mappings.map(multi_view(shared=shared()))
    assert set(first) == {"weak", "strong"}
    assert first["strong"]["mask"].shape == (9, 10)


@TRACED_BY_TENSORFLOW
@pytest.mark.slow
def test_augment_dataset():
    layer = multi_view()
    dataset = tf.data.Dataset.from_tensor_slices(data(4))
    single = list(ks.augment_dataset(dataset, layer, seed=1))
    [batched] = ks.augment_dataset(dataset.batch(4), layer, seed=1)
    for number, one in enumerate(single):
        for name in layer.views:
            for alone, all_of_them in zip(one[name], batched[name], strict=True):
                np.testing.assert_array_equal(alone.numpy(), all_of_them[number].numpy())


def test_in_a_model(tmp_path):
    inputs = [keras.Input((16, 14, 3), dtype="uint8"), keras.Input((16, 14), dtype="uint8")]
    outputs = multi_view(name="views")(*inputs)
    assert outputs["strong"][0].shape == (None, 9, 10, 3)
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    layer = loaded.get_layer("views")
    assert list(layer.views) == ["weak", "strong"]
    assert layer.get_config() == model.get_layer("views").get_config()
    given = list(data())
    # A file has lists instead of tuples.
    same(*(keras.tree.flatten(each(given, training=True)) for each in (loaded, model)))
    same(model(given, training=False), multi_view()(*data(), training=False))


class Consistency(keras.Model):
    """Its training step asks the prediction of the strong view to be that of the weak one."""

    def __init__(self):
        super().__init__()
        self.views = multi_view(shared=shared())
        self.network = keras.layers.Conv2D(4, 1)

    def call(self, images):
        shown, parameters = self.views(images, training=True, return_parameters=True)
        scores = self.network(shown["weak"] / 255.0)
        moved, valid = self.views.transfer(keras.ops.softmax(scores), parameters)
        asked = keras.ops.softmax(self.network(shown["strong"] / 255.0))
        off = keras.ops.sum((asked - moved) ** 2, axis=-1) * keras.ops.cast(valid, "float32")
        self.add_loss(keras.ops.mean(off))
        return asked


@pytest.mark.slow
def test_under_fit():
    model = Consistency()
    model.compile("sgd", jit_compile=keras.backend.backend() != "torch")
    losses = model.fit(random_images(8), epochs=2, batch_size=4, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert min(losses) > 0.0


def test_copies():
    layer = multi_view(shared=shared(), value_range=(0, 255))
    layer(*data())
    copy = pickle.loads(pickle.dumps(layer))
    assert list(copy.views) == list(layer.views)
    same(copy(*data()), layer(*data()))
    for other in (
        ks.MultiView.from_config(layer.get_config()),
        ks.MultiView.from_json(layer.to_json()),
    ):
        assert other.get_config() == layer.get_config()
        same(other(*data()), multi_view(shared=shared())(*data()))


def test_json_that_people_read():
    text = ks.MultiView({"a": ks.JointRandomFlip(name="f")}, name="mine").to_json()
    assert text == (
        '{\n  "class": "MultiView",\n  "name": "mine",\n  "views": {\n'
        '    "a": {"class": "JointRandomFlip", "name": "f"}\n  }\n}'
    )
    with pytest.raises(ValueError, match=r"at views\.a: there is no layer class 'JointFlop'"):
        ks.MultiView.from_json('{"class": "MultiView", "views": {"a": {"class": "JointFlop"}}}')


# --- What is refused -----------------------------------------------------------------------------

FLIP = ks.JointRandomFlip()
REFUSED = {
    "a list": ([FLIP, FLIP], "`views` must be a non-empty mapping from names to layers"),
    "nothing": ({}, "`views` must be a non-empty mapping"),
    "a number for a name": ({1: FLIP}, "a name is text.*Received: views=1"),
    "no name": ({"": FLIP}, "a name is text"),
    "a word that configs know": ({"class_name": FLIP}, "not 'class' or 'class_name'"),
    "a class": ({"weak": ks.JointRandomFlip}, r"`views\['weak'\]` must hold.*JointRandomFlip\("),
    "of Keras": ({"weak": keras.layers.RandomFlip()}, r"`views\['weak'\]`.*know image from mask"),
    "layers in a list": ({"weak": [FLIP]}, r"`views\['weak'\]`.*Pipeline of their own"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    views, message = REFUSED[name]
    with pytest.raises(ValueError, match=f"^MultiView: .*{message}"):
        ks.MultiView(views)


def test_tools_that_look_at_one_result():
    layer = multi_view()
    tools = {
        "check_alignment": lambda: ks.check_alignment(layer),
        "plot_gallery": lambda: ks.plot_gallery(layer, *data()),
        "check": lambda: report(layer, (16, 14, 3)),
    }
    for name, tool in tools.items():
        with pytest.raises(ValueError, match=rf"^{name}: .*`layer\.views\['weak'\]`"):
            tool()


def test_what_else_is_refused():
    layer = multi_view()
    with pytest.raises(ValueError, match=r"^MultiView: `shared` must hold keras_segaug layers"):
        ks.MultiView({"weak": FLIP}, shared="flip")
    for make in (lambda: ks.Pipeline([layer]), lambda: ks.RandomChoice([layer, FLIP])):
        with pytest.raises(
            ValueError, match=r"`layers` must.*MultiView is the outermost.*`shared`"
        ):
            make()
    with pytest.raises(ValueError, match=r"`views\['weak'\]` must.*MultiView is the outermost"):
        ks.MultiView({"weak": layer})
    with pytest.raises(ValueError, match=r"MultiView: `invert` is for.*transfer\(prediction"):
        layer.invert(random_images(), layer.draw_parameters((3, 16, 14, 3), 1))
    with pytest.raises(ValueError, match=r"^MultiView: masks must have the height"):
        layer(random_images(), labels(height=9))
    with pytest.raises(ValueError, match=r"^MultiView: there is no argument 'view'.*views"):
        ks.MultiView({"weak": FLIP}, view=1)


def test_parameters_without_views_are_refused():
    views = ks.MultiView({"weak": ks.JointRandomFlip()}, jit_compile=False)
    with pytest.raises(ValueError, match="takes a mapping in 'views'"):
        views.apply((random_images(), labels()), {"shared": {}, "views": [1]})
