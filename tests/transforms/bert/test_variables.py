from pathlib import Path

import numpy as np
import pytest

from tests import written_modules
from tests.conftest import make_checkpoint
from transforms.bert import module
from transforms.bert.module import BertModule
from transforms.bert.shape import variable_shapes
from transforms.bert.variables import read_variables
from transforms.checkpoints.checkpoint import Checkpoint


def test_the_weights_of_a_module_are_those_of_its_checkpoint(
    tiny_module: BertModule, tiny_checkpoint: Checkpoint
) -> None:
    variables = read_variables(tiny_module.path, tiny_module.shape)
    assert variables is not None
    assert variables.keys() == variable_shapes(tiny_module.shape).keys()
    for name, array in tiny_checkpoint.variables.items():
        np.testing.assert_array_equal(variables[name], array)


@pytest.mark.parametrize("shape", [{"layers": 3}, {"positions": 31}])
def test_weights_of_other_sizes_are_not_read(tmp_path: Path, shape: dict[str, int]) -> None:
    written_modules.write(make_checkpoint(), tmp_path / "module")
    inspected = module.inspect(tmp_path / "module")
    sizes = {**vars(inspected.shape), **shape}
    assert read_variables(tmp_path / "module", type(inspected.shape)(**sizes)) is None
