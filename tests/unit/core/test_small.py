"""The small modules: errors, tokens, tips, time, control lines, sizes."""

import pickle
from datetime import UTC, datetime, timedelta

import pytest

from core import control, text, token, trusted_time
from core.backoff import retry_delay
from core.codec import decode_json
from core.digest import digest_from_bytes, digest_of, parse_digest
from core.errors import ExitCode, NoStateError, PackhorseError, RefusedError, UsageError
from core.kinds import extension, kind_of, media_type
from core.names import PackId
from core.release import BundleLink, Release, decode_release, encode_release
from core.tip import Tip, decode_tip, encode_tip


def test_errors_keep_template_and_fields_for_translation() -> None:
    error = RefusedError("{file} is {what}.", hint="Replace {file}.", file="a", what="bad")
    assert (str(error), error.hint) == ("a is bad.", "Replace a.")
    assert (error.template, error.fields["what"]) == ("{file} is {what}.", "bad")
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (str(copied), copied.hint, type(copied)) == (str(error), error.hint, RefusedError)
    assert str(PackhorseError("100 % {literal}")) == "100 % {literal}"


def test_every_family_has_its_exit_code() -> None:
    assert UsageError("x").exit_code == ExitCode.USAGE
    assert NoStateError("x").exit_code == ExitCode.NO_STATE
    assert {code.value for code in ExitCode} == {0, 1, 2, 3, 10, 11, 12, 13, 14}


@pytest.mark.parametrize("text_", ["", "a" * 63, "A" * 64, "g" * 64, "a" * 64 + "\n"])
def test_not_digests(text_: str) -> None:
    with pytest.raises(RefusedError):
        parse_digest(text_)


def test_digests_have_two_forms() -> None:
    assert digest_from_bytes(bytes.fromhex(digest_of(b"x"))) == parse_digest(digest_of(b"x"))
    with pytest.raises(RefusedError):
        digest_from_bytes(b"short")


def test_limits_come_before_parsing() -> None:
    with pytest.raises(RefusedError, match="too large: 9 bytes, at most 8"):
        decode_json(b"123456789", int, what="It", limit=8)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/1.MP4", "video"),
        ("x.svg", "html"),
        ("x.png", "image"),
        ("x.pdf", "pdf"),
        ("x.mp3", "audio"),
        ("x.htm", "html"),
        ("README", "document"),
        (".pdf", "document"),
        ("x.tar.gz", "document"),
    ],
)
def test_kinds(path: str, kind: str) -> None:
    assert kind_of(path) == kind


def test_extensions() -> None:
    assert [extension(path) for path in ("a.b/c", "a.B", ".x", "a.", "a")] == ["", "b", "", "", ""]
    assert media_type("x.unknown") == "application/octet-stream"


TOKEN = token.Token("https://hub.example:8443", "school-7", bytes(range(16)), 1, bytes(32))


def test_a_token_survives_being_pasted() -> None:
    word = token.encode_token(TOKEN)
    assert token.decode_token(f"  {word[:30]}\n {word[30:]}\n") == TOKEN
    assert token.decode_token(word).secret == TOKEN.secret


@pytest.mark.parametrize("place", [4, 20, 60, -1])
def test_a_mistyped_token_is_noticed(place: int) -> None:
    letters = list(token.encode_token(TOKEN))
    letters[place] = "A" if letters[place] != "A" else "B"
    with pytest.raises(RefusedError, match=r"mistyped|not an enrolment"):
        token.decode_token("".join(letters))


@pytest.mark.parametrize("word", ["", "hello", "ph1-", "ph1-!!!!", "ph1-" + "a" * 5000])
def test_what_is_no_token_is_said_so(word: str) -> None:
    with pytest.raises(RefusedError) as caught:
        token.decode_token(word)
    assert "ph1-" in caught.value.hint


def test_the_proof_depends_on_key_school_and_node() -> None:
    key = token.enrolment_key(bytes(16))
    proofs = {
        token.enrolment_proof(key, "s", "k"),
        token.enrolment_proof(key, "t", "k"),
        token.enrolment_proof(key, "s", "l"),
        token.enrolment_proof(token.enrolment_key(b"1" * 16), "s", "k"),
    }
    assert len(proofs) == 4
    assert len(token.token_name(key)) == len(token.node_name(bytes(32))) == 16


def test_tip_round_trip_and_bounds() -> None:
    tip = Tip(1, b"timestamp", 7, b"snapshot" * 50)
    assert decode_tip(encode_tip(tip)) == tip
    for bad in (b"", b"junk", encode_tip(tip)[:-1], encode_tip(tip) * 9000):
        with pytest.raises(RefusedError):
            decode_tip(bad)
    with pytest.raises(RefusedError, match="too large"):
        decode_tip(encode_tip(Tip(1, b"", 1, bytes(200_000))))
    with pytest.raises(RefusedError, match="cannot be read"):
        decode_tip(encode_tip(Tip(1, bytes(5000), 1, b"")))


