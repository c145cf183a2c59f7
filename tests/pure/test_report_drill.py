"""What a report says of a drill: a figure only where there is one, and an honest reason where there is none."""

import pytest

from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.drill.timeline import Times
from ghcr_audit.report.drill import (
    downtime_words,
    drill_markdown,
    headline,
    health_words,
    healthy_words,
    notes,
    seconds,
    took_words,
)
from ghcr_audit.report.model import DrillRow, DrillSummary
from tests.pure.report_example import drill

pytestmark = pytest.mark.pure


def row(**fields: object) -> DrillRow:
    """The rollback's row, with these fields."""
    return next(row for row in drill().rows if row.phase is Phase.ROLLED_BACK).model_copy(update=fields)


def without_figure(back: DrillRow, **fields: object) -> DrillSummary:
    """The example with this rollback, to which nobody gave a figure."""
    rows = tuple(back if one.phase is Phase.ROLLED_BACK else one for one in drill().rows)
    return drill().model_copy(update={"rows": rows, "rollback_ms": None, **fields})


def test_the_headline_is_the_rollback_and_what_the_service_suffered() -> None:
    assert headline(drill()) == (
        "Rollback took 1.9 s until healthy; the service gave no healthy answer for 0.4 s (deploy 0.6 s, restore none)."
    )


def test_a_rollback_without_an_outage_says_so() -> None:
    calm = row(times=Times(took_ms=1850, healthy_after_ms=1850, downtime_ms=0, longest_ms=0, asked=70))
    told = headline(without_figure(calm, rollback_ms=1850))
    assert told.startswith("Rollback took 1.9 s until healthy; the service answered healthily all along (deploy")
    assert (healthy_words(calm), downtime_words(calm)) == ("all along", "none seen")


@pytest.mark.parametrize(
    ("summary", "told"),
    [
        (without_figure(row(), touched=False), "The drill was not begun: nothing of the service was changed."),
        (without_figure(row(exit_code=None, took_ms=None)), "How the rollback command ended was not seen."),
        (without_figure(row(exit_code=124)), "The rollback command was stopped at its time limit after 1.9 s."),
        (without_figure(row(exit_code=1)), "The rollback command failed (exit code 1) after 1.9 s."),
        (without_figure(row(), moved=False), "The rollback changed nothing: its command ended well after 1.9 s, and"),
        (without_figure(row(), moved=None), "The rollback command ended after 1.9 s; what ran then was not seen."),
        (
            without_figure(row(times=Times(took_ms=1850, downtime_ms=9000, longest_ms=9000, asked=9, still_down=True))),
            "The rollback command ended after 1.9 s; the service was still down when looked last.",
        ),
        (
            without_figure(row(settled="restarts again and again")),
            "The rollback command ended after 1.9 s; the service did not settle (restarts again and again).",
        ),
        (without_figure(row(settled="")), "The rollback command ended after 1.9 s; the service did not settle (not s"),
        (
            without_figure(row(times=Times(took_ms=1850)), health_url=False),
            "The rollback command ended after 1.9 s; how long the service was down was not measured: the target has no"
            " health_url.",
        ),
        (without_figure(row(times=None)), "The rollback command ended after 1.9 s; how long the service was down was"),
    ],
)
def test_a_rollback_without_a_figure_says_why(summary: DrillSummary, told: str) -> None:
    assert headline(summary).startswith(told)
    assert "took" not in headline(summary)


def test_a_drill_that_ended_before_its_rollback_says_so() -> None:
    short = drill().model_copy(update={"rows": drill().rows[:2], "rollback_ms": None})
    assert headline(short) == "The drill ended before the rollback. Without a healthy answer: deploy 0.6 s."
    lost = short.model_copy(update={"lost": True})
    assert headline(lost).startswith("The drill was interrupted: no rollback was seen.")


