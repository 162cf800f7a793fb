import pytest

from transforms.templates.cut_fields import CutFields, find_cut_fields
from transforms.templates.text_template import parse_template


@pytest.mark.parametrize(
    ("template", "repeated", "cut"),
    [
        (r"{a}\n{b}", ["a"], (1, 2)),
        (r"{a}\n{b}", ["b"], (0, 1)),
        ("{a} {b}, {c} {d}", ["d", "a"], (1, 3)),
        ("{a} ({b}): {c}-{d}", ["b", "a"], (2, 4)),
        (r"Title: {a}\nText: {b} END", ["a"], (1, 2)),
    ],
)
def test_what_is_between_the_repeated_fields_is_cut(
    template: str, repeated: list[str], cut: tuple[int, int]
) -> None:
    assert find_cut_fields(parse_template(template), repeated) == CutFields(*cut)


@pytest.mark.parametrize(
    ("template", "repeated", "problem"),
    [
        ("{a} {b}", ["c"], "`repeat_fields` has 'c'; `text_template` has a, b"),
        ("{a} {b}", ["a", "a"], "names a field twice"),
        ("{a} {b}", ["a", "b"], "leave out the one to cut"),
        ("{a} {b} {c}", ["b"], "'b', which is between fields that are cut"),
        ("{a}{b}", ["a"], "no space is before {b}"),
        ("{a} -{b}", ["a"], "no space is before {b}"),
        ("#{a} {b}", ["b"], "no space is before {a}"),
        ("{a}- {b}", ["b"], "no space is behind {a}"),
        ("{a} {b}.", ["a"], "no space is behind {b}"),
        ("{a}\u00a0{b}", ["a"], "no space is before {b}"),
    ],
)
def test_fields_that_windows_cannot_repeat_are_refused(
    template: str, repeated: list[str], problem: str
) -> None:
    with pytest.raises(ValueError, match="repeat_fields") as caught:
        find_cut_fields(parse_template(template), repeated)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
