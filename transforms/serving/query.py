"""Query: embed a few texts as a job embedded its documents."""

import importlib.util
import itertools
import os
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import numpy as np

from transforms.serving.query_settings import Embed, QuerySettings, Texts, read_settings


class Query:
    """A model that computes one feature of a job for texts.

    With OpenVINO, neither TensorFlow nor Beam is imported, and the model is loaded within two
    seconds. Without it, and for a model of which only the module's own graph computes the feature,
    TensorFlow runs the SavedModel of the folder, which takes longer to load.

    Several threads may call it at once.

    Attributes:
        feature: the feature that is computed.
        model_sha256: fingerprint of the module that the job used.
    """

    def __init__(self, folder: str | os.PathLike[str], feature: str | None = None) -> None:
        """Load the model.

        Args:
            folder: that `beam-bert export-serving` wrote.
            feature: a feature of documents that the job computed; may be left out if there is one.

        Raises:
            ValueError: the folder is not such a folder, a file of it is damaged, or the job did not
                compute the feature.
            OSError: a file cannot be read.
        """
        settings = read_settings(Path(folder))
        self.feature = _choose(feature, settings.embedding.of_documents)
        self.model_sha256 = settings.model
        self._texts = settings.texts
        self._embed = _load(Path(folder), settings, self.feature)

    def __call__(
        self, texts: Sequence[str], second_texts: Sequence[str] | None = None
    ) -> np.ndarray:
        """Embed texts.

        Args:
            texts: the texts.
            second_texts: the second text of each, for the model of a job over pairs.

        Returns:
            float32 [texts, width].

        Raises:
            ValueError: a text has no wordpieces, so that a job would reject it; or second texts are
                missing, or not expected.
            TypeError: the texts are not a sequence of `str`.
        """
        columns: Texts = (texts,) if second_texts is None else (texts, second_texts)
        _check_texts(columns, self._texts)
        return self._embed(columns)


def _load(folder: Path, settings: QuerySettings, feature: str) -> Embed:
    """Load what embeds texts; only the packages that it needs are imported."""
    if settings.encoder is not None and importlib.util.find_spec("openvino") is not None:
        from transforms.serving import plain_query

        return plain_query.load(folder, settings, settings.encoder, feature)
    from transforms.serving import saved_query

    return saved_query.load(folder, settings, feature)


def _choose(feature: str | None, features: Sequence[str]) -> str:
    names = ", ".join(features) or "none"
    if feature is None and len(features) == 1:
        return features[0]
    if feature is None:
        raise ValueError(f"`feature` is missing: the features of the job's documents are {names}")
    if feature not in features:
        raise ValueError(
            f"`feature` is {feature!r}: the features of the job's documents are {names}"
        )
    return feature


def _check_texts(columns: Texts, names: Sequence[str]) -> None:
    for column in columns:
        is_list = hasattr(column, "__len__") and not isinstance(column, str | bytes | Mapping | Set)
        if not is_list or not all(isinstance(text, str) for text in column):
            raise TypeError("the texts are a list of str")
    if len(columns) != len(names):
        raise ValueError(
            "the job was over pairs: give `second_texts`"
            if len(names) > 1
            else "the job was not over pairs: leave out `second_texts`"
        )
    if len({len(column) for column in columns}) > 1:
        raise ValueError("`second_texts` has another length than the texts: give one for each")
    for number, text in enumerate(itertools.chain(*columns)):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            place = number % len(columns[0])
            raise ValueError(f"text {place} cannot be encoded as UTF-8: {error.reason}") from error
