from tests.transforms.parts import make_tokenized
from transforms.embedding.embed import EmbeddingConfig
from transforms.encode import EncodeConfig
from transforms.rows.text_rows import TextRows
from transforms.sources.base import ReadConfig
from transforms.steps.build_repeat_table import TableConfig, _HashDocuments
from transforms.vector_widths import VectorWidths

ENCODE = EncodeConfig("model", "", EmbeddingConfig(("mean",)))
TABLE = TableConfig("out", "", ReadConfig(), TextRows(), ENCODE, VectorWidths(3, {}), 9)


def test_a_part_whose_documents_are_all_rejected_has_no_digests() -> None:
    hashing = _HashDocuments(TABLE)
    assert list(hashing.process(make_tokenized([None, None]))) == []
    ((_, (_, digests)),) = hashing.process(make_tokenized([[2, 5, 3], None, [2, 5, 3]]))
    assert len(digests) == 16
