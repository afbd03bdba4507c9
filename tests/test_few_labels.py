"""The example with few labels: its methods run, and labels lie where the strong views show them."""

import keras
import numpy as np
import pytest
from PIL import Image

from tests.data import to_numpy
from tests.examples import EXAMPLES, SLICES, run_example, smallest_folder

METHODS = ("supervised", "color", "geometry", "classmix", "cutmix")


@pytest.fixture
def few_labels(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import few_labels

    return few_labels


@pytest.mark.slow
def test_trains_scores_and_writes_a_page(tmp_path):
    slices, docs = tmp_path / "slices", tmp_path / "docs"
    slices.mkdir()
    smallest_folder(slices)
    # The others differ from the second by one layer, and are tested below.
    methods = "supervised", "geometry"
    short = "--epochs", 2, "--seeds", 1, "--write-docs", docs, "--methods", *methods
    result = run_example("few_labels.py", "--data", slices, *short)
    assert result.returncode == 0, result.stderr
    assert "4 labeled slices with 9 of 10 classes, 6 unlabeled, 8 to test on" in result.stdout
    page = (docs / "few_labels.md").read_text()
    for method in methods:
        said = float(result.stdout.partition(f"seed 0, {method}: mean IoU ")[2].split()[0])
        written = float(page.partition(f"| {method} | ")[2].split()[0])
        assert 0 < said < 1
        assert written == pytest.approx(said, abs=6e-4)
    assert "2 trainings of 2 epochs of 1 steps" in page
    assert np.ptp(np.array(Image.open(docs / "images" / "few_labels.png").convert("L"))) > 100


def test_no_label_of_an_unlabeled_slice_is_used(few_labels):
    images, masks, names = few_labels.read_pairs(SLICES)
    data = few_labels.Data(images, masks, names, 0.1)
    training, testing = few_labels.split(len(images))
    labeled, unlabeled = (
        {int(np.flatnonzero((images == each).all((1, 2, 3)))[0]) for each in part}
        for part in (data.labeled[0], data.unlabeled)
    )
    assert (len(labeled), len(unlabeled)) == (5, 43)
    assert labeled | unlabeled == set(training)
    assert not labeled & unlabeled
    # Unlabeled images do not count in the class weights, either.
    counts = np.bincount(masks[sorted(labeled)].ravel(), minlength=256)[: len(names)]
    np.testing.assert_allclose(
        data.weights[: len(names)] ** 2, counts.sum() / counts / len(names), rtol=1e-5
    )
    assert (data.weights[len(names) :] == 0).all()
    assert len(data.test_images) == len(testing)


def test_a_run_that_was_cut_off_goes_on_where_it_was(few_labels, monkeypatch, tmp_path):
    given = ["few_labels.py", "--results", str(tmp_path / "new"), "--epochs", "1"]
    monkeypatch.setattr("sys.argv", given)
    options = few_labels.read_options()
    trained = []
    scores = np.array([0.5, np.nan])
    monkeypatch.setattr(few_labels, "train", lambda *what: trained.append(what[1:3]) or scores)
    first = few_labels.kept(None, "color", 0, options)
    again = few_labels.kept(None, "color", 0, options)
    few_labels.kept(None, "color", 1, options)
    assert trained == [("color", 0), ("color", 1)]
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1]


class Oracle(keras.layers.Layer):
    """Predicts the class of a pixel, which its gray level gives."""

    def call(self, images, training=False):
        classes = keras.ops.cast(keras.ops.round(images[..., 0] / 25.0), "int32")
        return 50.0 * keras.ops.one_hot(classes, 10)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS[1:])
def test_labels_lie_where_the_strong_view_shows_them(few_labels, monkeypatch, method):
    """An oracle's classes of the strong view are the labels that were moved there."""
    _, masks, names = few_labels.read_pairs(SLICES)
    coded = (25 * np.minimum(masks, 9))[..., None]
    data = few_labels.Data(coded, masks, names, 0.1)
    monkeypatch.setattr(few_labels, "color", lambda *_: few_labels.segaug.Identity())
    parts = few_labels.views_and_mix(method, data, seed=0)
    model = few_labels.WeakToStrong(Oracle(), data.weights, *parts, 0.95)
    shown, labels, weights = to_numpy(model.pseudo_labeled(data.unlabeled[:8].astype("float32")))
    sure = weights > 0
    assert sure.mean() > 0.4
    assert (labels[sure] != few_labels.IGNORED).all()
    np.testing.assert_allclose(weights[sure], data.weights[labels[sure]])
    # Where two classes meet, gray levels are blended.
    agree = labels == np.round(shown[..., 0] / 25.0)
    assert agree[sure].mean() > 0.97
