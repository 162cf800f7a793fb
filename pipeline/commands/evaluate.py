"""`evaluate`: how well the vectors of a job find what people judged relevant, or similar."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.commands.search import FEATURE, MODEL, PROMPT, open_searcher
from pipeline.console import printing
from pipeline.console.command import Command
from pipeline.errors import UsageError, input_errors
from pipeline.options.flag_row import Flag
from pipeline.options.flag_steps import without_slash
from pipeline.options.flags import FOLDER
from pipeline.options.machine_flags import JSON, LOG_FORMAT

_RANKING, _PAIRS = ["queries", "qrels"], ["pairs"]


def run(words: Sequence[str]) -> int:
    """Print measures of a search, or correlations of pairs."""
    settings = COMMAND.parse(words)
    settings["folder"] = without_slash(settings["folder"])
    given = [name for name in (*_RANKING, *_PAIRS) if settings[name] is not None]
    if given not in (_RANKING, _PAIRS):
        raise UsageError("give --queries and --qrels, or --pairs alone")
    with input_errors():
        facts, lines = _of_ranking(settings) if given == _RANKING else _of_pairs(settings)
    if settings["json"]:
        from pipeline.console import json_output

        printing.show(json_output.to_json(COMMAND.name, {"folder": settings["folder"], **facts}))
    else:
        for line in lines:
            printing.say(line)
    return 0


def _of_ranking(settings: dict[str, Any]) -> tuple[dict[str, Any], Iterator[str]]:
    from pipeline.evaluation import figures_text, ranking, relevance_file
    from pipeline.search import query_file

    measures = ranking.measures_at(settings["at"])
    queries = query_file.read_queries(settings["queries"])
    judgments = relevance_file.read_judgments(settings["qrels"])
    searcher = open_searcher(settings)
    figures = ranking.evaluate(searcher, queries, judgments, measures)
    of_model = {"feature": searcher.feature, "prompt": searcher.prompt}
    return of_model | dataclasses.asdict(figures), figures_text.of_ranking(figures)


def _of_pairs(settings: dict[str, Any]) -> tuple[dict[str, Any], Iterator[str]]:
    from pipeline.evaluation import figures_text, pair_file, similarity
    from pipeline.output.open_job import open_job
    from pipeline.search import query_model, searcher
    from pipeline.search.query_model import QueryConfig

    pairs = pair_file.read_pairs(settings["pairs"])
    job = open_job(settings["folder"])
    feature = settings["feature"] or searcher.default_feature(job)
    # Both texts of a pair are embedded as the documents of the job.
    config = QueryConfig(feature, settings["prompt"], "", settings["model"])
    model = query_model.load(job, config, printing.announce)
    figures = similarity.evaluate_pairs(model, pairs)
    of_model = {"feature": feature, "prompt": model.prompt}
    return of_model | dataclasses.asdict(figures), figures_text.of_pairs(figures)


COMMAND = Command(
    name="evaluate",
    place=12,
    usage="DIR --queries FILE --qrels FILE [FLAG...] | DIR --pairs FILE [FLAG...]",
    description="measure how well the vectors of a job find the documents that people judged "
    "relevant, or how well they agree with people on the similarity of pairs",
    example="beam-bert evaluate out --queries queries.jsonl --qrels qrels/test.tsv",
    flags=(
        FOLDER,
        Flag(
            name="queries",
            metavar="FILE",
            help="queries as JSON Lines with _id and text, the layout of BEIR; or one in each "
            "line, with its number as id",
        ),
        Flag(
            name="qrels",
            metavar="FILE",
            help="judgments, with tabs between the id of a query, the id of a document and the "
            "relevance; from 1 on a document is relevant",
        ),
        Flag(
            name="at",
            value_type=tuple,
            metavar="K,K",
            help="compute all measures over the first K documents (default: nDCG@10, Recall@10, "
            "Recall@100, MRR@10 and MAP@1000)",
        ),
        Flag(
            name="pairs",
            metavar="FILE",
            help="instead of a search: pairs of texts and the similarity that people see, with "
            "tabs between them, or JSON Lines with text1, text2 and score",
        ),
        FEATURE,
        dataclasses.replace(
            PROMPT,
            help=f"{PROMPT.help.removesuffix(')')}; with --pairs the prompt of the job)",
        ),
        MODEL,
        LOG_FORMAT,
        JSON,
    ),
    run=run,
)
