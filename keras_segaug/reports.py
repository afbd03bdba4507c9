"""The results of checks: reports, and the findings that they hold."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: what it is, one of the names that its report defines.
        detail: how much of it, or why, in words.
    """

    kind: str
    detail: str

    def __str__(self):
        return f"{self.kind}: {self.detail}"


class Report:
    """All that was found; print it to read it.

    Attributes:
        findings: a tuple.
    """

    def __init__(self, findings):
        self.findings = tuple(findings)

    def of(self, kind):
        """The findings of one kind, as a list."""
        return [finding for finding in self.findings if finding.kind == kind]

    def __str__(self):
        return "\n".join(map(str, self.findings))
