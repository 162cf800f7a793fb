"""The command that continues a job, or runs it again, made from its configuration."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.errors import UsageError
from pipeline.options import conversion, flags
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flag_row import ALWAYS, NEVER, Flag
from transforms.io import redaction

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions


def command_of(config: EmbedConfig, beam: "PipelineOptions | None" = None) -> list[str]:
    """Return the shortest `beam-bert embed` that makes a configuration, with Beam's flags.

    The command leaves out `--overwrite`, so that it continues the job. In the place of a secret it
    has `REDACTED`, which no command accepts: people pass run.json and reports around. It always
    names the features, whose default depends on the release, and engine, widths and size of
    batches, whose defaults depend on the machine.

    >>> from pipeline.options.embed_config import InputConfig
    >>> from transforms.sources.base import ReadConfig
    >>> documents = InputConfig(("a b.txt",), "auto", ReadConfig())
    >>> command_of(EmbedConfig(documents, "out"))[:6]
    ['beam-bert', 'embed', '--input', 'a b.txt', '--output', 'out']
    """
    settings = conversion.settings_from(config)
    rows = [row for row in flags.FLAGS if row.path and row.in_resume_command != NEVER]
    settings = {row.name: settings[row.name] for row in rows}
    command = ["beam-bert", "embed"]
    for row in rows:
        if row.in_resume_command == ALWAYS or _changes(row.name, settings):
            command += _words(row, settings[row.name])
    return command + (_beam_words(beam) if beam is not None else [])


def _changes(name: str, settings: Mapping[str, Any]) -> bool:
    """Return whether the configuration is another one without this flag."""
    others = {key: value for key, value in settings.items() if key != name}
    try:
        return _config_of(others) != _config_of(settings)
    except UsageError:
        return True


def _config_of(settings: Mapping[str, Any]) -> EmbedConfig:
    return conversion.embed_config(conversion.settings_of(settings))


def _words(row: Flag, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [row.option] if value else []
    if isinstance(value, list):
        return [row.option, *map(redaction.redact_url, value)]
    value = redaction.redact_url(str(value))
    # argparse would read a value that begins with a dash as a flag.
    return [f"{row.option}={value}"] if value.startswith("-") else [row.option, value]


def _beam_words(options: "PipelineOptions") -> list[str]:
    from pipeline.options import beam_flags

    return [
        word
        for name, value in options.get_all_options(drop_default=True).items()
        for word in beam_flags.as_words(name, value)
    ]
