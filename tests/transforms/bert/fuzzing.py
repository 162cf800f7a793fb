"""Mutate the files of checkpoints, import them, and check what `import-model` promises.

    python -m tests.transforms.bert.fuzzing --files 20000

A mutated folder is a checkpoint that can be written as a module, or is refused by a ValueError of
one line that names the folder. No file may end this process, hang it or take much memory.
"""

import contextlib
import json
import random
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import tensor_bundle_pb2

from tests import fuzz_runs
from tests.conftest import make_checkpoint
from tests.mutations import mutate
from tests.transforms.checkpoints import checkpoint_files, garden_files
from tests.transforms.checkpoints.sentence_files import NORMALIZE, dense, write_sentence_model
from transforms.bert.sorted_table import read_table
from transforms.checkpoints import importing
from transforms.checkpoints.checkpoint_folders import read_checkpoint
from transforms.io.tfrecord_framing import masked_crc

# Of the folders that are read, each of this number is also written as a module, which takes long.
WRITTEN = 100
# More than this process may grow while it reads, whatever the files claim.

_PARAMS = {"task": {"model": {"encoder": {"type": "bert", "bert": {"num_layers": 1}}}}}
HOSTILE_VALUES: list[Any] = [
    *(0, -1, 2**31, 2**63, 10**18, 10**400, 1.5, 1e308, True, None, "", "16", "x" * 9000),
    *([], [16], {}, {"a": 1}, "gelu_new", 16, 2, "F16", "BF16", "F64", "I8", "BOOL", "F8_E4M3"),
    *([0, 2**63], [-1, 3], [2**62, 4], [16, 16], [0, 64], [0, 10**9], [1] * 70),
]
# Files of sentence-transformers, in one folder.
OF_SENTENCE = ("sentence/modules.json", "1_Pooling/config.json", "sentence_bert_config.json")
OF_SENTENCE += ("2_Dense/config.json", "2_Dense/model.safetensors")
OF_SENTENCE += ("config_sentence_transformers.json",)


class Folders:
    """A folder of either kind, which mutated files are put into.

    Attributes:
        paths: where each kind of file is.
    """

    def __init__(self, scratch: Path) -> None:
        checkpoint = make_checkpoint(layers=1)
        self._scratch = scratch
        hugging_face = checkpoint_files.write_hugging_face(scratch / "hugging_face", checkpoint)
        new = checkpoint_files.write_transformers_5(scratch / "transformers_5", checkpoint)
        google = checkpoint_files.write_google(scratch / "google_uncased", checkpoint)
        self.paths = {
            **{name: hugging_face / name for name in ("model.safetensors", "config.json")},
            **{name: hugging_face / name for name in ("vocab.txt", "tokenizer_config.json")},
            **{name: new / name for name in ("tokenizer.json", "special_tokens_map.json")},
            **{name: new / name for name in ("added_tokens.json", "modules.json")},
            "bert_config.json": google / "bert_config.json",
            "index": google / "bert_model.ckpt.index",
            "data": google / "bert_model.ckpt.data-00000-of-00001",
        }
        self.paths["tokenizer_config.json"].write_text(
            '{"do_lower_case": true, "strip_accents": null, "tokenizer_class": "BertTokenizer", '
            '"added_tokens_decoder": {"2": {"content": "[CLS]", "special": true}}}'
        )
        self.paths["special_tokens_map.json"].write_text(
            '{"cls_token": {"content": "[CLS]"}, "additional_special_tokens": ["[MASK]", "!"]}'
        )
        self.paths["added_tokens.json"].write_text('{"[CLS]": 2}')
        self.paths["modules.json"].write_text('[{"idx": 0, "path": "", "type": "Transformer"}]')
        sentence = write_sentence_model(
            scratch / "sentence",
            {"pooling_mode": ["cls", "mean"]},
            [dense(32, 4), NORMALIZE],
            prompts={"prompts": {"query": "a: ", "none": None}, "default_prompt_name": "query"},
        )
        self.paths |= {name: sentence / name.removeprefix("sentence/") for name in OF_SENTENCE}
        self._roots = dict.fromkeys(OF_SENTENCE, sentence)
        several, garden = scratch / "several_uncased", scratch / "garden_uncased"
        shutil.copytree(google, several)
        shutil.copy(several / "bert_model.ckpt.index", several / "model.ckpt-1.index")
        garden.mkdir()
        garden_files.write_garden(garden / "bert_model.ckpt-1", checkpoint)
        shutil.copy(google / "vocab.txt", garden)
        self.paths |= {"checkpoint": several / "checkpoint", "params.yaml": garden / "params.yaml"}
        self.paths["params.yaml"].write_text(yaml.safe_dump(_PARAMS))
        self._sound = {kind: path.read_bytes() for kind, path in self.paths.items()}

    @contextlib.contextmanager
    def mutated(self, kind: str, seed: int) -> Iterator[Path]:
        """Yield a folder with a mutated file of a kind."""
        chance = random.Random(f"{kind} {seed}")
        sound = self._sound[kind]
        change = _CHANGES.get(kind.rpartition(".")[2], _by_bytes)
        self.paths[kind].write_bytes(
            (change if chance.random() < 0.6 else _by_bytes)(sound, chance)
        )
        try:
            yield self._roots.get(kind, self.paths[kind].parent)
        finally:
            self.paths[kind].write_bytes(sound)

    def check(self, kind: str, seed: int) -> str:
        """Import a mutated folder; return what became of it.

        Raises:
            AssertionError: a promise is broken.
        """
        with self.mutated(kind, seed) as folder:
            try:
                checkpoint = read_checkpoint(folder)
            except ValueError as error:
                assert str(folder) in str(error), f"{error}"  # noqa: PT017
                assert len(str(error).splitlines()) == 1, f"{error}"  # noqa: PT017
                return "refused"
        if seed % WRITTEN == 0:
            shutil.rmtree(self._scratch / "module", ignore_errors=True)
            importing.write_module(checkpoint, self._scratch / "module")
        return "read"


