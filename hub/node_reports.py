"""Takes what nodes say about themselves, whatever carried it here.

A report is verified like a batch of statements: for this hub, signed by an enrolled node's key,
and sound in every part that is shown later. Only the newest is kept, so that junk, even from
thousands of enrolled nodes, takes a row each and no more.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cache.clock import Clock
from core.errors import RefusedError
from core.fleet_warnings import Carrier
from core.names import parse_pack_id
from core.node_report import (
    NodeReport,
    ReportReply,
    SignedReport,
    decode_report,
    decode_signed_report,
    report_message,
)
from core.trusted_time import parse_moment
from hub.refusals import ForbiddenError
from hub.registry.database import Registry
from hub.registry.enrolment import decode_public_key, find_node
from hub.registry.node_reports import Arrival, enter_report


class ReportIntake:
    """Takes reports for one hub.

    Args:
        registry: nodes and their newest reports.
        hub: this hub's id.
        clock: tells when a report came.
        most_a_day: reports that one node may have kept on one day (UTC).
    """

    def __init__(self, registry: Registry, hub: str, clock: Clock, most_a_day: int) -> None:
        """Take nothing yet."""
        self._registry = registry
        self._hub = hub
        self._clock = clock
        self._most_a_day = most_a_day

    def take(self, data: bytes, carrier: Carrier = "line") -> ReportReply:
        """Take one signed report; the same again, or an older one, changes nothing.

        Raises:
            RefusedError: malformed, damaged or too large.
            ForbiddenError: for another hub, or not signed by an enrolled node's key.
            TooOftenError: the node has reported as often as it may in one day.
            UnavailableError: the registry does not answer.
        """
        signed = decode_signed_report(data)
        if signed.hub != self._hub:
            raise ForbiddenError(
                "The report is for hub {found}, this one is {hub}.",
                hint="Enrol the node at this hub, or send the report to its own.",
                found=repr(signed.hub),
                hub=self._hub,
            )
        now = self._clock.wall()
        with self._registry.transaction() as session:
            node = find_node(session, signed.node)
            _check_signature(signed, decode_public_key(node.public_key))
            report = _checked(decode_report(signed.body))
            arrival = Arrival(now, carrier, self._most_a_day)
            number = enter_report(session, signed.node, report, signed.body, arrival)
            node.last_contact = now
        return ReportReply(report.epoch.hex(), number)


def _check_signature(signed: SignedReport, public_key: bytes) -> None:
    message = report_message(signed.hub, signed.node, signed.body)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signed.signature, message)
    except InvalidSignature as error:
        raise ForbiddenError(
            "The report is not signed by the key of node {node}.", node=signed.node
        ) from error


def _checked(report: NodeReport) -> NodeReport:
    """Refuse what could not be shown later.

    Raises:
        RefusedError: a moment or a pack's id is none, a pack stands twice.
    """
    parse_moment(report.time)
    for moment in (report.backlog_since, report.contact):
        if moment:
            parse_moment(moment)
    packs = [parse_pack_id(one.pack) for one in report.packs]
    if len(set(packs)) < len(packs):
        raise RefusedError("The report names a pack twice.")
    return report
