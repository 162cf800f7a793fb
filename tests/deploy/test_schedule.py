"""The manifests in deploy/schedule fit the schemas of Kubernetes and Argo, and run this program."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from pipeline.commands import all_commands
from tests.dockerfiles import instructions
from tests.paths import ROOT

FOLDER = ROOT / "deploy/schedule"
JOB, WORKFLOW = (
    yaml.safe_load((FOLDER / name).read_text()) for name in ("job.yaml", "workflow.yaml")
)
DAG = ast.parse((FOLDER / "embed_articles.py").read_text("utf-8"))


def arguments_of_dag() -> dict[str, ast.expr]:
    """Return the arguments of the DAG's operator."""
    (call,) = [
        node
        for node in ast.walk(DAG)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "KubernetesJobOperator"
    ]
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def command_lines() -> Iterator[list[str]]:
    """Yield what each manifest runs."""
    yield JOB["spec"]["template"]["spec"]["containers"][0]["args"]
    yield from (one["container"]["args"] for one in WORKFLOW["spec"]["templates"][1:])
    yield ast.literal_eval(arguments_of_dag()["arguments"])


@pytest.mark.slow
def test_the_job_fits_the_schema_of_kubernetes() -> None:
    import kubernetes_validate

    kubernetes_validate.validate(JOB, kubernetes_validate.latest_version(), strict=True)
    JOB["spec"]["backofLimit"] = JOB["spec"].pop("backoffLimit")
    with pytest.raises(kubernetes_validate.ValidationError, match="backofLimit"):
        kubernetes_validate.validate(JOB, kubernetes_validate.latest_version(), strict=True)
    JOB["spec"]["backoffLimit"] = JOB["spec"].pop("backofLimit")


def through_models(manifest: dict[str, Any]) -> Any:
    """Read a manifest by Argo's models and write it again: unknown names are lost."""
    from hera.workflows.models import Workflow

    return json.loads(
        Workflow.model_validate(manifest).model_dump_json(by_alias=True, exclude_none=True)
    )


@pytest.mark.slow
def test_the_workflow_fits_the_schema_of_argo() -> None:
    assert through_models(WORKFLOW) == WORKFLOW
    mistyped = yaml.safe_load(yaml.safe_dump(WORKFLOW).replace("retryPolicy", "retrypolicy"))
    assert through_models(mistyped) != mistyped


def test_every_command_line_can_be_parsed() -> None:
    lines = list(command_lines())
    assert [line[0] for line in lines] == ["embed", "embed", "verify", "embed"]
    for command, *words in lines:
        all_commands()[command].parse(words)


def test_wrong_usage_is_never_repeated() -> None:
    fail, ignore = JOB["spec"]["podFailurePolicy"]["rules"]
    pod = JOB["spec"]["template"]["spec"]
    assert fail["action"] == "FailJob"
    assert fail["onExitCodes"] == {"containerName": "beam-bert", "operator": "In", "values": [2]}
    assert pod["containers"][0]["name"] == "beam-bert"
    assert ignore["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert pod["restartPolicy"] == "Never"
    strategies = [one["retryStrategy"] for one in WORKFLOW["spec"]["templates"][1:]]
    assert all(one["expression"] == "asInt(lastRetry.exitCode) != 2" for one in strategies)
    assert ast.literal_eval(arguments_of_dag()["retries"]) == 0


def test_the_user_is_that_of_the_image() -> None:
    (user,) = [value for name, value in instructions(ROOT / "Dockerfile") if name == "USER"]
    for spec in (JOB["spec"]["template"]["spec"], WORKFLOW["spec"]):
        assert spec["securityContext"]["runAsUser"] == int(user)


def test_the_dag_runs_the_job() -> None:
    arguments = arguments_of_dag()
    assert '"job.yaml"' in ast.unparse(arguments["job_template_file"]).replace("'", '"')
    container = JOB["spec"]["template"]["spec"]["containers"][0]["name"]
    assert ast.literal_eval(arguments["base_container_name"]) == container


def test_the_page_names_every_file() -> None:
    page = (ROOT / "docs/schedule-it.md").read_text("utf-8")
    assert set(re.findall(r"deploy/schedule/(\w+\.\w+)\)", page)) == {
        path.name for path in FOLDER.iterdir() if path.is_file()
    }
