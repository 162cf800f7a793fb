"""`search`: the documents of a job that are nearest to a text."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import UsageError, input_errors
from pipeline.options.flag_row import Flag
from pipeline.options.flag_steps import without_slash
from pipeline.options.flags import FOLDER, select
from pipeline.options.machine_flags import JSON, LOG_FORMAT

if TYPE_CHECKING:
    from pipeline.search.query_file import QueryText
    from pipeline.search.searcher import Hit, Searcher

_MODEL, _PROMPT = select("model", "prompt")
FEATURE = Flag(
    name="feature",
    metavar="NAME",
    help="the vectors to compare (default: sentence if the job has it, else its first feature of "
    "documents)",
)
MODEL = dataclasses.replace(
    _MODEL, default=None, group="", help="the module of the job, if it was moved"
)
PROMPT = dataclasses.replace(
    _PROMPT,
    group="",
    help="text, or the name of one of the model's prompts, that is put before each query (default: "
    "the model's prompt named query, else the prompt of the job)",
)


def run(words: Sequence[str]) -> int:
    """Print the nearest documents to each query."""
    settings = COMMAND.parse(words)
    if settings["k"] < 1:
        raise UsageError(f"-k is {settings['k']}; give 1 or more")
    if bool(settings["text"]) == bool(settings["queries"]):
        raise UsageError("give either texts after the folder, or a file of them with --queries")
    with input_errors():
        for query, hits in _search(settings):
            _show(query, hits, settings)
    return 0


def _search(settings: dict[str, Any]) -> "Iterator[tuple[QueryText, list[Hit]]]":
    from pipeline.search import query_file

    if settings["queries"]:
        queries = query_file.read_queries(settings["queries"])
    else:
        queries = query_file.of_texts(settings["text"])
    searcher = open_searcher(settings)
    vectors = query_file.embed(queries, searcher.embed)
    return zip(queries, searcher.nearest(vectors, settings["k"]), strict=True)


def open_searcher(settings: Mapping[str, Any]) -> "Searcher":
    """Open the job that a command line names, and print what a user should know of its vectors."""
    from pipeline.search.searcher import Searcher

    searcher = Searcher(
        without_slash(settings["folder"]),
        settings["feature"],
        prompt=settings["prompt"],
        model=settings["model"],
        announce=printing.announce,
    )
    for note in searcher.notes:
        printing.say_error(f"beam-bert: {note}")
    return searcher


def _show(query: "QueryText", hits: "Sequence[Hit]", settings: dict[str, Any]) -> None:
    from pipeline.console import json_output
    from pipeline.search import hit_text

    if settings["json"]:
        printing.show(json_output.to_json_line(COMMAND.name, hit_text.to_fields(query, hits)))
        return
    if settings["queries"] or len(settings["text"]) > 1:
        printing.show(f"{query.id}: {query.text}")
    for line in hit_text.to_lines(hits):
        printing.show(line)


COMMAND = Command(
    name="search",
    place=11,
    usage="DIR TEXT... [FLAG...]",
    description="print the documents of a job that are nearest to a text, by the cosines of all of "
    "its vectors",
    example="beam-bert search out 'how is bread baked?' -k 3",
    flags=(
        FOLDER,
        Flag(
            name="text",
            value_type=list,
            positional=True,
            metavar="TEXT",
            help="what to search for",
        ),
        Flag(name="k", value_type=int, default=10, metavar="K", help="number of documents"),
        Flag(
            name="queries",
            metavar="FILE",
            help="search for the texts of this file instead: one in each line, or JSON Lines with "
            "_id and text",
        ),
        FEATURE,
        PROMPT,
        MODEL,
        LOG_FORMAT,
        JSON,
    ),
    run=run,
)
