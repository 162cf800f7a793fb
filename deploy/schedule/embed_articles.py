"""A DAG of Airflow 3: embed the corpus of each day; docs/schedule-it.md explains it.

job.yaml is beside this file. It needs the package apache-airflow-providers-cncf-kubernetes.
"""

from datetime import datetime
from pathlib import Path

from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator
from airflow.sdk import DAG

with DAG(
    "embed_articles",
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
):
    # The Job repeats what may pass; a task that Airflow repeated would start a second Job.
    KubernetesJobOperator(
        task_id="embed",
        job_template_file=str(Path(__file__).with_name("job.yaml")),
        base_container_name="beam-bert",
        arguments=[
            "embed",
            "--input=s3://corpus/{{ ds }}/*.jsonl",
            "--id_field=id",
            "--features=mean",
            "--output=s3://vectors/{{ ds }}",
            "--log_format=json",
        ],
        wait_until_job_complete=True,
        retries=0,
    )
