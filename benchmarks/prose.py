"""Write a random corpus of paragraphs and questions, the same in every call, without TensorFlow.

    python -m benchmarks.prose 4000 corpus.txt

writes 4,000 different documents, one per line. Their sentences are from the English articles in
`samples/`. A paragraph has one to nine random sentences, and three documents of ten are questions
about a sentence. The order is random too, so the first documents are a sample of all.
"""

import argparse
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path

_ARTICLES = Path(__file__).parents[1] / "samples" / "articles.jsonl"
_SHARE_OF_QUESTIONS = 0.3
# The weights of paragraphs with one sentence, two sentences, and so on.
_SENTENCES = (14, 10, 5, 3, 2, 2, 2, 1, 1)
_OPENINGS = (
    "",
    "Page seven. ",
    "From our readers: ",
    "My uncle writes: ",
    "Here is what I noted down. ",
    "To begin with, a small thing. ",
    "This was on the radio last night: ",
    "I found it in an old school book. ",
)
_QUESTIONS = (
    "Is it true that {}?",
    "Why is it that {}?",
    "Who was the first to notice that {}?",
    "Since when do people say that {}?",
    "What would change if it were not so that {}?",
    "How would you explain to a child that {}?",
    "Where can I read more about this: {}?",
    "Does anyone know whether {}, or is that only a story?",
    "My neighbour says that {}. Is she right?",
    "If {}, what should one do about it, and how long does that take?",
    "{}: really?",
    "Can somebody tell me what is meant by this sentence: {}?",
    "I have always been told that {}, but is there any proof of it?",
)


def main() -> None:
    """Write a corpus."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("documents", type=int)
    parser.add_argument("path", type=Path)
    arguments = parser.parse_args()
    write_lines(arguments.path, draw_documents(arguments.documents))


def write_lines(path: Path, documents: Sequence[str]) -> None:
    """Write a line per document."""
    path.write_text("\n".join(documents) + "\n", "utf-8")


def draw_documents(count: int) -> list[str]:
    """Draw different paragraphs and questions."""
    draw = random.Random(count)  # noqa: S311  (not for secrets)
    sentences = _sentences()
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        question = draw.random() < _SHARE_OF_QUESTIONS
        document = _question(draw, sentences) if question else _paragraph(draw, sentences)
        drawn[draw.choice(_OPENINGS) + document] = None
    documents = list(drawn)
    # All short documents are drawn early, so the order must be shuffled.
    draw.shuffle(documents)
    return documents


def _sentences() -> list[str]:
    articles = map(json.loads, _ARTICLES.read_text("utf-8").splitlines())
    texts = (article["text"] for article in articles if article["language"] == "en")
    split = (re.split(r"(?<=[.!?])\s+", text) for text in texts)
    return [sentence for group in split for sentence in group if sentence[-1] == "."]


def _question(draw: random.Random, sentences: Sequence[str]) -> str:
    statement = draw.choice(sentences).rstrip(".")
    question = draw.choice(_QUESTIONS).format(statement[0].lower() + statement[1:])
    return question[0].upper() + question[1:]


def _paragraph(draw: random.Random, sentences: Sequence[str]) -> str:
    size = draw.choices(range(1, len(_SENTENCES) + 1), _SENTENCES)[0]
    return " ".join(draw.sample(sentences, size))


if __name__ == "__main__":
    main()
