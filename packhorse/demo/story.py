"""The demo's story, step by step, each announced in one sentence.

The commands run as a person would run them; only the line between hub and node is ours, so that
it can be thin, be cut and count what crosses it.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

import click

from core.errors import UsageError
from core.text import counted
from packhorse.demo.channel import BEGUN, CHANNEL, calendar, tune_in
from packhorse.demo.classroom import PIN, TEACHER, Teacher
from packhorse.demo.course import change_course, make_sample_course
from packhorse.demo.foreign import prepare_foreign_course
from packhorse.demo.pupil import Pupil
from packhorse.demo.summary import Summary, Transfer
from packhorse.demo.world import World, first_line_of_data, living
from packhorse.line import Counters, LineOptions, RunningLine, running_line

PLACE = "demo/county"
_ZONE = "Asia/Shanghai"
# The same, for a machine that knows no zones by name.
_SCHOOL = timezone(timedelta(hours=8))
SCHOOL = "village-school"
_ARRIVAL_SECONDS = 60.0
# The node looks at its own files every ten seconds.
_NOTICE_SECONDS = 30.0
_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Wishes:
    """What the person asked for.

    Attributes:
        course: their own folder, None for the sample course.
        rate_text: the line's rate as they wrote it.
        line: the same as the line takes it.
        once: end after the summary.
        port: the portal's port, 0 for a free one.
    """

    course: Path | None
    rate_text: str
    line: LineOptions
    once: bool
    port: int


def tell(folder: Path, wishes: Wishes) -> Summary:
    """Play the whole story in ``folder`` and give what was found.

    Raises:
        StepFailedError: a command did not do what the story needs.
    """
    began = time.monotonic()
    summary = Summary()
    with living(World(folder)) as world:
        story = _Story(world, wishes, summary)
        story.make_course()
        upstream = story.found_hub()
        with running_line(upstream, wishes.line) as line:
            story.line = line
            story.found_node()
            story.publish("1")
            story.plan_the_day()
            story.pull("First pull")
            story.look_around()
            story.watch_the_channel()
            story.change_and_pull()
            story.use("With the line up")
            story.live_without_line()
            story.teach()
            story.line_returns()
            summary.seconds = round(time.monotonic() - began, 1)
            _step("What came of it")
            for text in summary.as_lines():
                _say(f"  {text}")
            if not wishes.once:
                _serve_on(summary)
    return summary


class _Story:
    """The steps, and what they share."""

    line: RunningLine

    def __init__(self, world: World, wishes: Wishes, summary: Summary) -> None:
        self.world = world
        self.wishes = wishes
        self.summary = summary
        # Replaced by what the course's own pack.toml says.
        self._place = PLACE
        # A lesson to broadcast and to lead a class with: pack, item, and its cues' moments.
        self._lesson: tuple[str, str, list[int]] | None = None

    def make_course(self) -> None:
        """Put an admin's folder there."""
        if self.wishes.course is None:
            _step("An admin has a folder with a course: a video, a page with pictures, a PDF.")
            with _bar("  Drawing the lessons") as show:
                make_sample_course(self.world.course, progress=show)
        else:
            _step(f"An admin has a folder with a course: a copy of {self.wishes.course}.")
            for sentence in prepare_foreign_course(self.wishes.course, self.world.course):
                _say(f"  {sentence}")
        self._look_at_course()

    def _look_at_course(self) -> None:
        """Let the packager say what it understands, and take the publisher from the pack's id.

        Raises:
            UsageError: the folder cannot be published.
        """
        found = self.world.run("pack", "check", str(self.world.course), "--json", expect=(0, 2, 3))
        if not found:
            raise UsageError(
                "{folder} cannot be published as it is.",
                hint="The sentence above names what is wrong.",
                folder=self.wishes.course or self.world.course,
            )
        data = json.loads(found)
        self._place = data["pack"].rpartition("/")[0]
        _say(f"  Understood as {data['pack']}: {counted(len(data['items']), 'lesson')}.")
        for item in data["items"]:
            if item["renditions"]:
                cues = [cue["at"] for cue in item["cues"]]
                self._lesson = (data["pack"], item["id"], cues)
                _say(f"  A class can be led with {item['entry']}: {counted(len(cues), 'cue')}.")
                break

    def found_hub(self) -> tuple[str, int]:
        """Make and start a hub; give the address where it listens."""
        _step("The county sets up a hub with its own keys and starts it.")
        world = self.world
        world.run("hub", "init", str(world.hub), "--publisher", self._place)
        hub = world.start(
            "hub", "hub", "serve", str(world.hub), "--listen", "127.0.0.1:0", "--json"
        )
        listening = urlsplit(first_line_of_data(hub, world, "hub")["listening"])
        return listening.hostname or "127.0.0.1", listening.port or 0

    def found_node(self) -> None:
        """Enrol a node over the thin line and start it."""
        _step(f"A school enrols its node over a line of {self.wishes.rate_text}/s.")
        world = self.world
        token = world.run(
            "hub", "token", str(world.hub), SCHOOL, "--hub-url", self.line.url
        ).strip()
        world.run("node", "enrol", token, "--state", str(world.node))
        (world.node / "node.toml").write_text(
            f'[portal]\nlisten = "127.0.0.1:{self.wishes.port}"\ncontent_listen = "127.0.0.1:0"\n'
            f'[time]\nzone = "{_ZONE}"\n',
            encoding="utf-8",
        )
        node = world.start("node", "node", "run", "--state", str(world.node))
        self.summary.portal = first_line_of_data(node, world, "node")["portal"]
        _say(f"  The school's pages are at {self.summary.portal}")
        self._name_teacher()

    def _name_teacher(self) -> None:
        """Let a teacher lead classes, and say the time where the machine's clock is not sure."""
        where = ("--state", str(self.world.node))
        self.world.run("node", "teacher", "add", TEACHER, "--pin-stdin", *where, given=f"{PIN}\n")
        if not self.world.data("node", "time", *where)["known"]:
            now = _watch().astimezone(_SCHOOL)
            self.world.run("node", "time", f"{now:%Y-%m-%dT%H:%M}", *where)
        self.summary.teacher, self.summary.pin = TEACHER, PIN
        _say(f"  {TEACHER} may lead classes, with the PIN {PIN}.")

    def publish(self, what: str) -> None:
        """Publish the folder as it is now."""
        _step(f"The admin publishes version {what} of the course and sees what it costs.")
        world = self.world
        world.run("pack", "publish", "--yes", str(world.course), *self._signing())

    def _signing(self) -> tuple[str, ...]:
        hub = self.world.hub
        key = hub / "keys" / f"publisher.{self._place.replace('/', '.')}.pem"
        return ("--repository", str(hub / "repository"), "--key", str(key))

    def plan_the_day(self) -> None:
        """Publish a timetable by which the video is on now."""
        if self._lesson is None:
            return
        _step("The admin publishes the timetable of grade 5: the video is on now, and again.")
        pack, item, _ = self._lesson
        now = _watch()
        file = self.world.folder / "grade5.ics"
        file.write_text(calendar(f"{pack}/{item}", now), encoding="utf-8", newline="")
        first = (now - BEGUN).astimezone(_SCHOOL)
        self.world.data(
            *("pack", "timetable", str(file), "--channel", CHANNEL, "--yes"),
            *("--title", "zh=五年级空中课堂", "--title", "en=Grade 5 on the air"),
            *("--zone", _ZONE, "--from", f"{first:%Y-%m-%d}", "--until", _tomorrow(now)),
            *self._signing(),
            # Worth a look: it may be the middle of the night.
            expect=(0, 3),
        )
        self.summary.channel = f"{self.summary.portal.rstrip('/')}/air/{CHANNEL}"
        self.summary.classes = f"{self.summary.portal.rstrip('/')}/class"

    def watch_the_channel(self) -> None:
        """Tune in to the channel as a television does."""
        if self._lesson is None:
            return
        _step(f"A television tunes in to the channel, {self.summary.channel}.m3u8.")
        tuned = tune_in(self.summary.portal)
        self.summary.channel_parts = tuned.parts
        self.summary.check(tuned.whole, "The channel does not play.")
        _say(f"  {counted(tuned.parts, 'part')} of what is on came.")

    def teach(self) -> None:
        """Lead a class with the line still cut."""
        if self._lesson is None:
            return
        _step("Still without a line, a teacher leads a class; the big screen keeps in step.")
        pack, item, cues = self._lesson
        teacher = Teacher(self.summary.portal)
        code = teacher.start(pack, item)
        self.summary.check(bool(code), "No class could be started.")
        if not code:
            return
        _say(f"  {TEACHER} signed in; screens join at {self.summary.classes} with {code}.")
        taught = teacher.teach(code, cues)
        self.summary.class_cues = taught.cues
        self.summary.statements_made += 1
        self.summary.check(taught.cues == len(cues), "The class did not stop at each cue.")
        self.summary.check(taught.ended, "The big screen did not see the class end.")
        _say(f"  It stopped at {counted(taught.cues, 'cue')}, and ended.")

    def pull(self, what: str) -> None:
        """Bring the newest version over the line, and note what crossed it."""
        _step(f"{what}: the node fetches over the line of {self.wishes.rate_text}/s.")
        before = self.line.stats()
        data = self.world.data("node", "sync", "--state", str(self.world.node))
        crossed: Counters = self.line.stats().since(before)
        reported = data["traffic"]["received"] + data["traffic"]["sent"]
        content = sum(pack["content_size"] for pack in data["packs"])
        self.summary.transfers.append(Transfer(what, content, reported, crossed.up + crossed.down))
        self.summary.check(bool(data["packs"]), f"{what}: nothing was fetched.")
        self.summary.check(
            all(pack["complete"] for pack in data["packs"]), f"{what}: not everything came."
        )

    def look_around(self) -> None:
        """Open every lesson as a browser would."""
        _step(
            "A teacher opens every lesson in the browser; in a video, also a place in its middle."
        )
        pupil = Pupil(self.summary.portal)
        self.summary.course, self.summary.lessons = pupil.open_every_lesson()
        self.summary.check(bool(self.summary.lessons), "The portal shows no lessons.")
        for lesson in self.summary.lessons:
            self.summary.check(lesson["served"], f"{lesson['title']} is not served.")

    def change_and_pull(self) -> None:
        """Publish a changed lesson and bring it as a delta."""
        sentence = change_course(self.world.course)
        _step(f"The admin changes a lesson. {sentence}")
        self.publish("2")
        self.pull("Update")
        first, update = self.summary.transfers
        self.summary.check(update.line < first.line, "The update cost as much as the whole course.")

    def use(self, when: str) -> int:
        """Use the lessons; each fact is durable before the page is told so; give how many."""
        _step(f"{when}: pupils use the lessons, and the node notes it without names.")
        made = Pupil(self.summary.portal).use_lessons()
        self.summary.statements_made += made
        _say(f"  {made} notes are on the node's disk.")
        return made

    def live_without_line(self) -> None:
        """Cut the line; everything must go on."""
        _step("The line is cut. The lessons play on.")
        self.line.down()
        pupil = Pupil(self.summary.portal)
        _, lessons = pupil.open_every_lesson()
        # The changed version may have one more.
        served = len(lessons) >= len(self.summary.lessons) and all(
            lesson["served"] for lesson in lessons
        )
        self.summary.served_without_line = served
        self.summary.check(served, "Lessons were not served while the line was cut.")
        made = self.use("Without a line")
        self.summary.waiting_without_line = self._waiting(made)
        self.summary.check(
            self.summary.waiting_without_line >= made,
            "Not every statement waited while the line was cut.",
        )

    def _waiting(self, least: int) -> int:
        """Give how many statements wait, once the node has looked at what was made last."""
        deadline = time.monotonic() + _NOTICE_SECONDS
        while True:
            status = self.world.data("node", "status", "--state", str(self.world.node))
            waiting = int(status["backlog"])
            if waiting >= least or time.monotonic() > deadline:
                return waiting
            time.sleep(_PAUSE_SECONDS)

    def line_returns(self) -> None:
        """Restore the line; the statements reach the hub, each once."""
        _step("The line returns, and the statements that waited go to the hub.")
        self.line.up()
        self.world.data("node", "sync", "--state", str(self.world.node))
        deadline = time.monotonic() + _ARRIVAL_SECONDS
        while True:
            report = self.world.data("hub", "report", str(self.world.hub))
            self.summary.statements_received = report["statements"]
            arrived = self.summary.statements_received >= self.summary.statements_made
            if arrived or time.monotonic() > deadline:
                break
            time.sleep(_PAUSE_SECONDS)
        self.summary.check(
            self.summary.statements_received == self.summary.statements_made,
            "Not every statement arrived exactly once.",
        )
        told = sum(one["statements"] for one in report["counts"] if one["verb"] == "taught")
        self.summary.class_reported = told == 1
        self.summary.check(
            self.summary.class_reported or self._lesson is None,
            "The class's one statement did not reach the hub.",
        )


