"""What `check_alignment` said, as an entry of a result and as the words of a table."""

import re


def entry(report):
    """{"findings": {kind: detail}, "facts": {...}}, for a JSON file."""
    found = {finding.kind: plain(finding.detail) for finding in report.findings}
    return {"findings": found, "facts": report.facts}


def plain(detail):
    """The detail without the arguments, memory addresses, and the files of TensorFlow's errors."""
    detail = detail.partition("; it was called with")[0].partition(": in user code:")[0]
    return re.sub(r"(?: object)? at 0x[0-9a-f]+", "", detail).strip().rstrip(":").strip()


def words(findings):
    """The kinds of the findings, or "ok"."""
    return ", ".join(kind.replace("_", " ") for kind in findings) or "ok"
