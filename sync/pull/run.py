"""One pull, from poll to summary."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Final

import msgspec

from cache.agent_db import AgentDatabase
from cache.blobs import BlobStore
from cache.catalogue_files import open_catalogue
from cache.catalogue_reader import CatalogueReader
from core.errors import ExitCode, PackhorseError, RefusedError
from core.plan.model import Hold, Plan
from core.plan.planner import work
from core.plan.situation import Situation
from core.release import Release
from core.trusted_time import format_moment
from core.wanted import EVERYTHING
from sync.context import SyncContext
from sync.events import Checking, Contact, Done, Problem, Summary, Transferred, Trusted, problem_of
from sync.held import HeldError
from sync.http_client import HttpClient
from sync.http_source import HttpSource
from sync.identity import find_identity
from sync.last_used import note_used
from sync.nowhere import Nowhere
from sync.peers.opening import open_circle
from sync.pull.choice import Choice
from sync.pull.cleaning import clean
from sync.pull.drive import drive
from sync.pull.hands import NodeHands, Tasks
from sync.pull.inventory import Inventory
from sync.pull.pack import PackPull
from sync.pull.retry import Persistence, PersistentSource
from sync.pull.room import Room
from sync.pull.statements import Statements
from sync.pull.wishes import Wishes
from sync.source import MissingError, Source, SourceError
from sync.trust import PackTarget, Reach, TrustSession, open_trust
from sync.trust.floor import read_floor
from sync.upstream import open_hub

_FACT: Final = "tip of "
# A summary is one line of bounded length, whatever publishers do.
_MOST_PROBLEMS: Final = 100
_MOST_PACKS: Final = 1000


def run_pull(context: SyncContext) -> Summary:
    """Poll the upstream, verify what is new, and fetch it, item by item.

    Emits events as it goes, ``Done`` at the end. Failures of the line, of single publishers or
    packs, or of the disk are in the summary's problems, not raised.

    Raises:
        NoStateError: the node is not enrolled.
        RefusedError: the node's identity is damaged.
    """
    summary = pull(context)
    context.emit(Done(summary=summary))
    return summary


def pull(context: SyncContext) -> Summary:
    """Do what ``run_pull`` does, but for its last event.

    Raises:
        NoStateError: the node is not enrolled.
        RefusedError: the node's identity is damaged.
    """
    started = context.clock.monotonic()
    persistence = Persistence(context.chance, context.sleep, context.alive, context.faltered)
    with ExitStack() as stack:
        opened = _open(context)
        source = stack.enter_context(closing(PersistentSource(opened, persistence)))
        context.state.create()
        agent = stack.enter_context(closing(AgentDatabase(context.state)))
        catalogue = stack.enter_context(closing(open_catalogue(context.state).catalogue))
        blobs = BlobStore(context.state.blobs)
        circle = stack.enter_context(closing(open_circle(context, agent, blobs)))
        hub = opened.client if isinstance(opened, HttpSource) and not context.open_source else None
        run = _Run(Room(context, source, blobs, catalogue, persistence, circle), agent, hub)
        run.all()
        return run.summary(context.clock.monotonic() - started)


def _open(context: SyncContext) -> Source:
    """Open what is turned to first; where other nodes alone are, that is nothing."""
    if context.by_peers:
        return Nowhere()
    return context.open_source() if context.open_source else open_hub(context)


class _Run:
    def __init__(self, room: Room, agent: AgentDatabase, hub: HttpClient | None) -> None:
        self._room = room
        self._agent = agent
        self._context = room.context
        self._problems: list[Problem] = []
        self._packs: dict[str, Transferred] = {}
        self._plan = Plan()
        self._polled = 0.0
        self._wishes = Wishes(self._context.state)
        self._inventory = Inventory(self._context)
        self._assigned: set[str] = set()
        self._priorities: dict[str, int] = {}
        self._unwanted: list[str] = []
        self._removed: list[str] = []
        self._published: set[str] = set()
        self._healthy = 0
        self._reached = False
        self._by_line = self._context.by_line and not self._context.by_peers
        self._changed = False
        self._retry_after = 0.0
        self._statements = Statements(self._context, hub, agent, self._note) if hub else None

    def all(self) -> None:
        """Do everything; failures are noted."""
        room = self._room
        room.circle.look()
        with self._noting():
            note_used(self._context.state, self._agent)
            room.catalogue.reconcile(room.blobs.has_durably)
            releases = self._rounds()
            if releases is None:
                return
            # Also when the line failed, or staging would grow with every version begun.
            whole = {(one.pack, one.version) for one in self._packs.values() if one.complete}
            is_whole = all((one.pack, one.version) in whole for one in releases)
            clean(room, releases, is_whole=is_whole, is_sound=not self._problems)
            self._wishes.remember_unpublished(self._agent, self._published)

    def _rounds(self) -> list[Release] | None:
        """Ask what is published and fetch it, again and again where that takes long.

        Returns:
            What was published last; None when nobody could say.
        """
        while True:
            self._polled = self._context.clock.monotonic()
            releases = self._releases()
            if releases is None:
                return None
            with self._noting():
                self._pull_all(releases)
                if self._plan.head is not None and self._is_stale():
                    # What stopped a pack may be mended by now, or is found again.
                    self._problems.clear()
                    continue
            return releases

    def _is_stale(self) -> bool:
        """Say whether what is published should be asked for again: withdrawals come with it."""
        passed = self._context.clock.monotonic() - self._polled
        return self._by_line and passed >= self._context.poll_seconds

    def _releases(self) -> list[Release] | None:
        """Give what is to be fetched: as the upstream says, or as other nodes do if it fails."""
        if not self._context.by_peers:
            try:
                releases = self._verify(self._room.source)
            except PackhorseError as error:
                self._failed(error)
                if self._room.circle.is_alone:
                    return None
            else:
                self._note_contact()
                return releases
        self._by_line = False
        return self._verify_by_peers()

    def _verify_by_peers(self) -> list[Release] | None:
        """Take newer metadata from another node, if one has them, else go on with those here."""
        circle = self._room.circle
        for peer, mirror in circle.mirrors(read_floor(self._context.state.root).timestamp):
            try:
                return self._verify(mirror)
            except (SourceError, RefusedError) as error:
                circle.leave_mirror(peer, error)
                self._context.emit(problem_of(error))
        with suppress(MissingError):
            return self._verify(Nowhere())
        # Nobody has told this node anything yet.
        return None

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Note what fails inside; it ends there."""
        try:
            yield
        except PackhorseError as error:
            self._failed(error)

    def _failed(self, error: PackhorseError) -> None:
        """Note what has ended the work by the upstream."""
        if isinstance(error, HeldError):
            self._plan = Plan(hold=error.hold, until=error.until)
            # What stops for its hour, or a pause, has not failed; what never began has.
            if self._reached:
                return
        self._note(error)
        if isinstance(error, SourceError):
            self._note_contact(str(error))

    def _note_contact(self, problem: str = "") -> None:
        if self._by_line:
            self._agent.note_contact(self._context.clock.wall(), problem)

    def summary(self, seconds: float) -> Summary:
        """Give the run's summary."""
        code = self._problems[0].exit_code if self._problems else ExitCode.DONE
        if self._problems and self._healthy:
            code = ExitCode.PARTIAL
        return Summary(
            task="peers" if self._context.by_peers else "pull",
            exit_code=code,
            reached=self._reached,
            changed=self._changed,
            seconds=seconds,
            traffic=self._room.source.traffic(),
            packs=list(self._packs.values())[:_MOST_PACKS],
            problems=self._problems,
            retry_after=self._retry_after,
            hold=self._hold(),
            until=self._plan.until,
            removed=self._removed,
            by_peers=self._room.circle.received,
            acknowledged=self._statements.acknowledged if self._statements else 0,
            rejected=self._statements.rejected if self._statements else 0,
            backlog=self._statements.backlog() if self._statements else 0,
        )

    def _hold(self) -> Hold:
        """Say why nothing more comes; of other nodes alone, whether one brings it, or will give."""
        if not self._context.by_peers:
            return self._plan.hold
        waits = any(one.hold == "peer" for one in self._plan.actions)
        return "peer" if waits or self._room.circle.is_busy else ""

    def _verify(self, source: Source) -> list[Release]:
        """Poll and verify; give the releases that this node takes and has not whole."""
        context = self._context
        context.emit(Checking(source=source.name))
        with open_trust(context.state, context.clock, source) as trust:
            for name in trust.damaged:
                context.emit(problem_of(_own_damage(name)))
            self._refresh(trust, source)
            moment = format_moment(trust.time.moment)
            context.emit(Trusted(time=moment, clock_verified=trust.time.clock_verified))
            listed = trust.packs(self._reach())
            choice = Choice(trust, context, self._room.catalogue, self._agent, self._wishes)
            packs = choice.choose(listed)
            self._assigned = choice.assigned
            self._priorities = choice.priorities
            self._unwanted = choice.unwanted
            self._published = choice.unknown.union(one.pack for one in packs)
            for problem in trust.problems:
                self._note(problem)
            for pack, error in choice.problems:
                self._note(error, pack)
                # The rest of the poll did its work.
                self._healthy += 1
            releases = [self._wanted(trust, choice, pack) for pack in packs]
            return [one for one in releases if one is not None]

    def _reach(self) -> Reach:
        identity = find_identity(self._context.state)
        school, place = (identity.school, identity.place) if identity else ("", "")
        packs = self._room.catalogue.packs() | self._wishes.named
        return Reach(school, place, frozenset(packs))

    def _refresh(self, trust: TrustSession, source: Source) -> None:
        fact = _FACT + source.name
        # A stick at the same place is another one, perhaps, with a tip of the same age and size.
        asks = trust.is_complete and self._by_line
        known = self._agent.reader.fact(fact) or "" if asks else ""
        if isinstance(source, Nowhere) and trust.is_complete:
            trust.refresh_unchanged()
            return
        poll = trust.poll(known)
        self._contact(changed=poll.is_changed)
        trust.take(poll)
        if self._by_line and poll.memory != known:
            trust.commit_soon(lambda: self._agent.remember(fact, poll.memory))

    def _contact(self, *, changed: bool) -> None:
        if self._context.by_line and not self._by_line:
            # Another node has answered, not the hub.
            return
        self._reached, self._changed = True, changed
        self._context.emit(Contact(changed=changed))

    def _wanted(self, trust: TrustSession, choice: Choice, pack: PackTarget) -> Release | None:
        try:
            release = trust.release(pack)
        except PackhorseError as error:
            self._note_of_pack(error, pack.pack)
            return None
        if choice.is_taken_back(pack.pack, release.version):
            self._healthy += 1
            return None
        with closing(CatalogueReader(self._context.state.catalogue)) as reader:
            here = reader.pack(pack.pack)
        is_newest = here is not None and here.manifest == release.manifest
        lacks = here is None or (here.missing and pack.pack in self._assigned)
        if is_newest and not lacks and not self._wishes.in_order([pack.pack]):
            self._healthy += 1
            return None
        return release

    def _pull_all(self, releases: list[Release]) -> None:
        """Fetch what the plan says, or everything where nothing is dear."""
        wanted = self._room.catalogue.wanted()
        pulls: dict[str, PackPull] = {
            one.pack: PackPull(self._room, one, wanted.get(one.pack, EVERYTHING))
            for one in releases
        }
        tasks = Tasks(
            pulls,
            self._priorities,
            self._assigned,
            self._wishes,
            self._unwanted,
            by_line=self._by_line,
            statements=self._statements,
        )
        hands = NodeHands(self._room, tasks, self._inventory, self._note)
        ended = False
        try:
            hands.look()
            if self._context.by_line:
                self._follow(hands)
            else:
                hands.straight()
            ended = True
        finally:
            hands.rest()
            self._inventory.save()
            self._removed += hands.removed
            for pack, pull in pulls.items():
                self._packs[pack] = _sum(self._packs.get(pack), pull.transferred())
            # What only waits for its hour is as healthy as what is here.
            there = {pack for pack in pulls if ended or self._packs[pack].complete}
            self._healthy += len(there - hands.failed)
            self._room.circle.tell(self._plan if ended else Plan())
            self._room.circle.save()

    def _follow(self, hands: NodeHands) -> None:
        """Do what the plan says until it says that nothing may be done any more."""
        if not self._room.circle.is_alone:
            self._room.circle.mean(work(hands.by_itself()))
        self._plan = drive(hands, self._made, self._is_stale)
        hands.held(self._plan)

    def _made(self, situation: Situation) -> Plan:
        """Make a plan, and let other nodes know what this one brings."""
        made = work(situation)
        self._room.circle.tell(made)
        return made

    def _note_of_pack(self, error: PackhorseError, pack: str) -> None:
        """Note what stops one pack; raise what would stop the others, too."""
        is_of_the_line = isinstance(error, SourceError) and not error.is_of_the_file
        if is_of_the_line or isinstance(error, HeldError):
            raise error
        self._note(error, pack)

    def _note(self, error: PackhorseError, pack: str = "") -> None:
        problem = problem_of(error, pack)
        if len(self._problems) < _MOST_PROBLEMS:
            self._problems.append(problem)
        self._retry_after = max(self._retry_after, getattr(error, "retry_after", 0.0))
        self._context.emit(problem)


def _sum(before: Transferred | None, now: Transferred) -> Transferred:
    """Add what a pack cost before what is published was asked for again."""
    if before is None:
        return now
    return msgspec.structs.replace(
        now,
        bundle_bytes=before.bundle_bytes + now.bundle_bytes,
        items_ready=before.items_ready + now.items_ready,
    )


def _own_damage(name: str) -> RefusedError:
    return RefusedError(
        "The file {name} of this node's own trust was damaged.",
        hint="It is fetched and verified again; if it happens often, replace the card or disk.",
        name=name,
    )
