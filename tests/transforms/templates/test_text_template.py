import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.templates.text_template import TextTemplate, parse_template

NAMES = st.text(st.characters(exclude_characters="{}", codec="utf-8"), min_size=1, max_size=5)
LITERALS = st.text(max_size=8)


@st.composite
def templates(draw: st.DrawFn) -> TextTemplate:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    literals = draw(st.lists(LITERALS, min_size=len(names) + 1, max_size=len(names) + 1))
    return TextTemplate(tuple(names), tuple(literals))


@given(templates())
def test_a_template_is_read_as_it_is_written(template: TextTemplate) -> None:
    spelled = str(template)
    assert parse_template(spelled) == template
    lines = [line for name in template.names for line in name.split("\n")]
    assert spelled.count("\n") == len(lines) - len(template.names)


def test_a_shell_passes_line_ends_and_tabs_as_two_characters() -> None:
    assert parse_template(r"{a}\n\t{b}") == parse_template("{a}\n\t{b}")
    assert parse_template(r"\\n{a}C:\x").literals == (r"\n", r"C:\x")


def test_backslashes_of_names_are_as_they_are() -> None:
    assert parse_template(r"{a\n}").names == (r"a\n",)


def test_doubled_braces_are_text() -> None:
    assert parse_template("{{{a}}} }}{{").literals == ("{", "} }{")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no field"),
        ("{{title}}", "no field"),
        ("{title", "lone {"),
        ("title}", "lone }"),
        ("{title}{", "lone {"),
        ("{ti{tle}", "lone {"),
        ("{} {text}", "without a name"),
        ("{text}{title}{text}", "{text} twice"),
    ],
)
def test_a_malformed_template_is_refused_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r"^`text_template`") as caught:
        parse_template(text)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
