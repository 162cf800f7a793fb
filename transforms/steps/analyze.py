"""AnalyzeParts: learn the lengths of a sample of documents, and save the transform."""

import dataclasses

import apache_beam as beam
import pyarrow as pa
import tensorflow_transform.beam as tft_beam

from transforms.bert.vocabulary import Vocabulary
from transforms.rows.text_rows import TextRows
from transforms.tokenize import MakeRows, adapter_config, texts_only
from transforms.wordpiece.preprocessing import WordpieceConfig, preprocessing_fn


@dataclasses.dataclass
class AnalyzeParts(beam.PTransform):
    """Run tf.Transform's analysis over parts of documents.

    Attributes:
        config: how texts become wordpieces.
        vocabulary: of the model.
        folder: transform_fn/ and transformed_metadata/ are written here.
        temporary: a folder that the launcher and the workers can write.
        rows: how rows are made of documents; None if they are the documents.
    """

    config: WordpieceConfig
    vocabulary: Vocabulary
    folder: str
    temporary: str
    rows: TextRows | None = None

    def expand(self, parts: beam.PCollection[pa.RecordBatch]) -> beam.pvalue.PDone:
        names = self.config.texts
        if self.rows is not None and not self.rows.are_documents:
            parts = parts | "MakeRows" >> MakeRows(self.rows)
        texts = parts | "TakeTexts" >> beam.Map(texts_only, names)
        with tft_beam.Context(temp_dir=self.temporary):
            transform_fn = (texts, adapter_config(names, others=())) | "Analyze" >> (
                tft_beam.AnalyzeDataset(preprocessing_fn(self.config, self.vocabulary))
            )
        written: beam.pvalue.PDone = transform_fn | "Save" >> tft_beam.WriteTransformFn(self.folder)
        return written
