import subprocess
import sys

import pytest

import transforms


def test_the_package_alone_imports_neither_beam_nor_tensorflow() -> None:
    heavy = '{"apache_beam", "tensorflow", "numpy", "pyarrow"}'
    program = (
        f"import sys, transforms; print(sorted({heavy} & set(sys.modules)), transforms.__all__)"
    )
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == f"[] {transforms.__all__}"


def test_what_it_offers_is_there() -> None:
    for name in transforms.__all__:
        assert getattr(transforms, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = transforms.Nothing
