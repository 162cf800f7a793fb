"""The settings of BertEmbeddings and BertModelHandler."""

import dataclasses

from transforms.batching.batches import BatchingConfig
from transforms.batching.windows import WindowConfig
from transforms.bert.compute import (
    AUTO,
    PRECISIONS,
    ComputeConfig,
    default_length_group,
    default_tokens_per_batch,
    fastest,
)
from transforms.bert.module import BertModule
from transforms.bert.wordpiece_rules import SPLIT, check_special_tokens
from transforms.embedding.embed import EmbeddingConfig
from transforms.features import FLOAT32, MEAN, TOKEN_FEATURES, check_features, name_of
from transforms.records.postprocess import Shaping
from transforms.sources.base import ReadConfig
from transforms.wordpiece.preprocessing import WordpieceConfig
from transforms.wordpiece.prompts import sentence_from
from transforms.wordpiece.special_tokens import check_max_seq_length


@dataclasses.dataclass(frozen=True)
class TextConfig:
    """What is computed for texts, and how; names and meanings are those of the flags of `embed`.

    Attributes:
        features: some of `features.FEATURES`.
        text_field, text_b_field: the fields with the texts, for elements that have fields.
        max_seq_length: positions of the longest input.
        window_stride: wordpieces between the starts of windows, for texts that are longer; 0
            truncates them.
        prompt: what is put before each text; see `BertModule.prompt_of`.
        normalize, truncate_dim: how vectors of documents are changed.
        special_tokens: whether a special token in a text, such as [MASK], is split into words or
            is that token: `split` or `keep`.
        engine: `auto` for the fastest engine on this machine.
        precision: of the model's matrix products; not `auto`, which needs a corpus.
        tokens_per_batch: positions computed at once; None for the engine's default.
    """

    features: tuple[str, ...] = (MEAN,)
    text_field: str = "text"
    text_b_field: str | None = None
    max_seq_length: int = 128
    window_stride: int = 0
    prompt: str | None = None
    normalize: bool = False
    truncate_dim: int | None = None
    special_tokens: str = SPLIT
    engine: str = AUTO
    precision: str = FLOAT32
    tokens_per_batch: int | None = None

    def __post_init__(self) -> None:
        check_features(self.features)
        check_special_tokens(self.special_tokens)
        check_max_seq_length(self.max_seq_length, self.read.pairs)
        if self.window_stride and self.read.pairs:
            raise ValueError("`window_stride` is for documents of one text: leave it out")
        if self.precision == AUTO:
            raise ValueError(
                f"`precision` {AUTO} compares vectors of a corpus, which a step does not have: "
                f"give {' or '.join(PRECISIONS)}"
            )
        # Each of these checks its fields.
        _ = self.compute, self.windows, self.shaping
        taken = set(self.names) & {self.text_field, self.text_b_field}
        if taken:
            raise ValueError(f"a text field has the name of a feature, {taken.pop()!r}: rename it")

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names in embedded elements."""
        return tuple(map(name_of, self.features))

    def check_one_vector(self) -> None:
        """Refuse features that do not give one vector for each text.

        Raises:
            ValueError: `features` has several, or a feature of tokens.
        """
        if len(self.features) != 1 or self.names[0] in TOKEN_FEATURES:
            raise ValueError(
                f"`features` is {','.join(self.features)}, but a dense embedding is one vector: "
                "give one feature of documents, such as mean"
            )

    @property
    def read(self) -> ReadConfig:
        """Which fields contain texts."""
        return ReadConfig(text_field=self.text_field, text_b_field=self.text_b_field)

    @property
    def windows(self) -> WindowConfig:
        """How texts longer than the model's input are cut."""
        return WindowConfig(self.max_seq_length, self.window_stride)

    @property
    def shaping(self) -> Shaping:
        """How vectors of documents are changed."""
        return Shaping(self.truncate_dim, self.normalize)

    @property
    def compute(self) -> ComputeConfig:
        """The engine and its precision."""
        engine = fastest() if self.engine == AUTO else self.engine
        return ComputeConfig(engine, self.precision)

    def wordpieces(self, module: BertModule) -> WordpieceConfig:
        """Return how texts become wordpieces of a module."""
        return WordpieceConfig(
            max_seq_length=None if self.window_stride else self.max_seq_length,
            rules=module.rules_with(self.special_tokens),
            pairs=self.read.pairs,
            prompt=module.prompt_of(self.prompt, self.features),
        )

    def embedding(self, module: BertModule) -> EmbeddingConfig:
        """Return what is computed for wordpieces of a module."""
        positions = self.tokens_per_batch
        if positions is None:
            positions = default_tokens_per_batch(self.compute.engine)
        return EmbeddingConfig(
            features=self.features,
            windows=self.windows,
            batching=BatchingConfig(
                positions, length_group=default_length_group(self.compute.engine)
            ),
            pad_id=module.vocabulary.pad_id,
            shaping=self.shaping,
            own_widths=module.widths.of_documents,
            sentence_poolings=module.sentence_poolings,
            sentence_from=sentence_from(
                module, module.prompt_of(self.prompt, self.features), self.special_tokens
            ),
        )
