from pathlib import Path

import pytest

from transforms.machine import processor

INTEL = (
    "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) E5\nflags\t\t: fpu avx2 {}\n\nprocessor\t: 1\n"
)
ARM = "processor\t: 0\nFeatures\t: fp asimd {}\n"


@pytest.fixture
def cpu_info(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(processor, "_CPU_INFO", tmp_path / "cpuinfo")
    return tmp_path / "cpuinfo"


@pytest.mark.parametrize(
    ("text", "flag", "expected"),
    [
        (INTEL, "", False),
        (INTEL, "avx512f avx512_vnni", False),
        (INTEL, "avx512_bf16", True),
        (INTEL, "amx_tile amx_bf16", True),
        (ARM, "i8mm", False),
        (ARM, "i8mm bf16", True),
    ],
)
def test_instructions_for_bfloat16(text: str, flag: str, expected: bool, cpu_info: Path) -> None:
    cpu_info.write_text(text.format(flag))
    assert processor.multiplies_bfloat16() is expected


def test_the_description_has_the_host_and_the_processor(cpu_info: Path) -> None:
    assert processor.describe().startswith(processor.socket.gethostname())
    assert not processor.multiplies_bfloat16()
    cpu_info.write_text(INTEL)
    assert processor.describe().endswith("(Intel(R) Xeon(R) E5)")
