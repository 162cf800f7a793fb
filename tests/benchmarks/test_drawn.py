"""Random documents are the same in every call, and all different."""

from benchmarks import overhead, scaling, shares
from transforms.bert.shape import BertShape


def test_short_documents_are_all_different() -> None:
    documents = scaling.draw_short(500)
    assert documents == scaling.draw_short(500)
    assert len(set(documents)) == 500
    assert {len(document.split()) for document in documents} == {10}


def test_documents_of_overhead_have_equal_lengths() -> None:
    lines = overhead.draw_lines(50)
    assert lines == overhead.draw_lines(50)
    assert {len(line.split()) for line in lines} == {50}


def test_the_operations_of_multilingual_base_are_counted() -> None:
    # One document of 128 wordpieces: 12 layers, each 2 * 128 * 7,077,888 and 4 * 128 ** 2 * 768.
    counted = shares.count_operations(shares.SHAPE, tokens=128, squares=128**2)
    assert counted == 12 * (2 * 128 * 7_077_888 + 4 * 128**2 * 768)
    deeper = BertShape(24, 12, 768, 3072, 512, 119_547, 2)
    assert shares.count_operations(deeper, 128, 128**2) == 2 * counted
