"""Find the module of a job, check its fingerprint, and check that it fits the flags."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.console import printing, quiet
from pipeline.errors import UsageError, input_errors
from pipeline.options.embed_config import EmbedConfig
from transforms import poolings
from transforms.bert import model_files, published_names
from transforms.caching.model_cache import CacheError
from transforms.checkpoints import imported_models, minilm
from transforms.checkpoints.checkpoint import UnstatedError
from transforms.features import FLOAT32, SENTENCE
from transforms.running.spans import span

if TYPE_CHECKING:
    from transforms.bert.module import BertModule


def find_folder(handle: str, level: str = "warning") -> Path:
    """Return the folder of a module; fetch it, or import a checkpoint, if necessary.

    Args:
        handle: see `imported_models.find`.
        level: of the lines that TensorFlow logs.

    Raises:
        UsageError: a checkpoint does not state a setting.
        ValueError: there is no usable module or checkpoint.
        OSError: a file cannot be read or written.
    """
    if "://" in handle:
        published_names.refuse_page(handle)
        quiet.import_tensorflow(level)
    found = imported_models.find(handle)
    if not found.is_ready:
        quiet.import_tensorflow(level)
        if not minilm.is_default(handle):
            printing.announce(f"importing {handle}, once, into {found.folder}")
    try:
        return found.make()
    except UnstatedError as error:
        # The setting is a flag of import-model, and not of the command that runs.
        message = str(error).replace(f"`{error.setting}`", f"--{error.setting}")
        raise UsageError(message) from error
    except CacheError:
        raise
    except ValueError as error:
        raise UsageError(str(error)) from error


def find_model(config: EmbedConfig) -> tuple[Path, str]:
    """Download the module if needed; return its folder and its fingerprint.

    Raises:
        UsageError: the module cannot be found, or has another fingerprint than the flags want.
    """
    with input_errors(), span("hash the model"):
        path = find_folder(config.model)
        fingerprint = model_files.fingerprint(path)
    if config.model_sha256 is not None and config.model_sha256.lower() != fingerprint:
        raise UsageError(
            f"--model_sha256 is {config.model_sha256}, but the module at {path} has {fingerprint}"
        )
    return path, fingerprint


def inspect_model(path: Path, config: EmbedConfig) -> "BertModule":
    """Read the description of the module; this imports TensorFlow.

    Raises:
        UsageError: the module is not a BERT, or does not fit the configuration.
    """
    with span("import TensorFlow"):
        quiet.import_tensorflow()
        from transforms.bert import loading
        from transforms.bert import module as modules

    try:
        with span("inspect the model"):
            module = modules.inspect(path)
        module.check_length(config.windows.max_seq_length)
        module.check_segments(pairs=config.input.read.pairs)
        module.check_features(config.features)
        _check_prompt(config, module)
        _check_rows(config, module)
        config.shaping.check_width(module.widths.smallest(config.features))
        config.compute.check_installed()
        with span("examine the model"):
            loading.check(module, module.outputs(config.features), config.compute)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return module


def _check_prompt(config: EmbedConfig, module: "BertModule") -> None:
    from transforms.wordpiece import prompts

    prompt = module.prompt_of(config.prompt, config.features)
    windows = config.windows_of_rows
    prompts.check_prompt(
        module, prompt, windows.max_seq_length, windows.stride, config.special_tokens
    )
    if prompt and config.input.read.pairs:
        raise ValueError(f"`prompt` is for documents of one text: {prompts.NO_PROMPT}")


def _check_rows(config: EmbedConfig, module: "BertModule") -> None:
    """Raise ValueError if documents cannot be cut into rows."""
    if not config.rows.are_windows:
        return
    from pipeline.options import job_rows
    from transforms.wordpiece import prompts

    config.rows.check_installed()
    prompt = module.prompt_of(config.prompt, config.features)
    prompts.check_prompt_of_windows(module, prompt, config.special_tokens)
    job_rows.text_rows(config, module)


def notes_on(config: EmbedConfig, module: "BertModule") -> list[str]:
    """Return what a user should know of a model and the features of a new job, in lines."""
    return [*_notes_on_graph(config, module), *_notes_on_sentence(config, module)]


def _notes_on_graph(config: EmbedConfig, module: "BertModule") -> list[str]:
    """Return a line if the module's own graph is run, and does not compute in float32."""
    from transforms.bert import graph_precision, loading

    if not loading.why_graph(module, module.outputs(config.features)):
        return []
    types = graph_precision.precisions_of_graph(module)
    if types in ((), (FLOAT32,)):
        return []
    return [
        f"--model {config.model}: its own graph is run, whose products are in "
        f"{' and '.join(types)}: its vectors are not those of float32"
    ]


def _notes_on_sentence(config: EmbedConfig, module: "BertModule") -> list[str]:
    if module.sentence is None:
        return []
    settings = module.sentence.settings
    trained = " and ".join(settings.poolings)
    notes = [
        f"--features {name}: the model was trained with {trained}; --features {SENTENCE} computes "
        "its own vectors"
        for name in config.features
        if name in poolings.names() and name not in settings.poolings
    ]
    default = module.prompt_of(None, config.features)
    if config.prompt is None and default:
        notes.append(
            f"each document is read after the model's default prompt, {default!r}: --prompt '' "
            "leaves it out"
        )
    longest, chosen = settings.max_seq_length, config.windows.max_seq_length
    if SENTENCE in config.features and longest is not None and longest != chosen:
        notes.append(
            f"--max_seq_length is {chosen}, and sentence-transformers cuts the model's input at "
            f"{longest}: longer documents get other vectors than there, and the same with "
            f"--max_seq_length {longest}"
        )
    return notes
