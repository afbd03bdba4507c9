"""What a check says: reports, and the findings they are made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: what it is, one of the names that its report knows.
        detail: how much of it, or why, in words.
    """

    kind: str
    detail: str

    def __str__(self):
        return f"{self.kind}: {self.detail}"


class Report:
    """All that was found; printed, it is what people read.

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