def release_bytes(base: int, index_length: int) -> bytes:
    one = Release(
        format=1,
        pack=PackId("gd/-/x"),
        version=5,
        published="2026-11-22T08:30:00Z",
        title={},
        manifest=digest_of(b"m"),
        manifest_size=1,
        content_size=1,
        bundles=[BundleLink(base, 100, index_length, digest_of(b"i"))],
    )
    return encode_release(one)


def test_release_round_trip() -> None:
    assert encode_release(decode_release(release_bytes(4, 100))) == release_bytes(4, 100)


@pytest.mark.parametrize(
    "data",
    [
        release_bytes(5, 100),
        release_bytes(0, 101),
        b"{}",
        release_bytes(0, 1).replace(b'"format":1', b'"format":9'),
        release_bytes(0, 1).replace(b"gd/-/x", b"../../"),
    ],
)
def test_releases_that_are_refused(data: bytes) -> None:
    with pytest.raises(RefusedError):
        decode_release(data)


NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_the_floor_only_rises_and_not_beyond_the_period() -> None:
    soon, late = NOW + timedelta(days=1), NOW + timedelta(days=9000)
    assert trusted_time.raise_floor(NOW, soon, late) == soon
    assert trusted_time.raise_floor(soon, NOW, late) == soon
    assert trusted_time.raise_floor(NOW, late, NOW + timedelta(days=91)) == soon


@pytest.mark.parametrize(
    ("clock", "synchronised", "expected"),
    [
        (NOW + timedelta(days=2), True, (NOW + timedelta(days=2), True)),
        (NOW + timedelta(days=2), False, (NOW, False)),
        (datetime(1970, 1, 1, tzinfo=UTC), True, (NOW, False)),
        (datetime(2099, 1, 1, tzinfo=UTC), True, (NOW, False)),
    ],
)
def test_trusted_now(clock: datetime, synchronised: bool, expected: tuple[datetime, bool]) -> None:
    assert trusted_time.trusted_now(NOW, clock, synchronised=synchronised) == expected


def test_moments_round_trip() -> None:
    assert trusted_time.parse_moment(trusted_time.format_moment(NOW)) == NOW
    assert trusted_time.parse_moment(trusted_time.BUILD_DATE) < NOW
    assert trusted_time.parse_moment("2026-11-24T08:30:00Z").utcoffset() == timedelta()
    for wrong in ("yesterday", "", "2026-02-30T08:30:00Z", "0000-01-01T00:00:00Z", "2026-11-24"):
        with pytest.raises(RefusedError):
            trusted_time.parse_moment(wrong)


def test_waiting_grows_and_is_bounded() -> None:
    assert retry_delay(1, 0.0) == 1.0
    assert retry_delay(3, 1.0) == 8.0
    assert retry_delay(5000, 1.0) == 900.0


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345, "12 kB"), (3_400_000, "3.4 MB")],
)
def test_sizes_in_words(count: int, words: str) -> None:
    assert text.human_bytes(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0 s"), (45, "45 s"), (180, "3 min"), (7500, "2 h 05 min"), (270_000, "3 d 3 h")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert text.human_duration(seconds) == words


@pytest.mark.parametrize(
    ("words", "rate"),
    [
        ("512kbit", 64_000),
        ("512 kbit/s", 64_000),
        ("2Mbps", 250_000),
        ("2 MB/s", 2_000_000),
        ("512", None),
        ("2mbit", 250_000),
        ("64kB", 64_000),
        ("100B", 100),
        ("0kbit", None),
        ("-1kbit", None),
        ("fast", None),
        ("", None),
        ("1.5mbit", 187_500),
    ],
)
def test_rates(words: str, rate: int | None) -> None:
    assert text.parse_rate(words) == rate


def test_control_lines_round_trip() -> None:
    status = control.Status(
        school="s",
        packs=[
            control.PackStatus(
                id="a/b/c", title={"zh": "课"}, version=1, items=2, here=1, size=9, missing_bytes=4
            )
        ],
    )
    line = control.encode_line(control.response(4, status))
    message = control.decode_message(line)
    assert isinstance(message, control.Response)
    assert control.decode_status(message.result) == status
    event = control.decode_message(control.encode_line(control.request("event", status={})))
    assert isinstance(event, control.Request)
    assert event.id is None
    failed = control.decode_message(
        control.encode_line(control.failure(1, control.Failure(control.FAILED, "no", "do")))
    )
    assert isinstance(failed, control.Response)
    assert failed.error == control.Failure(control.FAILED, "no", "do")


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b'{"jsonrpc":"1.0","method":"x"}', b"\xff\n"])
def test_lines_that_are_no_calls(line: bytes) -> None:
    with pytest.raises(RefusedError):
        control.decode_request(line)
