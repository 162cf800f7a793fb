import re
import warnings
from collections.abc import Callable

import pytest
from apache_beam.io.filesystem import FileSystem
from hypothesis import given
from hypothesis import strategies as st

from pipeline.inputs import glob_patterns

NAMES = st.text(st.sampled_from("ab.["), min_size=1, max_size=3)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
PIECES = ["a", "b", ".", "*", "**", "?", "[ab]", "[!a]", "[", "]", "/"]
GLOBS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


@given(GLOBS, PATHS)
def test_without_hidden_names_a_glob_matches_what_that_of_beam_matches(
    glob: str, path: str
) -> None:
    path = re.sub(r"(^|/)\.", r"\1x", path)
    assert bool(glob_patterns.visible_matches(glob).match(path)) == bool(
        glob_patterns.all_matches(glob).match(path)
    )


@given(GLOBS, PATHS)
def test_all_matches_are_those_of_beam(glob: str, path: str) -> None:
    of_beam = re.compile(FileSystem.translate_pattern(glob))
    assert bool(glob_patterns.all_matches(glob).match(path)) == bool(of_beam.match(path))


@pytest.mark.parametrize("compile_", [glob_patterns.all_matches, glob_patterns.visible_matches])
@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("in/[z-a]", "in/z", False),
        ("in/[!z-a]", "in/z", True),
        ("in/[[]x", "in/[x", True),
        ("in/[a&&b]", "in/a", True),
        ("in/[a--b]", "in/b", True),
    ],
)
def test_brackets_that_re_does_not_know(
    compile_: Callable[[str], re.Pattern[str]], glob: str, path: str, expected: bool
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bool(compile_(glob).match(path)) == expected


LEVELS = ["a", "*", "a*", "?b", "[._]a", "[!b]a", ".*", "_*", ".a", "*.a"]


@given(
    st.lists(st.sampled_from(LEVELS), min_size=1, max_size=3),
    st.lists(st.sampled_from(["a", "ab", ".a", "_a", "._b", "b.a"]), min_size=1, max_size=3),
)
def test_a_hidden_name_matches_where_its_first_character_is_spelled_out(
    levels: list[str], names: list[str]
) -> None:
    glob, path = "/".join(levels), "/".join(names)
    expected = bool(glob_patterns.all_matches(glob).match(path)) and all(
        not name.startswith((".", "_")) or level[0] == name[0]
        for level, name in zip(levels, names, strict=False)
    )
    assert bool(glob_patterns.visible_matches(glob).match(path)) == expected


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("in/**", "in/a/b", True),
        ("in/**", "in/a/.b", False),
        ("in/**", "in/.a/b", False),
        ("in/**", "in/_a/b", False),
        ("in/**", "in/a_b/c.d", True),
        ("in/**/.h*", "in/a/.hid", True),
        ("in/**/.h*", "in/.a/.hid", False),
        ("in/**.txt", "in/.txt", False),
        (".in/**", ".in/a", True),
        ("./**", "./a", True),
        ("./**", "./.a", False),
        ("**_b", "x/_b", False),
        ("d?x", "d/x", True),
        ("d?*", "d/.x", False),
        ("s3://bucket/**", "s3://bucket/a", True),
        ("s3://bucket/**", "s3://bucket/_temporary/0/a", False),
    ],
)
def test_what_matches(glob: str, path: str, expected: bool) -> None:
    assert bool(glob_patterns.visible_matches(glob).match(path)) == expected


@given(
    st.lists(st.sampled_from([*LEVELS, "**", "a**", "**b"]), min_size=1, max_size=3),
    st.lists(st.sampled_from(["a", "ab", ".a", "_a"]), min_size=1, max_size=4),
)
def test_every_folder_above_a_match_is_visited(levels: list[str], names: list[str]) -> None:
    if not glob_patterns.visible_matches("/".join(levels)).match("/".join(names)):
        return
    patterns = levels
    for name in names[:-1]:
        patterns = glob_patterns.patterns_below(name, patterns)
        assert patterns, name
