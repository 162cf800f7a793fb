"""Start a new job in the output folder."""

import dataclasses
from collections.abc import Sequence

from pipeline import model
from pipeline.console import printing
from pipeline.estimate import output_growth, output_size, precision_check
from pipeline.inputs.prepare import Inputs
from pipeline.output import output_folder
from pipeline.output.run_file import Run
from transforms.bert.module import BertModule
from transforms.documents import Split


def begin(ready: Inputs, module: BertModule, run: Run, splits: Sequence[Split]) -> Run:
    """Write the plan and run.json, and return the run with what was measured.

    Args:
        ready: the configuration and the input.
        module: the model.
        run: the identity of the job.
        splits: the plan, with the standard input at its place in the output folder.

    Raises:
        UsageError: the output would be too large, the vectors would be too inexact, or the folder
            can never be written.
        OSError: it cannot be written now.
    """
    config = ready.config
    for note in model.notes_on(config, module):
        printing.announce(f"beam-bert: {note}")
    output_size.check_output(config, module, ready.splits)
    growth = output_growth.note_on_growth(config, module.widths, ready.splits)
    if growth:
        printing.announce(f"beam-bert: {growth}")
    # `--precision auto` was chosen by it.
    agreement = run.agreement or precision_check.measure_agreement(config, module, ready.splits)
    run = dataclasses.replace(run, widths=module.widths, agreement=agreement)
    output_folder.begin(config, run, splits)
    return run
