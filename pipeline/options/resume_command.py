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
    whole = _config_of(settings)
    command = ["beam-bert", "embed"]
    for row in rows:
        if row.in_resume_command == ALWAYS or _changes(row, settings, whole):
            command += _words(row, settings[row.name])
    return command + (_beam_words(beam) if beam is not None else [])


def _changes(row: Flag, settings: Mapping[str, Any], whole: EmbedConfig | None) -> bool:
    """Return whether the configuration, which is `whole` with all flags, is another without one."""
    value = settings[row.name]
    if whole is not None and type(value) is type(row.default) and value == row.default:
        # So are most flags of most jobs, and a configuration takes a millisecond to build.
        return False
    others = {name: other for name, other in settings.items() if name != row.name}
    return whole is None or _config_of(others) != whole


def _config_of(settings: Mapping[str, Any]) -> EmbedConfig | None:
    """Return the configuration of flags; None if there is none."""
    try:
        return conversion.embed_config(conversion.settings_of(settings))
    except UsageError:
        return None


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
