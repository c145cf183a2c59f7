"""The page and the picture of the bench: written anew between markers, and only there."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench.pages import PageError, between, check_chart, parts, table, written
from bench.plot import Chart, Curve, drawn
from bench.results import Results
from tests.pure.test_bench_figures import DRILL, FLEET, FLEET_PREFECT, ORCHESTRATION, check_result, timing

pytestmark = pytest.mark.pure

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
CHECK = check_result(
    timing("check", 0, 1.0, 1.2, 1.1),
    timing("ssh_sh_s", 0, 0.9),
    timing("check", 100, 2.0),
    timing("ssh_sh_s", 100, 2.5),
)


def test_what_stands_between_markers_is_replaced_and_nothing_else() -> None:
    page = (
        "before\n<!-- bench:check -->\nold\n<!-- bench:end -->\nafter\n<!-- bench:fleet -->\nold\n<!-- bench:end -->\n"
    )
    once = between(page, "check", r"new \1 | text")
    assert once == page.replace("old", "\nnew \\1 | text\n", 1)
    assert between(once, "check", r"new \1 | text") == once


@pytest.mark.parametrize(
    "page", ["", "<!-- bench:check -->\nno end", "<!-- bench:check -->\n<!-- bench:end -->\n" * 2], ids=len
)
def test_a_page_without_exactly_one_place_is_refused(page: str) -> None:
    with pytest.raises(PageError, match=r"bench:check: [02] places"):
        between(page, "check", "text")


def test_the_page_has_a_place_for_every_part() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in ("goals", "check", "fleet", "fleet-prefect", "orchestration", "drill", "libraries", "redaction"):
        assert "new words" in between(text, name, "new words")


def test_tables_tell_medians_with_their_middle_half_and_ratios() -> None:
    text = dict(parts(Results(check=CHECK, fleet=FLEET)))
    assert "| `check` | 1.10 (1.05-1.15) | 2.00 (2.00-2.00) | 1/3 | 0.50 |" in text["check"]
    assert "| `ssh_sh_s` | 1.22 | 0.80 |" in text["check"]
    assert "2 cores, 23 GiB, Lab Linux 12, Python 3.11.7, OpenSSH_9.2p1" in text["check"]
    assert "load average 0.1 before and 1.2 after" in text["check"]
    assert "| 100 | 9.00 | 1.30 | 70 |" in text["fleet"]
    assert "| client CPU for each added host | ≤ 15 ms | 10.10 ms | met |" in text["goals"]


def test_what_a_flow_run_consists_of_and_asks_for_is_told() -> None:
    text = dict(parts(Results(orchestration=ORCHESTRATION, drill=DRILL)))
    assert "A flow run takes 3.10 (3.05-3.25) s, a check 1.60 (1.55-1.65) s: 1.50 s more" in text["orchestration"]
    assert "A run that waits for a credential has no process." in text["orchestration"]
    assert "| `preflight` | 1.50 |" in text["orchestration"]
    assert "| `POST /artifacts/` | 15 |" in text["orchestration"]
    assert "to verified, 1 s of it the wanted window | 3.40 (3.40-3.40) |" in text["drill"]


def test_a_fleet_is_told_by_the_number_of_workers() -> None:
    text = dict(parts(Results(fleet_prefect=FLEET_PREFECT)))["fleet-prefect"]
    assert "Verdicts by number of workers: 2: 199 Passed, 1 Unknown." in text
    assert "| 2 | 200 | 240 | 50 | 21.5 | 81 | 90 | 160 + 162 | 98% |" in text


def test_rare_kinds_of_requests_are_told_together() -> None:
    many = ORCHESTRATION.model_copy(update={"request_kinds": {f"GET /kind-{n}": 20 - n for n in range(15)}})
    text = dict(parts(Results(orchestration=many)))["orchestration"]
    assert ("GET /kind-11" in text, "GET /kind-12" in text) == (True, False)
    assert "| `(others)` | 21 |" in text


def test_a_busy_machine_is_told() -> None:
    busy = FLEET.model_copy(update={"machine": FLEET.machine.model_copy(update={"load_before": 2.5})})
    told = [dict(parts(Results(fleet=one)))["fleet"] for one in (FLEET, busy)]
    assert ["Others were at work" in text for text in told] == [False, True]


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    assert table(("a", "b"), iter([("1", "2")])) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    for _, text in parts(
        Results(check=CHECK, fleet=FLEET, orchestration=ORCHESTRATION, drill=DRILL, fleet_prefect=FLEET_PREFECT)
    ):
        for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_writing_the_page_twice_changes_nothing() -> None:
    results = Results(check=CHECK, fleet=FLEET)
    once = written(PAGE.read_text(encoding="utf-8"), results)
    assert written(once, results) == once


def test_the_picture_has_a_curve_and_a_name_for_each_contender() -> None:
    root = ET.fromstring(drawn(check_chart(CHECK)))  # noqa: S314 - our own text
    curves = [path for path in root.iterfind(".//{*}path") if path.get("fill") == "none"]
    assert [len(re.findall(r"[ML]", path.get("d") or "")) for path in curves] == [2, 2]
    words = [text.text for text in root.iterfind(".//{*}text")]
    assert {"check 2.0", "ssh_sh_s 2.5"} <= set(words)


def test_slower_is_higher_and_farther_is_more_to_the_right() -> None:
    chart = Chart(
        name="x",
        title="x",
        x_words="x",
        y_words="y",
        curves=(Curve(name="quick", points=((0, 1), (100, 1))), Curve(name="slow", points=((0, 10), (100, 10)))),
    )
    (quick, slow) = re.findall(r'd="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)" fill', drawn(chart))
    assert float(slow[1]) < float(quick[1])
    assert float(quick[0]) < float(quick[2])
