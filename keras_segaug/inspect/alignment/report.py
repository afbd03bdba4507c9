"""What `check_alignment` found."""

from dataclasses import dataclass

from keras_segaug.reports import Finding, Report

MEANINGS = {
    "misaligned": "image and mask show different places",
    "labels_invented": "the mask holds labels that were not in it",
    "mask_dtype": "the mask came back in another dtype",
    "mask_channels": "the mask came back with another number of channels",
    "sizes_differ": "image and mask came back in different sizes",
    "wrong_sample": "a sample came back as another sample of its batch",
    "shared": "all samples of a batch got the same draw",
    "not_reproducible": "the same seed gave another result",
    "input_changed": "the caller's arrays were written to",
    "raised": "the augmentation raised an error",
    "undecided": "no sample could be read, so nothing is known of the alignment",
}


@dataclass(frozen=True)
class AlignmentFinding(Finding):
    """One thing that is wrong; its kind is one of `MEANINGS`."""

    def __str__(self):
        return f"{self.kind}: {MEANINGS[self.kind]} ({self.detail})"


@dataclass(frozen=True)
class SampleReading:
    """What was found for one sample of one call.

    Attributes:
        call, sample: which one.
        state: "aligned", "misaligned", "wrong_sample", "undecided" or "unreadable".
        method: "places" where each pixel's source was read, "fit" where the colors had been
            changed and image and mask were registered.
        misaligned: share of the compared pixels that are misaligned, 0 to 1.
        offset: (rows, columns) by which the mask is shifted from the image, if that was found.
    """

    call: int
    sample: int
    state: str
    method: str
    misaligned: float = 0.0
    offset: tuple | None = None


class AlignmentReport(Report):
    """The result of `check_alignment`; print it for a table.

    Attributes:
        name: what was checked.
        findings: a tuple of `AlignmentFinding`; empty where all is well.
        facts: a dict of everything measured, by name.
        samples: list of `SampleReading`, one for each sample of each call.
    """

    def __init__(self, name, findings, facts, samples=()):
        super().__init__(findings)
        self.name = name
        self.facts = facts
        self.samples = list(samples)

    @property
    def ok(self):
        """True where nothing was found."""
        return not self.findings

    def __str__(self):
        rows = [("alignment of", self.name), ("result", "ok" if self.ok else "NOT OK")]
        rows += [(name.replace("_", " "), _text(value)) for name, value in self.facts.items()]
        width = max(len(name) for name, _ in rows)
        lines = [f"{name:<{width}}  {value}" for name, value in rows]
        return "\n".join([*lines, *(f"- {finding}" for finding in self.findings)])


def _text(value):
    if isinstance(value, float):
        return f"{value:.1%}"
    if value is None:
        return "not tested"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else value
