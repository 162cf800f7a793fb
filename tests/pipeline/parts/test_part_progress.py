"""The columns of receipts say what the receipts say: each figure against a loop over them."""

import collections
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.parts import file_sums, named_sums, part_progress, receipt_columns
from pipeline.parts.file_paths import paths_of
from pipeline.parts.manifest_text import (
    manifest_text,
    part_entry,
    source_entry,
    totals_entry,
)
from pipeline.parts.part_progress import Progress
from pipeline.parts.receipt_table import ReceiptTable
from pipeline.parts.source_sums import SourceSums
from tests.pipeline.parts.drawn_receipts import RUN, SOURCES, receipts
from transforms.documents import Split, part_key
from transforms.receipts import Receipt
from transforms.splits.part_digests import PartDigests

# Receipts are large to draw.
FEW = settings(max_examples=25)
RECEIPTS = st.lists(receipts(), max_size=6)


def in_batches(parts: Sequence[Receipt], size: int) -> ReceiptTable:
    blocks = [parts[first : first + size] for first in range(0, len(parts), size)]
    return ReceiptTable(map(receipt_columns.encode, blocks))


@FEW
@given(RECEIPTS, st.integers(1, 5), st.data())
def test_a_table_is_the_sequence_of_its_receipts(
    parts: list[Receipt], size: int, data: st.DataObject
) -> None:
    table = in_batches(parts, size)
    assert table == parts
    places = data.draw(st.lists(st.integers(0, len(parts) - 1)) if parts else st.just([]))
    chosen = [parts[place] for place in places]
    taken = table.select(np.array(places, np.int64))
    assert (list(taken), [taken[n] for n in range(len(taken))]) == (chosen, chosen)
    assert table[1:] == parts[1:]
    for field in ("source", "counts", "files", "key", "members", "finished"):
        assert list(taken.values(field)) == [getattr(part, field) for part in chosen]
    assert taken.numbers("end").tolist() == [part.end for part in chosen]
    with pytest.raises(IndexError):
        table[len(parts)]


