"""Tokens and enrolment."""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

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
from hub.refusals import ConflictError, ForbiddenError, ReusedTokenError
from hub.registry.database import Registry
from hub.registry.models import NodeRow, TokenReuseRow, TokenRow

KEY_BYTES: Final = 32


@dataclass(frozen=True)
class Node:
    """An enrolled node."""

    id: str
    public_key: bytes
    school: str
    enrolled: datetime
    last_contact: datetime


class IssuedToken(NamedTuple):
    """A token that was handed out, without its secret."""

    name: str
    school: str
    expires: datetime


class NewToken(NamedTuple):
    """A token that is about to be handed out."""

    secret: bytes
    school: str
    expires: datetime


def add_tokens(registry: Registry, tokens: Sequence[NewToken], now: datetime) -> list[str]:
    """Remember tokens that are about to be handed out, all or none, and give their names."""
    keys = [enrolment_key(one.secret) for one in tokens]
    rows = [
        TokenRow(name=token_name(key), key=key, school=one.school, created=now, expires=one.expires)
        for one, key in zip(tokens, keys, strict=True)
    ]
    with registry.transaction() as session:
        session.add_all(rows)
    return [token_name(key) for key in keys]


def enrol(registry: Registry, hub: str, request: EnrolRequest, now: datetime) -> EnrolReply:
    """Enrol a node; the same request again gives the same reply.

    Raises:
        RefusedError: the public key is malformed.
        ForbiddenError: the token is unknown, expired, for another school, or not proven.
        ConflictError: another node has used the token.
    """
    public_key = decode_public_key(request.public_key)
    try:
        return _enrol(registry, hub, request, public_key, now)
    except ReusedTokenError:
        _note_reuse(registry, request, now)
        raise


def _enrol(
    registry: Registry, hub: str, request: EnrolRequest, public_key: bytes, now: datetime
) -> EnrolReply:
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


def waiting_tokens(registry: Registry) -> dict[str, IssuedToken]:
    """Give, for each school, the token not used yet that can be used longest."""
    query = select(TokenRow).where(TokenRow.used_by.is_(None)).order_by(TokenRow.expires)
    with registry.reading() as session:
        return {
            row.school: IssuedToken(row.name, row.school, row.expires)
            for row in session.scalars(query)
        }


def unusable_tokens(registry: Registry, now: datetime) -> set[str]:
    """Give the names of the tokens that admit no new node: used, or expired."""
    query = select(TokenRow).where(TokenRow.used_by.is_not(None) | (TokenRow.expires <= now))
    with registry.reading() as session:
        return {row.name for row in session.scalars(query)}


def usable_tokens(registry: Registry, now: datetime) -> set[str]:
    """Give the names of the tokens that admit a new node."""
    query = select(TokenRow.name).where(TokenRow.used_by.is_(None), TokenRow.expires > now)
    with registry.reading() as session:
        return set(session.scalars(query))


def reused_tokens(registry: Registry) -> dict[str, datetime]:
    """Give, for each node whose token another machine has tried, when that was last."""
    query = (
        select(NodeRow.id, TokenReuseRow.last)
        .join(TokenRow, TokenRow.used_by == NodeRow.public_key)
        .join(TokenReuseRow, TokenReuseRow.token == TokenRow.name)
        .order_by(TokenReuseRow.last)
    )
    with registry.reading() as session:
        return {row.id: row.last for row in session.execute(query)}


def _note_reuse(registry: Registry, request: EnrolRequest, now: datetime) -> None:
    """Remember that another machine tried a used token, so that the admin can be told."""
    with registry.transaction() as session:
        row = session.get(TokenReuseRow, request.token)
        count = row.count + 1 if row is not None else 1
        session.merge(
            TokenReuseRow(token=request.token, count=count, public_key=request.public_key, last=now)
        )


def check_token(token: TokenRow | None, request: EnrolRequest, now: datetime) -> TokenRow:
    """Decide whether a token admits a request.

    The proof is checked before anything about the token is told: its name is no secret.

    Raises:
        ForbiddenError: unknown, wrong proof, another school, expired.
        ReusedTokenError: used by another node.
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
        raise ReusedTokenError("Another node has used this enrolment token already.", hint=again)
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
    with registry.reading() as session:
        rows = session.scalars(select(NodeRow).order_by(NodeRow.school, NodeRow.id)).all()
    return [
        Node(row.id, decode_public_key(row.public_key), row.school, row.enrolled, row.last_contact)
        for row in rows
    ]
