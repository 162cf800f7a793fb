"""Install the programs that models come from, each in an environment of its own.

This is done once; only packages are downloaded.
"""

import dataclasses
import subprocess
import sys
from pathlib import Path

_REQUIREMENTS = Path(__file__).with_name("requirements")


@dataclasses.dataclass(frozen=True)
class Environment:
    """The packages of a program.

    Attributes:
        name: of its folder, and of its file in `requirements`.
        alone: requirements that are installed without those of their own, which are not used.
        packages: whose versions are reported.
    """

    name: str
    alone: tuple[str, ...]
    packages: tuple[str, ...]

    @property
    def content(self) -> str:
        """The requirements, as text."""
        file = _REQUIREMENTS / f"{self.name}.txt"
        return file.read_text("utf-8") + "".join(f"{line}\n" for line in self.alone)


ENVIRONMENTS = {
    "transformers": Environment(
        "transformers", (), ("transformers", "sentence-transformers", "tokenizers", "torch")
    ),
    "garden": Environment(
        "garden",
        ("tf-models-official==2.20.0",),
        ("tf-models-official", "tensorflow", "tf-keras"),
    ),
}


def prepare(environment: Environment, folder: Path) -> str:
    """Install an environment in a folder, unless this was done; return its interpreter."""
    home = folder / environment.name
    python, stamp = home / "bin" / "python", home / "installed.txt"
    if not (stamp.is_file() and stamp.read_text("utf-8") == environment.content):
        _install(environment, home, str(python))
        stamp.write_text(environment.content, "utf-8")
    # A resolved link would be the interpreter without the environment.
    return str(python.absolute())


def _install(environment: Environment, home: Path, python: str) -> None:
    print(f"installing {environment.name} in {home}: gigabytes, minutes", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
    file = str(_REQUIREMENTS / f"{environment.name}.txt")
    steps = [["--requirement", file]]
    steps += [["--no-deps", *environment.alone]] if environment.alone else []
    for step in steps:
        command = [python, "-m", "pip", "install", "--quiet", *step]
        if subprocess.run(command, check=False).returncode:
            raise SystemExit(f"the packages of {file} cannot be installed; see above")
