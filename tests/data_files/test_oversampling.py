"""Images of rare classes come as often as they should, and the same way with the same seed."""

import os
import subprocess
import sys
from collections import Counter

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import keras_segaug
from keras_segaug.data.building import repeated
from tests.data_files.folders import EXAMPLES, colored, random_image, save, truncate

CT = EXAMPLES / "ct"

# All twenty masks hold 0, this many hold 1, 2 and 3; one alone holds 255, which is ignored.
HELD = {1: range(10), 2: (3, 17), 3: (17,), 255: (5,)}
# With threshold 0.8: sqrt(0.8 / f) for f of 0.5, 0.1 and 0.05.
FACTORS = [1.6**0.5] * 10 + [1.0] * 10
FACTORS[3], FACTORS[17] = 8**0.5, 4.0
CLASSES = {0: 0, 1: 1, 2: 2, 3: 3, 255: 0}


def ids_of(n):
    mask = np.zeros((6, 8), "uint8")
    for place, class_id in enumerate(HELD):
        mask[place, : n % 5 + 1] = class_id if n in HELD[class_id] else 0
    return mask


def load(*folders, **options):
    settings = {"verbose": False, "shuffle": False, "oversample": "repeat_factor", **options}
    return keras_segaug.segmentation_dataset_from_directory(*folders, **settings)


def load_made(folders, **options):
    return load(*folders, **{"threshold": 0.8, "ignore_index": 255, **options})


def numbers(dataset):
    """The images that an epoch shows, in order: their gray level is their number."""
    epoch = []
    for images, _ in dataset.as_numpy_iterator():
        epoch += images[..., 0, 0, 0].reshape(-1).tolist()
    return epoch


def epochs_of(dataset, count):
    """The images of each of many epochs, where an epoch is one batch."""
    return [images[:, 0, 0, 0] for images, _ in dataset.repeat(count).as_numpy_iterator()]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    for n in range(20):
        save(root / f"images/{n:02}.png", np.full((6, 8, 3), n, "uint8"))
        save(root / f"masks/{n:02}.png", ids_of(n))
    return root / "images", root / "masks"


def test_the_factors_are_those_of_the_paper(folders):
    found = load_made(folders).report.oversampling
    np.testing.assert_allclose(found.factors, FACTORS, rtol=1e-12)
    assert found.images == {0: 20, 1: 10, 2: 2, 3: 1}
    assert found.length == pytest.approx(sum(FACTORS))
    expected = {n: sum(FACTORS[place] for place in HELD[n]) for n in (1, 2, 3)}
    assert found.images_per_epoch == pytest.approx({0: sum(FACTORS), **expected})


def test_an_ignored_class_is_rare_where_it_is_not_ignored(folders):
    found = load_made(folders, ignore_index=None).report.oversampling
    assert found.factors[5] == 4.0
    assert found.images[255] == 1


def test_every_image_comes_as_often_as_its_factor_says():
    """Over 4,000 epochs; each shows an image the whole part of its factor, or once more."""
    factors, epochs = np.array([1.0, 1.25, 3.0, 2.9, 1.5, 12.03]), 4000
    passes = repeated(factors, seed=7).batch(100).repeat(epochs)
    counts = np.array([np.bincount(places) for places in passes.as_numpy_iterator()])
    more = counts - np.floor(factors)
    assert set(np.unique(more)) == {0, 1}
    np.testing.assert_array_equal(more[:, [0, 2]], 0)
    share = factors % 1
    error = np.sqrt(share * (1 - share) / epochs)
    assert (np.abs(more.mean(0) - share) <= 4 * error).all()
    # Images are drawn independently of each other, and each epoch of the one before.
    drawn = more[:, [1, 3, 4, 5]].T
    for one, other in ((drawn, drawn), (drawn[:, 1:], drawn[:, :-1])):
        related = np.corrcoef(one, other)[:4, 4:]
        apart = related if one is not other else related[~np.eye(4, dtype=bool)]
        assert np.abs(apart).max() < 4 / np.sqrt(epochs)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.slow
