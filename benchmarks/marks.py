"""Parts of the README that a command writes, between two comments that name it."""


def marks(command):
    """The lines before and after what this command writes."""
    return f"<!-- {command}: begin -->", f"<!-- {command}: end -->"


def replaced(text, command, lines):
    """The text with these lines between the two marks."""
    begin, end = marks(command)
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    if not tail:
        raise ValueError(f"The README must hold the lines {begin} and {end}, in this order.")
    return "\n".join([head + begin, *lines, end]) + tail