def _step(sentence: str) -> None:
    """Begin a part of the story, apart from the commands' own words."""
    click.secho(f"\n== {sentence}", err=True, bold=True)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


@contextmanager
def _bar(label: str) -> Iterator[Callable[[float], None]]:
    with click.progressbar(length=1000, label=label, file=sys.stderr) as bar:
        done = 0

        def show(share: float) -> None:
            nonlocal done
            now = max(done, round(share * 1000))
            bar.update(now - done)
            done = now

        yield show


def _watch() -> datetime:
    """Look at the admin's own watch."""
    return datetime.now(UTC)  # noqa: TID251 - `packhorse` takes no clock from the node's rooms


def _tomorrow(now: datetime) -> str:
    """Give the last day of the timetable, at the school."""
    return f"{now.astimezone(_SCHOOL) + timedelta(days=1):%Y-%m-%d}"


def _serve_on(summary: Summary) -> None:
    _say(f"\nThe lessons stay at {summary.portal} until you press Ctrl-C.")
    if summary.channel:
        _say(f"The channel is on at    {summary.channel}")
        _say(f"Classes are led from    {summary.portal.rstrip('/')}/teacher")
        _say(f"                        as {summary.teacher} with the PIN {summary.pin};")
        _say(f"screens join at         {summary.classes}")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        _say("Good-bye.")
