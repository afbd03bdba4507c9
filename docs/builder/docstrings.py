"""Turns our docstrings into what the reference pages show: examples as code, names as links."""

import re

import keras_segaug

_NAME = re.compile(r"(?<![\[`])`(" + "|".join(sorted(keras_segaug.__all__, key=len)[::-1]) + ")`")


def shown(text, own_name):
    """The docstring with its example as a section, and links where it names something public."""

    def link(found):
        name = found[1]
        return found[0] if name == own_name else f"[`{name}`][keras_segaug.{name}]"

    text, _, example = text.partition("Example:\n\n>>> ")
    text = _NAME.sub(link, text)
    if not example:
        return text
    lines = (">>> " + example).splitlines()
    return text + "Examples:\n" + "\n".join(f"    {line}".rstrip() for line in lines)
