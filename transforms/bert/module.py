"""A BERT module, described from its files.

Only the protocol buffers and the index of the variables are read: no graph is run and no weights
are loaded, so that a module that cannot be used is refused within a second.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from transforms.bert import model_files
from transforms.bert.graph_interface import GraphInterface
from transforms.bert.interface_check import read_interface
from transforms.bert.kept_settings import KEPT_SETTINGS, KeptSettings, read_kept_settings
from transforms.bert.meta_graph import choose_graph, read_saved_model
from transforms.bert.module_settings import read_casing, read_shape, read_vocabulary
from transforms.bert.output_spec import OutputSpec
from transforms.bert.savedmodel_check import check_operations
from transforms.bert.sentence_head import SentenceHead, read_head
from transforms.bert.shape import BertShape
from transforms.bert.vocabulary import SPECIAL_TOKENS, Vocabulary
from transforms.bert.wordpiece_rules import KEEP, WordpieceRules
from transforms.features import DEFAULT, DOCUMENT_FEATURES, POOLED_OUTPUT, SENTENCE, layers_of
from transforms.vector_widths import VectorWidths

_SEGMENTS_OF_PAIRS = 2


@dataclasses.dataclass(frozen=True)
class BertModule:
    """A module that this program can run.

    Attributes:
        path: its folder.
        fingerprint: sha256 over its files.
        format: `TF1 Hub module` or `TF2 SavedModel`.
        tags: tags of each of its graphs.
        signatures: names of the signatures of the graph that is run.
        shape: sizes, read from its variables.
        interface: how its graph is called, and what it returns.
        kept: what `import-model` kept beside the graph.
        rules: how texts are treated before wordpieces are looked up.
        vocabulary: its wordpieces, from its assets folder.
        sentence: how the vector of a sentence is computed; None if it does not say.
    """

    path: Path
    fingerprint: str
    format: str
    tags: tuple[tuple[str, ...], ...]
    signatures: tuple[str, ...]
    shape: BertShape
    interface: GraphInterface
    kept: KeptSettings
    rules: WordpieceRules
    vocabulary: Vocabulary
    sentence: SentenceHead | None = None

    def __post_init__(self) -> None:
        size = len(self.vocabulary.tokens)
        if size != self.shape.vocab_size:
            raise ValueError(
                f"`model` {self.path}: its vocabulary has {size} wordpieces, its variables have "
                f"{self.shape.vocab_size}; the vocabulary is not the one it was trained with"
            )
        added = (*self.rules.added_tokens, *self.rules.normalized_tokens)
        special = next((token for token in added if token in SPECIAL_TOKENS), None)
        if special:
            raise ValueError(f"`model` {self.path}: its tokenizer adds {special}, a special token")
        try:
            self.vocabulary.ids_of(added)
        except ValueError as error:
            raise ValueError(f"`model` {self.path}: {error}, which its tokenizer adds") from None

    @property
    def widths(self) -> VectorWidths:
        """The widths of its vectors."""
        hidden_size = self.shape.hidden_size
        own = {DEFAULT: self.interface.outputs.default_width or hidden_size}
        if self.sentence is not None:
            own[SENTENCE] = self.sentence.settings.width(hidden_size)
        return VectorWidths(
            hidden_size, {name: width for name, width in own.items() if width != hidden_size}
        )

    @property
    def positions(self) -> int:
        """The longest input."""
        return self.interface.length or self.shape.positions

    @property
    def sentence_poolings(self) -> tuple[str, ...]:
        """The poolings that the vector of a sentence is computed from; empty if it has none."""
        return () if self.sentence is None else self.sentence.settings.poolings

    def prompt_of(self, prompt: str | None, features: Sequence[str]) -> str:
        """Return the text that is put before each document.

        Args:
            prompt: a text, or the name of one of the model's prompts; None for its default prompt
                with the feature `sentence`, else for no prompt.
            features: that are requested.
        """
        if self.sentence is None:
            return prompt or ""
        settings = self.sentence.settings
        if prompt is None:
            prompt = settings.default_prompt if SENTENCE in features else None
        return settings.prompts.get(prompt or "", prompt or "")

    def outputs(self, features: Sequence[str]) -> OutputSpec:
        """Return the outputs of the encoder that features need."""
        return OutputSpec.of(features, self.sentence_poolings)

    def rules_with(self, special_tokens: str) -> WordpieceRules:
        """Return its rules, by which special tokens in a text are `split` or `keep`."""
        if special_tokens == KEEP:
            return self.rules.with_special_tokens(self.vocabulary)
        return self.rules

    def check_length(self, max_seq_length: int) -> None:
        """Raise ValueError if inputs are longer than the model's."""
        if max_seq_length > self.positions:
            raise ValueError(
                f"`max_seq_length` is {max_seq_length}, the model has {self.positions} positions: "
                f"give {self.positions} or less"
            )

    def check_segments(self, *, pairs: bool) -> None:
        """Raise ValueError if inputs are pairs and the model has no segment for the second text."""
        if pairs and self.shape.segments < _SEGMENTS_OF_PAIRS:
            raise ValueError(
                f"`model` {self.path}: its table of segments has {self.shape.segments} row, and "
                "pairs need 2: leave out `text_b_field` and `pair_separator`"
            )

    def check_features(self, features: Sequence[str]) -> None:
        """Raise ValueError if the module does not have one of these features."""
        self.check_layers(layers_of(features))
        for name, reason in self._lacking.items():
            if name in features:
                raise ValueError(
                    f"`model` {self.path}: it has no `{name}`: {reason}; its `features` of "
                    f"documents are {', '.join(self.document_features)}"
                )

    @property
    def document_features(self) -> tuple[str, ...]:
        """The features of documents that it serves."""
        return tuple(name for name in DOCUMENT_FEATURES if name not in self._lacking)

    @property
    def _lacking(self) -> dict[str, str]:
        """Why it lacks a feature, by the feature."""
        outputs, lacking = self.interface.outputs, {}
        if outputs.pooled is None:
            lacking[POOLED_OUTPUT] = "it has no pooler"
        if outputs.default is None:
            lacking[DEFAULT] = "its graph has no output of that name with one vector a document"
        if self.sentence is None:
            lacking[SENTENCE] = (
                self.kept.no_sentence or "the module does not say how it was trained to pool"
            )
        return lacking

    def check_layers(self, layers: Sequence[int]) -> None:
        """Raise ValueError if the model lacks one of these layers, counted from the last."""
        if min(layers, default=-1) < -self.shape.layers:
            raise ValueError(
                f"`features` asks for layer {min(layers)}, the model has {self.shape.layers}: give "
                f"-1 to -{self.shape.layers}"
            )


