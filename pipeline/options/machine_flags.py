"""Flags of several commands whose output other programs read; importing this is cheap."""

from pipeline.options.flag_row import Flag

JSON = Flag(
    name="json",
    value_type=bool,
    default=False,
    group="general",
    help="print the result as JSON, for programs; messages go to the standard error as always",
)
