"""Merges the predictions for several views of an image, one view after the other.

The state holds one map, however many views there are. A mean is moved towards each new value by its
share, so the mean of equal values is exactly that value.
"""

from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.kernels.values import Value, replace

MERGES = ("mean", "geometric_mean", "max", "vote")
# Smaller probabilities are raised to this, so that their logarithm is finite.
_LEAST = 1e-30


def probabilities(scores, logits):
    """Scores (B, H, W, K) as they are, or their softmax; for one channel their sigmoid."""
    if not logits:
        return scores
    return ops.sigmoid(scores) if scores.shape[-1] == 1 else ops.softmax(scores, axis=-1)


def entropy(merged):
    """The entropy (B, H, W), in nats, of probabilities (B, H, W, K); one channel is two classes."""
    merged = ops.maximum(_both_classes(merged), 0.0)
    # The maxima over several views do not add up to 1.
    merged = merged / ops.maximum(ops.sum(merged, axis=-1, keepdims=True), _LEAST)
    return -ops.sum(merged * _log(merged), axis=-1)


def difference(mean, value):
    """By how much a mean moves towards a value of share 1.

    Two equal infinite logits differ by NaN. No finite value moves an infinite mean.
    """
    stays = (value == mean) | (ops.isinf(mean) & ops.isfinite(value))
    return ops.where(stays, 0.0, value - mean)


class Running(Value):
    """The merge of the views so far.

    Args:
        rule: one of `MERGES`.
        first: the first view, which shows every pixel.
        count: how many views showed a pixel, (B, H, W, 1), or a number.
        found: the result of the rule so far.
        mean: the mean of the views; None if their deviation is not requested.
        squares: the sum of their squared deviations, likewise.
    """

    rule: str
    first: Any
    count: Any
    found: Any
    mean: Any
    squares: Any

    def add(self, view, shown=None):
        """The merge with one more view.

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
        # The sum is scaled to that of the first view; for equal views the factor is 1.
        total = ops.maximum(ops.sum(found, axis=-1, keepdims=True), _LEAST)
        found = found * (ops.sum(first, axis=-1, keepdims=True) / total)
        return found[..., : self.first.shape[-1]]

    def deviation(self):
        """(B, H, W, K): the deviation of all views, not an estimate from a sample of them."""
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
    """The values that are averaged."""
    if rule == "geometric_mean":
        return _log(_both_classes(view)) - _log(_both_classes(first))
    if rule == "mean":
        return view
    classes = view.shape[-1]
    if classes == 1:
        votes = ops.cast(view > 0.5, "float32")
    else:
        votes = ops.one_hot(ops.argmax(view, axis=-1), classes, dtype="float32")
    # A prediction of NaN votes for no class, but a comparison would make it a vote.
    silent = ops.any(ops.isnan(view), axis=-1, keepdims=True)
    return ops.where(silent, float("nan"), votes)


def _both_classes(view):
    """Turns one channel, the chance of one of two classes, into two; others stay as they are."""
    return ops.concatenate([view, 1.0 - view], axis=-1) if view.shape[-1] == 1 else view


def _log(values):
    return ops.log(ops.maximum(values, _LEAST))
