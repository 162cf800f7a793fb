"""What to do with the published name or address of a model where no network leads to it."""

import re
from pathlib import Path

from transforms.io.redaction import redact_url

# google/bert_multi_cased_L-12_H-768_A-12/1
_NAME_AT_HUB = re.compile(r"[\w-]+(/[\w.-]+)+/\d+")
# bert-base-uncased, BAAI/bge-small-en
_NAME_AT_HUGGING_FACE = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")
_PAGE_AT_HUGGING_FACE = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([^?#]+)")
_ARCHIVE = "module.tar.gz"
# The query by which TF Hub asks for an archive.
_COMPRESSED = "tf-hub-format=compressed"


def remedy_for_name(name: str) -> str:
    """Return a line on how a model is given whose published name was given for a path.

    Args:
        name: a path that does not exist.

    Returns:
        the line, after the end of the line before; empty if this is no published name.
    """
    if Path(name).parts[:1] and Path(Path(name).parts[0]).exists():
        return ""
    if _NAME_AT_HUB.fullmatch(name):
        url = f"https://tfhub.dev/{name}"
        return f".\nIf this is a name at TF Hub, the module is {url}. {_by_archive(url)}"
    if _NAME_AT_HUGGING_FACE.fullmatch(name):
        return f".\nIf this is a name at Hugging Face, {_by_folder(name)}"
    return ""


def remedy_for_address(url: str) -> str:
    """Return a line on how the module of an https:// address gets to a machine without a network.

    Returns:
        the line, after the end of the line before; empty for addresses of other kinds.
    """
    if not url.startswith(("https://", "http://")):
        return ""
    return f".\n{_by_archive(url)}"


def refuse_page(url: str) -> None:
    """Raise ValueError for the address of a page of Hugging Face, which is no module."""
    page = _PAGE_AT_HUGGING_FACE.match(url)
    if page:
        name = "/".join(page[1].strip("/").split("/")[:2])
        raise ValueError(
            f"{redact_url(url)} is a page of Hugging Face, and no module.\n"
            f"For its model, {_by_folder(name)}"
        )


def _by_archive(url: str) -> str:
    """Return how to fetch a module as TF Hub's library does."""
    asked = f"{url}{'&' if '?' in url else '?'}{_COMPRESSED}"
    address = url if url.endswith((".tar.gz", ".tgz")) else asked
    return (
        f"Without a network here, run curl -fL -o {_ARCHIVE} '{redact_url(address)}' on another "
        f"machine, and give {_ARCHIVE}"
    )


def _by_folder(name: str) -> str:
    """Return how to fetch a model of Hugging Face."""
    folder = name.rpartition("/")[2]
    return (
        f"run hf download {name} --local-dir {folder}, here or on another machine, and give the "
        f"folder {folder}, or the module that import-model {folder} DEST makes of it"
    )
