"""Flags that decide the output and are younger than some jobs, whose identity lacks them.

A new row goes to the end; see `flags.FLAGS`, and `identity_version` for `since`.
"""

from pipeline.options import flag_steps as steps
from pipeline.options.flag_row import Flag
from transforms.bert.wordpiece_rules import SPECIAL_TOKENS_IN_TEXT, SPLIT
from transforms.features import ALL_RECORDS, KEPT_IN, ONLY_POOLED
from transforms.rows.row_config import CUTS, DOCUMENTS, TOKENS, UNITS
from transforms.sources.dialect import AUTO as AUTO_QUOTING
from transforms.sources.dialect import QUOTINGS
from transforms.templates.text_template import MISSING_FIELDS, REJECT

LATER_FLAGS = (
    Flag(
        name="csv_quoting",
        path="input.read.csv_quoting",
        default=AUTO_QUOTING,
        choices=QUOTINGS,
        decides_output=True,
        since=2,
        group="input",
        help="whether quotes in CSV and TSV quote a field (minimal) or are text (none); auto is "
        "minimal for CSV, none for TSV",
    ),
    Flag(
        name="csv_escape",
        path="input.read.csv_escape",
        step=steps.character,
        decides_output=True,
        since=2,
        group="input",
        metavar="CHAR",
        help="character that makes a quote or a delimiter after it text: \\ in the CSV of Spark",
    ),
    Flag(
        name="csv_delimiter",
        path="input.read.csv_delimiter",
        step=steps.character,
        decides_output=True,
        since=2,
        group="input",
        metavar="CHAR",
        help="character that separates the fields of CSV and TSV (default: a comma, a tab)",
    ),
    Flag(
        name="prompt",
        path="prompt",
        decides_output=True,
        since=2,
        group="model",
        metavar="TEXT",
        help="text, or the name of one of the model's prompts, that is put before each document "
        "(default: with the feature sentence the model's default prompt, else nothing)",
    ),
    Flag(
        name="special_tokens",
        path="special_tokens",
        default=SPLIT,
        choices=SPECIAL_TOKENS_IN_TEXT,
        decides_output=True,
        since=2,
        group="input",
        help="whether [MASK], [SEP] and other special tokens in a text are text, as in "
        "google-research/bert (split), or these tokens, as in Hugging Face's tokenizers (keep)",
    ),
    Flag(
        name="keep_fields_in",
        path="keep_fields_in",
        default=ALL_RECORDS,
        choices=KEPT_IN,
        decides_output=True,
        since=2,
        value_before=ONLY_POOLED,
        group="input",
        help="the records that have the fields of --keep_fields: all, or only the pooled ones",
    ),
    Flag(
        name="rows",
        path="rows.unit",
        default=DOCUMENTS,
        choices=UNITS,
        decides_output=True,
        since=2,
        group="features",
        help="one record for each of the documents, or for each of the windows that longer "
        "documents are cut into, with its place in its document",
    ),
    Flag(
        name="window_cut",
        path="rows.cut",
        default=TOKENS,
        choices=CUTS,
        metavar="BORDER",
        decides_output=True,
        since=2,
        group="features",
        help="with --rows windows: windows end between words (tokens), sentences or paragraphs; "
        "what is longer than a window is cut between words",
    ),
    Flag(
        name="keep_text",
        path="rows.keep_text",
        value_type=bool,
        default=False,
        decides_output=True,
        since=2,
        group="features",
        help="keep the text of each record",
    ),
    Flag(
        name="length_group",
        path="batching.length_group",
        value_type=int,
        step=steps.length_group,
        decides_output=True,
        since=2,
        value_before=0,
        group="computation",
        metavar="N",
        help="a batch has inputs of N lengths only, from a multiple of N on, so that vectors do "
        "not depend on the other documents; 0: of any lengths (default: 8 with openvino, else 0)",
    ),
    Flag(
        name="text_template",
        path="input.read.text_template",
        step=steps.template,
        decides_output=True,
        since=2,
        group="input",
        metavar="TEMPLATE",
        help="compose the text of several fields, in place of --text_field: '{title}\\n{text}'; "
        "\\n and \\t are a line end and a tab, {{ and }} are braces",
    ),
    Flag(
        name="template_missing",
        path="input.read.template_missing",
        default=REJECT,
        choices=MISSING_FIELDS,
        decides_output=True,
        since=2,
        group="input",
        help="a record without a field of --text_template, or with a null in it, is rejected "
        "(reject), or the field is an empty text (empty)",
    ),
    Flag(
        name="repeat_fields",
        path="rows.repeat_fields",
        value_type=tuple,
        step=steps.names,
        default="",
        value_before=(),
        decides_output=True,
        since=2,
        group="features",
        metavar="A,B",
        help="with --rows windows and --text_template: fields that each window has as a whole, "
        "such as the title",
    ),
)
