"""The command that goes on with a job, or does it again, made from its configuration."""

import argparse
import re
from collections.abc import Iterator, Mapping
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.errors import UsageError
from pipeline.options import embed_config, flag_values
from pipeline.options.embed_config import EmbedConfig

_NAMES_OF_LIMITS = ("rejected", "truncated", "unknown")
# Beam's flags for these have no business in a file that is passed around.
_SECRET = re.compile(r"secret|password|token|credential|access_key")


def command_of(config: EmbedConfig, beam: PipelineOptions | None = None) -> list[str]:
    """Give the shortest `beam-bert embed` that makes a configuration, and Beam's flags.

    `--overwrite` is left out, so that the command continues; of Beam's flags, those that hold a
    secret. The engine is always named: `auto` is another one on another machine.

    >>> from transforms.sources.base import ReadConfig
    >>> given = embed_config.InputConfig(("a b.txt",), "auto", ReadConfig())
    >>> command_of(EmbedConfig(given, "out"))[:6]
    ['beam-bert', 'embed', '--input', 'a b.txt', '--output', 'out']
    """
    settings = _settings(config)
    needed = {name: value for name, value in settings.items() if _decides(name, settings)}
    command = ["beam-bert", "embed"]
    for name, value in needed.items():
        command += _as_flag(name, value)
    return command + (_beams(beam) if beam is not None else [])


def _settings(config: EmbedConfig) -> dict[str, Any]:
    """Give the value of every flag, by its name, as the command line would have it."""
    told = {name.removeprefix("--"): value for name, value in config.identity().items()}
    for name in ("features", "keep_fields"):
        told[name] = ",".join(told[name])
    limits = {f"max_{name}": getattr(config.limits, name) for name in _NAMES_OF_LIMITS}
    settings = {"input": told.pop("input"), "output": config.output}
    return {
        **settings,
        "model": config.model,
        "model_sha256": config.model_sha256,
        **told,
        "tokens_per_batch": config.batching.tokens_per_batch,
        "min_cosine": config.min_cosine,
        "max_output_gb": config.max_output_gb,
        **limits,
    }


def _decides(name: str, settings: Mapping[str, Any]) -> bool:
    """Whether without this flag another configuration would be made."""
    if name in ("input", "output", "engine"):
        return True
    others = {key: value for key, value in settings.items() if key != name}
    try:
        return _made(others) != _made(settings)
    except UsageError:
        return True


def _made(settings: Mapping[str, Any]) -> EmbedConfig:
    return embed_config.embed_config(flag_values.namespace_of(settings))


def _as_flag(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}"] if value else []
    if isinstance(value, list):
        return [f"--{name}", *value]
    # What begins with a dash would be taken for a flag of its own.
    return [f"--{name}={value}"] if str(value).startswith("-") else [f"--{name}", str(value)]


def _beams(given: PipelineOptions) -> list[str]:
    told = given.get_all_options(drop_default=True)
    return [
        flag
        for name, value in told.items()
        if not _SECRET.search(name)
        for flag in _beam_flags(name, value)
    ]


def _beam_flags(name: str, value: Any) -> Iterator[str]:
    """Write a flag of Beam's as its parsers take it."""
    several = value if isinstance(value, list) else [value]
    for action in _beam_actions(name):
        if action.nargs == 0 and action.const == value:
            yield action.option_strings[0]
            return
    yield from (f"--{name}={one}" for one in several)


def _beam_actions(name: str) -> list[argparse.Action]:
    parser = argparse.ArgumentParser(conflict_handler="resolve", add_help=False)
    for subclass in PipelineOptions.__subclasses__():
        subclass._add_argparse_args(parser)
    return [action for action in parser._actions if action.dest == name]
