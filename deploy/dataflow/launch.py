"""Run `beam-bert embed` in the launcher of a flex template, with its parameters as flags.

    python launch.py --input=gs://... --output=gs://... --template_location=gs://... ...

writes the plan of a job to the output folder, and the job's description to the template's location,
where Dataflow reads it.
"""

import sys
from collections.abc import Sequence

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from pipeline import cli


def main(arguments: Sequence[str]) -> int:
    """Write the description of a job.

    Returns:
        0 if the description is written or nothing is left to do; else the status of
        `beam-bert embed`.
    """
    status = cli.main(["embed", *arguments])
    # Status 1 means that nothing is embedded yet, which is no failure of the launcher.
    return 0 if status == 1 and _description_exists(arguments) else status


def _description_exists(arguments: Sequence[str]) -> bool:
    path = PipelineOptions(list(arguments)).view_as(GoogleCloudOptions).template_location
    return bool(path) and FileSystems.exists(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
