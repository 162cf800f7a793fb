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


def test_every_public_name_is_importable_from_the_module_that_defines_it() -> None:
    assert sorted(transforms._MODULES) == transforms.__all__
    for name, module in transforms._MODULES.items():
        public = getattr(transforms, name)
        assert (public.__module__, public.__name__) == (module, name)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = transforms.Nothing
