"""The content of a lock object: which process has locked the folder."""

import os
import socket
import time
import uuid
from pathlib import Path
from typing import Annotated

import msgspec

from transforms import escaping, strict_json

# Characters of a name that a message shows; anybody may have written it.
_MOST_SHOWN = 100
_BOOT_ID, _PROCESS_IDS = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")


class LockOwner(msgspec.Struct, frozen=True):
    """A process that has locked a folder.

    Attributes:
        nonce: of this lock, different from that of any other.
        host: name of its machine.
        process: its number there.
        processes: what numbers its processes: a run of a kernel, and a namespace in it, as of a
            container. Empty if unknown.
        since: UTC time of its start, for messages.
        renewals: how often it has written this; makes each content another one.
    """

    nonce: str
    host: str
    process: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    processes: str
    since: str
    renewals: int = 0


_DECODER = msgspec.json.Decoder(LockOwner)


def this_process() -> LockOwner:
    """Return an owner of a new lock."""
    return LockOwner(
        nonce=uuid.uuid4().hex,
        host=socket.gethostname(),
        process=os.getpid(),
        processes=_processes(),
        since=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
    )


def decode(content: bytes) -> LockOwner | None:
    """Return the owner in a lock object; None if its content is damaged."""
    try:
        return strict_json.decode(content, _DECODER)
    except ValueError:
        return None


def renewed(owner: LockOwner) -> LockOwner:
    """Return the owner for the next content of its object."""
    return msgspec.structs.replace(owner, renewals=owner.renewals + 1)


def has_ended(owner: LockOwner) -> bool:
    """Whether a process has certainly ended: its number is of this machine, and is free."""
    here = _processes()
    return here != "" and owner.processes == here and not _is_used(owner.process)


def _processes() -> str:
    try:
        return f"{_BOOT_ID.read_text().strip()} {_PROCESS_IDS.readlink()}"
    except OSError:
        return ""


def _is_used(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def describe(owner: LockOwner | None) -> str:
    """Return words for a message."""
    if owner is None:
        return "a process that is not named"
    host, since = (escaping.one_line(text[:_MOST_SHOWN]) for text in (owner.host, owner.since))
    return f"process {owner.process} of host {host}, since {since}"
