"""Tokens and enrolment."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import RefusedError
from core.token import (
    EnrolReply,
    EnrolRequest,
    enrolment_key,
    enrolment_proof,
    node_name,
    token_name,
)
from hub.refusals import ConflictError, ForbiddenError
from hub.registry.database import Registry
from hub.registry.models import NodeRow, TokenRow

KEY_BYTES: Final = 32


@dataclass(frozen=True)
class Node:
    """An enrolled node."""

    id: str
    public_key: bytes
    school: str
    enrolled: datetime
    last_contact: datetime


def add_token(
    registry: Registry, secret: bytes, school: str, now: datetime, expires: datetime
) -> str:
    """Remember a token that is about to be handed out, and give its name."""
    key = enrolment_key(secret)
    name = token_name(key)
    row = TokenRow(name=name, key=key, school=school, created=now, expires=expires)
    with registry.transaction() as session:
        session.add(row)
    return name


def enrol(registry: Registry, hub: str, request: EnrolRequest, now: datetime) -> EnrolReply:
    """Enrol a node; the same request again gives the same reply.

    Raises:
        RefusedError: the public key is malformed.
        ForbiddenError: the token is unknown, expired, for another school, or not proven.
        ConflictError: another node has used the token.
    """
    public_key = decode_public_key(request.public_key)
    with registry.transaction() as session:
        row = session.scalars(
            select(TokenRow).where(TokenRow.name == request.token).with_for_update()
        ).one_or_none()
        token = check_token(row, request, now)
        node = _node_row(session, request, node_name(public_key), token.school, now)
        if token.used_by is None:
            token.used_by, token.used_at = request.public_key, now
        node.last_contact = now
        return EnrolReply(hub, node.id, node.school)


def check_token(token: TokenRow | None, request: EnrolRequest, now: datetime) -> TokenRow:
    """Decide whether a token admits a request.

    The proof is checked before anything about the token is told: its name is no secret.

    Raises:
        ForbiddenError: unknown, wrong proof, another school, expired.
        ConflictError: used by another node.
    """
    again = "Ask the administrator for a new token."
    if token is None:
        raise ForbiddenError("This hub does not know the enrolment token.", hint=again)
    proof = enrolment_proof(token.key, request.school, request.public_key)
    if not hmac.compare_digest(proof.encode(), request.proof.encode()):
        raise ForbiddenError("The request does not prove that it holds the token.", hint=again)
    if token.school != request.school:
        raise ForbiddenError(
            "The enrolment token is for another school, not for {school}.",
            hint=again,
            school=request.school,
        )
    if token.used_by == request.public_key:
        return token
    if token.used_by is not None:
        raise ConflictError("Another node has used this enrolment token already.", hint=again)
    if token.expires <= now:
        raise ForbiddenError(
            "The enrolment token expired on {day}.", hint=again, day=f"{token.expires:%Y-%m-%d}"
        )
    return token


def _node_row(
    session: Session, request: EnrolRequest, name: str, school: str, now: datetime
) -> NodeRow:
    node = session.get(NodeRow, name)
    if node is None:
        node = NodeRow(
            id=name,
            public_key=request.public_key,
            school=school,
            enrolled=now,
            last_contact=now,
        )
        session.add(node)
    elif node.public_key != request.public_key:
        raise ConflictError(
            "Another node has the same id, {node}.",
            hint="Make the node's key again, then enrol again.",
            node=name,
        )
    node.school = school
    return node


def decode_public_key(text: str) -> bytes:
    """Read a node's Ed25519 public key in base64.

    Raises:
        RefusedError: it is not 32 bytes, or not written as base64 would.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError("public_key is not base64.") from error
    if len(raw) != KEY_BYTES or base64.b64encode(raw).decode() != text:
        raise RefusedError("public_key is not the base64 of {n} bytes.", n=KEY_BYTES)
    return raw


def find_node(session: Session, name: str) -> NodeRow:
    """Find an enrolled node, and keep its row for this transaction.

    Raises:
        ForbiddenError: it is not enrolled.
    """
    row = session.scalars(select(NodeRow).where(NodeRow.id == name).with_for_update()).one_or_none()
    if row is None:
        raise ForbiddenError(
            "Node {node} is not enrolled at this hub.",
            hint="Enrol it with a token: packhorse node enrol",
            node=repr(name),
        )
    return row


def list_nodes(registry: Registry) -> list[Node]:
    """Give every node, by school."""
    with registry.transaction() as session:
        rows = session.scalars(select(NodeRow).order_by(NodeRow.school, NodeRow.id)).all()
    return [
        Node(row.id, decode_public_key(row.public_key), row.school, row.enrolled, row.last_contact)
        for row in rows
    ]
