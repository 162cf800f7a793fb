"""BertEmbeddings as a transform of Beam YAML; see docs/pipelines.md for the `providers` entry."""

from collections.abc import Mapping
from typing import Any

import apache_beam as beam

from transforms.elements.bert_embeddings import BertEmbeddings


class YamlBertEmbeddings(beam.PTransform):
    """Add vectors to rows; the parameters are those of `BertEmbeddings`, and `error_handling`.

    Without `error_handling`, a row that cannot be embedded fails the pipeline, as in Beam's
    transforms. With `error_handling: {output: NAME}`, such rows go to that output, with `reason`
    and `detail` (https://beam.apache.org/documentation/sdks/yaml-errors/).
    """

    def __init__(self, error_handling: Mapping[str, str] | None = None, **settings: Any) -> None:
        super().__init__()
        if error_handling is not None and set(error_handling) != {"output"}:
            raise ValueError("error_handling takes output, the name of the rejected rows' output")
        self._rejected_output = None if error_handling is None else error_handling["output"]
        self._embeddings = BertEmbeddings(**settings)

    def expand(self, rows: beam.PCollection[Any]) -> Any:
        if self._rejected_output is None:
            return rows | "BertEmbeddings" >> self._embeddings
        outputs = rows | "BertEmbeddings" >> self._embeddings.with_exception_handling()
        return {"good": outputs.embedded, self._rejected_output: outputs.rejected}
