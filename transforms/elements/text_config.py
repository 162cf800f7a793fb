"""What is computed of texts that stand in somebody else's pipeline."""

import dataclasses

from transforms.batching.batches import BatchingConfig
from transforms.batching.windows import WindowConfig
from transforms.bert.compute import AUTO, ComputeConfig, default_tokens_per_batch, fastest
from transforms.bert.module import BertModule
from transforms.embedding.embed import EmbeddingConfig
from transforms.features import FLOAT32, MEAN, check_features, name_of
from transforms.records.postprocess import Shaping
from transforms.sources.base import ReadConfig
from transforms.wordpiece.preprocessing import WordpieceConfig
from transforms.wordpiece.special_tokens import check_max_seq_length


@dataclasses.dataclass(frozen=True)
class TextConfig:
    """What is computed of texts, and how; each is named and means as the flag of `embed`.

    Attributes:
        features: some of `features.FEATURES`.
        text_field, text_b_field: of elements that have fields.
        max_seq_length, window_stride: positions of the longest input, and how longer texts are
            read.
        normalize, truncate_dim: of vectors of documents.
        engine: `auto` for the fastest of this machine.
        precision: of the model's products.
        tokens_per_batch: positions computed at once; None for what suits the engine.
    """

    features: tuple[str, ...] = (MEAN,)
    text_field: str = "text"
    text_b_field: str | None = None
    max_seq_length: int = 128
    window_stride: int = 0
    normalize: bool = False
    truncate_dim: int | None = None
    engine: str = AUTO
    precision: str = FLOAT32
    tokens_per_batch: int | None = None

    def __post_init__(self) -> None:
        check_features(self.features)
        check_max_seq_length(self.max_seq_length, self.read.pairs)
        if self.window_stride and self.read.pairs:
            raise ValueError("window_stride is for documents of one text: leave it out")
        _ = self.compute, self.windows, self.shaping
        taken = set(self.names) & {self.text_field, self.text_b_field}
        if taken:
            raise ValueError(f"a field of texts is named {taken.pop()!r}, as a feature: rename it")

    @property
    def names(self) -> tuple[str, ...]:
        """The features, as they are named beside elements."""
        return tuple(map(name_of, self.features))

    @property
    def read(self) -> ReadConfig:
        """Which fields hold texts."""
        return ReadConfig(text_field=self.text_field, text_b_field=self.text_b_field)

    @property
    def windows(self) -> WindowConfig:
        """How texts are cut that are longer than the model reads."""
        return WindowConfig(self.max_seq_length, self.window_stride)

    @property
    def shaping(self) -> Shaping:
        """What is done to vectors of documents."""
        return Shaping(self.truncate_dim, self.normalize)

    @property
    def compute(self) -> ComputeConfig:
        """By which engine, and how exactly."""
        engine = fastest() if self.engine == AUTO else self.engine
        return ComputeConfig(engine, self.precision)

    def wordpieces(self, module: BertModule) -> WordpieceConfig:
        """Tell how texts become wordpieces of a module."""
        return WordpieceConfig(
            max_seq_length=None if self.window_stride else self.max_seq_length,
            do_lower_case=module.do_lower_case,
            pairs=self.read.pairs,
        )

    def embedding(self, pad_id: int = 0) -> EmbeddingConfig:
        """Tell what is computed of wordpieces."""
        positions = self.tokens_per_batch
        if positions is None:
            positions = default_tokens_per_batch(self.compute.engine)
        return EmbeddingConfig(
            features=self.features,
            windows=self.windows,
            batching=BatchingConfig(positions),
            pad_id=pad_id,
            shaping=self.shaping,
        )
