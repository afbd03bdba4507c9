"""docs/correctness.md, made from benchmarks/results/correctness.json.

The text around the results is in benchmarks/correctness_page.md; our reading of the findings is in
benchmarks/correctness_readings.toml.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from benchmarks import verdicts

HERE = Path(__file__).parent
FORMS = ("usual", "changed")


@dataclass(frozen=True)
class Reading:
    """How we explain a finding.

    Attributes:
        libraries, rows: the rows that it is about.
        text: the cause of the finding.
        false_alarm: is the finding wrong?
        forms: the forms that it is about.
    """

    libraries: tuple
    rows: tuple
    text: str
    false_alarm: bool = False
    forms: tuple = FORMS

    def is_about(self, library, row, form):
        return library in self.libraries and row in self.rows and form in self.forms


def read_readings():
    entries = tomllib.loads((HERE / "correctness_readings.toml").read_text())["reading"]
    return [Reading(**{**entry, "text": " ".join(entry["text"].split())}) for entry in entries]


READINGS = read_readings()


def page(result):
    """The Markdown page of a result."""
    facts = result["machine"]
    about = (
        "Made by `make correctness` from `benchmarks/results/correctness.json`: "
        f"{facts['date']}, {facts['processor']}, Python {facts['python']}, keras_segaug "
        f"{result['keras_segaug']}; {result['calls']} batches of 6 for each form.\n"
    )
    sections = [section(name, library) for name, library in result["libraries"].items()]
    made = "\n".join([about, summary(result), *sections, false_alarms(result)])
    return (HERE / "correctness_page.md").read_text().replace("<!-- results -->\n", made)


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in lines) + "\n"


def reading_of(library, row, form):
    return next((each for each in READINGS if each.is_about(library, row, form)), None)


def is_right(library, row, form, entry):
    reading = reading_of(library, row, form)
    return not entry["findings"] or bool(reading and reading.false_alarm)


def verdict(library, row, form, entry):
    text = verdicts.words(entry["findings"]).replace("raised", "raises")
    alarm = entry["findings"] and is_right(library, row, form, entry)
    return f"{text} (false alarm)" if alarm else text


def summary(result):
    rows = []
    for name, library in result["libraries"].items():
        right, changed, wrong = 0, 0, 0
        for row, forms in library["rows"].items():
            fine = [is_right(name, row, form, entry) for form, entry in forms.items()]
            right += fine[0]
            changed += not fine[0] and any(fine)
            wrong += not any(fine)
        versions = ", ".join(f"{k} {v}" for k, v in library["versions"].items())
        rows.append([library["title"], versions, len(library["rows"]), right, changed, wrong])
    header = ["library", "versions", "transforms", "right as usually written"]
    return table([*header, "right when changed", "neither"], rows)


def section(name, library):
    rows = [
        [f"`{row}`" if row.isidentifier() else row, *cells(name, row, forms)]
        for row, forms in library["rows"].items()
    ]
    header = ["transform", "as usually written", "verdict", "changed", "verdict"]
    lines = details(name, library["rows"])
    found = ["### What was found\n", *lines, ""] if lines else []
    about = f"{library['about'][0].upper()}{library['about'][1:]}."
    return "\n".join([f"## {library['title']}\n", about + "\n", table(header, rows), *found])


def cells(library, row, forms):
    made = []
    for form in FORMS:
        entry = forms.get(form)
        made += (
            ["", ""]
            if entry is None
            else [code_cell(form, entry, forms), verdict(library, row, form, entry)]
        )
    return made


def code_cell(form, entry, forms):
    """The code; for a changed form only where it differs."""
    if form == "changed" and entry["code"] == forms["usual"]["code"]:
        return "the same call, as said above"
    return f"`{entry['code']}`"


def details(library, rows):
    """One line for each finding and reading, for all rows that share both."""
    lines = {}
    for row, forms in rows.items():
        for form, entry in forms.items():
            reading = reading_of(library, row, form)
            for kind, detail in entry["findings"].items():
                what = f"{kind.replace('_', ' ').replace('raised', 'raises')}: {plain(detail)}"
                where = f"{row}, changed" if form == "changed" else row
                group = lines.setdefault(reading.text if reading else what, {"reading": reading})
                group.setdefault("found", []).append((where, what))
    return [said(group["found"], group["reading"]) for group in lines.values()]


def said(found, reading):
    """A line: with a reading it lists the findings, without one the finding is the same for all."""
    if reading is None:
        return f"- {', '.join(both([where for where, _ in found]))}: {found[0][1]}"
    measures = {}
    for where, what in found:
        measures.setdefault(what.partition(", among them")[0], []).append(where)
    listed = "; ".join(f"{', '.join(both(names))}: {what}" for what, names in measures.items())
    alarm = "A false alarm" if reading.false_alarm else "Our reading"
    return f"- {listed}. *{alarm}: {reading.text}*"


def both(names):
    """Names a row once where both its forms have the finding."""
    names = list(dict.fromkeys(names))
    twice = [name for name in names if f"{name}, changed" in names]
    kept = [name for name in names if name.removesuffix(", changed") not in twice or name in twice]
    return [f"{name} (both forms)" if name in twice else name for name in kept]


def plain(detail):
    """The text without anything that would break a table or a list."""
    return detail.replace("|", "/").replace("\n", " ")


def false_alarms(result):
    lines = [
        f"- {library['title']}, {row}: {plain('; '.join(entry['findings'].values()))}"
        for name, library in result["libraries"].items()
        for row, forms in library["rows"].items()
        for form, entry in forms.items()
        if entry["findings"] and is_right(name, row, form, entry)
    ]
    text = "Where the check was wrong, as far as we know:\n"
    return "\n".join(
        ["## False alarms of the check\n", text, *(lines or ["None in this run."]), ""]
    )
