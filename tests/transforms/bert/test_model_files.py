import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.bert.packed_modules import archive, write_module
from transforms.bert import archives, model_files, published_names


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEAM_BERT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_fingerprint_depends_on_paths_and_bytes_only(tmp_path: Path) -> None:
    one = write_module(tmp_path / "one")
    two = shutil.copytree(one, tmp_path / "deep/two")
    os.utime(two / "saved_model.pb", (1, 1))
    base = model_files.fingerprint(one)
    assert model_files.fingerprint(two) == base
    (two / "saved_model.pb").write_bytes(b"grapH")
    assert model_files.fingerprint(two) != base
    (one / "saved_model.pb").rename(one / "saved_model.pbtxt")
    assert model_files.fingerprint(one) != base


@pytest.mark.parametrize("prefix", ["", "./", "module/"])
def test_an_archive_is_unpacked_once_into_the_cache(
    tmp_path: Path, cache: Path, prefix: str
) -> None:
    packed = archive(tmp_path / "m.tar.gz", prefix=prefix)
    unpacked = model_files.fetch_module(str(packed))
    assert cache in unpacked.parents
    assert model_files.fingerprint(unpacked) == model_files.fingerprint(
        write_module(tmp_path / "m")
    )
    (unpacked / "mark").touch()
    assert (model_files.fetch_module(str(packed)) / "mark").exists()


def test_a_module_with_a_linked_folder_has_no_fingerprint(tmp_path: Path) -> None:
    module = write_module(tmp_path / "m")
    (module / "variables").rename(tmp_path / "elsewhere")
    (module / "variables").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="m: variables is a link: put the folder in its place"):
        model_files.fingerprint(module)


def test_a_link_to_a_file_is_hashed_as_the_file(tmp_path: Path) -> None:
    module = write_module(tmp_path / "m")
    base = model_files.fingerprint(module)
    (module / "saved_model.pb").rename(tmp_path / "elsewhere")
    (module / "saved_model.pb").symlink_to(tmp_path / "elsewhere")
    assert model_files.fingerprint(module) == base
    (tmp_path / "elsewhere").write_bytes(b"other")
    assert model_files.fingerprint(module) != base


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no such folder or \.tar\.gz"):
        model_files.fetch_module(str(tmp_path / "none"))
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="no such folder"):
        model_files.fetch_module(str(tmp_path / "file"))


@pytest.mark.parametrize(
    ("handle", "remedy"),
    [
        (
            "google/bert_multi_cased_L-12_H-768_A-12/1",
            "the module is https://tfhub.dev/google/bert_multi_cased_L-12_H-768_A-12/1. Without a "
            "network here, run curl -fL -o module.tar.gz 'https://tfhub.dev/google/bert_multi_"
            "cased_L-12_H-768_A-12/1?tf-hub-format=compressed' on another machine",
        ),
        ("bert-base-uncased", "run hf download bert-base-uncased --local-dir bert-base-uncased,"),
        (
            "BAAI/bge-small-en",
            "run hf download BAAI/bge-small-en --local-dir bge-small-en, here or",
        ),
        ("BAAI/bge-small-en", "or the module that import-model bge-small-en DEST makes of it"),
        ("models/bge-small-en", None),
        ("/models/bge-small-en/1", None),
    ],
)
def test_a_published_name_is_refused_with_the_remedy(
    handle: str, remedy: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    with pytest.raises(ValueError, match=f"^`model` {handle}: there is no such folder") as caught:
        model_files.fetch_module(handle)
    lines = str(caught.value).splitlines()
    assert len(lines) == (1 if remedy is None else 2)
    assert remedy is None or remedy in lines[1]


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://h.invalid/google/b/1", "'https://h.invalid/google/b/1?tf-hub-format=compressed'"),
        ("https://h.invalid/b?v=1", "'https://h.invalid/b?v=1&tf-hub-format=compressed'"),
        ("https://h.invalid/b.tar.gz", "'https://h.invalid/b.tar.gz'"),
        ("https://me:hush@h.invalid/b.tar.gz", "@h.invalid/b.tar.gz'"),
        ("gs://bucket/b", None),
    ],
)
def test_an_address_that_no_network_leads_to_has_a_remedy(url: str, asked: str | None) -> None:
    remedy = published_names.remedy_for_address(url)
    assert "hush" not in remedy
    assert remedy == "" if asked is None else asked in remedy


@pytest.mark.parametrize("page", ["bert-base-uncased", "BAAI/bge-small-en/tree/main?x=1"])
def test_a_page_of_hugging_face_is_refused_before_anything_is_fetched(page: str) -> None:
    name = "BAAI/bge-small-en" if "/" in page else page
    with pytest.raises(ValueError, match=f"a page of Hugging Face.*\n.*hf download {name} --"):
        model_files.fetch_module(f"https://huggingface.co/{page}")


def test_a_remote_folder_is_copied_into_the_cache(tmp_path: Path, cache: Path) -> None:
    remote = write_module(tmp_path / "bucket")
    copied = model_files._copy_remote(str(remote))
    assert cache in copied.parents
    assert model_files.fingerprint(copied) == model_files.fingerprint(remote)
    with pytest.raises(ValueError, match="cannot be fetched"):
        model_files.fetch_module("file:///nowhere/at/all")


def test_two_processes_may_unpack_one_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = archive(tmp_path / "m.tar.gz")
    extract = archives._extract

    def overtaken(tar: tarfile.TarFile, scratch: Path, most: int) -> None:
        monkeypatch.setattr(archives, "_extract", extract)
        model_files.unpack_into_cache(packed)
        extract(tar, scratch, most)

    monkeypatch.setattr(archives, "_extract", overtaken)
    unpacked = model_files.unpack_into_cache(packed)
    assert model_files.fingerprint(unpacked) == model_files.fingerprint(
        write_module(tmp_path / "m")
    )


trees = st.dictionaries(
    st.sampled_from(["a", "b", "c/a", "c/b", "d.e"]), st.binary(max_size=3), max_size=4
)


@settings(deadline=None, max_examples=50)
@given(trees, trees)
def test_equal_files_have_equal_fingerprints(one: dict, two: dict) -> None:
    with tempfile.TemporaryDirectory() as base:
        for place, tree in (("x/y", one), ("z", two)):
            Path(base, place).mkdir(parents=True)
            for name, content in tree.items():
                Path(base, place, name).parent.mkdir(exist_ok=True)
                Path(base, place, name).write_bytes(content)
        same = model_files.fingerprint(Path(base, "x/y")) == model_files.fingerprint(
            Path(base, "z")
        )
    assert same == (one == two)
