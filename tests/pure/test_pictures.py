"""The pictures: strict XML whatever is in the report, states without colour, times where they belong."""

import base64
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.drill.timeline import Times
from ghcr_audit.evidence import Attempt, Link, Observation
from ghcr_audit.pictures.axis import FOLD_WIDTH, axis_of
from ghcr_audit.pictures.chain import draw_chain
from ghcr_audit.pictures.spans import Span, looked_at, merged, outages, waits, whole
from ghcr_audit.pictures.svg import STYLE, data_uri
from ghcr_audit.pictures.timeline import draw_timeline
from ghcr_audit.report.model import DrillRow, LinkState, Report
from ghcr_audit.text.xml import fitting
from tests.pure import audits
from tests.pure.hostile_report import filled, hostile
from tests.pure.report_example import STARTED, blocked_report, drill, drilled_report, observation

pytestmark = pytest.mark.pure

SVG = "{http://www.w3.org/2000/svg}"
TAGS = {f"{SVG}{name}" for name in ("svg", "title", "desc", "style", "rect", "circle", "path", "text", "g")}
ATTRIBUTES = {
    "class", "role", "viewBox", "width", "height", "aria-labelledby", "id", "x", "y", "rx", "r", "d", "transform",
    "font-size", "text-anchor",
}  # fmt: skip


def all_pictures(report: Report) -> list[str]:
    chains = [draw_chain(report), draw_chain(report, upright=True)]
    return [*chains, draw_timeline(report), draw_timeline(report, narrow=True)]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - our own


def described(svg: str) -> str:
    return ET.fromstring(svg).findtext(f"{SVG}desc") or ""  # noqa: S314 - our own


@settings(deadline=None)
@given(text=hostile)
def test_hostile_evidence_stays_words(text: str) -> None:
    for svg in all_pictures(filled(text)):
        elements = list(ET.fromstring(svg).iter())  # noqa: S314 - our own; strict: it raises on anything unfit
        assert {element.tag for element in elements} <= TAGS
        assert {name for element in elements for name in element.attrib} <= ATTRIBUTES


@pytest.mark.parametrize("name", audits.NAMES)
def test_every_recorded_audit_can_be_drawn(name: str) -> None:
    report = audits.report(audits.recorded(name))
    for svg in all_pictures(report):
        root = ET.fromstring(svg)  # noqa: S314 - our own
        assert root.attrib["role"] == "img"
        assert all(link.value in described(svg) for link in Link)


def test_a_picture_stays_small_whatever_is_in_the_report() -> None:
    many = [observation("x", Link.AUTH, asked="x").model_copy(update={"observed_at": _at(2 * n)}) for n in range(3000)]
    report = filled("<" * 100_000).model_copy(update={"observations": tuple(many)})
    assert max(len(svg.encode()) for svg in all_pictures(report)) < 200_000


def test_the_chain_tells_each_state_in_words_and_where_it_broke() -> None:
    told = texts(draw_chain(blocked_report()))
    assert [word for word in told if word in ("holds, with warnings", "broken", "not run", "unknown")] == [
        "holds, with warnings", "broken", "not run", "unknown", "not run", "not run",
    ]  # fmt: skip
    assert told[-1] == "It broke at auth (The registry accepts the host's credential: broken)"


def test_states_differ_in_shape() -> None:
    shapes = {line.partition('class="mark"')[0] for line in draw_chain(blocked_report()).split("<g class=")[1:]}
    outlines = {shape.partition(">")[2] for shape in shapes if "state" in shape}
    assert len(outlines) == 4


def test_the_chain_is_cut_only_behind_what_does_not_hold() -> None:
    cut = "l4-16M"
    assert draw_chain(blocked_report()).count(cut) == 2
    observed = audits.report(audits.recorded("healthy"))
    assert "not run" in described(draw_chain(observed))
    assert draw_chain(observed).count(cut) == 0


