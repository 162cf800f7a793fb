"""Measure a whole job of `beam-bert embed`, without its start-up.

    python -m benchmarks.jobs --input FILE --features mean

embeds into a folder that is deleted afterwards, and prints one line of JSON. Other benchmarks run
it as a separate process.
"""

import argparse
import dataclasses
import json
import tempfile
from pathlib import Path

from benchmarks import processes
from pipeline.console import quiet
from pipeline.options import flag_row, flags


@dataclasses.dataclass(frozen=True)
class JobFigures:
    """The figures of a job.

    Attributes:
        began: UNIX time when its first part began.
        seconds: from then until its last part was done.
        documents, tokens, padded_tokens: of the embedded documents.
        megabytes: of the files written, in 10^6 bytes.
        stages: seconds of each stage, summed over threads.
    """

    began: float
    seconds: float
    documents: int
    tokens: int
    padded_tokens: int
    megabytes: float
    stages: dict[str, float]


def measure(arguments: argparse.Namespace) -> JobFigures:
    """Embed, and measure from the beginning of the first part to the end of the last one."""
    quiet.import_tensorflow()
    from pipeline import job
    from pipeline.options import conversion

    progress = job.run_job(conversion.embed_config(vars(arguments))).progress
    # The time of a part starts with its reading, after imports, analysis and loading.
    began = min(part.finished - sum(part.seconds.values()) for part in progress.parts)
    counts = progress.counts()
    stages: dict[str, float] = {}
    for part in progress.parts:
        for name, seconds in part.seconds.items():
            stages[name] = stages.get(name, 0.0) + seconds
    return JobFigures(
        began=began,
        seconds=max(part.finished for part in progress.parts) - began,
        documents=counts["embedded"],
        tokens=counts["num_tokens"],
        padded_tokens=counts["padded_tokens"],
        megabytes=sum(file.bytes for part in progress.parts for file in part.files) / 1e6,
        stages=stages,
    )


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the flags of `embed` that does not require --output."""
    flag_parser = argparse.ArgumentParser(
        description=description,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    rows = {row.name: row for row in flags.FLAGS}
    rows["output"] = dataclasses.replace(rows["output"], required=False, default="unset")
    flag_row.add_flags(flag_parser, rows.values())
    return flag_parser


def main() -> None:
    """Measure, and print a line of JSON."""
    arguments = parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        arguments.output = str(Path(folder) / "out")
        measured = measure(arguments)
    print(json.dumps({**dataclasses.asdict(measured), "peak_mb": processes.peak_mb()}))


if __name__ == "__main__":
    main()
