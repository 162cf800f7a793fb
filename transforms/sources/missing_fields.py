"""Describe why records do not have a named field, and the remedy."""

from collections.abc import Collection, Sequence

from transforms.sources import path_keys

_SHOWN = 12
_BYTE_ORDER_MARK = "\ufeff"


def describe(setting: str, name: str, names: Sequence[str], path: str) -> str:
    """Describe a file of which no column, or more than one, has a name.

    Args:
        setting: the setting that names the column.
        name: the name.
        names: those of the columns of the file.
        path: the file.
    """
    if not names:
        return f"{path} has no column {name!r}; it has no columns"
    shown = ", ".join(names[:_SHOWN]) + ", ..." * (len(names) > _SHOWN)
    columns = "several columns" if name in names else "no column"
    return (
        f"{path} has {columns} {name!r}; it has {shown}"
        f"{hint(setting, name, names, path_keys.keys_of(path))}"
    )


def hint(setting: str, name: str, names: Sequence[str], keys: Collection[str]) -> str:
    """Return a remedy to append to a message about a missing field; empty if none is known.

    Args:
        setting: the setting that names the field.
        name: the field.
        names: those of the fields that records have.
        keys: those of the folders of the path.
    """
    marked = _BYTE_ORDER_MARK + name
    if marked in names and name not in names:
        given = f"{{{marked}}}" if setting == "text_template" else marked
        first = "first column" if marked == names[0] else "column"
        return (
            f"; its {first} is {marked!r}: a byte order mark belongs to its name; give `{setting}` "
            f"${given!r} or rename it"
        )
    if name in keys and setting != "keep_fields":
        return (
            f"; {name!r} is a key of the path, which all documents of a folder share: only "
            "`keep_fields` reads keys"
        )
    return f"; its path has {', '.join(keys)}" if keys and setting == "keep_fields" else ""
