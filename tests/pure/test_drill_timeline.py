"""Downtime is counted from what the host's polling wrote down; what it did not see is not measured, never zero."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.causes import Cause
from ghcr_audit.drill.timeline import Times, times
from ghcr_audit.evidence import Link, Observation, Vantage

pytestmark = pytest.mark.pure

SEEN = """\
1274188 up 200
1274228 begin 1795422180
1274231 down 000
1274289 up 200
1274388 end 0
1274439 stop
1274444 asked 41
"""
"""As drill.sh wrote it of a server that was away for about half a second."""
NO_URL = "1000 asked 0\n1010 begin 1795422180\n1210 end 3\n1300 stop\n"
KINDS = ("begin", "end", "up", "down", "asked", "stop")


def polled(text: str, **fields: object) -> Observation:
    """What `poll_end` answered."""
    observation = Observation(
        key="rolled_back.times",
        link=Link.ROLLBACK,
        vantage=Vantage.HOST,
        where="labdeploy@127.0.0.1:2222",
        asked="drill poll end observer 0a1b2c3d",
        observed_at=datetime(2026, 11, 22, tzinfo=UTC),
        duration_ms=400,
        exit_code=0,
        stdout=text,
    )
    return observation.model_copy(update=fields)


def polling(*lines: str, asked: int = 40) -> Times:
    """Of a polling that ended as it should, at 2000."""
    found = times(polled("\n".join([*lines, "2000 stop", f"2005 asked {asked}"]) + "\n"))
    assert found is not None
    return found


def test_a_service_that_was_away_and_came_back() -> None:
    assert times(polled(SEEN)) == Times(
        took_ms=1600, healthy_after_ms=610, downtime_ms=580, longest_ms=580, asked=41, still_down=False
    )


def test_without_a_url_only_the_command_is_measured() -> None:
    assert times(polled(NO_URL)) == Times(took_ms=2000)


def test_several_outages_add_up_and_the_last_one_decides_when_it_was_healthy() -> None:
    found = polling("900 up 200", "1000 begin 5", "1010 down 502", "1030 up 200", "1100 down 0", "1150 up 204")
    assert (found.downtime_ms, found.longest_ms, found.healthy_after_ms) == (700, 500, 1500)


def test_a_service_that_stays_away_is_down_until_the_polling_ends() -> None:
    found = polling("900 up 200", "1000 begin 5", "1100 down 000", "1200 end 1")
    assert found == Times(took_ms=2000, downtime_ms=9000, longest_ms=9000, asked=40, still_down=True)


def test_what_was_down_before_the_action_counts_from_the_action_on() -> None:
    found = polling("800 down 000", "1000 begin 5", "1300 up 200", "1400 end 0")
    assert (found.downtime_ms, found.healthy_after_ms) == (3000, 3000)


def test_an_outage_that_was_over_before_the_action_is_not_of_it() -> None:
    found = polling("800 down 000", "900 up 200", "1000 begin 5", "1400 end 0")
    assert (found.downtime_ms, found.longest_ms, found.healthy_after_ms) == (0, 0, 4000)


def test_a_service_that_never_failed_is_as_new_when_the_command_has_ended() -> None:
    assert polling("900 up 200", "1000 begin 5", "1250 end 0").healthy_after_ms == 2500
    assert polling("900 up 200", "1000 begin 5").healthy_after_ms is None


def test_a_restore_has_no_begin_and_counts_from_the_first_answer() -> None:
    found = polling("1000 down 000", "1030 up 200")
    assert found == Times(healthy_after_ms=300, downtime_ms=300, longest_ms=300, asked=40)
    assert polling("1000 up 200").healthy_after_ms == 0


def test_a_question_on_its_way_when_the_action_began_is_written_behind_it_and_counts_in_its_place() -> None:
    found = polling("900 up 200", "1000 begin 5", "995 down 000", "1100 up 200", "1200 end 0")
    assert (found.downtime_ms, found.healthy_after_ms) == (1000, 1000)


def test_an_answer_after_the_end_is_still_an_answer_but_no_downtime() -> None:
    found = polling("900 up 200", "1000 begin 5", "1900 down 000", "1950 end 0", "2004 up 200")
    assert (found.downtime_ms, found.healthy_after_ms, found.still_down) == (1000, 10040, False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (SEEN.replace("1274444 asked 41\n", ""), "the polling never said that it ended"),
        (SEEN.replace("1274444 asked", "1274300 asked"), "it ended before it was told to"),
        (SEEN.replace("1274439 stop\n", ""), "nobody told it to end"),
        (SEEN.replace("1274188 up 200\n1274228", "1274228").replace("1274231 down 000\n1274289 up 200\n", ""), "mute"),
    ],
)
def test_a_polling_that_may_have_missed_something_measures_no_downtime(text: str, why: str) -> None:
    assert times(polled(text)) == Times(took_ms=1600), why


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "garbage\n",
        SEEN + "1274500 sideways 1\n",
        SEEN.replace("down 000", "down"),
        SEEN.replace("1274231 down", "-1274231 down"),
        SEEN.replace("1274231 down", "٣ down"),
        SEEN.replace("1274444", "9999999999"),
        "9" * 16 + " up 200\n",
        "1 up 200\n" * 20_000,
    ],
)
def test_what_is_not_of_drill_sh_is_no_measurement(text: str) -> None:
    assert times(polled(text)) is None


@pytest.mark.parametrize("fields", [{"cut": True}, {"exit_code": 1}, {"failure": Cause.DNS_FAILURE}])
def test_what_was_not_observed_whole_is_no_measurement(fields: dict[str, object]) -> None:
    assert times(polled(SEEN)) is not None
    assert times(polled(SEEN, **fields)) is None
    assert times(None) is None


lines = st.builds("{} {} {}".format, st.integers(0, 3000), st.sampled_from(KINDS), st.integers(0, 999))
logs = st.lists(st.one_of(lines, st.builds("{} stop".format, st.integers(0, 3000))), max_size=30)


@given(logs.map("\n".join))
def test_no_time_is_negative_and_no_downtime_longer_than_the_polling(text: str) -> None:
    found = times(polled(text))
    if found is None:
        return
    moments = [int(line.split()[0]) for line in text.splitlines()]
    span_ms = (max(moments) - min(moments)) * 10
    spans = [value for value in (found.took_ms, found.healthy_after_ms, found.downtime_ms) if value is not None]
    assert all(0 <= value <= span_ms for value in spans)
    assert (found.downtime_ms is None) == (found.longest_ms is None) == (not found.asked)
    assert (found.longest_ms or 0) <= (found.downtime_ms or 0)
    assert not (found.still_down and found.healthy_after_ms is not None)


@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from([*KINDS, " ", "\n", "1", "200", "é"])).map("".join)))
def test_garbage_is_none_or_a_value_and_never_an_error(text: str) -> None:
    assert isinstance(times(polled(text)), Times | None)


@given(st.lists(st.tuples(st.integers(1, 50), st.sampled_from(("up", "down"))), min_size=1, max_size=20))
def test_downtime_is_the_sum_of_all_that_was_down(steps: list[tuple[int, str]]) -> None:
    at, written, down_ms, state = 1000, ["1000 begin 5"], 0, "up"
    written.insert(0, "990 up 200")
    for length, kind in steps:
        down_ms += length * 10 if state == "down" else 0
        at, state = at + length, kind
        written.append(f"{at} {kind} 200")
    down_ms += (2000 - at) * 10 if state == "down" else 0
    assert polling(*written).downtime_ms == down_ms
