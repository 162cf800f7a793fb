"""An update reads each receipt once, and sees what other processes do meanwhile."""

import collections
import dataclasses
from collections.abc import Iterator

import pytest

from pipeline.options.earlier_output_flags import BY_CONTENT
from pipeline.parts import receipt_files
from pipeline.start import compute_parts
from tests.pipeline.updates.growing import GrowingCorpus, text_of
from transforms.io.folder_listing import ListedFiles
from transforms.receipts import Receipt


@pytest.mark.parametrize("settings", [{}, {"check": BY_CONTENT}])
def test_receipts_are_listed_at_the_start_and_at_the_end(
    growing: GrowingCorpus, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    growing.write("d.txt", text_of(90))
    growing.append("b.txt", text_of(120))
    listings: list[str] = []
    reads = collections.Counter[str]()
    list_blocks, read = receipt_files.list_blocks, receipt_files._read

    def noted_blocks(folder: str) -> Iterator[ListedFiles]:
        listings.append(folder)
        return list_blocks(folder)

    def noted_read(path: str) -> Receipt | None:
        reads[path] += 1
        return read(path)

    monkeypatch.setattr(receipt_files, "list_blocks", noted_blocks)
    monkeypatch.setattr(receipt_files, "_read", noted_read)
    summary = growing.update(**settings)
    assert summary.generation == 2
    assert listings == [str(growing.output)] * 2
    # Those of the first generation at the start, and the new ones at the end.
    assert set(reads.values()) == {1}
    assert len(reads) > len(summary.progress.parts)


def test_a_receipt_that_is_written_again_meanwhile_counts_as_it_is_then(
    growing: GrowingCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing.write("d.txt", text_of(90))
    run_graphs = compute_parts._run_graphs
    path = next((growing.output / "receipts").glob("*.json"))
    again = dataclasses.replace(Receipt.from_json(path.read_text()), worker="of a killed call")

    def run_beside_another(context: object) -> None:
        run_graphs(context)  # type: ignore[arg-type]
        path.write_text(again.to_json())

    monkeypatch.setattr(compute_parts, "_run_graphs", run_beside_another)
    assert again in list(growing.update().progress.parts)
