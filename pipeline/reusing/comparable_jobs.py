"""Whether two jobs store the same vectors for the same wordpieces."""

from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import FLAGS
from pipeline.output.other_job import different_flags
from pipeline.output.run_file import Run

# Flags beside those of the input that may differ: the wordpieces of a row are compared, and its
# vector does not depend on its batch. A flag that is not here must agree.
_MAY_DIFFER = {
    *("--features", "--rows", "--window_cut", "--keep_text", "--keep_tokens", "--keep_fields_in"),
    *("--output_format", "--compression", "--tokens_per_batch", "--dedup"),
}
_OF_INPUT = "input."
_OF_WINDOWS = ("--max_seq_length", "--window_stride")


def differences(there: EmbedConfig, run: Run, now: EmbedConfig, model: str) -> list[str]:
    """Describe why the vectors of another job are not those of this one.

    Args:
        there: the configuration of the other job.
        run: its identity.
        now: the configuration of this job.
        model: fingerprint of the module of this job.
    """
    lines = [] if run.model == model else ["--model is another one"]
    lines += different_flags(_compared(there, now), _compared(now, there))
    missing = [name for name in now.records.of_documents if name not in there.features]
    return [*lines, f"--features has no {', '.join(missing)} there"] if missing else lines


def _compared(config: EmbedConfig, other: EmbedConfig) -> dict[str, object]:
    """Return the flags of a job that decide its vectors, and their values."""
    free = _MAY_DIFFER | {row.option for row in FLAGS if row.path.startswith(_OF_INPUT)}
    windows = config.windows_of_rows, other.windows_of_rows
    if windows[0] == windows[1] or not (windows[0].stride or windows[1].stride):
        # Nothing is averaged, and a document of the same wordpieces is one window.
        free |= set(_OF_WINDOWS)
    return {flag: value for flag, value in config.identity().items() if flag not in free}
