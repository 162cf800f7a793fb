import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import strict_json
from transforms.strict_json import Cosine, Count, Seconds

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
)


@settings(deadline=None, max_examples=40)
@given(values)
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert strict_json.decode_any(json.dumps(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a": ' * 100_000,
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": -1e400}',
        '{"a": "\\ud800"}',
        '{"a": "\ud800"}',
        '{"\\ud800": 1}',
        '{"a": 1}}',
        '{"a": 1,}',
        "{'a': 1}",
        '{"a": ' + "1" * 5000 + "}",
        "\0",
        "{",
        "",
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_malformed_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        strict_json.decode_any(text)
    assert len(str(error.value).splitlines()) == 1
    assert len(str(error.value)) <= 200


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(ValueError, match=r"(?i)utf-8"):
        strict_json.decode_any(b'{"a": "\xff"}')


class Record(msgspec.Struct, forbid_unknown_fields=True):
    text: str = ""
    flag: bool = False
    count: Count = 0
    seconds: Seconds = 0.0
    cosine: Cosine = 0.0
    texts: tuple[str, ...] = ()
    inner: dict[str, Count] = {}


DECODER = msgspec.json.Decoder(Record)
VALID = {
    "text": ["", "a"],
    "flag": [True, False],
    "count": [0, 2**63 - 1],
    "seconds": [0, 1.5, 1e11],
    "cosine": [-1, 1.0005],
    "texts": [[], ["a"]],
    "inner": [{}, {"a": 1}],
}
WRONG = {
    "text": [1, None, [], "\ud800"],
    "flag": [1, 0, "true", None],
    "count": [-1, 2**63, 10**30, 1.0, True, "1", None],
    "seconds": [-0.5, 1e12, 10**30, False, "1", None],
    "cosine": [1.1, -1.1, True, "1", None],
    "texts": [{}, "a", None, [1]],
    "inner": [[], "a", None, {"a": -1}],
    "unknown": [1],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n in VALID for v in VALID[n]], ids=str)
def test_a_value_of_its_type_is_decoded(name: str, value: object) -> None:
    record = strict_json.decode(json.dumps({name: value}), DECODER)
    assert json.loads(json.dumps(msgspec.to_builtins(record)))[name] == value


@pytest.mark.parametrize(("name", "value"), [(n, v) for n in WRONG for v in WRONG[n]], ids=ascii)
def test_a_value_of_another_type_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"`(\$\.)?{name}|truncated"):
        strict_json.decode(json.dumps({name: value}), DECODER)


def test_a_message_about_a_hostile_name_is_one_short_line() -> None:
    with pytest.raises(ValueError, match=r"unknown field `a\\u000a\\u001b") as error:
        strict_json.decode(json.dumps({"a\n\x1b" + "b" * 999: 1}), DECODER)
    assert len(str(error.value)) == 200
