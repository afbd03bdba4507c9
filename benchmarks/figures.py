"""Medians, quartiles and ratios."""

import statistics


def summary(values):
    """The median and the quartiles of some times."""
    if len(values) < 2:
        low = high = values[0]
    else:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": statistics.median(values), "low": low, "high": high, "rounds": len(values)}


def ratio(results, name, reference):
    """How many times longer `name` takes than `reference`, or None where one has no time."""
    mine, other = (results.get(key, {}).get("median") for key in (name, reference))
    if mine is None or not other or other <= 0:
        return None
    return mine / other


def rounded(value):
    """Three significant digits, never in scientific notation."""
    if value == 0:
        return "0"
    digits = 3
    magnitude = abs(value)
    while magnitude >= 10 and digits > 1:
        magnitude /= 10
        digits -= 1
    text = f"{value:.{digits - 1}f}" if abs(value) >= 1 else f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 100 else text
