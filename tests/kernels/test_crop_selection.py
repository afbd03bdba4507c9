"""The choice of a window, compared with numpy; compiled for a CPU, and as it runs elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_segaug.kernels import crop_selection
from tests.data import COMPILED, run

SIDES = st.integers(1, 100)


def labels_of(generator, shape, dtype="uint8"):
    """Labels in patches, so that some windows have few classes."""
    small = generator.integers(0, 4, (shape[0], *(-(-side // 8) for side in shape[1:])))
    large = small.repeat(8, 1).repeat(8, 2)[:, : shape[1], : shape[2]]
    return large.astype(dtype) - (1 if dtype == "int32" else 0)


@pytest.mark.parametrize("compiled", COMPILED)
@settings(max_examples=8, deadline=None)
@given(height=SIDES, width=SIDES, seed=st.integers(0, 100))
def test_pixels_are_counted(compiled, height, width, seed):
    flags = np.random.default_rng(seed).random((2, height, width)) < 0.3
    found = run(crop_selection.how_many, [flags], compiled)
    np.testing.assert_array_equal(found, flags.sum((1, 2)))


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("dtype", ["uint8", "int32"])
@settings(max_examples=8, deadline=None)
@given(height=SIDES, width=SIDES, seed=st.integers(0, 100))
@pytest.mark.slow
def test_the_class_of_the_least_priority_is_chosen(compiled, dtype, height, width, seed):
    generator = np.random.default_rng(seed)
    labels = labels_of(generator, (3, height, width), dtype)
    # An 8-bit mask cannot hold 259, which must not be taken for 3.
    classes = (259, 2, 1)
    priority = generator.random((3, 3)).astype("float32")
    found = run(
        lambda labels, priority: crop_selection.foreground(labels, classes, priority, ()),
        [labels, priority],
        compiled,
    )
    for mask, order, pixels in zip(labels, priority, found, strict=True):
        present = [c for c in np.array(classes)[np.argsort(order)] if (mask == c).any()]
        np.testing.assert_array_equal(pixels, mask == (present or [-9])[0])


@pytest.mark.parametrize("compiled", COMPILED)
@settings(max_examples=8, deadline=None)
@given(height=SIDES, width=SIDES, seed=st.integers(0, 100), density=st.sampled_from([0, 0.01, 1]))
@pytest.mark.slow
def test_a_wanted_pixel_is_picked(compiled, height, width, seed, density):
    generator = np.random.default_rng(seed)
    wanted = generator.random((8, height, width)) < density
    fraction = generator.random(8).astype("float32")
    (rows, columns), any_at_all = run(crop_selection.pick_pixel, [wanted, fraction], compiled)
    np.testing.assert_array_equal(any_at_all, wanted.any((1, 2)))
    picked = wanted[np.arange(8), rows.astype(int), columns.astype(int)]
    np.testing.assert_array_equal(picked, any_at_all)


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize(("dtype", "ignored"), [("uint8", None), ("uint8", 259), ("int32", 2)])
@settings(max_examples=12, deadline=None)
@given(height=SIDES, width=SIDES, seed=st.integers(0, 100), enough=st.sampled_from([0.0, 0.6]))
@pytest.mark.slow
def test_shares_of_windows(compiled, dtype, ignored, height, width, seed, enough):
    generator = np.random.default_rng(seed)
    labels = labels_of(generator, (2, 100, 100), dtype)
    tops = generator.integers(0, 101 - height, (2, 4))
    lefts = generator.integers(0, 101 - width, (2, 4))
    found = run(
        lambda labels, *starts: crop_selection.largest_shares(
            labels, starts, (height, width), ignored, enough
        ),
        [labels, tops.astype("float32"), lefts.astype("float32")],
        compiled,
    )
    for mask, *corners, shares in zip(labels, tops, lefts, found, strict=True):
        for top, left, share in zip(*corners, shares, strict=True):
            window = mask[top : top + height, left : left + width]
            counted = window[(window >= 0) & (window != (-1 if ignored is None else ignored))]
            if share == 3.0:
                assert compiled
                assert shares.min() <= enough
            elif not counted.size:
                assert share == 2.0
            elif ignored == 2:
                assert_share_of_the_grids_classes(share, window, ignored)
            else:
                # On the grid the third class may look larger than the second, not than a majority.
                counts = np.bincount(counted) / counted.size
                if counts.max() > 0.5:
                    np.testing.assert_allclose(share, counts.max(), atol=1e-6)
                assert np.isclose(counts, share, atol=1e-6).any()


def assert_share_of_the_grids_classes(share, window, ignored):
    """The share is that of one of the two classes with the most grid points; 1 without points."""
    rows, columns = (((np.arange(16) + 0.5) / 16 * size).astype(int) for size in window.shape)
    points = window[np.ix_(rows, columns)]
    points = points[(points >= 0) & (points != ignored)]
    if not points.size:
        assert share == 1.0
        return
    votes = np.bincount(points, minlength=10)
    counted = window[(window >= 0) & (window != ignored)]
    counts = np.bincount(counted, minlength=10) / counted.size
    # If two classes have equally many points, either may be meant.
    second = np.sort(votes)[-2]
    firsts, seconds = np.flatnonzero(votes == votes.max()), np.flatnonzero(votes >= second)
    allowed = [max(counts[a], counts[b]) for a in firsts for b in seconds if a != b]
    assert np.isclose(allowed, share, atol=1e-6).any()


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_a_class_between_the_points_of_the_grid_is_not_taken_for_none(compiled, dtype):
    labels = np.full((1, 100, 100), 2, dtype)
    labels[0, 0, :2] = 1, 3
    start = np.zeros((1, 1), "float32")
    found = run(
        lambda labels, *starts: crop_selection.largest_shares(labels, starts, (100, 100), 2, 0.6),
        [labels, start, start],
        compiled,
    )
    np.testing.assert_array_equal(found, [[1.0]])
