import pytest
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions

from pipeline.errors import UsageError
from pipeline.options import beam_flags


def test_flags_of_beam_are_passed_on_and_unknown_ones_refused() -> None:
    direct = beam_flags.beam_options(["--direct_num_workers=3"]).view_as(DirectOptions)
    assert direct.direct_num_workers == 3
    with pytest.raises(UsageError, match=r"--max_seq_lenght: did you mean --max_seq_length\?"):
        beam_flags.beam_options(["--max_seq_lenght", "3"])
    spaced = beam_flags.beam_options(["--direct_num_workers", "3"]).view_as(DirectOptions)
    assert spaced.direct_num_workers == 3
    for stray in (["stray"], ["--direct_num_workers=3", "stray"]):
        with pytest.raises(UsageError, match="unexpected argument 'stray'"):
            beam_flags.beam_options(stray)
    with pytest.raises(UsageError, match="--zzz: see beam-bert embed --help"):
        beam_flags.beam_options(["--zzz=1"])


def test_importing_this_package_adds_no_flag_to_other_pipelines() -> None:
    assert "overwrite" not in PipelineOptions([]).get_all_options()
