"""What a flex template's launcher runs: `beam-bert embed`, with the parameters as flags.

    python launch.py --input=gs://... --output=gs://... --template_location=gs://... ...

leaves the beginning of a job in the output folder, and the job's description at the template's
location, for Dataflow to run.
"""

import sys
from collections.abc import Sequence

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from pipeline import cli


def main(arguments: Sequence[str]) -> int:
    """Describe the job.

    Returns:
        0 the description is there, or nothing was left to do; else as `beam-bert embed`.
    """
    status = cli.main(["embed", *arguments])
    # It ends with 1, as nothing is embedded yet; a launcher would take that for its own failure.
    return 0 if status == 1 and _is_described(arguments) else status


def _is_described(arguments: Sequence[str]) -> bool:
    place = PipelineOptions(list(arguments)).view_as(GoogleCloudOptions).template_location
    return bool(place) and FileSystems.exists(place)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
