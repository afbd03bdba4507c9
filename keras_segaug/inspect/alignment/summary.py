"""Summarizes single samples as findings."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keras_segaug.inspect.alignment.report import AlignmentFinding
from keras_segaug.inspect.preview.labels import UNKNOWN

# Alignment is lost if more than this share of all compared pixels is misaligned. It is also the
# share of a new label's pixels that may lie where the image is still seen, such as at the seam with
# a filled region.
_FEW = 0.01
# Rounding to pixels makes up to half a pixel, to either side; this many samples tell whether it is
# always the same side. If nothing is drawn, all samples have the same rounding.
_BIAS, _BIAS_OF_ONE, _ENOUGH = 0.3, 0.45, 8


@dataclass
class Outcome:
    """Everything that was seen.

    Attributes:
        batches: what went in: a list of (images, masks).
        results: what came back: for each batch a list of (image, mask).
        judgements: a list of (call, sample, Judgement).
        labels: `Labels`.
        batched: were whole batches passed?
        intact: are the caller's arrays as they were?
        reproducible: True, False, or None if that could not be tested.
    """

    batches: list
    results: list
    judgements: list
    labels: Any
    batched: bool
    intact: bool
    reproducible: bool | None
    findings: list = field(default_factory=list)
    facts: dict = field(default_factory=dict)

    def add(self, wrong, kind, detail):
        if wrong:
            self.findings.append(AlignmentFinding(kind, detail))


def summarize(outcome, fill):
    """Fills in the findings and facts of an outcome."""
    _alignment(outcome)
    _labels(outcome, fill)
    _forms(outcome)
    _sharing(outcome)
    outcome.facts["reproducible"] = outcome.reproducible
    outcome.add(
        outcome.reproducible is False, "not_reproducible", "two runs after the same seed differ"
    )
    outcome.add(not outcome.intact, "input_changed", "images or masks changed in place")


def _alignment(outcome):
    judged = [judgement for _, _, judgement in outcome.judgements]
    states = Counter(judgement.state for judgement in judged)
    decided = [j for j in judged if j.state in ("aligned", "misaligned")]
    share = float(np.mean([j.misaligned for j in decided])) if decided else None
    lost = states["misaligned"]
    methods = Counter(j.method for j in decided)
    outcome.facts |= {
        "misaligned_pixels": share,
        "misaligned_samples": f"{lost} of {len(decided)}",
        "how_compared": f"{methods['places']} by places, {methods['fit']} by fit, "
        f"{len(judged) - len(decided)} unreadable",
    }
    if share is not None and (lost or share > _FEW):
        text = f"{lost} of {len(decided)} samples, {_worst(decided):.1%} of their pixels"
        offsets = [j.offset for j in decided if j.state == "misaligned" and j.offset]
        if offsets and len(offsets) == lost:
            middle = np.abs(offsets).mean(0)
            text += f"; by about {middle[0]:.1f} rows and {middle[1]:.1f} columns"
        outcome.add(True, "misaligned", text)
    elif not lost:
        _bias(outcome, decided)
    swapped = states["wrong_sample"]
    outcome.add(swapped, "wrong_sample", f"{swapped} of {len(judged)} samples")
    outcome.add(
        not decided and not swapped and judged, "undecided", f"{len(judged)} samples unreadable"
    )


def _bias(outcome, decided):
    """Reports an offset of half a pixel: rounding explains it once, but not in every sample."""
    biases = [judged.bias for judged in decided if judged.bias is not None]
    if len(biases) < _ENOUGH:
        return
    middle = np.mean(biases, 0)
    alone = _draws(outcome.results[::2], 1, outcome.batched) == "not at all"
    if np.abs(middle).max() > (_BIAS_OF_ONE if alone else _BIAS):
        rows, columns = np.abs(middle)
        text = f"in all samples by about {rows:.1f} rows and {columns:.1f} columns, on average"
        outcome.add(True, "misaligned", text)


def _worst(decided):
    lost = [j.misaligned for j in decided if j.state == "misaligned"]
    return float(np.mean(lost or [j.misaligned for j in decided]))


def _labels(outcome, fill):
    """Which labels are new, and which of them occur only where the image is not seen."""
    declared = set() if fill is None else set(np.atleast_1d(fill).tolist())
    seen: Counter = Counter()
    hidden: Counter = Counter()
    total = 0
    channels = _channels(outcome.batches[0][1])
    for number, k, judgement in outcome.judgements:
        mask = outcome.results[number][k][1]
        codes = outcome.labels.decode(mask, channels)
        total += codes.size
        new = codes == UNKNOWN
        values = _values_of(mask)
        image = np.zeros(codes.shape, bool)
        if judgement.in_image is not None:
            image = judgement.in_image
        seen.update(values[new & image].tolist())
        hidden.update(values[new & ~image].tolist())
    fills = [v for v in hidden if v == v // 1 and seen[v] <= _FEW * (seen[v] + hidden[v])]
    if fill is not None or len(set(seen) | set(hidden)) > 1:
        fills = []
    fills = [*fills, *declared]
    filled = sum(hidden[v] + seen[v] for v in fills)
    invented = {v: seen[v] + hidden[v] for v in set(seen) | set(hidden) if v not in fills}
    count = sum(invented.values())
    total = max(total, 1)
    outcome.facts |= {
        "invented_labels": count / total,
        "fill_pixels": filled / total,
    }
    examples = ", ".join(f"{v:g}" for v in sorted(invented, key=lambda v: -invented[v])[:4])
    outcome.add(
        count, "labels_invented", f"{count / total:.2%} of the pixels, among them {examples}"
    )


def _values_of(mask):
    """One number per pixel that stands for its label; in one-hot or colored masks, the first."""
    return mask.reshape(*mask.shape[:2], -1)[..., 0].astype("float64")


def _channels(masks):
    return masks.shape[3] if masks.ndim == 4 else 0


def _forms(outcome):
    """Dtypes, sizes, channels."""
    came = str(outcome.batches[0][1].dtype)
    pairs = [pair for batch in outcome.results for pair in batch]
    went = sorted({str(mask.dtype) for _, mask in pairs})
    outcome.facts["mask_dtype"] = f"{came} -> {', '.join(went)}"
    outcome.facts["image_dtype"] = (
        f"{outcome.batches[0][0].dtype} -> {', '.join(sorted({str(i.dtype) for i, _ in pairs}))}"
    )
    outcome.add(went != [came], "mask_dtype", f"{came} became {', '.join(went)}")
    odd = [(i.shape[:2], m.shape[:2]) for i, m in pairs if i.shape[:2] != m.shape[:2]]
    outcome.add(odd, "sizes_differ", "image {}, mask {}".format(*odd[0]) if odd else "")
    before = max(_channels(outcome.batches[0][1]), 1)
    allowed = {before, *([outcome.labels.count] if before == 1 else [])}
    if outcome.labels.after.ndim != outcome.labels.before.ndim:
        allowed = {1}
    after = {mask.shape[2] if mask.ndim == 3 else 1 for _, mask in pairs}
    outcome.add(after - allowed, "mask_channels", f"{before} became {sorted(after)}")


def _sharing(outcome):
    """Do the samples of a batch get their own draws? Even batches repeat one image."""
    alike = outcome.results[::2]
    for which, name in ((1, "geometry"), (0, "colors")):
        outcome.facts[f"{name}_drawn"] = _draws(alike, which, outcome.batched)
    if outcome.facts["geometry_drawn"] != "not at all":
        # Images then differ by their geometry, whatever happened to their colors.
        kept = all(judged.method == "places" for _, _, judged in outcome.judgements)
        outcome.facts["colors_drawn"] = "not at all" if kept else _BESIDE
    geometry, colors = (outcome.facts[f"{name}_drawn"] for name in ("geometry", "colors"))
    if geometry == _SHARED:
        outcome.add(True, "shared", "the geometry of all samples of a batch is the same")
    elif colors == _SHARED:
        outcome.add(True, "shared", "the images of a batch are changed alike")


_BESIDE = "cannot be told beside the geometry"
_SHARED = "once for the whole batch"


def _draws(batches, which, batched):
    first = batches[0][0][which]
    within = any(not same(batch[0][which], pair[which]) for batch in batches for pair in batch)
    between = any(not same(first, batch[0][which]) for batch in batches)
    if not within and not between:
        return "not at all"
    if not batched:
        return "for each image (one a call)"
    return "for each sample" if within else _SHARED


def same(one, other):
    return one.shape == other.shape and np.array_equal(one, other)
