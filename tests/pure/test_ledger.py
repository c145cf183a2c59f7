"""A ledger says what was seen, once and for all: whatever is done to it afterwards is found and named."""

import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghcr_audit.adapters.ledger import Ledger
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Attempt, Link
from ghcr_audit.ledger.canonical import NotCanonicalError, canonical, read_canonical, sha256
from ghcr_audit.ledger.check import LINE_LIMIT_BYTES, Anchor, Checked, check, recorded_in, split_lines
from ghcr_audit.ledger.entry import FIRST_PREVIOUS, Begin, Entry, Seen, Tried, entry, render
from ghcr_audit.ledger.outputs import INLINE_BYTES, Blob, OutputError, digest_of, long_outputs, recorded, restored
from ghcr_audit.ledger.problem import What
from tests.pure.audits import NAMES
from tests.pure.audits import recorded as recorded_audit
from tests.pure.ledgers import FEW, RUN, MemoryLedger, audit_of, walked

pytestmark = pytest.mark.pure


@cache
def whole() -> tuple[bytes, ...]:
    """Two passes, a credential, and outputs that stand in the entries."""
    ledger, audit = Ledger(MemoryLedger(), RUN), audit_of("healthy-pulled", *FEW)
    walked(ledger, audit.model_copy(update={"observations": audit.observations[:2]}))
    ledger.tried(Attempt(number=1, outcome="accepted"), audit.observations[2:3])
    walked(ledger, audit)
    return ledger.store.read(RUN).lines


COUNT = len(whole())
places = st.integers(0, COUNT - 1)


def anchor() -> Anchor:
    return Anchor(entries=len(whole()), head=json.loads(whole()[-1])["hash"])


def checked(lines: tuple[bytes, ...] | list[bytes], *, anchored: bool = True) -> Checked:
    return check(lines, {}, anchor=anchor() if anchored else None)


def named(lines: tuple[bytes, ...] | list[bytes], *, anchored: bool = True) -> set[tuple[What, int | None]]:
    return {(problem.what, problem.entry) for problem in checked(lines, anchored=anchored).problems}


def test_a_ledger_as_it_was_written_is_whole_and_can_be_read() -> None:
    found = checked(whole())
    assert found.problems == ()
    assert [one.number for one in found.entries] == list(range(1, len(whole()) + 1))
    assert found.entries[0].previous == FIRST_PREVIOUS
    assert [one.pass_ for one in found.entries if isinstance(one.body, Begin)] == [1, 2]
    assert {one.run for one in found.entries} == {RUN}


def test_an_observation_stands_in_a_ledger_once_whichever_entry_is_first_to_hold_it() -> None:
    kept = [one.digest for made in checked(whole()).entries for one in recorded_in(made)]
    assert len(kept) == len(set(kept)) == len(audit_of("healthy-pulled", *FEW).observations)


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_an_edited_entry_is_named_as_altered(number: int) -> None:
    lines = list(whole())
    lines[number - 1] = lines[number - 1].replace(b'"at":"2', b'"at":"3')
    assert named(lines) == {(What.ALTERED, number)}


@pytest.mark.parametrize("number", range(1, COUNT))
def test_an_entry_that_was_rewritten_with_a_fitting_hash_is_named_since_the_next_does_not_know_it(number: int) -> None:
    lines = list(whole())
    made = Entry.model_validate_json(lines[number - 1])
    other = entry(made.body, number=number, at=made.at.replace(year=2031), run=RUN, pass_=made.pass_,
                  previous=made.previous)  # fmt: skip
    lines[number - 1] = render(other)
    assert named(lines) == {(What.ALTERED, number)}
    assert named(lines, anchored=False) == {(What.ALTERED, number)}


def test_a_last_entry_that_was_rewritten_is_found_by_the_head_alone() -> None:
    made = Entry.model_validate_json(whole()[-1])
    other = render(entry(Begin.model_validate(_begin().body), number=made.number, at=made.at, run=RUN,
                         pass_=made.pass_ + 1, previous=made.previous))  # fmt: skip
    lines = (*whole()[:-1], other)
    assert named(lines) == {(What.ALTERED, made.number)}
    assert named(lines, anchored=False) == set()


def _begin() -> Entry:
    return Entry.model_validate_json(whole()[0])


