"""The keys of a job's identity, by the version that first had them."""

from pipeline.generations.history import History
from pipeline.options.flags import FLAGS
from pipeline.options.identity_version import FIRST_IDENTITY_VERSION, IDENTITY_VERSION
from pipeline.output.run_file import RunFile
from transforms.documents import FORMAT_VERSION, PlanLine
from transforms.receipts import Receipt

# What folders have that people keep: a row never changes once its release is published. A new key
# has the next version as `since`, and so jobs with its default keep their identity.
KEYS = {
    1: "input input_format text_field text_b_field pair_separator id_field keep_fields encoding "
    "part_bytes max_seq_length window_stride features keep_tokens dtype normalize truncate_dim "
    "output_format compression engine precision xla_buckets dedup tokens_per_batch",
    # 0.2.0
    2: "csv_quoting csv_escape csv_delimiter prompt special_tokens keep_fields_in rows window_cut "
    "keep_text length_group text_template template_missing repeat_fields",
}
# The fields that the files of a folder may have.
FIELDS = {
    "run.json": "format_version configuration model transform likeness plan versions command "
    "directory generation inputs identity_version",
    "plan.jsonl": "source start end bytes size version format compression whole location counted "
    "members unread",
    "receipt": "source start end last key name counts reasons seconds files worker finished "
    "members machine documents_sha256",
    "history": "generation plan parent unchanged added changed gone changes",
}
# The format version of the records that each identity version is of.
FORMATS = {1: 3, 2: 3}


def test_each_version_has_its_keys() -> None:
    keys: dict[int, list[str]] = {}
    for row in FLAGS:
        if row.decides_output:
            keys.setdefault(row.since, []).append(row.name)
    assert keys == {version: names.split() for version, names in KEYS.items()}
    assert max(keys) <= IDENTITY_VERSION == max(FORMATS)
    assert FORMATS[IDENTITY_VERSION] == FORMAT_VERSION


def test_a_new_field_needs_another_version() -> None:
    assert {
        "run.json": list(RunFile.__struct_fields__),
        "plan.jsonl": list(PlanLine.__struct_fields__),
        "receipt": list(Receipt.__dataclass_fields__),
        "history": list(History.__struct_fields__),
    } == {name: fields.split() for name, fields in FIELDS.items()}
    assert IDENTITY_VERSION == 2


def test_only_keys_of_later_versions_are_left_out_by_default() -> None:
    rows = [row for row in FLAGS if row.decides_output]
    assert {row.name for row in rows if not row.omitted_by_default} == set(KEYS[1].split())
    assert not [
        row.name for row in FLAGS if row.since > FIRST_IDENTITY_VERSION and not row.decides_output
    ]