def _by_bytes(data: bytes, chance: random.Random) -> bytes:
    return mutate(data, chance)[0]


def _by_values(data: bytes, chance: random.Random) -> bytes:
    """Give a JSON file a hostile value."""
    content = json.loads(data)
    _put(content[0] if isinstance(content, list) else content, chance)
    return json.dumps(content).encode()


def _by_settings(data: bytes, chance: random.Random) -> bytes:
    """Give a YAML file a hostile value; a JSON value is one of YAML too."""
    return _by_values(json.dumps(yaml.safe_load(data)).encode(), chance)


def _put(content: dict[str, Any], chance: random.Random) -> None:
    key = chance.choice(list(content))
    how = chance.randrange(8)
    if how == 0:
        del content[key]
    elif how == 1:
        content[chance.choice(["is_decoder", "position_embedding_type", "a.b"])] = content[key]
    elif isinstance(content[key], dict) and content[key] and how < 7:
        _put(content[key], chance)
    elif isinstance(content[key], list) and isinstance(content[key][0], dict) and how < 6:
        _put(chance.choice(content[key]), chance)
    else:
        content[key] = chance.choice(HOSTILE_VALUES)


def _by_header(data: bytes, chance: random.Random) -> bytes:
    """Give the header of a safetensors file a hostile value; its length stays right."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = _by_values(data[8:end], chance)
    length = len(header) if chance.random() < 0.9 else chance.choice([2**63, 2**32, 0, 10**8])
    return struct.pack("<Q", length) + header + data[end:]


def _by_entries(data: bytes, chance: random.Random) -> bytes:
    """Change entries of an index; its checksums stay right, as no damage leaves them."""
    entries = list(read_table(data))
    for _ in range(chance.randrange(1, 3)):
        place = chance.randrange(len(entries))
        key, value = entries[place]
        how = chance.randrange(6)
        if how == 0:
            entries[place] = (_by_bytes(key or b"\0", chance), value)
        elif how == 1:
            del entries[place]
        elif how == 2:
            entries.insert(place, entries[place])
        elif how == 3 and value:
            entries[place] = (key, _by_bytes(value, chance))
        else:
            entries[place] = (key, _entry(value, chance))
        if not entries:
            break
    return write_table(entries)


def _entry(value: bytes, chance: random.Random) -> bytes:
    """Change a field of a variable's entry."""
    entry = tensor_bundle_pb2.BundleEntryProto()
    with contextlib.suppress(DecodeError):
        # It may be changed already.
        entry.MergeFromString(value)
    number = chance.choice([-1, 0, 1, 2**31, 2**40, 2**62, 2**63 - 1, -(2**63)])
    how = chance.randrange(6)
    if how == 0:
        entry.size = number
    elif how == 1:
        entry.offset = number
    elif how == 2:
        entry.dtype = chance.choice([0, 3, 7, 11, 14, 19, 20, 21, 100, 999])  # type: ignore[assignment]
    elif how == 3:
        entry.shard_id = chance.choice([-1, 1, 99_999])
    else:
        entry.shape.dim.add(size=number)
    content: bytes = entry.SerializeToString()
    return content


def write_table(entries: list[tuple[bytes, bytes]], references: int = 1) -> bytes:
    """Write a sorted table of one block; see `sorted_table`.

    Args:
        entries: keys and values.
        references: how often the index lists the block; once is right.
    """
    block = _block(entries)
    empty = _block([])
    index = _block([(b"\xff", _varint(0) + _varint(len(block) - 5))] * references)
    places = _varint(len(block)) + _varint(len(empty) - 5)
    places += _varint(len(block) + len(empty)) + _varint(len(index) - 5)
    return block + empty + index + places.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def _block(entries: list[tuple[bytes, bytes]]) -> bytes:
    parts = [
        _varint(0) + _varint(len(key)) + _varint(len(value)) + key + value for key, value in entries
    ]
    content = b"".join(parts) + struct.pack("<II", 0, 1) + b"\0"
    return content + masked_crc(content)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


_CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "safetensors": _by_header,
    "json": _by_values,
    "yaml": _by_settings,
    "index": _by_entries,
}
KINDS = ("model.safetensors", "config.json", "tokenizer_config.json", "vocab.txt")
KINDS += ("tokenizer.json", "special_tokens_map.json", "added_tokens.json", "modules.json")
KINDS += ("bert_config.json", "index", "data", *OF_SENTENCE)
KINDS += ("checkpoint", "params.yaml")


@contextlib.contextmanager
def folders() -> Iterator[Folders]:
    """Make sound folders of both kinds, and delete them after the block."""
    with tempfile.TemporaryDirectory() as scratch:
        yield Folders(Path(scratch))


def main() -> None:
    """Check many files and print how they ended."""
    with folders() as sound:
        fuzz_runs.run(__doc__, KINDS, sound.check)


if __name__ == "__main__":
    main()