@pytest.mark.parametrize("number", range(1, COUNT))
def test_a_removed_entry_is_named_as_missing(number: int) -> None:
    lines = list(whole())
    del lines[number - 1]
    assert named(lines) == {(What.MISSING, number)}
    assert (What.MISSING, number) in named(lines, anchored=False)


@pytest.mark.parametrize("kept", range(COUNT))
def test_a_ledger_that_ends_too_early_is_truncated(kept: int) -> None:
    assert named(whole()[:kept]) == {(What.TRUNCATED, None)}


@settings(max_examples=200, deadline=None)
@given(st.permutations(range(COUNT)))
def test_any_other_order_is_named_as_re_ordered(order: list[int]) -> None:
    found = named([whole()[place] for place in order])
    behind = {place + 1 for at, place in enumerate(order) if any(one > place for one in order[:at])}
    assert found == {(What.REORDERED, number) for number in behind}


@settings(max_examples=200, deadline=None)
@given(st.lists(places, max_size=2 * COUNT))
def test_any_choice_of_lines_but_the_one_is_found(chosen: list[int]) -> None:
    found = named([whole()[place] for place in chosen])
    assert (not found) == (chosen == list(range(COUNT)))
    missing = set(range(COUNT)) - set(chosen)
    told = {number - 1 for what, number in found if what is What.MISSING and number}
    assert told == {place for place in missing if any(one > place for one in chosen)}


@settings(max_examples=400, deadline=None)
@given(places, st.data())
def test_any_change_of_any_byte_is_found(number: int, data: st.DataObject) -> None:
    lines = list(whole())
    at = data.draw(st.integers(0, len(lines[number]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != lines[number][at]))
    lines[number] = lines[number][:at] + bytes([byte]) + lines[number][at + 1 :]
    assert checked(lines).problems


def test_a_repeated_entry_and_one_that_never_was_are_named() -> None:
    assert (What.REPEATED, 3) in named([*whole()[:4], whole()[2], *whole()[4:]])
    beyond = Entry.model_validate_json(whole()[-1])
    more = render(entry(beyond.body, number=COUNT + 1, at=beyond.at, run=RUN, pass_=beyond.pass_, previous=beyond.hash))
    assert (What.ALTERED, COUNT + 1) in named([*whole(), more])


def test_an_entry_of_another_run_or_of_a_pass_that_never_began_is_named() -> None:
    made = _begin()
    other = render(entry(made.body, number=1, at=made.at, run="another-run", pass_=1, previous=FIRST_PREVIOUS))
    again = json.loads(other)["hash"]
    foreign = render(entry(made.body, number=2, at=made.at, run=RUN, pass_=2, previous=again))
    assert {(one.what, one.entry) for one in check([other, foreign], {}).problems} == {(What.ALTERED, 2)}
    skipped = render(entry(made.body, number=1, at=made.at, run=RUN, pass_=3, previous=FIRST_PREVIOUS))
    assert {(one.what, one.entry) for one in check([skipped], {}).problems} == {(What.ALTERED, 1)}


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[1]", b"7", b"\xff", b"\x00", b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1,"a":2}', b'{"a":NaN}',
     b'{"a":9007199254740993}', b'{"a":1e999}', b'{"a":' + b"1" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 100_000,
     b'{"a":"\\ud800"}', b"{}"],
)  # fmt: skip
def test_what_is_no_canonical_entry_is_named_by_its_line(line: bytes) -> None:
    lines = list(whole())
    lines[3] = line
    assert named(lines) == {(What.NOT_CANONICAL, 4)}


def test_a_line_longer_than_any_entry_is_not_even_parsed() -> None:
    long = b'{"a":"' + b"x" * LINE_LIMIT_BYTES + b'"}'
    assert named([long]) == {(What.NOT_CANONICAL, 1), (What.TRUNCATED, None)}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_crash_the_check_or_pass_it(content: bytes) -> None:
    lines, _ = split_lines(content)
    assert check(lines, {}, anchor=anchor()).problems


def test_a_last_line_without_its_end_is_truncated() -> None:
    content = b"".join(line + b"\n" for line in whole())
    assert split_lines(content) == (whole(), None)
    _, torn = split_lines(content[:-1])
    assert torn is not None
    assert torn.what is What.TRUNCATED


