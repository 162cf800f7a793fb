"""The context of a job: what its graphs are made from."""

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from pipeline.manifest import Progress
from pipeline.options.embed_config import EmbedConfig
from pipeline.output.plan_file import StoredPlan
from pipeline.output.run_file import Run
from pipeline.parts.receipt_store import ReceiptStore
from transforms.documents import Split

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

    from transforms.bert.module import BertModule
    from transforms.reuse.reused_vectors import ReuseConfig

# Returns the block in which a job runs.
Watch = Callable[["JobContext"], AbstractContextManager[None]]


def unwatched(*_: object) -> AbstractContextManager[None]:
    """Return a block that does nothing."""
    return contextlib.nullcontext()


@dataclasses.dataclass(frozen=True)
class JobContext:
    """A job that is to be computed.

    Attributes:
        config: the configuration.
        options: Beam's, for the runner.
        splits: those of the whole job.
        run: the content of run.json; after the analysis with the transform.
        module: the model.
        handle: where workers find the module.
        receipts: those in the output folder.
        before: what earlier calls have done; None if nothing.
        watch: returns the block in which the job runs.
        stored: the plan that an update has replaced, if it was read.
        reuse: the table of vectors that are taken from earlier parts; None if there is none.
    """

    config: EmbedConfig
    options: "PipelineOptions"
    splits: Sequence[Split]
    run: Run
    module: "BertModule"
    handle: str
    receipts: ReceiptStore
    before: Progress | None = None
    watch: Watch = unwatched
    stored: StoredPlan | None = None
    reuse: "ReuseConfig | None" = None

    @property
    def pending(self) -> Sequence[Split]:
        """The splits that are not done."""
        return self.splits if self.before is None else self.before.pending
