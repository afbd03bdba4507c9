"""The migrated pipeline pixel by pixel, its report, and what it refuses."""

import warnings

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import stats

import keras_segaug as ks
from keras_segaug.migration.arguments import DEFAULTS
from tests.data import labels, random_images, to_numpy
from tests.data_files.legacy import GENERATIONS

SCAN = "examples/data/ct/images"


def scan(side=64):
    """The middle of a real image, as the old class gets it: float32, one channel."""
    import pathlib

    path = sorted((pathlib.Path(__file__).parents[2] / SCAN).glob("*.png"))[40]
    whole = np.asarray(Image.open(path), "float32")
    top, left = (whole.shape[0] - side) // 2, (whole.shape[1] - side) // 2
    return whole[top : top + side, left : left + side, None]


def migrate(arguments, mask_arguments=None, **more):
    return ks.from_image_data_generator(arguments, mask_arguments, **more)


def generator_of(arguments, generation="keras"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about options that it switches by itself
        return GENERATIONS[generation](**arguments)


# --- Pixels, with the parameters of the old class ---


@pytest.mark.parametrize("fill_mode", ["nearest", "reflect", "constant"])
def test_geometry_pixel_by_pixel(fill_mode):
    """The old class' SciPy and our lookup agree to a few hundredths of a level on float images."""
    arguments = {
        "rotation_range": 40,
        "height_shift_range": 5.0,
        "width_shift_range": 5.0,
        "shear_range": 20,
        "zoom_range": 0.3,
        "horizontal_flip": True,
        "fill_mode": fill_mode,
        "cval": 30.0,
    }
    generator, image = generator_of(arguments), scan()
    affine, flip = migrate(arguments).pipeline.layers
    np.random.seed(2)
    for _ in range(10):
        drawn = generator.get_random_transform(image.shape)
        expected = generator.apply_transform(image, drawn)
        parameters = {
            "angle": np.deg2rad(drawn["theta"]),
            # The old class' "height shift" moves sideways: see the report.
            "height_shift": drawn["ty"],
            "width_shift": drawn["tx"],
            "shear": np.deg2rad(drawn["shear"]),
            "zoom_height": drawn["zy"],
            "zoom_width": drawn["zx"],
        }
        parameters = {name: np.array([value], "float32") for name, value in parameters.items()}
        found = to_numpy(affine.apply(image, parameters))
        found = to_numpy(
            flip.apply(found, {"horizontal": np.array([drawn["flip_horizontal"] > 0])})
        )
        close = np.abs(found - expected) < 0.05
        # SciPy's fill begins at the center of the last pixel, so a band one pixel wide differs.
        assert close.mean() > (0.93 if fill_mode == "constant" else 0.9999)


@given(
    factor=st.floats(0.0, 3.0, width=32),
    low=st.integers(-60, 120),
    high=st.integers(130, 300),
    seed=st.integers(0, 99),
)
@settings(max_examples=30, deadline=None)
def test_brightness_pixel_by_pixel(factor, low, high, seed):
    """Exact to a level within 0 .. 255; a stretched image to a level of the stretched range."""
    image = np.random.default_rng(seed).integers(low, high, (6, 5, 3)).astype("float32")
    arguments = {"brightness_range": (0.0, 3.0)}
    expected = generator_of(arguments).apply_transform(image, {"brightness": factor})
    layer = migrate(arguments).pipeline.layers[0]
    found = to_numpy(layer.apply(image, {"factor": np.array([factor], "float32")}))
    inside = image.min() >= 0 and image.max() <= 255
    level = 1.0 if inside else (image.max() - image.min()) / 255
    # Pillow multiplies in float32, too, but an exact product may fall on either side.
    assert np.abs(found - expected).max() <= level * (1.0 + max(factor, 1.0) * (not inside)) + 1e-3
    if inside:
        assert (np.abs(found - expected) < 1e-3).mean() > 0.9


def test_brightness_of_images_in_0_1():
    """The class inside Keras turned them into zeros and ones; here 256 levels share the range."""
    image = np.full((1, 4, 4, 3), 0.5, "float32")
    arguments = {"brightness_range": (0.5, 0.5)}
    assert set(np.unique(generator_of(arguments).random_transform(image[0]))) == {0.0}
    found = to_numpy(migrate(arguments, value_range=(0, 1)).pipeline(image))
    np.testing.assert_allclose(found, 63 / 255, atol=1e-6)


@given(amount=st.floats(-300.0, 300.0, width=32), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_channel_shift_pixel_by_pixel(amount, seed):
    image = np.random.default_rng(seed).uniform(-20, 200, (6, 5, 3)).astype("float32")
    arguments = {"channel_shift_range": 300.0}
    drawn = {"channel_shift_intensity": amount}
    expected = generator_of(arguments).apply_transform(image, drawn)
    layer = migrate(arguments).pipeline.layers[0]
    found = to_numpy(layer.apply(image, {"amount": np.array([amount], "float32")}))
    np.testing.assert_allclose(found, expected, atol=1e-3)


def double(image):
    return image * 2.0


STANDARD = {
    "rescale": {"rescale": 1 / 255},
    "preprocessing first": {"rescale": 1 / 255, "preprocessing_function": double},
    "samplewise center": {"samplewise_center": True, "rescale": 0.5},
    "samplewise": {"samplewise_std_normalization": True},
    "featurewise center": {"featurewise_center": True, "rescale": 1 / 255},
    "featurewise": {"featurewise_std_normalization": True, "rescale": 1 / 255},
    "zca": {"zca_whitening": True, "zca_epsilon": 1e-3, "rescale": 1 / 255},
    "all": {
        "preprocessing_function": double,
        "rescale": 1 / 255,
        "samplewise_std_normalization": True,
        "featurewise_std_normalization": True,
    },
}


# 1.1.2 adds the epsilon of ZCA to the variances, so its fit is compared only live.
@pytest.mark.parametrize(
    ("generation", "name", "live"),
    [
        (generation, name, live)
        for generation in GENERATIONS
        for name in STANDARD
        for live in (True, False)
        if (generation, name, live) != ("keras_preprocessing", "zca", False)
    ],
)
def test_standardisation_pixel_by_pixel(generation, name, live):
    """As `standardize` with the statistics of `fit`, read from a live generator or computed."""
    arguments, images = STANDARD[name], random_images(30, 6, 5)
    generator = generator_of(arguments, generation)
    generator.fit(images)
    expected = np.stack([generator.standardize(one) for one in images.astype("float32")])
    migration = migrate(generator) if live else migrate(arguments).fit(images)
    found, masks = to_numpy(migration.pipeline(images, labels(30, 6, 5)))
    np.testing.assert_allclose(found, expected, atol=2e-3 * max(1.0, np.abs(expected).max()))
    np.testing.assert_array_equal(masks, labels(30, 6, 5))


def test_a_generator_that_was_told_nothing():
    found, mask = to_numpy(migrate({}).pipeline(random_images(), labels()))
    np.testing.assert_array_equal(found, random_images().astype("float32"))
    np.testing.assert_array_equal(mask, labels())


def test_fill_values():
    """`cval` of the images fills images, that of the masks fills masks."""
    shift = {"height_shift_range": [0.5], "fill_mode": "constant"}
    pipeline = migrate({**shift, "cval": 7.0}, {**shift, "cval": 255}, seed=1).pipeline
    images, mask = to_numpy(pipeline(np.full((4, 8, 8, 3), 100.0), np.ones((4, 8, 8), "uint8")))
    assert set(np.unique(images)) == {7.0, 100.0}
    assert set(np.unique(mask)) == {1, 255}
    assert ((images[..., 0] == 7.0) == (mask == 255)).all()


# --- The report ---

DRAWN = {"rotation_range": 20, "zoom_range": 0.2, "horizontal_flip": True}

REPORTS = {
    "desynchronized": (
        {**DRAWN, "brightness_range": (0.5, 1.5)},
        DRAWN,
        "wrong",
        "brightness_range",
    ),
    "channel shift of images only": (
        {**DRAWN, "channel_shift_range": 9},
        DRAWN,
        "wrong",
        "channel_shift_range",
    ),
    "other draws": (DRAWN, {"zoom_range": 0.2}, "wrong", "rotation_range"),
    "other range": (DRAWN, {**DRAWN, "rotation_range": 30}, "wrong", "rotation_range"),
    "a flip of images only": (
        DRAWN,
        {**DRAWN, "horizontal_flip": False},
        "wrong",
        "horizontal_flip",
    ),
    "ids divided": ({"rescale": 1 / 255}, None, "wrong", "rescale"),
    "ids brightened": ({"brightness_range": (1, 2)}, None, "wrong", "brightness_range"),
    "ids shifted": ({"channel_shift_range": 20}, None, "wrong", "channel_shift_range"),
    "ids normalized": ({"samplewise_center": True}, None, "wrong", "samplewise_center"),
    "ids blended": (DRAWN, DRAWN, "wrong", "interpolation_order"),
    "ids through a function": (
        {},
        {"preprocessing_function": double},
        "wrong",
        "preprocessing_function",
    ),
    "swapped axes": ({"height_shift_range": 0.2}, None, "wrong", "height_shift_range"),
    "off center": ({"shear_range": 5}, None, "wrong", "shear_range"),
    "other splits": ({"validation_split": 0.2}, {}, "wrong", "validation_split"),
    "a list is no range": (
        {"width_shift_range": (-0.1, 0.1)},
        None,
        "changed",
        "width_shift_range",
    ),
    "cubic": ({**DRAWN, "interpolation_order": 3}, DRAWN, "changed", "interpolation_order"),
    "wrap": ({**DRAWN, "fill_mode": "wrap"}, None, "changed", "fill_mode"),
    "fill is no class": (
        {**DRAWN, "fill_mode": "constant", "cval": 0.5},
        None,
        "changed",
        "cval",
    ),
    "split": ({"validation_split": 0.2}, None, "changed", "validation_split"),
    "nearest masks": (DRAWN, {**DRAWN, "interpolation_order": 0}, "kept", "interpolation_order"),
    "rotation": (DRAWN, None, "kept", "rotation_range"),
}


@pytest.mark.parametrize("name", REPORTS)
def test_the_report_names(name):
    images, masks, kind, argument = REPORTS[name]
    migration = migrate(images, masks)
    found = [finding for finding in migration.report.of(kind) if finding.argument == argument]
    assert found, migration.report
    assert str(found[0]).partition(":")[0] in " ".join(str(migration).split())


def test_two_clean_generators_have_little_to_hear():
    arguments = {"horizontal_flip": True, "vertical_flip": True}
    migration = migrate({**arguments, "rescale": 1 / 255}, arguments)
    assert migration.report.of("wrong") == []
    assert migration.report.of("changed") == []


VALUES = {
    "featurewise_center": st.booleans(),
    "samplewise_center": st.booleans(),
    "featurewise_std_normalization": st.booleans(),
    "samplewise_std_normalization": st.booleans(),
    "zca_whitening": st.booleans(),
    "zca_epsilon": st.floats(1e-7, 1e-2),
    "rotation_range": st.integers(0, 180),
    "width_shift_range": st.one_of(
        st.integers(0, 5), st.floats(0, 5), st.lists(st.integers(-5, 5), max_size=3)
    ),
    "height_shift_range": st.one_of(
        st.integers(0, 5), st.floats(0, 5), st.lists(st.floats(-0.9, 0.9), max_size=3)
    ),
    "brightness_range": st.one_of(st.none(), st.tuples(st.floats(0, 1), st.floats(1, 2))),
    "shear_range": st.floats(0, 45),
    "zoom_range": st.one_of(
        st.just(0.0), st.floats(0.01, 0.9), st.tuples(st.floats(0.1, 1), st.floats(1.1, 2))
    ),
    "channel_shift_range": st.floats(0, 100),
    "fill_mode": st.sampled_from(["constant", "nearest", "reflect", "wrap"]),
    "cval": st.floats(0, 255),
    "horizontal_flip": st.booleans(),
    "vertical_flip": st.booleans(),
    "rescale": st.one_of(st.none(), st.floats(1e-3, 2)),
    "preprocessing_function": st.sampled_from([None, double]),
    "data_format": st.sampled_from([None, "channels_last", "channels_first"]),
    "validation_split": st.floats(0, 0.9),
    "interpolation_order": st.integers(0, 5),
    "dtype": st.sampled_from([None, "float32", "float16"]),
}


def test_the_arguments_are_those_of_the_old_classes():
    import inspect

    assert set(VALUES) == set(DEFAULTS)
    for old in GENERATIONS.values():
        parameters = inspect.signature(old.__init__).parameters
        told = {n: p.default for n, p in parameters.items() if n not in ("self", "kwargs")}
        # 1.1.2 spells out defaults that Keras takes from its settings.
        settings_of_keras = {"data_format": None, "dtype": None}
        assert {**told, **settings_of_keras} == DEFAULTS


@given(
    images=st.fixed_dictionaries({}, optional=VALUES),
    masks=st.one_of(st.none(), st.fixed_dictionaries({}, optional=VALUES)),
)
@settings(max_examples=100, deadline=None)
def test_no_argument_is_dropped_in_silence(images, masks):
    """The report names every argument that is not the default; the pipeline always builds."""
    migration = migrate(images, masks)
    named = {(finding.role, finding.argument) for finding in migration.report.findings}
    for role, arguments in (("images", images), ("masks", masks or {})):
        for name, value in arguments.items():
            off = not value or value == DEFAULTS[name] or name == "data_format"
            assert off or {(role, name), ("both", name)} & named, (role, name, value)
    assert all(finding.detail.endswith(".") for finding in migration.report.findings)
    if not {"featurewise_center", "featurewise_std_normalization", "zca_whitening"} & {
        name for name, value in images.items() if value is True
    }:
        assert migration.pipeline.name == "migrated"


@pytest.mark.parametrize("generation", GENERATIONS)
def test_live_generators_read_as_their_arguments(generation):
    arguments = {**DRAWN, "rescale": 1 / 255, "height_shift_range": [1, 2], "cval": 3.0}
    live = migrate(generator_of(arguments, generation), generator_of(DRAWN, generation))
    told = migrate(arguments, DRAWN)
    assert str(live) == str(told)
    for a, b in zip(live.pipeline.layers, told.pipeline.layers, strict=True):
        assert {**a.get_config(), "name": ""} == {**b.get_config(), "name": ""}


# --- flow_from_directory ---


def test_the_directory_call(tmp_path):
    """The call is derived from live iterators, and from their arguments."""
    for folder in ("images", "masks"):
        (tmp_path / folder / "all").mkdir(parents=True)
        Image.new("L", (8, 6)).save(tmp_path / folder / "all" / "a.png")
    image_flow, mask_flow = (
        {
            "directory": str(tmp_path / folder),
            "target_size": (32, 48),
            "class_mode": None,
            "color_mode": "grayscale",
            "seed": 4,
        }
        for folder in ("images", "masks")
    )
    generators = [generator_of({**DRAWN, "validation_split": 0.5}) for _ in range(2)]
    flows = [
        generator.flow_from_directory(**flow, subset="training")
        for generator, flow in zip(generators, (image_flow, mask_flow), strict=True)
    ]
    told = migrate(
        {**DRAWN, "validation_split": 0.5},
        image_flow={**image_flow, "subset": "training"},
        mask_flow={**mask_flow, "subset": "training"},
    )
    calls = [migrate(*flows).dataset_call, told.dataset_call]
    assert calls[1].startswith("# class_mode: ")
    assert calls[0] == calls[1].partition("\n")[2]
    seen = {}
    names = {
        "keras_segaug": type("Package", (), {"segmentation_dataset_from_directory": None}),
        "migration": told,
        "tf": __import__("tensorflow"),
    }

    def called(**arguments):
        seen.update(arguments)
        return names["tf"].data.Dataset.from_tensors((random_images(2), labels(2)))

    names["keras_segaug"].segmentation_dataset_from_directory = called
    exec(calls[1], names)
    assert seen == {
        "images": str(tmp_path / "images"),
        "masks": str(tmp_path / "masks"),
        "image_size": (32, 48),
        "batch_size": 32,
        "color_mode": "grayscale",
        "interpolation": "nearest",
        "antialias": False,
        "shuffle": True,
        "seed": 4,
        "validation_split": 0.5,
        "subset": "training",
    }
    assert calls[1] in str(told)


def test_the_directory_call_tells_what_was_wrong():
    images = {"directory": "a", "seed": 1, "classes": ["x"], "save_to_dir": "out"}
    masks = {"directory": "b", "seed": 2, "batch_size": 8, "interpolation": "bilinear"}
    call = migrate({}, {}, image_flow=images, mask_flow=masks).dataset_call
    for name in (
        "seed: 1",
        "batch_size: 32",
        "palette=",
        "interpolation",
        "classes",
        "save_to_dir",
    ):
        assert any(name in line for line in call.splitlines() if line.startswith("# ")), name
    assert migrate({}).dataset_call is None
    assert "the folder of the masks" in migrate({}, image_flow={"directory": "a"}).dataset_call


@pytest.mark.parametrize("kind", ["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"])
def test_the_directory_call_runs_and_resizes_as_the_old_class(tmp_path, kind):
    """Without a `subset` all files are read; paths may be objects, and resampling is Pillow's."""
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    rng = np.random.default_rng(0)
    smooth = Image.fromarray(rng.integers(0, 256, (12, 16), "uint8"))
    for n in range(3):
        pixels = smooth.resize((48, 36), Image.Resampling.BICUBIC)
        pixels.save(tmp_path / "images" / f"{n}.png")
        Image.new("L", (48, 36), n).save(tmp_path / "masks" / f"{n}.png")
    flow = {"target_size": (12, 16), "color_mode": "grayscale", "interpolation": kind, "seed": 1}
    told = migrate(
        {"validation_split": 0.5},
        image_flow={**flow, "directory": tmp_path / "images"},
        mask_flow={**flow, "directory": tmp_path / "masks"},
    )
    code, mapped, _ = told.dataset_call.rpartition("dataset = dataset.map(")
    assert mapped
    names = {"keras_segaug": ks}
    exec(code, names)
    images, masks = next(iter(names["dataset"]))
    assert sorted(np.unique(masks)) == [0, 1, 2]
    resampling = {"lanczos": "bicubic", "box": "bilinear", "hamming": "bilinear"}.get(kind, kind)
    said = f"# interpolation: {kind!r} is now {resampling!r}, the nearest there is." in code
    assert said == (kind != resampling)
    expected = pixels.resize((16, 12), Image.Resampling[resampling.upper()])
    np.testing.assert_allclose(images[0, ..., 0], np.asarray(expected), atol=1)


# --- Bad input ---

BAD = [
    ({"rotation": 20}, "image_arguments. must be arguments among .*rotation_range"),
    ({"rotation_range": (1, 2)}, "rotation_range. must be a number"),
    ({"width_shift_range": "a"}, "width_shift_range. must be a number of at least 0, or a list"),
    ({"width_shift_range": -0.1}, "width_shift_range. must be a number of at least 0, or a list"),
    ({"height_shift_range": ["a"]}, "height_shift_range. must be a number of at least 0"),
    ({"zoom_range": (1, 2, 3)}, "zoom_range. must be a pair"),
    ({"zoom_range": ("a", 2)}, "zoom_range. must be a pair"),
    ({"brightness_range": 0.3}, "brightness_range. must be a pair"),
    ({"brightness_range": (-1, 1)}, "brightness_range. must be a pair"),
    ({"channel_shift_range": None}, "channel_shift_range. must be a number"),
    ({"fill_mode": "mirror"}, "fill_mode. must be one of"),
    ({"interpolation_order": 9}, "interpolation_order. must be one of"),
    ({"interpolation_order": "nearest"}, "interpolation_order. must be one of"),
    ({"horizontal_flip": "yes"}, "horizontal_flip. must be True or False"),
    ({"rescale": "1/255"}, "rescale. must be a number"),
    ({"data_format": "channels"}, "data_format. must be one of"),
    ({"validation_split": 2}, r"validation_split. must be a number in \[0, 1\]"),
    ({"zca_epsilon": -1}, "zca_epsilon. must be a number of at least 0"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=f"^from_image_data_generator: .*{message}"):
        migrate(arguments)
    with pytest.raises(ValueError, match="mask_arguments"):
        migrate({}, arguments)


@pytest.mark.parametrize("size", [256, (256,), (1, 2, 3, 4), "large"])
def test_a_target_size_that_is_no_pair(size):
    with pytest.raises(ValueError, match=r"`image_flow` must be .*`target_size`.*Received"):
        migrate({}, image_flow={"directory": "a", "target_size": size})


def test_bad_objects():
    with pytest.raises(TypeError, match="`image_arguments` must be a dict of arguments or an"):
        migrate(keras.layers.RandomFlip())
    with pytest.raises(TypeError, match="preprocessing_function"):
        migrate({"preprocessing_function": 3})
    with pytest.raises(ValueError, match="`image_flow` must be a dict with a `directory`"):
        migrate({}, image_flow={})
    with pytest.raises(ValueError, match="`mask_flow` must be arguments among"):
        migrate({}, image_flow={"directory": "a"}, mask_flow={"directory": "a", "size": 3})
    with pytest.raises(ValueError, match="`image_flow` must be given where"):
        migrate({}, mask_flow={"directory": "a"})


def test_statistics_that_are_not_there():
    migration = migrate({"featurewise_center": True})
    assert "call `migration.fit(images)`" in " ".join(str(migration).split())
    with pytest.raises(ValueError, match=r"featurewise_center needs .* `migration.fit\(images\)`"):
        _ = migration.pipeline
    with pytest.raises(ValueError, match=r"Migration.fit: .* Received shape \(3, 16, 14\)"):
        migration.fit(labels())
    generator = generator_of({"featurewise_center": True})
    generator.mean = np.zeros((16, 14, 3))
    with pytest.raises(ValueError, match="`mean` must hold one number a channel"):
        migrate(generator)


def test_a_function_that_changes_the_shape():
    pipeline = migrate({"preprocessing_function": lambda image: image[:2]}).pipeline
    with pytest.raises(Exception, match="must return an array of the shape it gets"):
        pipeline(random_images())


def test_a_matrix_of_another_size():
    migration = migrate({"zca_whitening": True}).fit(random_images(5, 4, 4))
    with pytest.raises(ValueError, match=r"48 numbers\. Received shape"):
        migration.pipeline(random_images(2))


def test_means_are_those_of_scipy():
    """The deviation is that of all pixels of a channel, divided by their number."""
    images = random_images(7)
    layer = migrate({"featurewise_std_normalization": True}).fit(images).pipeline.layers[0]
    expected = stats.tvar(images[..., 1].ravel()) * (1 - 1 / images[..., 1].size)
    np.testing.assert_allclose(layer.variance[1], expected, rtol=1e-6)