def test_a_dataset_shows_them_so(folders, shuffle):
    epochs = epochs_of(load_made(folders, shuffle=shuffle, seed=2, batch_size=36), 200)
    counts = np.array([np.bincount(epoch) for epoch in epochs])
    more = counts - np.floor(FACTORS)
    share = np.array(FACTORS) % 1
    assert set(np.unique(more)) == {0, 1}
    error = np.sqrt(share * (1 - share) / len(epochs))
    assert (np.abs(more.mean(0) - share) <= 4 * error).all()
    assert counts.sum(1).std() > 0


def test_without_shuffling_repeats_follow_each_other(folders):
    epoch = numbers(load_made(folders, seed=1))
    assert epoch == sorted(epoch)
    assert set(epoch) == set(range(20))
    assert epoch.count(17) == 4


def test_shuffling_parts_the_repeats(folders):
    """Over 100 epochs the four copies of image 17 lie anywhere, and not together."""
    dataset = load_made(folders, shuffle=True, seed=1, batch_size=36)
    places, together = [], 0
    for epoch in epochs_of(dataset, 100):
        found = np.flatnonzero(epoch == 17)
        places += (found / (len(epoch) - 1)).tolist()
        together += found.max() - found.min() == 3
    assert np.mean(places) == pytest.approx(0.5, abs=0.08)
    assert np.std(places) == pytest.approx(12**-0.5, abs=0.05)
    assert together <= 3


SETTINGS = [
    {"batch_size": 1},
    {"batch_size": None},
    {"image_size": (3, 4)},
    {"output": "dict"},
]


