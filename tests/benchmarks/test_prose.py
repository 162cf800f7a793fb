from benchmarks import prose


def test_documents_are_distinct_lines_and_the_same_in_every_call() -> None:
    documents = prose.draw_documents(2000)
    assert len(documents) == len(set(documents)) == 2000
    assert all(document == document.strip() and document for document in documents)
    assert len("\n".join(documents).splitlines()) == 2000
    assert prose.draw_documents(2000) == documents


def test_there_are_paragraphs_and_questions_of_very_different_lengths() -> None:
    documents = prose.draw_documents(2000)
    questions = sum("?" in document for document in documents) / len(documents)
    words = sorted(len(document.split()) for document in documents)
    assert 0.2 < questions < 0.5
    assert words[len(words) // 20] < 20
    assert words[-len(words) // 20] > 100


def test_the_first_documents_are_as_long_as_all() -> None:
    lengths = [len(document.split()) for document in prose.draw_documents(4000)]
    first = lengths[:1000]
    assert abs(sum(first) / len(first) / (sum(lengths) / len(lengths)) - 1) < 0.1