def test_a_service_that_is_down_after_the_restore_stands_in_the_headline() -> None:
    down = (
        drill().rows[3].model_copy(update={"times": Times(downtime_ms=4000, longest_ms=4000, asked=9, still_down=True)})
    )
    told = headline(drill().model_copy(update={"rows": (*drill().rows[:3], down)}))
    assert told.endswith("(deploy 0.6 s, restore 4.0 s and still down when looked last).")
    assert healthy_words(down) == "still down"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "healthy (Docker and URL)"),
        ({"http_healthy": None}, "healthy (Docker)"),
        ({"health": ""}, "healthy (URL)"),
        ({"health": "", "http_healthy": None}, "running"),
        ({"http_healthy": False}, "running, Docker: healthy, URL: not healthy"),
        ({"health": "starting"}, "running, Docker: starting, URL: healthy"),
        ({"status": "exited"}, "exited, Docker: healthy, URL: healthy"),
        ({"settled": "not healthy in time"}, "running, Docker: healthy, URL: healthy, not healthy in time"),
        ({"status": "", "health": "", "http_healthy": None, "settled": ""}, "not seen"),
        ({"status": "absent", "health": "", "http_healthy": False, "settled": ""}, "absent, URL: not healthy"),
    ],
)
def test_healthy_is_only_what_somebody_vouches_for(fields: dict[str, object], told: str) -> None:
    assert health_words(row(**fields)) == told


def test_what_was_not_measured_is_not_zero() -> None:
    for times in (None, Times(took_ms=1850)):
        assert (healthy_words(row(times=times)), downtime_words(row(times=times))) == ("not measured", "not measured")
    before = drill().rows[0]
    assert (took_words(before), healthy_words(before), downtime_words(before)) == ("–", "–", "–")


def test_a_failed_command_shows_its_exit_code_and_several_outages_their_longest() -> None:
    assert took_words(row(exit_code=3)) == "1.9 s (exit code 3)"
    pieces = Times(took_ms=1850, healthy_after_ms=1850, downtime_ms=900, longest_ms=600, asked=70)
    assert downtime_words(row(times=pieces)) == "0.9 s (longest 0.6 s)"


@pytest.mark.parametrize(
    ("ms", "told"),
    [(0, "0.0 s"), (10, "under 0.1 s"), (50, "0.1 s"), (1910, "1.9 s"), (59_960, "1 min 0 s"), (65_000, "1 min 5 s")],
)
def test_times_are_told_no_finer_than_they_are_measured(ms: int, told: str) -> None:
    assert seconds(ms) == told


def test_the_notes_tell_how_it_was_measured_and_what_a_drill_cannot_undo() -> None:
    told = "\n".join(notes(drill(), prose=str, exact=str))
    assert "asked the health URL 220 times" in told
    assert "unproven: nobody saw it healthy on this host" in told
    assert "because: unhealthy before | *see* #12" in told
    assert "observer-0a1b2c3d-before.log" in told
    assert "cannot undo what a release did to its data (database migrations" in told


def test_a_restore_that_was_tried_twice_says_whose_times_it_shows() -> None:
    twice = drill().rows[3].model_copy(update={"passes": 2})
    told = list(notes(drill().model_copy(update={"rows": (*drill().rows[:3], twice)}), prose=str, exact=str))
    assert "The restore was run 2 times; its times are those of the last." in told


def test_a_drill_without_a_url_says_that_nothing_was_measured() -> None:
    rows = tuple(one.model_copy(update={"times": Times()}) for one in drill().rows)
    silent = drill().model_copy(update={"rows": rows, "health_url": False})
    assert "Downtime was not measured: the target has no health_url." in list(notes(silent, prose=str, exact=str))
    unable = silent.model_copy(update={"health_url": True})
    told = list(notes(unable, prose=str, exact=str))
    assert "Downtime was not measured: health could not be polled on the host." in told


def test_a_refused_drill_tells_only_what_concerns_it() -> None:
    refused = drill().model_copy(
        update={"touched": False, "rows": drill().rows[:1], "log_paths": (), "forced": "", "back_to": ""}
    )
    assert list(notes(refused, prose=str, exact=str)) == ["Release to go back to: none was found."]


def test_a_release_that_nobody_can_name_is_shown_by_what_the_container_was_started_from() -> None:
    unnamed = drill().model_copy(update={"rows": (row(release="", image_text="local/observer:latest", digest=""),)})
    table = list(drill_markdown(unnamed))[1]
    assert "| rolled back | `local/observer:latest` | – |" in table