@pytest.mark.parametrize("shuffle", [False, True])
def test_the_seed_decides_and_nothing_else(folders, shuffle):
    options = {"shuffle": shuffle, "seed": 5}
    first = load_made(folders, **options)
    epochs = [numbers(first) for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    for more in SETTINGS:
        again = load_made(folders, **options, **more)
        if "output" in more:
            again = again.map(lambda entry: (entry["images"], entry["segmentation_masks"]))
        assert [numbers(again) for _ in range(3)] == epochs
    for threads in (1, 8):
        settings = tf.data.Options()
        settings.threading.private_threadpool_size = threads
        settings.autotune.enabled = threads > 1
        again = load_made(folders, **options).with_options(settings)
        assert [numbers(again) for _ in range(3)] == epochs
    assert [numbers(first) for _ in range(3)] != epochs
    assert numbers(load_made(folders, shuffle=shuffle, seed=6)) != epochs[0]
    assert numbers(load_made(folders, **options).repeat(3)) == [*epochs[0], *epochs[1], *epochs[2]]


PROGRAM = """
import sys
import tensorflow as tf
from tests.data_files.test_oversampling import load_made, numbers
tf.random.set_seed(1)
dataset = load_made(sys.argv[1:3], shuffle=True, seed=5)
print([numbers(dataset) for _ in range(3)])
"""


@pytest.mark.slow
def test_another_process_draws_the_same(folders):
    # TensorFlow's global seed, which another test may have set, matters as it does for `shuffle`.
    tf.random.set_seed(1)
    dataset = load_made(folders, shuffle=True, seed=5)
    expected = [numbers(dataset) for _ in range(3)]
    command = [sys.executable, "-c", PROGRAM, *map(str, folders)]
    options = {"capture_output": True, "text": True, "check": True, "timeout": 300}
    other = subprocess.run(command, cwd=EXAMPLES.parents[1], **options)
    assert other.stdout.strip().splitlines()[-1] == str(expected)


def test_without_a_seed_datasets_differ(folders):
    assert numbers(load_made(folders)) != numbers(load_made(folders))


def test_images_and_masks_stay_together(folders):
    dataset = load_made(folders, shuffle=True, seed=3)
    for images, masks in dataset.as_numpy_iterator():
        for image, mask in zip(images, masks, strict=True):
            np.testing.assert_array_equal(mask, ids_of(image[0, 0, 0]))


@pytest.mark.parametrize("shuffle", [False, True])
def test_validation_is_left_alone(folders, shuffle):
    options = {"validation_split": 0.4, "seed": 1, "shuffle": shuffle}
    train, validation = load_made(folders, subset="both", **options)
    used = [int(pair.image[-6:-4]) for pair in train.file_paths]
    kept = [int(pair.image[-6:-4]) for pair in validation.file_paths]
    assert sorted(numbers(validation)) == kept
    assert len(validation) == 1
    assert validation.report.oversampling is None
    # Shares are of the 12 training images.
    images = {n: len(set(HELD[n]) & set(used)) for n in (1, 2, 3)}
    factors = [
        max([1.0] + [(0.8 * 12 / images[n]) ** 0.5 for n in images if place in HELD[n]])
        for place in used
    ]
    assert max(factors) > 1.0
    found = train.report.oversampling
    np.testing.assert_allclose(found.factors, factors, rtol=1e-12)
    assert set(numbers(train)) == set(used)
    for subset, whole in (("training", train), ("validation", validation)):
        alone = load_made(folders, subset=subset, **options)
        assert alone.file_paths == whole.file_paths
        report = alone.report.oversampling
        assert (report and report.factors) == (found.factors if subset == "training" else None)


def test_colors_count_as_the_classes_they_become(folders, tmp_path):
    """Two colors of one class count as one class, and a color of the ignored class as none."""
    table = [(0, 0, 0), (9, 0, 0), (0, 9, 0), (0, 0, 9)]
    for n in range(8):
        save(tmp_path / f"images/{n}.png", random_image(seed=n))
        mask = np.zeros((6, 8), "uint8")
        mask[0, 0] = {0: 1, 1: 2, 2: 3}.get(n, 0)
        save(tmp_path / f"masks/{n}.png", colored(mask, table))
    palette = dict(zip(table, (0, 1, 1, 255), strict=True))
    dataset = load(
        tmp_path / "images",
        tmp_path / "masks",
        palette=palette,
        class_names=["rest", "tool", "never there"],
        ignore_index=255,
        threshold=1,
    )
    found = dataset.report.oversampling
    np.testing.assert_allclose(found.factors, [2, 2] + [1] * 6)
    assert found.images == {0: 8, 1: 2, 2: 0}
    assert found.images_per_epoch == {0: 10.0, 1: 4.0, 2: 0.0}
    assert str(dataset.report).splitlines()[1:] == [
        "Oversampled below a share of 1: 8 pairs, 10.0 an epoch on average.",
        "  class          images  an epoch",
        "  0 rest              8      10.0",
        "  1 tool              2       4.0",
        "  2 never there       0       0.0",
    ]


def test_a_mask_of_ignored_pixels_alone_comes_once(tmp_path):
    for n in range(3):
        save(tmp_path / f"images/{n}.png", random_image(seed=n))
        save(tmp_path / f"masks/{n}.png", np.full((6, 8), 255 if n else 1, "uint8"))
    dataset = load(tmp_path / "images", tmp_path / "masks", ignore_index=255, threshold=1.0)
    np.testing.assert_allclose(dataset.report.oversampling.factors, [3**0.5, 1, 1])


def test_pairs_that_are_skipped_do_not_count(tmp_path):
    for n in range(5):
        save(tmp_path / f"images/{n}.png", random_image(seed=n))
        save(tmp_path / f"masks/{n}.png", np.full((6, 8), n < 2, "uint8"))
    truncate(tmp_path / "images/0.png")
    with pytest.warns(UserWarning, match="problems with 1 files"):
        dataset = load(tmp_path / "images", tmp_path / "masks", threshold=1.0, on_error="skip")
    assert dataset.report.oversampling.images == {0: 3, 1: 1}
    np.testing.assert_allclose(dataset.report.oversampling.factors, [2] + [(4 / 3) ** 0.5] * 3)


def test_the_report_warns_of_images_that_come_very_often(tmp_path, capsys):
    """One of 150 with threshold 1 comes 12.2 times, one of two 8.7 times."""
    for n in range(150):
        save(tmp_path / f"images/{n:03}.png", np.full((2, 2), n, "uint8"))
        class_id = {60: 1, 61: 2, 62: 2}.get(n, 0)
        save(tmp_path / f"masks/{n:03}.png", np.full((2, 2), class_id, "uint8"))
    folders = tmp_path / "images", tmp_path / "masks"
    dataset = load(*folders, threshold=1.0, verbose=True)
    expected = (
        "Oversampled below a share of 1: 150 pairs, 178.1 an epoch on average.\n"
        "1 images come more than 10 times an epoch, which invites overfitting; a lower "
        f"`threshold` repeats less:\n  {folders[0]}/060.png: 12.2 times\n"
    )
    assert capsys.readouterr().out == "Found 150 pairs of images and masks.\n" + expected
    assert expected in str(dataset.report)
    assert [pair for pair, _ in dataset.report.oversampling.often] == [dataset.file_paths[60]]
    quiet = load(*folders, threshold=0.6)
    assert "more than" not in str(quiet.report)
    assert capsys.readouterr().out == ""


def test_names_that_are_not_utf8_can_be_printed(tmp_path, capsys):
    """Python replaces their bytes with lone surrogates, which `print` refuses."""
    root = os.fsencode(tmp_path)
    for folder in (b"images", b"masks"):
        os.mkdir(os.path.join(root, folder))
        for n in range(150):
            name = os.path.join(root, folder, b"%d\xe4.png" % n)
            Image.new("L", (2, 2), int(n == 7 and folder == b"masks")).save(os.fsdecode(name))
    os.unlink(os.path.join(root, b"masks", b"8\xe4.png"))
    with pytest.warns(UserWarning, match=r"images/8\ufffd\.png"):
        dataset = load(
            tmp_path / "images", tmp_path / "masks", threshold=1.0, verbose=True, on_error="skip"
        )
    print(dataset.report)
    told = capsys.readouterr().out
    assert told.encode("utf-8").count("images/7\ufffd.png: 12.2 times".encode()) == 2
    assert "images/8\ufffd.png" in told
    assert dataset.report.problems[0].path == os.fsdecode(root + b"/images/8\xe4.png")


@pytest.mark.slow
def test_the_default_threshold_repeats_the_rare_organs_of_real_slices():
    dataset = load(CT / "images", CT / "masks", shuffle=True, seed=4, color_mode="grayscale")
    held = []
    for pair in dataset.file_paths:
        with Image.open(pair.mask) as image:
            held.append(set(np.unique(np.array(image)).tolist()))
    images = Counter(class_id for ids in held for class_id in ids)
    of_class = {n: max(1.0, (0.1 / (count / 112)) ** 0.5) for n, count in images.items()}
    factors = [max(of_class[n] for n in ids) for ids in held]
    found = dataset.report.oversampling
    assert found.threshold == 0.1
    assert found.images == images
    np.testing.assert_allclose(found.factors, factors, rtol=1e-12)
    assert 112 < found.length < 125
    # Three slices hold the rarest vertebra, and are shown 1.9 times each.
    shown = Counter()
    epochs = 20
    for _ in range(epochs):
        for _, masks in dataset.as_numpy_iterator():
            shown.update(n for mask in masks for n in np.unique(mask).tolist())
    for n, expected in found.images_per_epoch.items():
        spread = sum(f % 1 * (1 - f % 1) for f, ids in zip(factors, held, strict=True) if n in ids)
        error = np.sqrt(max(spread, 1e-9) / epochs)
        assert abs(shown[n] / epochs - expected) <= 4.5 * error, n
    assert min(images.values()) == 3


def test_the_length_is_unknown_and_none_without_oversampling(folders):
    dataset = load_made(folders)
    assert dataset.cardinality() == tf.data.UNKNOWN_CARDINALITY
    assert len(dataset.file_paths) == 20
    plain = load(*folders, oversample=None)
    assert plain.report.oversampling is None
    assert plain.cardinality() == 1
    assert numbers(plain) == list(range(20))
    pixels = load_made(folders).pixel_counts()
    assert pixels == {**plain.pixel_counts()}


def test_a_cache_keeps_what_was_drawn_first(folders):
    dataset = load_made(folders, shuffle=True, seed=5)
    cached = load_made(folders, shuffle=True, seed=5).cache()
    first = numbers(dataset)
    assert [numbers(cached) for _ in range(2)] == [first, first]


def fit_counting(dataset, **options):
    """The number of batches in each of three epochs of training."""
    batches = []
    count = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: batches.append(0),
        on_train_batch_end=lambda batch, logs: batches.append(batches.pop() + 1),
    )
    network = keras.Sequential([keras.Input((6, 8, 3)), keras.layers.Conv2D(4, 1)])
    network.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    network.fit(dataset, epochs=3, callbacks=[count], verbose=0, **options)
    return batches


