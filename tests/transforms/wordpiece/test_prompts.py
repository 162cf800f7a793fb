import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.wordpiece.test_preprocessing import SEP, UNCASED, VOCABULARY, graph
from transforms.bert.module import BertModule
from transforms.bert.wordpiece_rules import KEEP, SPLIT
from transforms.wordpiece.preprocessing import WordpieceConfig, transform_fingerprint
from transforms.wordpiece.prompts import check_prompt, sentence_from

PROMPT = "The cat: "
LONGEST = 12
PLAIN = graph(WordpieceConfig(LONGEST, UNCASED, keep_tokens=True))
PROMPTED = graph(WordpieceConfig(LONGEST, UNCASED, keep_tokens=True, prompt=PROMPT))
GLUED = graph(WordpieceConfig(LONGEST, UNCASED, keep_tokens=True, prompt="una"))
texts = st.lists(st.sampled_from(["the", "cat", "unaffable", "猫", "!", "ça", " "]), max_size=8)


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(st.lists(texts.map(" ".join), min_size=1, max_size=4))
def test_a_prompt_is_part_of_the_text(batch: list[str]) -> None:
    joined, plain, made = PLAIN([PROMPT + text for text in batch]), PLAIN(batch), PROMPTED(batch)
    before = len(PROMPT.encode())
    for row, text in enumerate(batch):
        if not text.strip():
            assert made["input_ids"][row] == plain["input_ids"][row]
            continue
        for name in ("input_ids", "segment_ids", "tokens", "num_wordpieces", "truncated"):
            assert made[name][row] == joined[name][row]
        assert made["offsets"][row] == [max(0, n - before) for n in joined["offsets"][row]]


@pytest.mark.slow
def test_a_word_may_begin_in_the_prompt() -> None:
    made = GLUED(["ffable cat", "", "\n"])
    assert [token.decode() for token in made["tokens"][0][1:4]] == ["una", "##ffa", "##ble"] or (
        made["tokens"][0] == PLAIN(["unaffable cat"])["tokens"][0]
    )
    assert made["offsets"][0][-4:] == [7, 10, 0, 0]
    assert [ids[-1] for ids in made["input_ids"]] == [SEP] * 3
    assert [len(ids) for ids in made["input_ids"][1:]] == [2, 2]


@pytest.mark.slow
def test_an_unknown_word_of_the_prompt_may_go_on_in_the_text() -> None:
    made = graph(WordpieceConfig(LONGEST, UNCASED, prompt="\N{COFFIN}"))(
        ["cat", "", "\n", "cat the"]
    )
    assert made["num_wordpieces"] == [1, 0, 0, 2]


def test_only_a_prompt_changes_the_fingerprint() -> None:
    plain, empty, prompted = (
        transform_fingerprint(WordpieceConfig(8, UNCASED, **prompt), VOCABULARY)
        for prompt in ({}, {"prompt": ""}, {"prompt": "a"})
    )
    assert plain == empty != prompted


def test_a_prompt_that_cannot_be_read_is_refused(tiny_module: BertModule) -> None:
    check_prompt(tiny_module, "the cat", 5, stride=0)
    check_prompt(tiny_module, "the cat" * 99, None, stride=0)
    check_prompt(tiny_module, "[MASK]", 4, special_tokens=KEEP)
    check_prompt(tiny_module, "", 5, stride=2)
    message = "`prompt` takes 4 of the 4 tokens of `max_seq_length`"
    with pytest.raises(ValueError, match=re.escape(message)):
        check_prompt(tiny_module, "the cat", 4, stride=0)
    with pytest.raises(ValueError, match="`prompt` takes 5 of the 4"):
        check_prompt(tiny_module, "[MASK]", 4, special_tokens=SPLIT)
    with pytest.raises(ValueError, match="`prompt` is for documents without `window_stride`"):
        check_prompt(tiny_module, "the", 9, stride=2)
    with pytest.raises(ValueError, match="`prompt` is for documents of one text"):
        WordpieceConfig(8, UNCASED, pairs=True, prompt="the")
    assert sentence_from(tiny_module, "the cat") == 0
