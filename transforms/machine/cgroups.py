"""Read the limits of Linux control groups, versions 1 and 2, as containers and batch systems set.

Source: https://docs.kernel.org/admin-guide/cgroup-v2.html,
https://docs.kernel.org/scheduler/sched-bwc.html (version 1)
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_SYSTEM = Path("/")
# The name of version 2 in /proc/self/cgroup, where version 1 has its controllers.
_UNIFIED = ""


@dataclasses.dataclass(frozen=True)
class CgroupLimits:
    """The limits of this process; None where there is none.

    Attributes:
        cpus: CPU time for each second, in seconds: 1.5 for one and a half processors.
        memory: bytes.
    """

    cpus: float | None = None
    memory: int | None = None


def read_limits(system: Path = _SYSTEM) -> CgroupLimits:
    """Return the lowest limits of the groups of this process and of the groups above them.

    Args:
        system: the folder that has /proc and the mounted groups.
    """
    folders = list(_folders(system))
    cpus = [quota for folder in folders for quota in _quotas(folder)]
    memory = [limit for folder in folders for limit in _memory_limits(folder)]
    return CgroupLimits(min(cpus, default=None), min(memory, default=None))


def _quotas(folder: Path) -> Iterator[float]:
    quota = _words(folder / "cpu.max")
    if len(quota) < 2:
        quota = [*_words(folder / "cpu.cfs_quota_us"), *_words(folder / "cpu.cfs_period_us")]
    # Without a quota it is `max`, or -1.
    if len(quota) == 2 and all(word.isdecimal() and int(word) for word in quota):
        yield int(quota[0]) / int(quota[1])


def _memory_limits(folder: Path) -> Iterator[int]:
    # Above memory.high the kernel slows a group down, until it hardly runs.
    for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
        yield from (int(word) for word in _words(folder / name) if word.isdecimal())


def _folders(system: Path) -> Iterator[Path]:
    """Yield the folders of this process's groups, and of all groups above them."""
    groups = dict(_groups(system))
    for controllers, root, place in _mounts(system):
        for controller in controllers & groups.keys():
            try:
                below = PurePosixPath(groups[controller]).relative_to(root)
            except ValueError:
                # The group is above what is mounted, as in some containers.
                below = PurePosixPath()
            top = system / place.lstrip("/")
            yield from (top / parent for parent in (below, *below.parents))


def _groups(system: Path) -> Iterator[tuple[str, str]]:
    """Yield each controller with the path of this process's group."""
    for line in _lines(system / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        yield from ((controller, path) for controller in controllers.split(","))


def _mounts(system: Path) -> Iterator[tuple[set[str], str, str]]:
    """Yield each mounted hierarchy: its controllers, the path of its topmost group, its folder."""
    for line in _lines(system / "proc/self/mountinfo"):
        mount, _, kind = line.partition(" - ")
        root, place = mount.split()[3:5]
        name, _, options = kind.split(maxsplit=2)
        if name == "cgroup2":
            yield {_UNIFIED}, root, place
        elif name == "cgroup":
            yield {*options.split(",")}, root, place


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _words(path: Path) -> list[str]:
    return [word for line in _lines(path) for word in line.split()]
