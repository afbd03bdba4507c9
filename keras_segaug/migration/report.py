"""What a migration found, as data and as plain text."""

import textwrap
from dataclasses import dataclass
from typing import Any

HEADINGS = {
    "wrong": "What the old code did wrong",
    "changed": "What is different now",
    "kept": "What stays as it was",
}


@dataclass(frozen=True)
class Finding:
    """One argument, and what became of it.

    Attributes:
        kind: "wrong" (the old code did harm), "changed" or "kept".
        role: "images", "masks", or "both".
        argument: the name of the argument.
        value: what it was set to; None for what is no argument.
        text: what happens to it, and why.
    """

    kind: str
    role: str
    argument: str
    value: Any
    text: str

    def __str__(self):
        value = ""
        if self.value is not None:
            value = "=" + (getattr(self.value, "__name__", None) or repr(self.value))
        return f"{self.argument}{value} ({self.role}): {self.text}"


class Report(tuple):
    """A tuple of findings; printed, it is the text people read."""

    __slots__ = ()

    def of(self, kind):
        """The findings of one kind: "wrong", "changed" or "kept"."""
        return [finding for finding in self if finding.kind == kind]

    def about(self, argument):
        """The findings about one argument."""
        return [finding for finding in self if finding.argument == argument]

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
