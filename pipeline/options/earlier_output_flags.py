"""Flags of `embed` that say what becomes of the output of an earlier job; see `flags.FLAGS`."""

from pipeline.options import flag_steps as steps
from pipeline.options.flag_row import NEVER, Flag

# What shows that a part of a file is the same.
BY_TIME, BY_CONTENT = CHECKS = ("time", "content")

_OUTPUT = "output"

EARLIER_OUTPUT_FLAGS = (
    Flag(
        name="overwrite",
        path="overwrite",
        value_type=bool,
        default=False,
        # The command continues the job.
        in_resume_command=NEVER,
        group=_OUTPUT,
        help="delete the output of an earlier job, and start again",
    ),
    Flag(
        name="update",
        path="update",
        value_type=bool,
        default=False,
        # The command continues the update.
        in_resume_command=NEVER,
        group=_OUTPUT,
        help="list the input again, and compute only what is new: the next generation of the "
        "output folder",
    ),
    Flag(
        name="check",
        path="check",
        default=BY_TIME,
        choices=CHECKS,
        in_resume_command=NEVER,
        group=_OUTPUT,
        help="with --update: a file with another size or time is computed again (time), or is read "
        "first, and the parts whose documents are the same are kept (content)",
    ),
    Flag(
        name="reuse",
        path="reuse",
        step=steps.other_folder,
        group=_OUTPUT,
        metavar="DIR",
        help="take the vectors of documents with the same wordpieces from this output folder of an "
        "earlier job (default: with --update from the earlier generation)",
    ),
)
