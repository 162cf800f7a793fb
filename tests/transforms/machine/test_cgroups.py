"""Limits of control groups, in copies of what kernels and container runtimes show."""

from pathlib import Path

import pytest

from transforms.machine.cgroups import CgroupLimits, read_limits

GIB = 1 << 30
NONE_IN_VERSION_1 = "9223372036854771712"
UNIFIED = "30 23 0:26 {root} /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
CPU = "33 31 0:30 {root} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
MEMORY = "34 31 0:31 {root} /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory"
DISK = "21 1 8:1 / / rw,relatime - ext4 /dev/root rw"


@pytest.fixture
def system(tmp_path: Path) -> "System":
    return System(tmp_path)


class System:
    """A folder with /proc/self and control groups."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def process(self, groups: str, *mounts: str, root: str = "/") -> None:
        """Write what /proc shows of the process."""
        own = self.folder / "proc/self"
        own.mkdir(parents=True)
        (own / "cgroup").write_text(f"{groups}\n")
        lines = [DISK, *(mount.format(root=root) for mount in mounts)]
        (own / "mountinfo").write_text("".join(f"{line}\n" for line in lines))

    def group(self, path: str, **files: str) -> None:
        """Write the files of a group; `__` in names is a dot."""
        folder = self.folder / "sys/fs/cgroup" / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_text(f"{content}\n")

    def limits(self) -> tuple[float | None, int | None]:
        """Return the limits that are read."""
        found = read_limits(self.folder)
        return found.cpus, found.memory


def test_a_container_of_version_2(system: System) -> None:
    system.process("0::/", UNIFIED)
    system.group("", cpu__max="150000 100000", memory__max=str(2 * GIB), memory__high="max")
    assert system.limits() == (1.5, 2 * GIB)


def test_the_lowest_limit_on_the_way_up_counts(system: System) -> None:
    system.process("0::/batch/job.slice/task", UNIFIED)
    system.group("batch", cpu__max="200000 100000", memory__max=str(8 * GIB))
    system.group("batch/job.slice", cpu__max="max 100000", memory__high=str(3 * GIB))
    system.group("batch/job.slice/task", cpu__max="400000 100000", memory__max="max")
    assert system.limits() == (2.0, 3 * GIB)


def test_a_container_of_version_1_sees_its_group_as_the_topmost(system: System) -> None:
    groups = "5:memory:/docker/7f\n4:cpu,cpuacct:/docker/7f\n1:name=systemd:/docker/7f"
    system.process(groups, CPU, MEMORY, root="/docker/7f")
    system.group("cpu,cpuacct", cpu__cfs_quota_us="50000", cpu__cfs_period_us="100000")
    system.group("memory", memory__limit_in_bytes=str(GIB))
    assert system.limits() == (0.5, GIB)


def test_groups_of_version_1_below_the_mounted_one(system: System) -> None:
    system.process("5:memory:/a/b\n4:cpu,cpuacct:/a", CPU, MEMORY)
    system.group("cpu,cpuacct/a", cpu__cfs_quota_us="300000", cpu__cfs_period_us="100000")
    system.group("memory/a", memory__limit_in_bytes=str(GIB))
    system.group("memory/a/b", memory__limit_in_bytes=NONE_IN_VERSION_1)
    assert system.limits() == (3.0, GIB)


def test_both_versions_at_once(system: System) -> None:
    hybrid = UNIFIED.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
    system.process("4:cpu,cpuacct:/\n0::/", CPU, hybrid)
    system.group("cpu,cpuacct", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    system.group("unified", cpu__max="100000 100000")
    assert system.limits() == (1.0, None)


def test_a_group_that_is_not_mounted_here_is_the_topmost_one(system: System) -> None:
    system.process("0::/../elsewhere", UNIFIED, root="/kubepods/pod1")
    system.group("", cpu__max="200000 100000")
    assert system.limits() == (2.0, None)


@pytest.mark.parametrize("quota", ["max 100000", "0 100000", "", "what 5", "100000"])
def test_what_is_no_quota_limits_nothing(system: System, quota: str) -> None:
    system.process("0::/", UNIFIED)
    system.group("", cpu__max=quota)
    assert system.limits() == (None, None)


def test_a_system_without_groups_has_no_limits(tmp_path: Path) -> None:
    assert read_limits(tmp_path) == CgroupLimits()
