"""A county of schools in a hub's registry: nodes and what they report, the same at each run.

fill(registry, hub.now, 200)
"""

import base64
import hashlib
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from core.node_report import NodeReport, PackState, ProblemState, encode_report
from core.token import node_name
from core.trusted_time import format_moment
from hub.registry.database import Registry
from hub.registry.models import NodeRow, ReceiptRow, ReportEpochRow, ReportRow, SchoolRow

TOWNS = ("斗门", "金湾", "香洲", "三灶", "白蕉", "井岸", "乾务", "莲洲", "唐家", "南屏")
KINDS = ("小学", "中心小学", "第一小学", "第二小学", "实验学校", "初级中学", "民族小学", "教学点")
GROUPS = ("乡村", "城区", "海岛", "示范校")
PACKS = ("math-g5-pep-1", "chinese-g5-1", "english-g3-pep-2", "science-g4-jk-1")
GIB = 1 << 30


def fill(
    registry: Registry, now: datetime, count: int, packs: Sequence[PackState] = ()
) -> list[str]:
    """Enrol ``count`` schools, one in twelve of which has no node yet; give the nodes' ids."""
    chance = random.Random(5)
    newest = list(packs) or [PackState(f"gd/zhuhai/{name}", 3, 24, 24) for name in PACKS]
    nodes = []
    with registry.transaction() as session:
        for number in range(1, count + 1):
            school = f"zhuhai-{number:04d}"
            name = f"{chance.choice(TOWNS)}{chance.choice(KINDS)}"
            groups = tuple(sorted(chance.sample(GROUPS, chance.choice((1, 1, 2)))))
            session.add(
                SchoolRow(school=school, name=name, place="gd/zhuhai", changed=now,
                          groups=msgspec.json.encode(groups).decode())
            )  # fmt: skip
            if number % 12:
                nodes.append(_node(session.add, school, now, newest, chance))
    return nodes


def _node(
    add: object, school: str, now: datetime, newest: list[PackState], chance: random.Random
) -> str:
    assert callable(add)
    key = hashlib.sha256(school.encode()).digest()
    node, epoch = node_name(key), key[:8]
    silent = chance.choice((0, 0, 0, 0, 0, 1, 3, 20, 70))
    contact = now - timedelta(days=silent, minutes=chance.randrange(600))
    report = _report(contact, epoch, newest, chance)
    add(NodeRow(id=node, public_key=base64.b64encode(key).decode(), school=school,
                enrolled=now - timedelta(days=100), last_contact=contact))  # fmt: skip
    add(ReceiptRow(node=node, epoch=epoch.hex(), ranges=f"[[1,{chance.randrange(1, 9000)}]]"))
    add(ReportEpochRow(node=node, epoch=epoch.hex(), machine=report.machine, number=9,
                       began=now - timedelta(days=90), returned=None))  # fmt: skip
    add(ReportRow(node=node, epoch=epoch.hex(), number=9, time=contact, received=contact,
                  carrier="stick" if silent == 70 else "line", body=encode_report(report),
                  day=f"{contact:%Y-%m-%d}", count=1))  # fmt: skip
    return node


def _report(
    contact: datetime, epoch: bytes, newest: list[PackState], chance: random.Random
) -> NodeReport:
    late = chance.random() < 0.15
    backlog = chance.choice((0, 0, 0, 0, 12, 480))
    since = format_moment(contact - timedelta(days=chance.randrange(30)))
    problems = [
        ProblemState("{name} cannot be reached.", {"name": "https://hub.zhuhai.example:8443"})
    ]
    return NodeReport(
        number=9,
        epoch=epoch,
        time=format_moment(contact),
        clock=chance.choice(("verified", "verified", "verified", "confirmed", "unverified")),
        software=chance.choice(("0.1.0", "0.1.0", "0.0.9")),
        machine=epoch.hex(),
        node_name="node",
        packs=[
            PackState(one.pack, one.version - (late and chance.random() < 0.6), one.items,
                      one.items - (late and chance.randrange(one.items)))
            for one in newest
        ],
        backlog=backlog,
        backlog_since=since if backlog else "",
        disk_total=64 * GIB,
        disk_free=chance.choice((2, 30, 41, 47)) * GIB,
        disk_floor=GIB,
        problems=problems if chance.random() < 0.08 else [],
    )  # fmt: skip
