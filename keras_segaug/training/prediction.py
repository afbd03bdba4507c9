"""Predicts an image in each of its views, and merges the predictions in the image's frame."""

import itertools

from keras_segaug.core import loop_backend
from keras_segaug.core.backend import ops
from keras_segaug.training import merging
from keras_segaug.training.views import back, show


def predicted(owner, predict, images, views, at_once):
    """The merged views: a `merging.Running` for each map.

    Args:
        owner: the `TestTimeAugmentation`.
        predict: takes images (B, h, w, C), gives a list of maps (B, h, w, K), all float32.
        images: (B, H, W, C); unchanged, they are the first view.
        views: a list of `views.View`.
        at_once: how many views at most form one batch; None: all of the same size.
    """
    running: list = []
    for group in groups_of(views, at_once):
        # So that the next views do not allocate memory before the last ones have released theirs.
        with loop_backend.after([each for state in running for each in state.tensors()]):
            given = loop_backend.passed_on(images)
        # Views of one path are made together: that is much less to compile.
        runs = [list(run) for _, run in itertools.groupby(group, lambda view: view and view.path)]
        shown = [given if run == [None] else show(run, given) for run in runs]
        maps = predict(shown[0] if len(shown) == 1 else ops.concatenate(shown, axis=0))
        start = 0
        for run in runs:
            for number, each in enumerate(maps):
                part = _samples(each, images, start, len(run), len(group))
                one = running[number] if number < len(running) else None
                running[number : number + 1] = [_with(owner, one, part, run, images)]
            start += len(run)
    return running


def groups_of(views, at_once):
    """The views, grouped into batches; None, the unchanged image, comes first."""
    groups: list = [[None]]
    for view in views:
        last = groups[-1][-1]
        alike = view.keeps_size and (last is None or last.keeps_size)
        if alike and (at_once is None or len(groups[-1]) < at_once):
            groups[-1].append(view)
        else:
            groups.append([view])
    return groups


def _with(owner, state, found, run, images):
    """The state with the predictions for views of one path added."""
    if run == [None]:
        return merging.begin(owner, owner.merge, found, owner.uncertainty)
    moved, shown = back(run, found, ops.shape(images)[1:3])
    for place in range(len(run)):
        part = _samples(moved, images, place, 1, len(run))
        state = state.add(
            part, None if shown is None else _samples(shown, images, place, 1, len(run))
        )
    return state


def _samples(tensor, images, start, count, of):
    """The part of a batch that belongs to some of its views."""
    if count == of:
        return tensor
    batch = ops.shape(images)[0]
    return tensor[start * batch : (start + count) * batch]
