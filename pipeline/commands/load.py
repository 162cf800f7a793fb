"""`load`: the vectors of a job into a store that searches them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import input_errors, storage_errors
from pipeline.options.flag_row import Flag
from pipeline.options.flag_steps import without_slash
from pipeline.options.flags import FOLDER, select
from pipeline.stores.store_address import COSINE, METRICS
from transforms.features import FLOAT16, FLOAT32

if TYPE_CHECKING:
    from pipeline.stores.load_folder import LoadConfig, LoadResult


def run(words: Sequence[str]) -> int:
    """Load the rows and print their numbers."""
    settings = COMMAND.parse(words)
    from pipeline.console import quiet
    from pipeline.output.layout import RUN_FILE
    from pipeline.preflight import local_paths
    from pipeline.stores.load_folder import LoadConfig, find_target, load_folder

    config = LoadConfig(
        without_slash(settings["folder"]),
        *(settings[name] for name in ("to", "feature", "as", "metric")),
    )
    with input_errors(), quiet.quiet_beam(settings["log_level"]):
        target = find_target(config.url)
        local_paths.check_folder(config.folder, RUN_FILE)
        with storage_errors(config.folder):
            loaded = load_folder(config, target)
    if settings["json"]:
        from pipeline.console import json_output

        printing.show(json_output.to_json(COMMAND.name, _facts(config, loaded)))
    else:
        printing.say("\n".join(_lines(config, loaded)))
    for id_, reason in loaded.counts.refused.examples:
        printing.say_error(f"beam-bert: not loaded: {id_!r}: {reason}")
    return 1 if loaded.counts.refused.rows else 0


def _facts(config: "LoadConfig", loaded: "LoadResult") -> dict[str, Any]:
    counts, spec = loaded.counts, loaded.spec
    return {
        "folder": config.folder,
        "url": config.url,
        "rows": counts.rows,
        "loaded": counts.written,
        "present": counts.present,
        "removed": counts.removed,
        "refused": dict(counts.refused.reasons),
        "others": counts.others,
        "pending": loaded.pending,
        "feature": spec.vector,
        "dtype": spec.dtype,
        "width": spec.width,
        "fields": [field.name for field in spec.fields],
    }


def _lines(config: "LoadConfig", loaded: "LoadResult") -> list[str]:
    counts, spec = loaded.counts, loaded.spec
    held = counts.rows - counts.refused.rows
    lines = [
        config.url,
        f"rows      {held:,} of {counts.rows:,}: {counts.written:,} loaded, {counts.present:,} "
        "were there",
        f"vectors   {spec.vector}, {spec.width:,} values of {spec.dtype}",
    ]
    if spec.fields:
        lines.append(f"fields    {', '.join(field.name for field in spec.fields)}")
    if counts.removed:
        lines.append(f"removed   {counts.removed:,} rows of earlier generations")
    lines += [f"refused   {count:,}: {reason}" for reason, count in counts.refused.reasons.items()]
    if counts.others:
        lines.append(f"others    {counts.others:,} rows are not of these parts")
    if loaded.pending:
        lines.append(
            f"pending   {loaded.pending:,} ranges of the input are not embedded yet: run load again"
        )
    return [*lines, *([f"note      {loaded.note}"] if loaded.note else [])]


FLAGS = (
    FOLDER,
    Flag(
        name="to",
        required=True,
        metavar="URL",
        help="the store and the table in it, such as postgresql://me@host/db?table=articles",
    ),
    Flag(
        name="feature", metavar="NAME", help="the vectors (default: sentence, else the job's first)"
    ),
    Flag(
        name="as",
        choices=(FLOAT32, FLOAT16),
        help="the type of the vectors in the store (default: that of the folder)",
    ),
    Flag(
        name="metric",
        default=COSINE,
        choices=METRICS,
        help="how a new collection compares vectors, in stores that fix it then",
    ),
    *select("log_level", "log_format", "json"),
)

COMMAND = Command(
    name="load",
    place=13,
    usage="DIR --to URL [FLAG...]",
    description="load the vectors of a job into a store that searches them",
    example="beam-bert load out --to 'postgresql://me@host/db?table=articles'",
    flags=FLAGS,
    run=run,
    interrupted="The rows that the store has stay; the same command loads the others",
)
