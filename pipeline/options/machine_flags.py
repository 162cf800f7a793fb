"""Flags of several commands whose output other programs read; importing this is cheap."""

from pipeline.options.flag_row import Flag

TEXT_LINES, JSON_LINES = LOG_FORMATS = ("text", "json")

JSON = Flag(
    name="json",
    value_type=bool,
    default=False,
    group="general",
    help="print the result as JSON, for programs; messages go to the standard error as always",
)

LOG_FORMAT = Flag(
    name="log_format",
    default=TEXT_LINES,
    choices=LOG_FORMATS,
    group="general",
    help="what the standard error has: text, or one JSON object in each line, for programs",
)

METRICS_FILE = Flag(
    name="metrics_file",
    metavar="FILE",
    group="general",
    help="write the metrics of the job to this file, every 15 seconds and at the end, for the "
    "textfile collector of Prometheus' node_exporter, which reads names with .prom at the end",
)

CACHE_DIR = Flag(
    name="cache_dir",
    metavar="DIR|off",
    group="general",
    help="keep what a job computes before its first document here, for later jobs; by default in "
    "the cache of models, if it can be written",
)

TIMELINE = Flag(
    name="timeline",
    metavar="FILE",
    group="general",
    help="write when the job did what to this file, in the format of Chrome's tracing page",
)
