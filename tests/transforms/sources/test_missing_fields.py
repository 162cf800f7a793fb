import pytest

from transforms.sources.missing_fields import describe, hint

MARKED = "\ufefftext"
REMEDY = "a byte order mark belongs to its name; give `text_field` $'\\ufefftext' or rename it"


@pytest.mark.parametrize(
    ("names", "keys", "expected"),
    [
        ([MARKED, "id"], [], f"; its first column is '\\ufefftext': {REMEDY}"),
        (["id", MARKED], [], f"; its column is '\\ufefftext': {REMEDY}"),
        (["id"], ["text"], "; 'text' is a key of the path, which all documents of a folder share"),
        (["id"], ["lang"], ""),
        (["text", "text", MARKED], [], ""),
    ],
)
def test_remedies(names: list[str], keys: list[str], expected: str) -> None:
    assert hint("text_field", "text", names, keys).startswith(expected)
    assert bool(expected) == bool(hint("text_field", "text", names, keys))


def test_files_are_described_with_few_of_their_columns() -> None:
    names = [f"c{number}" for number in range(20)]
    said = describe("keep_fields", "k", names, "lang=de/a.csv")
    assert said.startswith("lang=de/a.csv has no column 'k'; it has c0, c1, ")
    assert said.endswith("c11, ...; its path has lang")
    assert describe("text_field", "text", [], "a") == "a has no column 'text'; it has no columns"
    assert "several columns 'c0'" in describe("id_field", "c0", ["c0", "c0"], "a")
