"""A whole province's repository: a nation's 500 packs, the province's, and those of its counties.

Packs are tiny; what is measured with it is what lists cost, not lessons.
"""

import random
from pathlib import Path

from core.assignment import Rule
from tests.support.province import Province
from tests.support.publishing import publish_assignment

NATIONAL_PACKS = 500
COUNTIES = 120
PACKS_EACH = 20
HOME, OTHER = "gd/zhuhai", "gd/foshan"
_SYLLABLES = (
    *("an", "bai", "cheng", "da", "dong", "fang", "feng", "gao", "guang", "hai", "he", "hua"),
    *("jiang", "kai", "lian", "ling", "long", "lu", "mei", "ming", "nan", "ning", "ping", "qing"),
    *("ren", "shan", "shao", "shun", "tai", "wu", "xin", "xing", "yang", "ying", "yun", "zhao"),
)
_SUBJECTS = ("math", "chinese", "english", "physics", "chemistry", "biology", "history", "art")


def county_names(count: int) -> list[str]:
    """Give names as counties have them, two of them fixed."""
    chance = random.Random(5)
    names = {"zhuhai", "foshan"}
    while len(names) < count:
        names.add("".join(chance.sample(_SYLLABLES, chance.choice((2, 2, 3)))))
    return sorted(names)


def pack_names(place: str, count: int) -> list[str]:
    """Give ids of packs as publishers choose them."""
    chance = random.Random(place)
    found: set[str] = set()
    while len(found) < count:
        subject, grade = chance.choice(_SUBJECTS), chance.randrange(1, 10)
        found.add(f"{place}/{subject}-g{grade}-unit-{chance.randrange(1, 30)}")
    return sorted(found)


def make_nation(
    path: Path, *, national: int = NATIONAL_PACKS, counties: int = COUNTIES
) -> Province:
    """Publish everything, and what the home county assigns to its schools."""
    places = [f"gd/{name}" for name in county_names(counties)]
    hub = Province(path, ["cn/-", "gd", *places])
    take = hub.sequence
    hub.sequence = lambda: 0  # type: ignore[method-assign]
    for place, count in (
        ("cn/-", national), ("gd", PACKS_EACH), *((one, PACKS_EACH) for one in places)
    ):  # fmt: skip
        names = pack_names("gd/-" if place == "gd" else place, count)
        hub.publish_many(place, {name: _files(name, 1) for name in names})
    hub.sequence = take  # type: ignore[method-assign]
    hub.sequencer.run()
    hub.speak_for(HOME)
    rules = [Rule("*", f"{HOME}/*"), Rule("*", "cn/-/math-g5-*"), Rule("*", "gd/-/art-*")]
    publish_assignment(hub, {}, rules)
    return hub


def update(hub: Province, pack: str, version: int) -> None:
    """Publish another version of one pack."""
    hub.publish(pack, _files(pack, version), version)


def _files(pack: str, version: int) -> dict[str, bytes]:
    return {"page.html": f"<!doctype html><title>{pack}</title><p>{version}".encode()}
