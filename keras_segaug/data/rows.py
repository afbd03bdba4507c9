"""Rows of tables whose images may differ in size."""


def groups(*columns):
    """The row numbers, grouped into batches that can be stacked: all together, or one by one."""
    kinds = {tuple((x.shape, str(x.dtype)) for x in row) for row in zip(*columns, strict=True)}
    numbers = list(range(len(columns[0])))
    return [numbers] if len(kinds) == 1 else [[number] for number in numbers]


def column_of(owner, rows, name, cure):
    """The entries of a column, all of which must be there.

    Args:
        owner: the name of the function, for error messages.
        rows: a batch, from the names of columns to their entries.
        name: the name of the column.
        cure: how to leave out rows without an entry.
    """
    if name not in rows:
        raise ValueError(f"{owner}: there is no column {name!r}; there are {sorted(rows)}.")
    missing = [number for number, entry in enumerate(rows[name]) if entry is None]
    if missing:
        raise ValueError(f"{owner}: rows {missing} of a batch have no {name!r} (None). {cure}")
    return rows[name]
