"""A corpus like XQuAD: paragraphs with titles in the languages of its translations, some odd.

The texts are random words, so that no two windows are alike, and the same in every run.
"""

import collections
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.conftest import make_checkpoint
from transforms.checkpoints import importing
from transforms.rejects import Reason

DOCUMENTS = 20_000
# Positions of the model; most paragraphs are longer.
POSITIONS = 48
_SPACED = {
    "ar": "الماء في المدينة كان على نهر كبير ثم قال من هذا",
    "de": "die Stadt am Fluss war groß und der Schnee fiel über Brücken",
    "el": "η πόλη στο ποτάμι ήταν μεγάλη και το χιόνι έπεσε",
    "en": "the city by the river was large and snow fell over bridges",
    "es": "la ciudad junto al río era grande y la nieve cayó",
    "hi": "शहर नदी के पास था और बड़ा पुल बर्फ में",
    "ro": "orașul de lângă râu era mare și zăpada cădea peste poduri",
    "ru": "город у реки был большой и снег падал на мосты",
    "tr": "nehrin yanındaki şehir büyüktü ve kar köprülere yağdı",
    "vi": "thành phố bên sông rất lớn và tuyết rơi trên cầu",
}
# Scripts without spaces; a word here is some characters.
_JOINED = {"th": "เมือง ริม แม่น้ำ ใหญ่ มาก หิมะ ตก บน สะพาน", "zh": "城市 河边 很大 雪 落 在 桥上 人们"}
_WORDS = {language: np.array(text.split()) for language, text in (_SPACED | _JOINED).items()}
_MARKS = np.array([".", ",", "।", "。", "؟", "!"])
# Of 400 documents in turn, these are odd.
_ODD = {7: Reason.EMPTY, 107: Reason.EMPTY, 207: Reason.NOT_UTF8, 307: Reason.WRONG_TYPE}
_EVERY = 400
_HUGE, _HUGE_BYTES = 1234, 17 << 20
_LONG = range(5, DOCUMENTS, 4_000)


def rejected() -> dict[str, int]:
    """Return the number of documents that are rejected, by reason."""
    counts = collections.Counter(
        _ODD[number % _EVERY].value for number in range(DOCUMENTS) if number % _EVERY in _ODD
    )
    return {**counts, Reason.TOO_LARGE.value: 1}


def queries() -> list[str]:
    """Return a text in each language."""
    random = np.random.default_rng(1)
    return [_text(random, language, 12) for language in _WORDS]


def write_corpus(folder: Path) -> list[str]:
    """Write five files, one of them compressed; return their paths."""
    folder.mkdir()
    lines = list(_lines())
    paths = []
    for number in range(5):
        content = b"".join(lines[number::5])
        path = folder / f"part-{number}.jsonl{'.gz' * (number == 4)}"
        path.write_bytes(gzip.compress(content, 1, mtime=0) if number == 4 else content)
        paths.append(str(path))
    return paths


def write_model(folder: Path) -> Path:
    """Write a small model that knows the words of the corpus."""
    words = {word for of_language in _WORDS.values() for word in of_language.tolist()}
    letters = {letter for word in words for letter in word} | set("0123456789")
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    pieces = {*words, *letters, *(f"##{letter}" for letter in letters), *_MARKS.tolist()}
    checkpoint = make_checkpoint(
        (*special, *sorted(pieces)), do_lower_case=False, sizes={"positions": POSITIONS}
    )
    importing.write_module(checkpoint, folder)
    return folder


def _lines() -> Iterator[bytes]:
    random = np.random.default_rng(0)
    languages = list(_WORDS)
    for number in range(DOCUMENTS):
        language = languages[number % len(languages)]
        size = 3_000 if number in _LONG else int(random.integers(3, 90))
        row = {
            "id": f"{language}/{number}",
            "title": f"{_WORDS[language][number % 7]} {number // 100}",
            "language": language,
            "text": f"{_text(random, language, size)} {number}",
        }
        yield _odd(number, row)


def _odd(number: int, row: dict[str, str]) -> bytes:
    """Return the line of a document; of some, with a text that is none."""
    if number == _HUGE:
        row["text"] = "a " * (_HUGE_BYTES // 2)
    if number % _EVERY == 7:
        row["text"] = ""
    if number % _EVERY == 107:
        row["text"] = " \u200b\n\t"
    if number % _EVERY == 307:
        return json.dumps(row | {"text": number}).encode() + b"\n"
    line = json.dumps(row, ensure_ascii=number % 2 == 0).encode()
    if number % _EVERY == 207:
        line = line.replace(b'"text": "', b'"text": "\xff\xc3')
    return line + b"\n"


def _text(random: np.random.Generator, language: str, words: int) -> str:
    """Return words with marks between some of them, in paragraphs."""
    chosen = random.choice(_WORDS[language], words)
    ends = np.where(random.random(words) < 0.1, random.choice(_MARKS, words), "")
    gaps = np.where(random.random(words) < 0.02, "\n\n", "" if language in _JOINED else " ")
    return "".join(f"{word}{end}{gap}" for word, end, gap in zip(chosen, ends, gaps, strict=True))
