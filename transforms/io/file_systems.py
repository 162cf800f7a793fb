"""Beam's file systems: they are imported when a remote file is used, or a file is written."""

import importlib.util
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from transforms.io.watching import describe

if TYPE_CHECKING:
    from apache_beam.io.filesystems import FileSystems

# The extra of this package that installs the file system of a scheme.
_EXTRAS = {"gs": "gcp", "hdfs": "hadoop", "s3": "aws"}
# The package that Beam's file system of a scheme imports.
_PACKAGES = {"azfs": "azure", "gs": "google.cloud", "hdfs": "hdfs", "s3": "boto3"}
# Paths of this machine have no scheme; Beam would take it for a folder.
_FILE_SCHEME = "file://"


def file_systems() -> "type[FileSystems]":
    """Return Beam's file systems, which are imported only for remote files and for writing."""
    from apache_beam.io import filesystems

    systems: type[FileSystems] = filesystems.FileSystems
    return systems


def set_default_options(paths: Iterable[str]) -> None:
    """Set default options of Beam's file systems if a path is remote, unless they have options.

    A pipeline sets its options for them. A program that only reads files sets none; remote file
    systems then take their settings from the environment.
    """
    if not any("://" in path for path in paths):
        return
    from apache_beam.options.pipeline_options import PipelineOptions

    systems = file_systems()
    if systems._pipeline_options is None:
        systems.set_options(PipelineOptions([]))


def require_file_system(path: str) -> None:
    """Check that the file system of a path is installed and usable.

    Raises:
        ValueError: it is not; the message names what is missing.
    """
    if path.startswith(_FILE_SCHEME):
        inside = path.removeprefix(_FILE_SCHEME)
        raise ValueError(f"name the path itself, {inside}, without {_FILE_SCHEME}")
    if "://" not in path:
        return
    if reason := missing_package(path):
        raise ValueError(reason)
    from apache_beam.io.filesystem import BeamIOError

    try:
        file_systems().get_filesystem(path)
    except (ValueError, BeamIOError) as error:
        raise ValueError(_missing_file_system(path.partition("://")[0], error)) from error


def missing_package(path: str) -> str:
    """Say why no file system of a path can be there, as far as packages decide; else empty.

    This does not import Beam. Where Beam is imported, others may have added file systems to it.
    """
    scheme = path.partition("://")[0]
    package = _PACKAGES.get(scheme)
    if package is None:
        is_open = "apache_beam" in sys.modules or path.startswith(_FILE_SCHEME)
        return "" if is_open else f"there is no file system for {scheme}://"
    if importlib.util.find_spec(package.partition(".")[0]) and importlib.util.find_spec(package):
        return ""
    return _needs_extra(scheme)


def _missing_file_system(scheme: str, error: Exception) -> str:
    reason = describe(error)
    if not re.search("Unable to get filesystem|Failed to import", reason):
        return reason
    return _needs_extra(scheme)


def _needs_extra(scheme: str) -> str:
    if scheme in _EXTRAS:
        return f'{scheme}:// needs pip install "beam-bert[{_EXTRAS[scheme]}]"'
    return f"there is no file system for {scheme}://"
