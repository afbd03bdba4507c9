"""Merges what a network says of several views of an image, one view after the other.

The state holds one map, however many views there are. A mean is moved towards each new value by its
share, so that the mean of equal values is that value, to the last bit.
"""

from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.kernels.values import Value, replace

MERGES = ("mean", "geometric_mean", "max", "vote")
# A probability of less is one of this; its logarithm is finite.
_LEAST = 1e-30


def probabilities(scores, logits):
    """Scores (B, H, W, K) as they are, or their softmax; for one channel their sigmoid."""
    if not logits:
        return scores
    return ops.sigmoid(scores) if scores.shape[-1] == 1 else ops.softmax(scores, axis=-1)


def entropy(merged):
    """Of probabilities (B, H, W, K), in nats: (B, H, W). One channel is one of two classes."""
    merged = ops.maximum(_both_classes(merged), 0.0)
    # The largest of several views do not add up to 1.
    merged = merged / ops.maximum(ops.sum(merged, axis=-1, keepdims=True), _LEAST)
    return -ops.sum(merged * _log(merged), axis=-1)


def difference(mean, value):
    """By how much a mean is to be moved towards a value, but for the share of that.

    Two infinite logits differ by NaN, and no finite one moves a mean that is infinite.
    """
    stays = (value == mean) | (ops.isinf(mean) & ops.isfinite(value))
    return ops.where(stays, 0.0, value - mean)


class Running(Value):
    """The views so far.

    Args:
        rule: one of `MERGES`.
        first: the first view, which shows every pixel.
        count: how many views showed a pixel, (B, H, W, 1), or a number.
        found: what the rule makes of the views.
        mean: of the views; None where nobody asks for their deviation.
        squares: the sum of the squares of what they deviate by, likewise.
    """

    rule: str
    first: Any
    count: Any
    found: Any
    mean: Any
    squares: Any

    def add(self, view, shown=None):
        """With one more view.

        Args:
            view: (B, H, W, K).
            shown: bool (B, H, W): which pixels it shows; None: all.
        """
        shown = None if shown is None else shown[..., None]
        count = self.count + (1.0 if shown is None else ops.cast(shown, "float32"))
        share = 1.0 / count

        def moved(mean, value):
            step = difference(mean, value) * share
            return mean + (step if shown is None else ops.where(shown, step, 0.0))

        if self.rule == "max":
            larger = ops.maximum(self.found, view)
            found = larger if shown is None else ops.where(shown, larger, self.found)
        else:
            found = moved(self.found, _term(self.rule, self.first, view))
        state = replace(self, count=count, found=found)
        if self.mean is None:
            return state
        # Welford's update (Technometrics 4, 1962): no difference of large numbers.
        mean = moved(self.mean, view)
        more = (view - self.mean) * (view - mean)
        squares = self.squares + (more if shown is None else ops.where(shown, more, 0.0))
        return replace(state, mean=mean, squares=squares)

    def tensors(self):
        return [each for each in (self.found, self.mean, self.squares) if each is not None]

    def merged(self):
        """(B, H, W, K)"""
        if self.rule != "geometric_mean":
            return self.found
        found, first = _both_classes(self.first) * ops.exp(self.found), _both_classes(self.first)
        # They add up to what they do in the first view. Equal views leave a factor of 1.
        total = ops.maximum(ops.sum(found, axis=-1, keepdims=True), _LEAST)
        found = found * (ops.sum(first, axis=-1, keepdims=True) / total)
        return found[..., : self.first.shape[-1]]

    def deviation(self):
        """(B, H, W, K), that of all views, not an estimate from some of them."""
        return ops.sqrt(self.squares / self.count)


def begin(owner, rule, first, wants_deviation):
    """The `Running` merge of a first view (B, H, W, K) that shows every pixel."""
    if rule == "vote" and first.shape[-1] == 1 and owner.logits is None:
        raise ValueError(
            f'{checks.name_of(owner)}: `merge`="vote" must know from where on one channel is a '
            "vote for the class. Received: logits=None. Write logits=True where the model gives "
            "logits, logits=False where it gives probabilities."
        )
    found = first if rule == "max" else _term(rule, first, first)
    mean, squares = (first, ops.zeros_like(first)) if wants_deviation else (None, None)
    return Running(rule, first, 1.0, found, mean, squares)


def _term(rule, first, view):
    """What there is a mean of."""
    if rule == "geometric_mean":
        return _log(_both_classes(view)) - _log(_both_classes(first))
    if rule == "mean":
        return view
    classes = view.shape[-1]
    if classes == 1:
        votes = ops.cast(view > 0.5, "float32")
    else:
        votes = ops.one_hot(ops.argmax(view, axis=-1), classes, dtype="float32")
    # Who says NaN votes for no class, and a comparison would make it one.
    silent = ops.any(ops.isnan(view), axis=-1, keepdims=True)
    return ops.where(silent, float("nan"), votes)


def _both_classes(view):
    """Two channels of one, which is the chance of one of two classes; others as they are."""
    return ops.concatenate([view, 1.0 - view], axis=-1) if view.shape[-1] == 1 else view


def _log(values):
    return ops.log(ops.maximum(values, _LEAST))
