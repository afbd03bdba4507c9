"""What a network says of an image in each of its views, merged in the place of the image."""

import itertools

from keras_segaug.core import loop_backend
from keras_segaug.core.backend import ops
from keras_segaug.training import merging
from keras_segaug.training.views import back, show


def predicted(owner, predict, images, views, at_once):
    """What is made of the views: a `merging.Running` for each map.

    Args:
        owner: the `TestTimeAugmentation`.
        predict: takes images (B, h, w, C), gives a list of maps (B, h, w, K), all float32.
        images: (B, H, W, C); as they are they are the first view.
        views: a list of `views.View`.
        at_once: how many views at most are one batch; None: all of the same size.
    """
    running: list = []
    for group in groups_of(views, at_once):
        # Lest the next ones take their memory while these still have theirs.
        with loop_backend.after([each for state in running for each in state.tensors()]):
            given = loop_backend.passed_on(images)
        # Views of one path are made together: so much less to compile.
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
    """The views, None for the image as it is before them, those together that are one batch."""
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
    """The state, with what is predicted of views of one path."""
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
    """What belongs to some of the views that are one batch."""
    if count == of:
        return tensor
    batch = ops.shape(images)[0]
    return tensor[start * batch : (start + count) * batch]