def inspect(path: Path, sha256: str | None = None) -> BertModule:
    """Describe a module.

    Args:
        path: its folder; see `model_files.fetch_module`.
        sha256: the expected fingerprint.

    Raises:
        ValueError: it is not a module of BERT, has another fingerprint, has operations that are
            not allowed, or its parts do not fit together.
    """
    fingerprint = model_files.fingerprint(path)
    if sha256 is not None and sha256.lower() != fingerprint:
        raise ValueError(f"`model_sha256` is {sha256}, but {path} has {fingerprint}")
    saved_model = read_saved_model(path)
    check_operations(saved_model, f"`model` {path}")
    graph = choose_graph(saved_model, path)
    signatures = graph.meta_graph.signature_def
    kept = read_kept_settings(path)
    shape = read_shape(path, graph, kept.heads)
    interface = read_interface(graph, path, shape)
    # Without the graph's vectors there is nothing to compare a rebuilt pooler with.
    has_pooler = shape.pooler and interface.outputs.pooled is not None
    return BertModule(
        path=path,
        fingerprint=fingerprint,
        format=graph.format,
        tags=tuple(tuple(sorted(meta.meta_info_def.tags)) for meta in saved_model.meta_graphs),
        signatures=tuple(sorted(name for name in signatures if not name.startswith("__"))),
        shape=dataclasses.replace(shape, pooler=has_pooler),
        interface=interface,
        kept=kept,
        rules=_rules(kept, read_casing(path, graph), path),
        vocabulary=read_vocabulary(path, graph.meta_graph),
        sentence=_sentence(kept, path, shape.hidden_size),
    )


def _sentence(kept: KeptSettings, path: Path, hidden_size: int) -> SentenceHead | None:
    if kept.sentence is None:
        return None
    try:
        return read_head(path, kept.sentence, hidden_size)
    except ValueError as error:
        raise ValueError(f"`model` {path}: {error}") from error


def _rules(kept: KeptSettings, do_lower_case: bool, path: Path) -> WordpieceRules:
    """Return the kept rules, or those of the graph's casing.

    Raises:
        ValueError: they disagree about the casing.
    """
    if kept.rules is None:
        return WordpieceRules.of_casing(do_lower_case)
    if kept.rules.do_lower_case != do_lower_case:
        raise ValueError(
            f"`model` {path}: its graph has do_lower_case {do_lower_case}, and its "
            f"{KEPT_SETTINGS} has {kept.rules.do_lower_case}"
        )
    return kept.rules