def add(named: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {}
    for one in named:
        for name, value in one.items():
            total[name] = total.get(name, 0) + value
    return total


@FEW
@given(RECEIPTS, st.integers(1, 5), st.randoms())
def test_sums_are_those_of_a_loop(parts: list[Receipt], size: int, random: Any) -> None:
    order = list(range(len(parts)))
    random.shuffle(order)
    table = in_batches(parts, size).select(np.array(order, np.int64))
    parts = [parts[place] for place in order]
    progress = Progress(table, (), 0)
    counts, reasons = (add(getattr(part, name) for part in parts) for name in ("counts", "reasons"))
    assert list(progress.counts().items()) == list(counts.items())
    assert list(progress.reasons().items()) == list(reasons.items())
    assert progress.seconds() == pytest.approx(add(part.seconds for part in parts))
    files = [file for part in parts for file in part.files]
    folders = [file.path.partition("/")[0] for file in files]
    sizes = add({name: file.bytes} for name, file in zip(folders, files, strict=True))
    assert progress.written() == (dict(collections.Counter(folders)), sizes)
    assert list(progress.written()[0]) == list(dict.fromkeys(folders))
    by_source: dict[str, list[Mapping[str, int]]] = {}
    for path, of_file in itertools.chain.from_iterable(part.by_file().items() for part in parts):
        by_source.setdefault(path, []).append(of_file)
    sums = SourceSums(table)
    assert list(sums.items()) == [(path, add(one)) for path, one in by_source.items()]
    assert (len(sums), list(sums)) == (len(by_source), list(by_source))
    assert all(sums[path] == add(one) for path, one in by_source.items())


@FEW
@given(RECEIPTS, st.integers(1, 5))
def test_receipts_are_chosen_by_their_numbers(parts: list[Receipt], size: int) -> None:
    table = in_batches(parts, size)
    assert named_sums.sums_of_each(table, "seconds").tolist() == pytest.approx(
        [sum(part.seconds.values()) for part in parts]
    )
    assert named_sums.named(table, "counts", "pairs").tolist() == [
        part.counts.get("pairs", 0) for part in parts
    ]
    unreadable = [part for part in parts if "unreadable" in part.reasons]
    assert named_sums.with_name(table, "reasons", "unreadable") == unreadable
    assert named_sums.has_numbers(table, "seconds").tolist() == [bool(p.seconds) for p in parts]
    rejected = [part for part in parts if any(f.path.startswith("rejected/") for f in part.files)]
    assert file_sums.with_file_in(table, "rejected") == rejected
    paths = [path for block in table.blocks() for path in paths_of(block).to_pylist()]
    assert paths == [file.path for part in parts for file in part.files]
    contents: dict[str, int] = {}
    for file in (file for part in parts for file in part.files):
        contents[file.sha256] = max(file.bytes, contents.get(file.sha256, 0))
    assert file_sums.bytes_of_contents(table) == sum(contents.values())
    keys = {part.key for part in parts[::2]}
    assert table.without(table[::2]) == [part for part in parts if part.key not in keys]


@pytest.mark.slow
@FEW
@given(st.lists(receipts(SOURCES[:2]), max_size=6), st.lists(receipts(), max_size=6))
def test_the_text_of_a_manifest_is_that_of_json(one: list[Receipt], two: list[Receipt]) -> None:
    progress = Progress((*one, *two), (), 0)
    if not progress.parts:
        return
    history = {"generation": 2}
    expected = {
        **totals_entry(progress, RUN, history),
        "sources": {path: source_entry(counts) for path, counts in progress.by_source.items()},
        "parts": list(map(part_entry, progress.parts)),
    }
    assert "".join(manifest_text(progress, RUN, history)) == json.dumps(expected, indent=1)


SPLITS = st.lists(
    st.builds(
        lambda source, start, length: Split(source, start * 10, start * 10 + length * 10),
        st.sampled_from(SOURCES),
        st.integers(0, 4),
        st.integers(1, 3),
    ),
    max_size=8,
)


def chain_of(split: Split, parts: Sequence[Receipt]) -> tuple[list[Receipt], bool]:
    """Return the receipts of a split and whether they reach its end, by trying all of them."""
    chain: list[Receipt] = []
    start = split.start
    while True:
        for part in parts:
            place = (split.source.path, start)
            key = part_key(split.source, start, part.end, RUN)
            if (part.source, part.start) == place and part.end > start and part.key == key:
                chain.append(part)
                break
        else:
            return chain, False
        if chain[-1].last:
            return chain, True
        start = chain[-1].end


@FEW
@given(SPLITS, RECEIPTS, st.integers(1, 5))
def test_receipts_are_matched_as_by_trying_all(
    splits: list[Split], parts: list[Receipt], size: int
) -> None:
    progress = part_progress.measure_progress(splits, in_batches(parts, size), RUN)
    chains = [chain_of(split, parts) for split in splits]
    assert progress.parts == [part for chain, _ in chains for part in chain]
    pending = [split for split, (_, ends) in zip(splits, chains, strict=True) if not ends]
    assert list(progress.pending) == pending
    assert (progress.splits, progress.complete) == (len(splits), not pending)


@FEW
@given(st.lists(SPLITS, max_size=3), RECEIPTS)
def test_receipts_of_plans_are_those_with_their_keys(
    plans: list[list[Split]], parts: list[Receipt]
) -> None:
    versions = [{split.source.path: split.source for split in plan} for plan in plans]
    sources = {source for of_plan in versions for source in of_plan.values()}
    expected = [
        part
        for part in parts
        if any(
            part.source == source.path and part.key == part_key(source, part.start, part.end, RUN)
            for source in sources
        )
    ]
    assert part_progress.of_plans(parts, plans, RUN) == expected


@given(st.sampled_from(SOURCES), st.integers(0, 2**63), st.integers(0, 2**63), st.text())
def test_digests_are_the_keys_of_parts(source: Any, start: int, end: int, run: str) -> None:
    assert PartDigests(source, run).digest(start, end).hex() == part_key(source, start, end, run)
