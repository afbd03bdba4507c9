"""Pairs by index: beside the dataset, in other processes, in grain's pipelines."""

import pickle

import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.data import survey
from tests.data_files.folders import COLORS, EXAMPLES, colored, make_pairs, save, truncate

CT = [EXAMPLES / "ct/images", EXAMPLES / "ct/masks"]


def source_of(*folders, **options):
    return ks.segmentation_source_from_directory(*folders, **{"verbose": False, **options})


def dataset_of(*folders, **options):
    options = {"verbose": False, "shuffle": False, "batch_size": None, **options}
    return ks.segmentation_dataset_from_directory(*folders, **options)


def assert_alike(source, dataset):
    elements = list(dataset.as_numpy_iterator())
    assert len(source) == len(elements)
    for found, expected in zip(source, elements, strict=True):
        for one, other in zip(found, expected, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
    assert source.file_paths == dataset.file_paths
    assert source.pixel_counts() == dataset.pixel_counts()
    assert source.class_weights() == dataset.class_weights()
    assert source.class_colors == dataset.class_colors
    assert source.report.used == dataset.report.used


@pytest.fixture
def folders(tmp_path):
    return make_pairs(tmp_path, count=10)


@pytest.mark.parametrize("options", [{}, {"color_mode": "rgba", "check": "headers"}])
def test_real_slices_are_those_of_the_dataset(options):
    assert_alike(source_of(*CT, **options), dataset_of(*CT, **options))


def test_colored_masks_and_names_are_those_of_the_dataset(tmp_path):
    images, _ = make_pairs(tmp_path, count=3)
    for n in range(3):
        save(tmp_path / f"colors/{n:02}.png", colored(np.full((6, 8), n + 1, "uint8")))
    options = {"palette": COLORS, "class_names": ["sky", "car", "road", "tree"]}
    source = source_of(images, tmp_path / "colors", **options)
    assert_alike(source, dataset_of(images, tmp_path / "colors", **options))
    assert source.class_names == options["class_names"]


def test_the_split_is_that_of_the_dataset(folders):
    options = {"validation_split": 0.3, "subset": "both", "seed": 4}
    sources, datasets = source_of(*folders, **options), dataset_of(*folders, **options)
    assert len(sources) == 2
    for source, dataset in zip(sources, datasets, strict=True):
        assert_alike(source, dataset)


def test_indices(folders):
    source = source_of(*folders)
    np.testing.assert_array_equal(source[-1][0], source[9][0])
    np.testing.assert_array_equal(source[np.int64(3)][1], source[3][1])
    for index in (10, -11):
        with pytest.raises(IndexError, match=f"no pair {index}, there are 10"):
            source[index]
    with pytest.raises(TypeError):
        source[1.0]
    assert set(source_of(*folders, output="dict")[0]) == {"images", "segmentation_masks"}


def test_it_can_be_sent_to_another_process(folders):
    source = source_of(*folders)
    again = pickle.loads(pickle.dumps(source))
    assert repr(again) == repr(source)
    np.testing.assert_array_equal(again[2][1], source[2][1])
    assert again.class_weights() == source.class_weights()


def test_what_is_shown_tells_other_files_but_not_another_place(folders, tmp_path):
    shown = repr(source_of(*folders))
    elsewhere = make_pairs(tmp_path / "elsewhere", count=10)
    assert repr(source_of(*elsewhere)) == shown
    (folders[0] / "03.png").unlink()
    (folders[1] / "03.png").unlink()
    assert repr(source_of(*folders)) != shown


def test_what_is_wrong_is_said_by_its_own_name(folders):
    name = "segmentation_source_from_directory"
    with pytest.raises(ValueError, match=f"^{name}: `palette`"):
        source_of(*folders, palette="pascal")
    source = source_of(*folders)
    truncate(folders[0] / "02.png")
    with pytest.raises(ValueError, match=rf"(?s)^{name}:.*02\.png") as error:
        source[2]
    assert "has it changed?" in str(error.value)
    with pytest.raises(ValueError, match=f"^{name}: problems with 1 files"):
        source_of(*folders)
    # The dataset's errors have its own name again.
    with pytest.raises(ValueError, match=r"^segmentation_dataset_from_directory: problems"):
        dataset_of(*folders)
    with pytest.warns(UserWarning, match=f"{name}: problems with 1 files") as warned:
        assert len(source_of(*folders, on_error="skip")) == 9
    assert warned[0].filename.endswith("test_source.py")


def test_counts_of_a_file_that_broke_are_refused_each_time_by_its_own_name(folders, monkeypatch):
    source = source_of(*folders, check="headers")
    truncate(folders[1] / "08.png")
    # As for large images: all but the first few are counted in threads.
    monkeypatch.setattr(survey, "LONG", -1.0)
    for knowledge in (source.pixel_counts, source.class_weights):
        with pytest.raises(ValueError, match=r"(?s)^segmentation_source_from_directory:.*08\.png"):
            knowledge()


def test_pairs_of_several_sizes(folders):
    save(folders[0] / "10.png", np.zeros((4, 5, 3), "uint8"))
    save(folders[1] / "10.png", np.zeros((4, 5), "uint8"))
    source = source_of(*folders)
    assert [source[n][1].shape for n in (9, 10)] == [(6, 8), (4, 5)]


# --- In grain's pipelines ---


def grain_parts():
    return pytest.importorskip("grain"), pytest.importorskip("keras_segaug.data.grain")


def brightened(grain, augment, source, seed=1, epochs=1):
    dataset = grain.MapDataset.source(source).seed(seed).shuffle().repeat(epochs)
    return dataset.random_map(augment)


def test_grain_augments_by_its_own_random_numbers(folders):
    grain, ours = grain_parts()
    layer = ks.Pipeline([ks.JointRandomFlip(), ks.ImageOnlyBrightness(0.4)], seed=1, dtype="uint8")
    augment = ours.Augment(layer)
    source = source_of(*folders)
    first, again, other = (list(brightened(grain, augment, source, seed)) for seed in (1, 1, 2))
    assert len(first) == 10
    for (image, mask), (image_again, mask_again) in zip(first, again, strict=True):
        assert isinstance(image, np.ndarray)
        assert (image.dtype, mask.dtype) == ("uint8", "uint8")
        np.testing.assert_array_equal(image, image_again)
        np.testing.assert_array_equal(mask, mask_again)
    means = [sorted(image.mean() for image, _ in each) for each in (first, other)]
    assert means[0] != means[1]


def test_grain_epochs_differ_and_a_saved_iterator_goes_on():
    grain, ours = grain_parts()
    grey = [(np.full((1, 1, 1), 128, "float32"), np.zeros((1, 1), "uint8"))] * 8
    augment = ours.Augment(ks.ImageOnlyBrightness(0.4))
    dataset = brightened(grain, augment, grey, epochs=2).to_iter_dataset()
    drawn = [image.item() for image, _ in dataset]
    assert len(set(drawn)) == 16
    iterator = iter(dataset)
    for _ in range(5):
        next(iterator)
    state = iterator.get_state()
    rest = [image.item() for image, _ in iterator]
    later = iter(dataset)
    later.set_state(state)
    assert [image.item() for image, _ in later] == rest == drawn[5:]


def test_grain_mixes_batches():
    grain, ours = grain_parts()
    pairs = [(np.full((8, 8, 1), n, "uint8"), np.full((8, 8), n, "uint8")) for n in range(4)]
    augment = ours.Augment(ks.JointCutMix(ignore_class=None, dtype="uint8"))
    images, masks = grain.MapDataset.source(pairs).seed(1).batch(4).random_map(augment)[0]
    np.testing.assert_array_equal(images[..., 0], masks)
    assert any(len(np.unique(mask)) == 2 for mask in masks)


def test_grain_takes_only_layers_and_tells_them_apart():
    _, ours = grain_parts()
    with pytest.raises(TypeError, match=r"grain\.Augment.*a keras_segaug layer"):
        ours.Augment(lambda pair: pair)
    one, other = (repr(ours.Augment(ks.ImageOnlyBrightness(f))) for f in (0.1, 0.2))
    assert one != other
