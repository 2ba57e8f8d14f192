"""Which machine this is, so that a card that was put into another one is noticed.

A machine is known by marks that stay with it: the serial number that a Raspberry Pi's firmware
gives, the identity of a PC's board, the hardware addresses of its own network interfaces. Only
digests of them are kept or told. A mark that not everybody may read (the board's) may be missing
at one look and there at the next, so two looks are compared by the strongest kind of mark that
both have; where they have none in common, nothing is concluded.

Standard library only, for the portal.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_SERIALS: Final = (
    "sys/firmware/devicetree/base/serial-number",
    "proc/device-tree/serial-number",
)
_BOARD: Final = "sys/class/dmi/id/product_uuid"
_INTERFACES: Final = "sys/class/net"
# The strongest first: an interface may be changed, a board's identity may be left out.
KINDS: Final = ("serial", "board", "interface")
_DIGITS: Final = 16
_MAX_BYTES: Final = 256
_MOST_INTERFACES: Final = 16
_LEAST_CHARACTERS: Final = 4
# What boards say whose maker set nothing; many share it.
_COMMON: Final = frozenset({"03000200040005000006000700080009", "fefefefefefefefefefefefefefefefe"})


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as it was seen.

    Attributes:
        name: stays while it is the same machine; empty when it has no mark.
        marks: digests by kind.
    """

    name: str = ""
    marks: dict[str, list[str]] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Write it down."""
        return json.dumps({"name": self.name, "marks": self.marks}).encode()


def decode_machine(data: bytes) -> Machine:
    """Read what ``encode`` wrote; what is damaged is a machine without marks."""
    try:
        found = json.loads(data)
        marks = {kind: [str(one) for one in found["marks"].get(kind, [])] for kind in KINDS}
        return Machine(
            str(found["name"])[:_DIGITS], {kind: some for kind, some in marks.items() if some}
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Machine()


def this_machine(root: Path = Path("/")) -> Machine:
    """Look at the machine's marks.

    Args:
        root: where ``proc`` and ``sys`` are.
    """
    values = {
        "serial": [_text(root / path) for path in _SERIALS],
        "board": [_text(root / _BOARD)],
        "interface": _addresses(root / _INTERFACES),
    }
    marks = {
        kind: sorted({_digest(kind, one) for one in some if _tells(one)})
        for kind, some in values.items()
    }
    marks = {kind: some for kind, some in marks.items() if some}
    strongest = next(iter(marks.values()), [""])
    return Machine(strongest[0], marks)


def is_other(known: Machine, seen: Machine) -> bool:
    """Say whether two looks were surely at different machines."""
    for kind in KINDS:
        before, now = known.marks.get(kind), seen.marks.get(kind)
        if before and now:
            return not set(before) & set(now)
    return False


def merged(known: Machine, seen: Machine) -> Machine:
    """Give what is known after another look at the same machine."""
    marks = {**known.marks, **seen.marks}
    return Machine(known.name or seen.name, {kind: marks[kind] for kind in KINDS if kind in marks})


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES)
    except OSError:
        return ""
    return data.decode("ascii", "replace").strip("\0 \r\n\t").casefold()


def _addresses(folder: Path) -> list[str]:
    """Give the hardware addresses of interfaces that are a device, not made by software."""
    try:
        names = sorted(path for path in folder.iterdir() if (path / "device").exists())
    except OSError:
        return []
    return [_own_address(path) for path in names[:_MOST_INTERFACES]]


def _own_address(interface: Path) -> str:
    # 0 says that the address is the device's own, not random or set; the bit in the first byte,
    # that its maker chose it: virtual machines make theirs up, some at every start.
    address = _text(interface / "address")
    is_own = _text(interface / "addr_assign_type") == "0" and not _is_made_up(address)
    return address if is_own else ""


def _is_made_up(address: str) -> bool:
    try:
        return bool(int(address[:2], 16) & 2)
    except ValueError:
        return True


def _tells(value: str) -> bool:
    """Say whether a value can tell machines apart."""
    plain = "".join(one for one in value if one.isalnum())
    is_filling = len(set(plain)) < 2  # noqa: PLR2004 - 0000… and ffff… are no numbers
    return len(plain) >= _LEAST_CHARACTERS and not is_filling and plain not in _COMMON


def _digest(kind: str, value: str) -> str:
    text = f"packhorse machine {kind} {value}"
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