@pytest.mark.parametrize("theme", range(3), ids=["light", "dark", "paper"])
def test_every_word_can_be_read_on_what_lies_behind_it(theme: int) -> None:
    block = STYLE.split("{--ink")[1:][theme].partition("}")[0]
    colours = dict(re.findall(r"--(\w+):(#[0-9a-f]{3,6})", f"--ink{block}"))
    read = ("ink", "dim", "holds", "broken", "warning", "unknown")
    ratios = {(word, on): contrast(colours[word], colours[on]) for word in read for on in ("paper", "lane")}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}
    assert contrast(colours["bar"], colours["lane"]) >= 3 <= contrast(colours["broken"], colours["lane"])


def contrast(one: str, other: str) -> float:
    """The ratio of two colours as WCAG 2.2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_an_unknown_link_is_where_the_proof_ends_when_nothing_is_broken() -> None:
    report = blocked_report()
    links = tuple(one for one in report.links if one.link is not Link.AUTH)
    told = texts(draw_chain(report.model_copy(update={"links": links})))
    assert told[-1].startswith("Not proven from here on: digest (The running image is the released one: unknown")


def test_a_chain_that_holds_says_so_and_never_more() -> None:
    told = texts(draw_chain(audits.report(audits.recorded("healthy-pulled"))))
    assert told[-1].startswith("Nothing required is broken")
    silent = blocked_report().model_copy(update={"links": (LinkState(link=Link.AUTH),)})
    assert texts(draw_chain(silent))[-1] == "Not proven from here on: auth"


def test_waiting_stands_apart_from_work() -> None:
    report = blocked_report()
    assert waits(report) == (Span(begin_s=60, end_s=7260),)
    assert "waiting: 2 h 0 min for a person" in described(draw_timeline(report))
    axis = axis_of(whole(report), waits(report), left=0, width=600)
    assert axis.x(7260) - axis.x(60) == pytest.approx(FOLD_WIDTH)
    assert axis.x(whole(report).end_s) == pytest.approx(600)


def test_a_wait_of_which_only_the_length_is_known_is_told_and_not_drawn() -> None:
    report = blocked_report().model_copy(update={"attempts": ()})
    assert waits(report) == ()
    assert "waiting: 2 h 0 min for a person (when is not known)" in described(draw_timeline(report))


def test_a_wait_that_ended_before_it_began_is_none() -> None:
    asked = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    backwards = Attempt(number=1, outcome="x", asked_at=asked, answered_at=asked - timedelta(hours=1))
    assert waits(blocked_report().model_copy(update={"attempts": (backwards,)})) == ()


def test_downtime_that_a_drill_measured_is_told_for_each_phase() -> None:
    assert "downtime: deploy 0.6 s, rollback 0.4 s" in described(draw_timeline(drilled_report()))


def test_downtime_that_nobody_measured_is_not_none() -> None:
    rows = tuple(row.model_copy(update={"times": None}) for row in drill().rows)
    report = drilled_report().model_copy(update={"drill": drill().model_copy(update={"rows": rows})})
    assert "downtime: not measured" in described(draw_timeline(report))
    calm = tuple(row.model_copy(update={"times": Times(downtime_ms=0, asked=9)}) for row in drill().rows)
    report = drilled_report().model_copy(update={"drill": drill().model_copy(update={"rows": calm})})
    assert "downtime: none seen" in described(draw_timeline(report))


def test_a_drill_that_touched_nothing_has_no_downtime_to_tell() -> None:
    untouched = drill().model_copy(update={"touched": False})
    assert "downtime" not in described(draw_timeline(drilled_report().model_copy(update={"drill": untouched})))


def test_an_outage_ends_when_health_came_back() -> None:
    times = Times(took_ms=3000, healthy_after_ms=2500, downtime_ms=1500, longest_ms=1500, asked=50)
    (found,) = outages(_drilling(times))
    assert (found.span.begin_s, found.span.end_s) == pytest.approx((102.5, 104.0))
    assert (found.phase, found.pieces, found.still_down) == (Phase.DEPLOYED, False, False)


def test_an_outage_that_never_ended_ends_where_the_polling_did() -> None:
    times = Times(took_ms=3000, downtime_ms=2000, longest_ms=1500, asked=50, still_down=True)
    (found,) = outages(_drilling(times))
    assert found.span.end_s == pytest.approx(100 + 1.5 + 3 + 12)
    assert (found.pieces, found.still_down) == (True, True)


def test_an_outage_whose_action_nobody_saw_is_told_and_not_drawn() -> None:
    assert outages(drilled_report()) == ()


@pytest.mark.parametrize("moment_s", [-2, 0, 0.5, 59.96, 7384])
def test_observations_outside_of_the_run_are_still_drawn(moment_s: float) -> None:
    seen = observation("x", Link.AUTH, asked="x").model_copy(update={"observed_at": _at(moment_s)})
    report = blocked_report().model_copy(update={"observations": (seen,), "finished_at": STARTED, "attempts": ()})
    assert looked_at(report, Link.AUTH)[0].begin_s == moment_s
    assert "auth ✗: 412 ms" in described(draw_timeline(report))


def test_a_run_of_no_length_is_drawn() -> None:
    report = blocked_report()
    empty = {"observations": (), "attempts": (), "finished_at": report.started_at, "waited_s": 0}
    assert "auth ✗: nothing asked for it alone" in described(draw_timeline(report.model_copy(update=empty)))


moments = st.floats(min_value=-1e6, max_value=1e9)
spans = st.lists(st.tuples(moments, st.floats(min_value=0, max_value=1e7)), max_size=8).map(
    lambda pairs: tuple(Span(begin_s=begin, end_s=begin + length) for begin, length in pairs)
)


@given(found=spans)
def test_merged_spans_are_in_order_and_cover_the_same(found: tuple[Span, ...]) -> None:
    kept = merged(found)
    assert all(before.end_s < after.begin_s for before, after in pairwise(kept))
    assert all(any(one.begin_s <= span.begin_s and span.end_s <= one.end_s for one in kept) for span in found)


@given(found=spans, inside=st.lists(st.floats(min_value=0, max_value=1), min_size=2, max_size=6))
def test_time_never_runs_backwards_on_the_axis_and_never_leaves_it(
    found: tuple[Span, ...], inside: list[float]
) -> None:
    waited = merged(found)
    every = (*waited, Span(begin_s=0, end_s=10))
    all_of_it = Span(begin_s=min(one.begin_s for one in every), end_s=max(one.end_s for one in every))
    axis = axis_of(all_of_it, waited, left=100, width=600)
    places = [axis.x(all_of_it.begin_s + part * all_of_it.length_s) for part in sorted(inside)]
    assert all(before <= after + 1e-3 for before, after in pairwise(places))
    assert all(100 - 1e-3 <= place <= 700 + 1e-3 for place in places)
    assert len(list(axis.ticks(64))) <= 12


def test_a_data_uri_holds_the_picture() -> None:
    svg = draw_chain(blocked_report())
    head, _, body = data_uri(svg).partition(",")
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(body).decode() == svg


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("한국어", 6, "한국어"), ("한국어", 5, "한…"), ("a\nb", 9, "a b")],
)
def test_a_text_is_cut_to_the_columns_that_it_takes(text: str, columns: int, expected: str) -> None:
    assert fitting(text, columns) == expected


def _at(moment_s: float) -> datetime:
    return STARTED + timedelta(seconds=moment_s)


def _drilling(times: Times) -> Report:
    """A deploy that began 1.5 s into an exec of 100 s after the start: so long took what was asked before it."""
    rows = (DrillRow(phase=Phase.DEPLOYED, times=times),)
    asked = (
        ("host.reached", 20_000), ("deployed.journal", 1000), ("deployed.poll", 500), ("deployed.action", 3000),
        ("deployed.settled", 12_000), ("deployed.times", 10),
    )  # fmt: skip
    seen = tuple(_seen(key, took_ms) for key, took_ms in asked)
    told = drill().model_copy(update={"rows": rows})
    return drilled_report().model_copy(update={"observations": seen, "drill": told})


def _seen(key: str, took_ms: int) -> Observation:
    found = observation(key, Link.DEPLOY, asked=key)
    return found.model_copy(update={"observed_at": _at(100), "duration_ms": took_ms})
