"""JSON lines about the parts of a running job: what was rejected, and what is done."""

from collections.abc import Callable

from pipeline.console import json_lines
from transforms.receipts import Receipt, unit_of

_LOUD = ("debug", "info")


def reporter(level: str) -> Callable[[Receipt], None]:
    """Return the function that reports a finished part at a log level.

    Rejected documents are always reported, by file and reason; finished parts at `info` and below.
    """
    return report_all if level in _LOUD else report_rejected


def report_rejected(receipt: Receipt) -> None:
    """Write a line for each file and reason of the rejected documents of a part."""
    for file, reasons in receipt.reasons_by_file().items():
        for reason, count in reasons.items():
            unit = unit_of(receipt.counts)
            rejected = f"{unit.removesuffix('s')} was" if count == 1 else f"{unit} were"
            message = f"{count} {rejected} rejected"
            about = {"part": receipt.name, "file": file, "reason": reason}
            json_lines.report("warning", message, **about, documents=count)


def report_all(receipt: Receipt) -> None:
    """Write also a line for the part itself."""
    report_rejected(receipt)
    json_lines.report(
        "info",
        "a part is done",
        part=receipt.name,
        file=receipt.source,
        documents=receipt.counts["documents"],
    )
