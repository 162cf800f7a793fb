"""The program `beam-bert`, also `python -m pipeline`.

    beam-bert embed --input 'corpus/*.jsonl' --id_field id --output out

leaves out/ with pooled/, sequence/, rejected/, receipts/, run.json, plan.jsonl and manifest.json.
TensorFlow and Beam are imported only by the commands that need them.
"""

import contextlib
import dataclasses
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.console import overview, parser
from pipeline.errors import JobError, UsageError
from pipeline.estimate import pricing
from pipeline.options import flags
from transforms import escaping

_HELP, _VERSION = ("-h", "--help"), ("-V", "--version")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 done; 1 the work did not end well; 2 wrong usage or input.
    """
    arguments = _helped(list(sys.argv[1:] if arguments is None else arguments))
    problem = _fill_closed_streams() or _not_utf8(arguments)
    if problem:
        return _fail(2, problem)
    if not arguments or arguments[0] in (*_HELP, *_VERSION):
        versions = bool(arguments) and arguments[0] in _VERSION
        print(overview.version() if versions else overview.overview())
        return 0 if arguments else 2
    command, *rest = arguments
    if command not in _COMMANDS:
        otherwise = f"there are {', '.join(_COMMANDS)}"
        known = (*_COMMANDS, "--help", "--version")
        remedy = parser.did_you_mean(command, known, otherwise)
        return _fail(2, f"there is no command {command!r}; {remedy}")
    _end_like_ctrl_c_at_sigterm()
    try:
        return _COMMANDS[command](rest)
    except UsageError as error:
        return _fail(2, str(error))
    except JobError as error:
        return _fail(1, str(error))
    except KeyboardInterrupt as interrupt:
        number = interrupt.args[0] if interrupt.args else signal.SIGINT
        return _fail(128 + number, "interrupted; what is done stays, the same command continues")
    except BrokenPipeError:
        # The reader of our output went away; nothing more can be printed, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _helped(arguments: list[str]) -> list[str]:
    """Take `help`, and `help COMMAND`, for what they would be as a flag."""
    return [*arguments[1:2], "--help"] if arguments[:1] == ["help"] else arguments


def _end_like_ctrl_c_at_sigterm() -> None:
    """Have what is under way cleared away; only a main thread may ask for it."""

    def interrupt(number: int, _: object) -> None:
        raise KeyboardInterrupt(number)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)


def _fill_closed_streams() -> str | None:
    """Give what is closed to nowhere, lest the next file opened get what libraries print."""
    if sys.stdout is None:
        return "the standard output is closed; send it to a file, or to /dev/null"
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stderr = sys.stderr or os.fdopen(os.dup(2), "w")
    return None


def _not_utf8(arguments: Sequence[str]) -> str | None:
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            return f"{argument!r} is not UTF-8: give text, or rename the file"
    return None


def _fail(status: int, message: str) -> int:
    message = escaping.lines(flags.name_flags(message))
    print(parser.red("beam-bert:"), message, file=sys.stderr)
    return status


def _say(text: str) -> None:
    print(escaping.lines(text))


def _embed(arguments: Sequence[str]) -> int:
    ours, beams = _parse_embed("embed", arguments)
    from pipeline.options import embed_config

    config = embed_config.embed_config(ours)
    beam_options = embed_config.beam_options(beams)
    from pipeline import drawn_job, progress, result

    summary, problem = drawn_job.embed(config, beam_options, progress.watch, ours.log_level)
    _say(result.to_text(summary))
    if problem:
        problem = escaping.one_line(flags.name_flags(problem))
        print(f"beam-bert: {problem}", file=sys.stderr)
    return 0


def _plan(arguments: Sequence[str]) -> int:
    started = time.monotonic()
    ours, beams = _parse_embed("plan", arguments, pricing.add_plan_flags)
    from pipeline.console import quiet
    from pipeline.options import embed_config

    with _input_errors():
        machine = pricing.machine_config(
            *(ours.machine, ours.machine_tokens_per_second, ours.machine_price, ours.machines)
        )
    config = embed_config.embed_config(ours)
    embed_config.beam_options(beams)
    quiet.import_tensorflow(ours.log_level)
    from pipeline.estimate import forecast, forecast_text

    with _input_errors():
        _say(forecast_text.to_text(forecast.forecast(config, started), machine))
    return 0


def _status(arguments: Sequence[str]) -> int:
    folder = _parse("status", flags.add_folder_flags, arguments).folder
    from pipeline import status

    with _input_errors():
        _say(status.to_text(status.measure(folder)))
    return 0


def _head(arguments: Sequence[str]) -> int:
    parsed = _parse("head", flags.add_head_flags, arguments)
    if parsed.n < 1:
        raise UsageError(f"-n is {parsed.n}; give 1 or more")
    from pipeline import head

    with _input_errors():
        for line in head.head(parsed.folder, parsed.n):
            _say(line)
    return 0


def _verify(arguments: Sequence[str]) -> int:
    parsed = _parse("verify", flags.add_verify_flags, arguments)
    from pipeline.console import quiet
    from pipeline.verify import check_folder

    with _input_errors(), quiet.quiet_beam(parsed.log_level):
        config = check_folder.VerifyConfig(
            parsed.folder.rstrip("/") or "/", parsed.sample, parsed.tolerance, parsed.model
        )
        verdict = check_folder.verify(config)
    print(flags.name_flags(verdict.to_text()))
    return 1 if verdict.faults else 0


def _report(arguments: Sequence[str]) -> int:
    parsed = _parse("report", flags.add_report_flags, arguments)
    with _input_errors():
        from pipeline.report import drawing

        told = drawing.draw(parsed.folder.rstrip("/") or "/", parsed.projector)
    _say(told)
    return 0


def _tokenize(arguments: Sequence[str]) -> int:
    parsed = _parse("tokenize", flags.add_tokenize_flags, arguments)
    from pipeline.console import quiet
    from pipeline.options import embed_config

    with _input_errors():
        quiet.import_tensorflow(parsed.log_level)
        config = embed_config.input_config(parsed)
        from pipeline import tokenizing
        from transforms.bert import minilm, module

        inspected = module.inspect(minilm.resolve(parsed.model), parsed.model_sha256)
        for part in tokenizing.tokenize(config, inspected, parsed.max_seq_length):
            sys.stdout.buffer.write(part.lines)
            for line in part.rejected:
                print(line, file=sys.stderr)
        sys.stdout.buffer.flush()
    return 0


def _import_model(arguments: Sequence[str]) -> int:
    parsed = _parse("import-model", flags.add_import_flags, arguments)
    lower = None if parsed.do_lower_case is None else parsed.do_lower_case == "true"
    from pipeline.console import quiet

    with _input_errors():
        quiet.import_tensorflow(parsed.log_level)
        from transforms.bert import checkpoints, importing, module

        checkpoint = checkpoints.read_checkpoint(
            Path(parsed.source), gelu=parsed.gelu, do_lower_case=lower
        )
        importing.write_module(checkpoint, Path(parsed.destination))
        inspected = module.inspect(Path(parsed.destination))
    _say(_module_text(inspected))
    print(f"gelu           {checkpoint.gelu}")
    return 0


def _inspect_model(arguments: Sequence[str]) -> int:
    parsed = _parse("inspect-model", flags.add_inspect_flags, arguments)
    from pipeline.console import quiet

    with _input_errors():
        quiet.import_tensorflow(parsed.log_level)
        from transforms.bert import minilm, module

        inspected = module.inspect(minilm.resolve(parsed.model))
    print(_module_json(inspected) if parsed.json else _module_text(inspected))
    return 0


def _module_facts(module: Any) -> dict[str, Any]:
    return {
        "path": str(module.path),
        "format": module.format,
        "fingerprint": module.fingerprint,
        "tags": [list(tags) for tags in module.tags],
        "signatures": list(module.signatures),
        **dataclasses.asdict(module.shape),
        "do_lower_case": module.do_lower_case,
        "vocabulary": module.vocabulary.sha256,
    }


def _module_json(module: Any) -> str:
    return json.dumps(_module_facts(module), indent=1)


def _module_text(module: Any) -> str:
    facts = _module_facts(module)
    facts["tags"] = " ".join("{" + ", ".join(tags) + "}" for tags in facts["tags"])
    facts["signatures"] = ", ".join(facts["signatures"])
    return "\n".join(f"{name:<17}  {value}" for name, value in facts.items())


def _parse(command: str, add: Callable[[Any], None], arguments: Sequence[str]) -> Any:
    return overview.parser_of(command, add).parse_args(arguments)


def _parse_embed(
    command: str, arguments: Sequence[str], add: Callable[[Any], None] = flags.add_embed_flags
) -> tuple[Any, list[str]]:
    from pipeline.options import config_file

    return config_file.parse(overview.parser_of(command, add), arguments)


@contextlib.contextmanager
def _input_errors() -> Iterator[None]:
    """Turn what bad input raises into wrong usage."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error


_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "embed": _embed,
    "plan": _plan,
    "status": _status,
    "head": _head,
    "verify": _verify,
    "report": _report,
    "tokenize": _tokenize,
    "import-model": _import_model,
    "inspect-model": _inspect_model,
}
