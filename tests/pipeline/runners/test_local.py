import pytest
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, PortableOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipeline.runners import local


@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        (["--runner=SparkRunner"], 60_000),
        (["--runner=FlinkRunner"], 60_000),
        (["--runner=SparkRunner", "--environment_cache_millis=5"], 5),
        (["--runner=DataflowRunner"], 0),
    ],
)
def test_workers_are_kept_from_stage_to_stage(flags: list[str], kept: int) -> None:
    options = PipelineOptions(flags)
    assert f"--runner={local.choose_runner(options)}" == flags[0]
    assert int(options.view_as(PortableOptions).environment_cache_millis) == kept


def test_on_this_machine_no_runner_is_downloaded() -> None:
    assert isinstance(local.choose_runner(PipelineOptions([])), FnApiRunner)


def test_as_many_workers_as_cores_are_those_that_the_process_may_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHON_CPU_COUNT", "5")
    options = PipelineOptions(["--direct_running_mode=multi_processing", "--direct_num_workers=0"])
    local.choose_runner(options)
    assert options.view_as(DirectOptions).direct_num_workers == 5
