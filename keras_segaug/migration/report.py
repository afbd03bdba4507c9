"""What a migration found, as data and as plain text."""

import textwrap
from dataclasses import dataclass
from typing import Any

from keras_segaug.reports import Finding, Report

HEADINGS = {
    "wrong": "What the old code did wrong",
    "changed": "What is different now",
    "kept": "What stays as it was",
}


@dataclass(frozen=True)
class ArgumentFinding(Finding):
    """One argument, and what happened to it.

    Attributes:
        kind: "wrong" (the old code did harm), "changed" or "kept".
        detail: what happens to it, and why.
        role: "images", "masks", or "both".
        argument: the name of the argument.
        value: what it was set to; None for a finding that is not about an argument.
    """

    role: str
    argument: str
    value: Any

    def __str__(self):
        value = ""
        if self.value is not None:
            value = "=" + (getattr(self.value, "__name__", None) or repr(self.value))
        return f"{self.argument}{value} ({self.role}): {self.detail}"


class MigrationReport(Report):
    """A report on arguments: `ArgumentFinding`s."""

    def about(self, argument):
        """The findings about one argument."""
        return [finding for finding in self.findings if finding.argument == argument]

    def __str__(self):
        lines = []
        for kind, heading in HEADINGS.items():
            findings = self.of(kind)
            lines += [f"{heading}: {len(findings)}"]
            for finding in findings:
                lines += textwrap.wrap(
                    str(finding), 100, initial_indent="  - ", subsequent_indent="    "
                )
            lines.append("")
        return "\n".join(lines).rstrip()
