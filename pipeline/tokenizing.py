"""Tokenize documents as the model would read them, without running the model."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf

from pipeline.errors import JobError
from pipeline.graphs import texts_to_wordpieces
from pipeline.inputs import field_types, plan, prepare, stdin
from pipeline.options.embed_config import InputConfig
from transforms import escaping, rejects
from transforms.bert.module import BertModule
from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import SPLIT
from transforms.documents import ID, REASON, header_of
from transforms.features import FIELDS_OF_TOKENS, INPUT_IDS, OFFSETS, SEGMENT_IDS
from transforms.groups.read_split import SourceError, open_split, read_split
from transforms.rejects import Reason
from transforms.templates.field_places import FieldPlaces, has_places, places_of
from transforms.templates.token_fields import locate
from transforms.wordpiece.preprocessing import Tensors, WordpieceConfig, model_inputs
from transforms.wordpiece.prompts import check_prompt
from transforms.wordpiece.special_tokens import first_text_is_empty


class TokenizedPart(NamedTuple):
    """The lines of the documents of a part.

    Attributes:
        lines: JSON Lines, `{"id", "input_ids", "tokens", "offsets"}`, with `segment_ids` for pairs
            and `token_fields` for texts of several fields; empty if every document was rejected.
        rejected: one JSON line for each rejected document,
            `{"id", "source", "position", "reason", "detail"}`.
    """

    lines: bytes
    rejected: list[str]


def tokenize(
    config: InputConfig,
    module: BertModule,
    max_seq_length: int | None,
    prompt: str | None = None,
    special_tokens: str = SPLIT,
) -> Iterator[TokenizedPart]:
    """Tokenize documents in corpus order.

    Args:
        config: the input; the glob `-` is the standard input, which is read to its end before the
            first part is yielded.
        module: provides the vocabulary and the casing.
        max_seq_length: largest number of tokens of a document; None truncates nothing.
        prompt: what is put before each document; see `BertModule.prompt_of`.
        special_tokens: whether special tokens in texts are `split` into words, or `keep`.

    Raises:
        ValueError: the length has no room for a wordpiece, or is more than the model has.
        UsageError: the input matches nothing, lacks fields, or its format does not support the
            flags.
        JobError: at the end, if a file was damaged or could not be read; what could be read was
            yielded.
    """
    if max_seq_length is not None:
        module.check_length(max_seq_length)
    text = module.prompt_of(prompt, ())
    check_prompt(module, text, max_seq_length, special_tokens=special_tokens)
    wordpieces = texts_to_wordpieces(
        config.read,
        module,
        max_seq_length,
        keep_tokens=True,
        prompt=text,
        special_tokens=special_tokens,
    )
    inputs = _graph(wordpieces, module.vocabulary)
    as_json = pa.array([_json(token) for token in module.vocabulary.tokens], pa.large_string())
    damaged: dict[str, None] = {}
    unread: list[str] = []
    for part in _parts(config, unread):
        columns = {name: part.column(name).to_pylist() for name in wordpieces.texts}
        texts = {name: tf.constant(column, tf.string) for name, column in columns.items()}
        tokens = inputs(texts)
        if has_places(part):
            tokens |= _in_fields(tokens, places_of(part))
        segment_ids = tokens[SEGMENT_IDS]
        empty = first_text_is_empty(segment_ids.flat_values.numpy(), segment_ids.row_splits.numpy())
        part = rejects.reject(part, empty, Reason.EMPTY, rejects.NOTHING_LEFT)
        if not wordpieces.pairs:
            del tokens[SEGMENT_IDS]
        lines = to_json_lines(part.column(ID).to_pylist(), tokens, as_json)
        accepted = lines.filter(part.column(REASON).is_null())
        source = header_of(part).source
        yield TokenizedPart(_joined(accepted), list(rejects.reject_lines(part, source)))
        for path in rejects.files_with(part, Reason.UNREADABLE):
            damaged[escaping.one_line(path)] = None
    problems = [f"damaged and read only in part: {', '.join(damaged)}"] if damaged else []
    problems += [f"{len(unread)} could not be read: {'; '.join(unread[:3])}"] if unread else []
    if problems:
        raise JobError("\n".join(problems))


def _graph(config: WordpieceConfig, vocabulary: Vocabulary) -> Callable[[Tensors], Tensors]:
    """Return a function, traced once, that computes only what is printed."""
    signature = {name: tf.TensorSpec([None], tf.string) for name in config.texts}
    whole = model_inputs(config, vocabulary)

    def printed(texts: Tensors) -> Tensors:
        inputs = whole(texts)
        return {name: inputs[name] for name in (INPUT_IDS, SEGMENT_IDS, OFFSETS)}

    graph: Callable[[Tensors], Tensors] = tf.function(printed, input_signature=[signature])
    return graph


def _in_fields(inputs: Tensors, places: FieldPlaces) -> Tensors:
    """Return the fields of tokens, and their offsets in the values of these."""
    offsets = inputs[OFFSETS].flat_values.numpy().reshape(-1, 2)
    segments = inputs[SEGMENT_IDS]
    rows = segments.value_rowids().numpy()
    found = locate(offsets, segments.flat_values.numpy(), rows, places)
    return {
        OFFSETS: inputs[OFFSETS].with_flat_values(found.offsets.reshape(-1)),
        FIELDS_OF_TOKENS: segments.with_flat_values(found.fields),
    }


def _parts(config: InputConfig, unread: list[str]) -> Iterator[pa.RecordBatch]:
    """Read all parts; add a line to `unread` for each split that could not be read."""
    with stdin.take(config.globs) as pipe:
        splits, left_out = plan.plan_input(config, pipe, {})
        prepare.announce_left_out(left_out)
        typed = field_types.with_types(config, splits)
        for split in splits:
            try:
                with contextlib.closing(open_split(split)) as stream:
                    yield from read_split(split, stream, typed.read, run_fingerprint="")
            except SourceError as error:
                unread.append(escaping.one_line(error))


def to_json_lines(
    ids: Sequence[str], inputs: Tensors, tokens_as_json: pa.LargeStringArray
) -> pa.LargeStringArray:
    """Write documents as JSON Lines, column by column.

    Args:
        ids: of the documents.
        inputs: as `model_inputs` returns them: `input_ids`, `offsets`, and `segment_ids` and
            `token_fields` if they are to be written.
        tokens_as_json: the JSON of each wordpiece, by id.

    Returns:
        one line for each document, with its line end.
    """
    input_ids = inputs[INPUT_IDS].flat_values.numpy()
    splits = inputs[INPUT_IDS].row_splits.numpy()
    offsets = inputs[OFFSETS].flat_values.numpy().reshape(-1, 2)
    columns = {
        "input_ids": _digits(input_ids),
        "tokens": tokens_as_json.take(pa.array(input_ids)),
        "offsets": _glue("[", _digits(offsets[:, 0]), ",", _digits(offsets[:, 1]), "]"),
    }
    for name in (SEGMENT_IDS, FIELDS_OF_TOKENS):
        if name in inputs:
            columns[name] = _digits(inputs[name].flat_values.numpy())
    fields: list[pa.Array | str] = ['{"id":', pa.array(map(_json, ids), pa.large_string())]
    for name, values in columns.items():
        of_documents = pa.LargeListArray.from_arrays(splits, values)
        fields += [f',"{name}":[', pc.binary_join(of_documents, _text(",")), "]"]
    return _glue(*fields, "}\n")


def _joined(lines: pa.LargeStringArray) -> bytes:
    whole = pa.LargeListArray.from_arrays([0, len(lines)], lines)
    return bytes(pc.binary_join(whole, _text(""))[0].as_buffer())


def _json(text: str) -> str:
    return escaping.one_line(orjson.dumps(text).decode())


def _digits(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers).cast(pa.large_string())


def _glue(*pieces: pa.Array | str) -> pa.Array:
    """Concatenate columns and constant texts row by row."""
    columns = [_text(piece) if isinstance(piece, str) else piece for piece in pieces]
    return pc.binary_join_element_wise(*columns, _text(""))


def _text(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())
