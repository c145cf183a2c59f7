"""The drill at a glance says what ran when, and gives the rollback a figure only when it is one."""

import json
from dataclasses import dataclass

import pytest

from ghcr_audit.audit import Audit
from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.drill.summary import drill_summary
from ghcr_audit.evidence import Mode, Observation
from ghcr_audit.report.model import DrillSummary, Report
from tests.pure.audits import answer, recorded, report, saying, without

pytestmark = pytest.mark.pure

OLDER = "20251201-080000"
OLD_DIGEST, NEW_DIGEST = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
MEDIA = "application/vnd.oci.image.index.v1+json"
BEGIN, END, UP = "1000 begin 1795422180", "1190 end 0", "1150 up 200"
OLD_LOG = "/home/labdeploy/.local/state/ghcr-audit/logs/observer-0a1b2c3d-before.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What ran at the end of a phase, and what its action did."""

    tag: str
    digest: str
    times: str = ""


def drilled() -> Audit:
    """A drill that did what it should: from the older release to the audited one, back, and restored."""
    base = recorded("healthy")
    audit = base.model_copy(update={"mode": Mode.DRILL, "observations": ()})
    old = Seen(tag=OLDER, digest=OLD_DIGEST)
    served = f"manifest {audit.tag} 200 {NEW_DIGEST} {MEDIA}\nmanifest {OLDER} 200 {OLD_DIGEST} {MEDIA}\n"
    new = Seen(tag=audit.tag, digest=NEW_DIGEST, times=polling(BEGIN, "1010 down 000", "1070 up 200", "1300 end 0"))
    back = Seen(tag=OLDER, digest=OLD_DIGEST, times=polling(BEGIN, "1110 down 000", UP, END))
    restored = Seen(tag=OLDER, digest=OLD_DIGEST, times=polling("1020 down 000", "1050 up 200"))
    told = [
        *phase(audit, Phase.BEFORE, old),
        answer("before.registry", served, like=audit),
        answer("before.prepared", f"log saved: {OLD_LOG}\n", like=audit),
        answer("deployed.journal", "", like=audit),
        *phase(audit, Phase.DEPLOYED, new),
        *phase(audit, Phase.ROLLED_BACK, back),
        *phase(audit, Phase.RESTORED, restored),
    ]
    return audit.seeing(*told)


def polling(*lines: str) -> str:
    return "\n".join(["900 up 200", *lines, "2000 stop", "2005 asked 40"]) + "\n"


def phase(audit: Audit, when: Phase, seen: Seen) -> list[Observation]:
    """The observations of one phase that worked."""
    name = audit.target.image_ref.name
    container = {
        "id": f"{when.value}-id",
        "image": f"image-{seen.tag}",
        "config_image": f"{name}:{seen.tag}",
        "status": "running",
        "health": "healthy",
    }
    image = {"id": f"image-{seen.tag}", "digests": [f"{name}@{seen.digest}"]}
    found = [
        answer(f"{when.value}.container", json.dumps(container), like=audit),
        answer(f"{when.value}.image", json.dumps(image), like=audit),
        answer(f"{when.value}.health", "{}\n200", like=audit),
    ]
    if when is Phase.BEFORE:
        return found
    settled = answer(f"{when.value}.settled", "0 running healthy 0 200\n3000 healthy\n", like=audit)
    action = answer(f"{when.value}.action", "done", like=audit).model_copy(update={"duration_ms": 777})
    return [*found, action, settled, answer(f"{when.value}.times", seen.times, like=audit)]


def summary(audit: Audit) -> DrillSummary:
    found = drill_summary(audit)
    assert found is not None
    return found


def test_an_audit_that_never_looked_for_a_drill_has_none() -> None:
    assert drill_summary(recorded("healthy-pulled")) is None
    assert report(recorded("healthy-pulled")).drill is None
    assert drill_summary(without(drilled(), "before.container")) is None


def test_a_drill_tells_what_ran_in_each_phase() -> None:
    audit, found = drilled(), summary(drilled())
    assert [(row.phase, row.release, row.digest) for row in found.rows] == [
        (Phase.BEFORE, OLDER, OLD_DIGEST),
        (Phase.DEPLOYED, audit.tag, NEW_DIGEST),
        (Phase.ROLLED_BACK, OLDER, OLD_DIGEST),
        (Phase.RESTORED, OLDER, OLD_DIGEST),
    ]
    assert {(row.status, row.health, row.http_healthy) for row in found.rows} == {("running", "healthy", True)}
    assert [row.settled for row in found.rows] == ["", "healthy", "healthy", "healthy"]


def test_a_drill_tells_how_long_everything_took() -> None:
    found = summary(drilled())
    assert (found.touched, found.moved, found.rollback_ms) == (True, True, 1500)
    assert [found.downtime_ms(phase) for phase in Phase] == [None, 600, 400, 300]
    assert [row.took_ms for row in found.rows] == [None, 3000, 1900, 777]


def test_a_drill_tells_where_it_went_back_to_and_what_it_left_on_the_host() -> None:
    found = summary(drilled().model_copy(update={"forced": "it was unhealthy before"}))
    assert (found.back_to, found.back_to_proven) == (OLDER, True)
    assert found.back_to_source
    assert (found.forced, found.log_paths) == ("it was unhealthy before", (OLD_LOG,))


def test_a_refused_drill_has_one_row_and_touched_nothing() -> None:
    audit = drilled()
    later = [one.key for one in audit.observations if not one.key.startswith("before.")]
    found = summary(without(audit, *later))
    assert [row.phase for row in found.rows] == [Phase.BEFORE]
    assert (found.touched, found.moved, found.rollback_ms) == (False, None, None)