def test_an_entry_of_a_later_form_is_said_to_be_unknown_and_not_to_be_damaged() -> None:
    fields = json.loads(whole()[0])
    fields["body"]["kind"] = "lease"
    del fields["hash"]
    line = canonical({**fields, "hash": sha256(canonical(fields))})
    (problem,) = check([line], {}).problems
    assert (problem.what, problem.entry) == (What.UNKNOWN_FORM, 1)


def _with_long_output(text: str = "é" * INLINE_BYTES) -> Audit:
    audit = audit_of("healthy-pulled", *FEW)
    first = audit.observations[0].model_copy(update={"stdout": text, "cut": True})
    return audit.model_copy(update={"observations": (first, *audit.observations[1:])})


def test_a_long_output_stands_apart_once_and_one_that_was_cut_says_so() -> None:
    audit, store = _with_long_output(), MemoryLedger()
    ledger = Ledger(store, RUN)
    walked(ledger, audit)
    entries = ledger.entries()
    kept = next(one for made in entries for one in recorded_in(made) if one.stdout_blob)
    assert kept.observation.cut
    assert kept.observation.stdout == ""
    assert kept.stdout_blob == Blob(sha256=sha256("é".encode() * INLINE_BYTES), size_bytes=2 * INLINE_BYTES)
    assert set(store.blobs) == {kept.stdout_blob.sha256}
    assert restored(kept, store.blobs.get) == audit.observations[0]


def test_a_missing_an_altered_and_an_unnamed_output_are_named() -> None:
    store = MemoryLedger()
    walked(Ledger(store, RUN), _with_long_output())
    (digest,) = store.blobs
    blob = Blob(sha256=digest, size_bytes=2 * INLINE_BYTES)
    other = Blob(sha256="a" * 64, size_bytes=1)
    assert check(store.lines, {digest: blob}).problems == ()
    assert [one.what for one in check(store.lines, {}).problems] == [What.BLOB_MISSING]
    assert [one.what for one in check(store.lines, {digest: other}).problems] == [What.BLOB_ALTERED]
    (unnamed,) = check(store.lines, {digest: blob, "b" * 64: other}).problems
    assert (unnamed.what, unnamed.told) == (What.BLOB_UNKNOWN, "b" * 64)


def test_an_observation_is_not_restored_from_another_output() -> None:
    kept = recorded(_with_long_output().observations[0])
    with pytest.raises(OutputError, match="missing"):
        restored(kept, lambda _: None)
    with pytest.raises(OutputError, match="not the one that was kept"):
        restored(kept, lambda _: b"another output")
    with pytest.raises(OutputError, match="not text"):
        restored(kept, lambda _: b"\xff")


@pytest.mark.parametrize("name", NAMES)
def test_every_observation_comes_back_as_it_was(name: str) -> None:
    for one in recorded_audit(name).observations:
        blobs = {sha256(content): content for content in long_outputs([one])}
        assert restored(recorded(one), blobs.get) == one


def test_observations_that_differ_in_anything_have_different_names() -> None:
    one = audit_of("healthy-pulled", *FEW).observations[0]
    others = [
        one.model_copy(update={"stdout": "x"}),
        one.model_copy(update={"cut": True}),
        one.model_copy(update={"duration_ms": one.duration_ms + 1}),
        one.model_copy(update={"exit_code": 1}),
    ]
    assert len({digest_of(seen) for seen in (one, *others)}) == 5


def test_a_pass_begins_with_all_that_was_asked() -> None:
    """What a report is judged from, beside observations, attempts and waiting: nothing of an Audit is forgotten."""
    noted = set(Begin.model_fields) - {"kind", "schema_version", "version"}
    assert noted == set(Audit.model_fields) - {"run", "observations", "attempts", "waited_s"}


def test_canonical_json_is_read_as_it_is_written() -> None:
    value = {"é": [1, None, True, "\u2028", 1.5], "a": {"z": "", "b": -7}}
    assert read_canonical(canonical(value)) == value
    with pytest.raises(NotCanonicalError, match="no canonical form"):
        canonical({"a": float("nan")})


def test_entries_tell_what_they_are() -> None:
    kinds = [type(one.body) for one in checked(whole()).entries]
    assert kinds[0] is Begin
    assert kinds.count(Begin) == 2
    assert Tried in kinds
    assert next(one.body.link for one in checked(whole()).entries if isinstance(one.body, Seen)) is Link.PREFLIGHT