# On JAX and torch, Keras warns that `shuffle` is ignored for a dataset.
@pytest.mark.filterwarnings("ignore:.shuffle=True. was passed")
def test_fit_takes_as_many_steps_as_are_expected(folders):
    dataset = load_made(folders, shuffle=True, seed=5, batch_size=4, palette=CLASSES)
    assert dataset.steps_per_epoch == -(-sum(FACTORS) // 4) == 7
    assert fit_counting(dataset.repeat(), steps_per_epoch=dataset.steps_per_epoch) == [7, 7, 7]


# It also warns that data ran out if it did not know the length.
@pytest.mark.filterwarnings("ignore:.shuffle=True. was passed", "ignore:Your input ran out of data")
def test_fit_goes_through_an_epoch_of_unknown_length(folders):
    batches = fit_counting(load_made(folders, shuffle=True, seed=5, batch_size=4, palette=CLASSES))
    assert len(batches) == 3
    assert all(20 / 4 <= number <= 32 / 4 for number in batches)


def test_steps_of_what_is_not_oversampled(folders):
    for batch_size in (3, 20, None):
        dataset = load(*folders, oversample=None, batch_size=batch_size)
        assert dataset.steps_per_epoch == len(dataset)


def test_a_pipeline_and_one_hot_masks(folders):
    flip = keras_segaug.Pipeline(
        [keras_segaug.JointRandomFlip("vertical"), keras_segaug.MaskOnlyOneHot(4)],
        seed=1,
        jit_compile=False,
    )
    dataset = load_made(folders, output="dict", palette=CLASSES)
    total = sum(len(entry["segmentation_masks"]) for entry in dataset.map(flip).as_numpy_iterator())
    assert 20 < total <= 36
    element = next(iter(dataset.map(flip)))
    assert element["segmentation_masks"].shape[1:] == (6, 8, 4)


REFUSED = [
    ({"oversample": "repeat"}, r"`oversample` must be one of None, 'repeat_factor'"),
    ({"oversample": True}, r"`oversample` must be one of None, 'repeat_factor'"),
    ({"threshold": 0.0}, r"`threshold` must be above 0; .*threshold=0\.0"),
    ({"threshold": 1.5}, r"`threshold` must be a number in \[0, 1\].*threshold=1\.5"),
    ({"threshold": -0.1}, r"`threshold` must be a number in \[0, 1\]"),
    ({"threshold": float("nan")}, r"`threshold` must be a number in \[0, 1\]"),
    ({"threshold": "0.1"}, r"`threshold` must be a number in \[0, 1\]"),
    ({"oversample": None, "threshold": 0.1}, r'Set oversample="repeat_factor", or leave it out'),
    ({"check": "headers"}, r'needs check="all".*check=.headers'),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_refuses(options, message):
    """Arguments are refused before any file is looked at: these folders do not exist."""
    with pytest.raises(ValueError, match=message):
        load("no images", "no masks", **options)