def test_a_rollback_that_leaves_the_same_image_has_no_figure() -> None:
    audit = drilled()
    stays = audit.seeing(*phase(audit, Phase.ROLLED_BACK, Seen(tag=audit.tag, digest=NEW_DIGEST, times=_times(audit))))
    assert (summary(stays).moved, summary(stays).rollback_ms) == (False, None)


@pytest.mark.parametrize(
    ("key", "stdout", "exit_code"),
    [
        ("rolled_back.action", "done", 1),
        ("rolled_back.settled", "0 running starting 0 503\n9000 not healthy in time\n", 1),
        ("rolled_back.settled", "", 1),
        ("rolled_back.times", "garbage", 0),
        ("rolled_back.times", polling(BEGIN, "1110 down 000", END), 0),
        ("rolled_back.container", "", 1),
        ("deployed.container", "", 1),
    ],
)
def test_a_rollback_that_was_not_seen_to_work_has_no_figure(key: str, stdout: str, exit_code: int) -> None:
    assert summary(saying(drilled(), key, stdout, exit_code=exit_code)).rollback_ms is None


def test_less_evidence_never_gives_the_rollback_another_figure() -> None:
    audit = drilled()
    figures = {one.key: drill_summary(without(audit, one.key)) for one in audit.observations}
    lacking = {key for key, found in figures.items() if found is None or found.rollback_ms is None}
    needed = {f"rolled_back.{name}" for name in ("action", "settled", "times", "container")}
    assert lacking == needed | {"before.container", "deployed.container"}
    assert {found.rollback_ms for found in figures.values() if found is not None} == {1500, None}


def test_a_phase_of_which_only_the_action_was_seen_says_that_nothing_else_was() -> None:
    lost = [f"rolled_back.{name}" for name in ("container", "image", "health", "settled", "times")]
    row = summary(without(drilled(), *lost)).row(Phase.ROLLED_BACK)
    assert row is not None
    assert (row.status, row.release, row.digest, row.http_healthy, row.took_ms) == ("", "", "", None, 777)


def test_a_container_that_is_gone_is_told_apart_from_one_that_was_not_seen() -> None:
    gone = saying(drilled(), "deployed.container", "", stderr="Error: No such container: observer", exit_code=1)
    hidden = saying(drilled(), "deployed.container", "", stderr="Cannot connect to the Docker daemon", exit_code=1)
    states = [row.status for audit in (gone, hidden) for row in summary(audit).rows if row.phase is Phase.DEPLOYED]
    assert states == ["absent", ""]


def test_a_command_that_the_fence_refused_took_no_time() -> None:
    refused = without(saying(drilled(), "deployed.action", "", exit_code=75), "deployed.times")
    row = summary(refused).row(Phase.DEPLOYED)
    assert row is not None
    assert (row.took_ms, row.exit_code) == (None, 75)


@pytest.mark.parametrize("key", ["deployed.poll", "deployed.action"])
def test_what_the_polling_of_another_phase_left_is_not_taken_for_this_one(key: str) -> None:
    refused = drilled().seeing(answer(key, "", like=drilled(), exit_code=75))
    assert (summary(drilled()).downtime_ms(Phase.DEPLOYED), summary(refused).downtime_ms(Phase.DEPLOYED)) == (600, None)


def test_of_a_lost_connection_nobody_says_that_nothing_was_changed() -> None:
    audit = drilled()
    early = without(audit, *(one.key for one in audit.observations if not one.key.startswith("before.")))
    lost = early.seeing(answer("drill.lost", "", like=audit))
    later = lost.seeing(answer("before.journal", "", like=audit))
    assert (summary(lost).touched, summary(lost).lost) == (False, True)
    assert (summary(later).touched, summary(later).lost) == (True, True)


def test_a_restore_that_was_tried_twice_says_so() -> None:
    again = drilled().seeing(answer("restored.action", "", like=drilled()))
    assert [row.passes for row in summary(again).rows] == [0, 1, 1, 2]


def test_an_image_started_by_latest_is_called_by_its_release() -> None:
    audit = drilled()
    served = f"manifest latest 200 {OLD_DIGEST} {MEDIA}\nmanifest {OLDER} 200 {OLD_DIGEST} {MEDIA}\n"
    by_latest = audit.seeing(*phase(audit, Phase.BEFORE, Seen(tag="latest", digest=OLD_DIGEST)))
    assert summary(saying(by_latest, "before.registry", served)).rows[0].release == OLDER


def test_a_tag_that_the_registry_gives_another_digest_is_not_the_release_that_runs() -> None:
    served = f"manifest {OLDER} 200 {NEW_DIGEST} {MEDIA}\n"
    first = summary(saying(drilled(), "before.registry", served)).rows[0]
    assert (first.release, first.image_text.rpartition(":")[2]) == ("", OLDER)


def test_without_the_registrys_word_a_release_is_called_by_what_it_was_started_by() -> None:
    assert summary(without(drilled(), "before.registry")).rows[0].release == OLDER


@pytest.mark.parametrize("line", ["log saved: relative/path", "log saved: ", f"log saved: /{'x' * 600}", "saved: /x"])
def test_what_is_no_path_of_a_log_is_not_told_as_one(line: str) -> None:
    assert summary(saying(drilled(), "before.prepared", f"{line}\n")).log_paths == ()


def test_a_report_with_a_drill_survives_its_way_through_json() -> None:
    found = report(drilled())
    assert found.drill == drill_summary(drilled())
    assert Report.model_validate_json(found.model_dump_json(by_alias=True)) == found


def _times(audit: Audit) -> str:
    observation = audit.newest("rolled_back.times")
    return observation.stdout if observation is not None else ""
