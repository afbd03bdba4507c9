"""Drawn parameters in files give equal results, and those of other layers are refused."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_segaug as ks
from keras_segaug.core import backend
from tests.cases import ONE_OF_EACH_KIND, RANDOM, ids

RECORDED = Path(__file__).with_name("recorded.npz")


def sample(layer=None):
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 14, 3), dtype="uint8")
    masks = np.random.default_rng(1).integers(0, 5, (2, 16, 14), dtype="uint8")
    return images, masks


def pipeline(factor=0.2, **more):
    turn = ks.JointRandomRotation(factor, probability=0.5)
    noise = ks.ImageOnlyGaussianNoise(0.2)
    return ks.Pipeline([turn, ks.RandomChoice([noise, ks.Identity()])], jit_compile=False, **more)


def equal(one, other):
    one, other = (
        [backend.to_numpy(x) for x in keras.tree.flatten(structure)] for structure in (one, other)
    )
    return len(one) == len(other) and all(map(np.array_equal, one, other))


@pytest.mark.parametrize("case", **ids(RANDOM))
def test_what_is_loaded_is_what_was_saved(case, tmp_path):
    layer, path = case.make(), tmp_path / "drawn.npz"
    drawn = layer.draw_parameters(sample(), 3)
    ks.save_parameters(path, layer, drawn)
    # A layer with another name, seed and `jit_compile`.
    loaded = ks.load_parameters(path, case.make(seed=8, name="other", jit_compile="auto"))
    keras.tree.assert_same_structure(drawn, loaded)
    assert equal(drawn, loaded)
    assert layer.describe(loaded) == layer.describe(drawn)
    assert [each.name for each in tmp_path.iterdir()] == ["drawn.npz"]


@pytest.mark.parametrize("case", [c for c in ONE_OF_EACH_KIND if c in RANDOM], ids=lambda c: c.id)
def test_results_are_equal_to_the_bit(case, tmp_path):
    layer, path = case.make(), tmp_path / "drawn.npz"
    result, drawn = layer(*sample(), return_parameters=True)
    ks.save_parameters(path, layer, drawn)
    assert equal(layer.apply(sample(), ks.load_parameters(path, layer)), result)


def test_views_and_names_that_look_alike(tmp_path):
    views = ks.MultiView({"a/b": ks.JointRandomRotation(0.1), "a": ks.Pipeline([pipeline()])})
    drawn = views.draw_parameters((2, 16, 14, 3), 1)
    ks.save_parameters(tmp_path / "drawn.npz", views, drawn)
    assert equal(ks.load_parameters(tmp_path / "drawn.npz", views), drawn)


def test_a_file_of_another_backend_gives_the_same(tmp_path):
    """`recorded.npz` was written on TensorFlow: see the end of this module."""
    # This backend writes the same dtypes, though torch has no unsigned 32-bit words.
    ks.save_parameters(
        tmp_path / "own.npz", pipeline(), pipeline().draw_parameters((2, 16, 14, 3), 5)
    )
    with np.load(tmp_path / "own.npz") as written, np.load(RECORDED) as recorded:
        assert {k: written[k].dtype for k in written if k != "keras_segaug"} == {
            k: recorded[k].dtype for k in recorded if k != "keras_segaug"
        }
    loaded = ks.load_parameters(RECORDED, pipeline())
    own = pipeline().draw_parameters((2, 16, 14, 3), 5)
    for one, other in zip(keras.tree.flatten(loaded), keras.tree.flatten(own), strict=True):
        np.testing.assert_allclose(one, backend.to_numpy(other), rtol=1e-6)
    images, masks = pipeline().apply(sample(), loaded)
    expected = np.load(RECORDED.with_name("recorded_result.npz"))
    assert np.array_equal(backend.to_numpy(masks), expected["masks"])
    # If the words of a key were misread, the noise would differ.
    np.testing.assert_allclose(backend.to_numpy(images), expected["images"], atol=2e-2)


def saved(tmp_path, layer=None):
    layer, path = layer or pipeline(), tmp_path / "drawn.npz"
    ks.save_parameters(path, layer, layer.draw_parameters((2, 16, 14, 3), 1))
    return path


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: pipeline(0.3), r"`layers\[0\].factor` is \[-0.2, 0.2\] there, and \[-0.3, 0.3\]"),
        (lambda: pipeline(value_range=(0, 1)), r"`value_range` is its default there, and \[0"),
        (lambda: ks.JointRandomRotation(0.2), "'class': 'Pipeline'.* JointRandomRotation that was"),
        (lambda: ks.Pipeline([ks.JointRandomRotation(0.2)]), "`layers` is .* there, and"),
    ],
)
def test_parameters_of_another_layer_are_refused(other, words, tmp_path):
    path = saved(tmp_path)
    with pytest.raises(ValueError, match=f"load_parameters: .*{words}.*draw anew"):
        ks.load_parameters(path, other())


def test_a_file_that_is_cut_off_or_damaged(tmp_path):
    path = saved(tmp_path)
    whole = path.read_bytes()
    for length in [0, 1, 40, *range(100, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"no complete file of parameters.*save .* anew"):
            ks.load_parameters(path, pipeline())
    # Damage within an array: the file's own checksum reveals it.
    middle = len(whole) // 3
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    with pytest.raises(ValueError, match="no complete file of parameters"):
        ks.load_parameters(path, pipeline())


def rewritten(path, change):
    with np.load(path) as file:
        arrays = dict(file)
    about = json.loads(arrays.pop("keras_segaug").item())
    change(about, arrays)
    np.savez(path, keras_segaug=np.array(json.dumps(about)), **arrays)


def test_a_newer_file_and_one_of_somebody_else(tmp_path):
    path = saved(tmp_path)
    rewritten(path, lambda about, arrays: about.update(format=2, version="99.0"))
    with pytest.raises(ValueError, match=r"is of format 2, written by keras_segaug 99.0.*Update"):
        ks.load_parameters(path, pipeline())
    path = saved(tmp_path)
    rewritten(path, lambda about, arrays: arrays.pop("layers/0/angle"))
    with pytest.raises(ValueError, match=r"no complete file .* lacks 'layers/0/angle'"):
        ks.load_parameters(path, pipeline())
    np.savez(path, angle=np.zeros(3))
    with pytest.raises(ValueError, match="was not written by `save_parameters`"):
        ks.load_parameters(path, pipeline())
    np.savez(path, keras_segaug=np.array([object()]))
    with pytest.raises(ValueError, match="no complete file"):
        ks.load_parameters(path, pipeline())


def test_nothing_is_written_on_error(tmp_path, monkeypatch):
    layer = pipeline()
    drawn = layer.draw_parameters((2, 16, 14, 3), 1)
    for path, wrong, error in [
        ("drawn.npz", None, "those of inference are None"),
        ("drawn.npz", ks.JointRandomFlip().draw_parameters((2, 8, 8, 3), 1), "not those of this"),
        ("drawn.txt", drawn, "ends in .npz"),
    ]:
        with pytest.raises(ValueError, match=error):
            ks.save_parameters(tmp_path / path, layer, wrong)
    with pytest.raises(ValueError, match="`layer` must be a layer of keras_segaug"):
        ks.save_parameters(tmp_path / "drawn.npz", keras.layers.Dense(1), drawn)
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        ks.load_parameters(tmp_path / "drawn.npz", layer)
    assert not list(tmp_path.iterdir())
    path = saved(tmp_path)
    before = path.read_bytes()

    def full(file, **arrays):
        file.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="no space left"):
        ks.save_parameters(path, layer, drawn)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_one_sample_in_words():
    layer = pipeline()
    drawn = layer.draw_parameters((2, 16, 14, 3), 1)
    told = layer.describe(drawn)
    assert [layer.describe(drawn, sample=i) for i in range(2)] == told
    with pytest.raises(ValueError, match="`sample` must be below 2, the number of samples"):
        layer.describe(drawn, 2)
    with pytest.raises(ValueError, match="`sample` must be an integer of at least 0"):
        layer.describe(drawn, -1)


if __name__ == "__main__":
    # KERAS_BACKEND=tensorflow python -m tests.training.test_parameters_file
    parameters = pipeline().draw_parameters((2, 16, 14, 3), 5)
    ks.save_parameters(RECORDED, pipeline(), parameters)
    images, masks = map(backend.to_numpy, pipeline().apply(sample(), parameters))
    np.savez_compressed(RECORDED.with_name("recorded_result.npz"), images=images, masks=masks)
