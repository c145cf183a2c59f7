"""The fault matrix as data: what is in it, how it is told, how it is resumed, and that schedules can be made again."""

from pathlib import Path

import pytest

from ghcr_audit.adapters.recover import Outcome, Recovery
from ghcr_audit.drill.journal import Step
from lab.errors import LabError
from lab.faults.cell import untold
from lab.faults.drilling import Told
from lab.faults.fault import Fault, Part
from lab.faults.matrix import cells, lost, schedules
from lab.faults.rendering import legend, summary, table, trouble
from lab.faults.result import By, Ending, Result, append_result, read_results
from lab.faults.schedule import MOST_FAULTS, Schedule, schedule_of
from lab.faults.table import FAULTS

pytestmark = pytest.mark.pure

CUT = Fault(name="cut", told="the network is cut", part=Part.NETWORK)
HANGS = Fault(
    name="hangs", told="the script hangs", part=Part.SCRIPT, steps=(Step.DEPLOYING,), because="no script runs then"
)


def result(fault: str, step: str, ending: Ending = Ending.RESTORED, restored_s: float | None = 4.0) -> Result:
    by = By.RECOVER if ending is Ending.RESTORED else None
    return Result(fault=fault, step=step, ending=ending, by=by, wall_s=9, restored_s=restored_s)


def test_every_fault_has_a_name_of_its_own_and_a_reason_wherever_it_cannot_be() -> None:
    assert len({one.name for one in FAULTS}) == len(FAULTS)
    assert [one.name for one in FAULTS if bool(one.because) != (one.steps != tuple(Step))] == []
    assert [one.name for one in FAULTS if one.hold_s > 10] == [], "seconds per cell"


def test_every_step_of_a_journal_has_faults_of_the_process_the_network_the_engine_and_the_disk() -> None:
    for step in Step:
        struck = {one.part for one in FAULTS if step in one.steps}
        assert {Part.PROCESS, Part.NETWORK, Part.ENGINE, Part.DISK, Part.JOURNAL} <= struck


def test_the_table_tells_how_each_cell_ended_and_which_were_not_run() -> None:
    known = [
        result("cut", "begun", Ending.REFUSED),
        result("cut", "deploying", restored_s=6.26),
        result("cut", "closing", Ending.LOST, None),
        result("hangs", "deploying", Ending.MISSED, None),
    ]
    assert table((CUT, HANGS), known) == (
        "fault  begun    deploying       rolling_back  restoring  closing\n"
        "-----  -------  --------------  ------------  ---------  -------\n"
        "cut    refused  restored 6.3 s  -             -          LOST\n"
        "hangs  n.a.     missed          n.a.          n.a.       n.a.\n"
    )
    assert lost(known)
    assert not lost(known[:2])


def test_what_was_lost_is_told_in_full_and_the_rest_in_figures() -> None:
    known = [
        result("cut", "begun", restored_s=2),
        result("cut", "deploying", restored_s=4),
        result("cut", "restoring", restored_s=9),
        Result(
            fault="cut", step="closing", ending=Ending.LOST, differs=("image: - a, + b",), told=("recover: failed",)
        ),
    ]
    assert trouble(known) == "LOST: cut closing\n  image: - a, + b\n  recover: failed\n"
    assert summary(known) == ("4 run: 3 restored, 1 LOST\nrestored by recover: 3, median 4.0 s, worst 9.0 s\n")


def test_a_report_that_keeps_back_that_the_host_was_still_to_be_restored_is_told() -> None:
    needed, idle = Recovery(outcome=Outcome.RESTORED, told="as it was"), Recovery(outcome=Outcome.NOTHING, told="")
    assert untold(Told(verdict="Unknown"), needed) == (
        "the drill said Unknown, and recover after it: restored: as it was",
    )
    assert untold(Told(verdict="RestoreFailed"), needed) == ()
    assert untold(None, needed) == (), "it died, and said nothing"
    assert untold(Told(verdict="Unknown"), idle) == ()


def test_the_legend_says_why_a_cell_is_not_applicable() -> None:
    assert legend((HANGS,)) == "hangs: the script hangs\n  n.a. at the other steps: no script runs then\n"


def test_what_was_run_is_not_run_again(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    for one in (result("cut", "begun", Ending.LOST), result("cut", "begun"), result("schedule 7-0", "")):
        append_result(file, one)
    with file.open("a", encoding="utf-8") as cut:
        cut.write('{"fault":"cut","st')
    done = read_results(file)
    assert [(one.key, one.ending) for one in done] == [
        (("cut", "begun"), Ending.RESTORED),
        (("schedule 7-0", ""), Ending.RESTORED),
    ], "of one cell the last counts, and a torn line is none"
    left = cells((CUT, HANGS), (Step.BEGUN, Step.DEPLOYING), done)
    assert [job.name for job in left] == ["cut deploying", "hangs deploying"]
    wanted = [schedule_of(7, number, FAULTS) for number in (0, 1)]
    assert [job.name for job in schedules(wanted, done)] == ["schedule 7-1"]
    append_result(file, result("cut", "closing"))
    assert len(read_results(file)) == 3, "the torn line does not spoil the next one"


def test_a_file_that_holds_no_results_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a result\n", encoding="utf-8")
    with pytest.raises(LabError, match="not a file of results"):
        read_results(file)


def test_a_schedule_is_made_again_from_its_seed_and_number() -> None:
    made = [schedule_of(42, number, FAULTS) for number in range(40)]
    assert made == [schedule_of(42, number, FAULTS) for number in range(40)]
    assert len({str(one).partition(":")[2] for one in made}) == 40
    assert str(schedule_of(43, 0, FAULTS)).partition(":")[2] != str(made[0]).partition(":")[2]


def test_a_schedule_has_one_to_four_faults_of_parts_of_their_own_where_they_can_be() -> None:
    made = [schedule_of(1, number, FAULTS) for number in range(300)]
    assert {len(one.strikes) for one in made} == set(range(1, MOST_FAULTS + 1))
    assert {one.rollback for one in made} == {True, False}
    assert [one for one in made if not proper(one)] == []
    assert {strike.fault.name for one in made for strike in one.strikes} == {one.name for one in FAULTS if one.mixes}


def proper(schedule: Schedule) -> bool:
    parts = [strike.fault.part for strike in schedule.strikes]
    return len(set(parts)) == len(parts) and all(
        strike.step in strike.fault.steps and strike.fault.mixes for strike in schedule.strikes
    )
