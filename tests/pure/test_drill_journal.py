"""The journal is untrusted when it is read back: whole and consistent, or refused; and a shell can read its lines."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ghcr_audit.drill.found import found
from ghcr_audit.drill.journal import Journal, Step, UnreadableJournalError, fits, parse, pin_of, render, watched
from ghcr_audit.drill.snapshot import (
    ComposeOrigin,
    KeptFile,
    LocalTag,
    Mount,
    Service,
    Sidecar,
    Snapshot,
    StateFile,
)
from ghcr_audit.evidence import Link, Observation, Vantage
from ghcr_audit.framing import host_script
from ghcr_audit.targets import Target
from ghcr_audit.targets.tables import Deploy

RUN = "0b9f1d6e-6c1c-4a55-9a0c-3f1f4be2a111"
OTHER_RUN = "7a2f1d6e-6c1c-4a55-9a0c-3f1f4be2a222"
IMAGE = "ghcr.io/acme/observer"
ID, NEW_ID = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


def before(**changes: object) -> Snapshot:
    compose = ComposeOrigin(
        project="observer",
        service="observer",
        working_directory="/srv/observer",
        config_files=("/srv/observer/compose.yml", "/srv/observer/more files.yml"),
        config_hash="c" * 64,
    )
    service = Service(
        id="d" * 64,
        image_text=f"{IMAGE}:20260120-083000",
        image_id=ID,
        digests=(f"{IMAGE}@{ID}",),
        status="running",
        health="healthy",
        started_at="2026-11-23T08:04:52.223580132Z",
        restarts=0,
        mounts=(Mount(kind="bind", source="/srv/data", destination="/data", writable=True),),
        networks=("host",),
        compose=compose,
    )
    parts: dict[str, object] = {
        "service": service,
        "sidecars": (Sidecar(name="observer-grafana", id="e" * 64, status="running"),),
        "tags": (LocalTag(reference=f"{IMAGE}:20260120-083000", image_id=ID),),
        "state_files": (
            StateFile(name="last_good_tag", content="20260120-083000"),
            StateFile(name="big", plain=False),
        ),
        "files": (KeptFile(path="/srv/observer/compose.yml", sha256="f" * 64),),
        "http_healthy": True,
    }
    return Snapshot.model_validate({**parts, **changes})


def journal(**changes: object) -> Journal:
    parts: dict[str, object] = {
        "target": "observer",
        "run": RUN,
        "by": RUN,
        "where": "deploy@shop.example:22",
        "image_name": IMAGE,
        "container": "observer",
        "tag": "20260120-174230",
        "began_at": datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
        "before": before(),
        "pins": (LocalTag(reference=pin_of("observer", RUN, 0), image_id=ID),),
        "tag_variable": "IMAGE_TAG",
        "state_directory": "/srv/observer/runtime/state",
    }
    return Journal.model_validate({**parts, **changes})


def target(**changes: object) -> Target:
    parts: dict[str, object] = {
        "name": "observer",
        "image": IMAGE,
        "registry_user": "acme-bot",
        "container": "observer",
        "drill": "allowed",
        "host": {"address": "shop.example", "user": "deploy"},
        "deploy": Deploy(directory="/srv/observer"),
    }
    return Target.model_validate({**parts, **changes})


@pytest.mark.parametrize("step", list(Step))
def test_what_is_written_is_what_is_read(step: Step) -> None:
    written = journal().at(step, by=OTHER_RUN)
    assert parse(render(written)) == written
    assert f"\nrun {OTHER_RUN}\nstep {step.value}\n" in render(written)


@given(st.integers(min_value=0, max_value=len(render(journal())) - 1))
def test_a_truncated_journal_is_refused(length: int) -> None:
    with pytest.raises(UnreadableJournalError):
        parse(render(journal())[:length])


@given(st.text(max_size=300))
def test_any_text_is_refused_or_a_journal(text: str) -> None:
    with pytest.raises(UnreadableJournalError):
        parse(text)


@pytest.mark.parametrize(
    ("line", "forged"),
    [
        ("image_id", f"image_id {NEW_ID}"),
        ("project", "project other"),
        ("variable", "variable PATH=/tmp/evil"),
        ("step", "step closing"),
        ("compose_file", "compose_file /tmp/evil.yml"),
    ],
)
def test_lines_that_do_not_say_what_the_json_says_are_refused(line: str, forged: str) -> None:
    """The host's shell reads the lines, Python the JSON: whoever changes one of them is told."""
    text = re.sub(rf"(?m)^{line} .*$", forged, render(journal()), count=1)
    assert text != render(journal())
    with pytest.raises(UnreadableJournalError, match="do not say the same"):
        parse(text)


def test_no_value_may_become_a_line_of_its_own() -> None:
    files = (StateFile(name="last_good_tag", content="x\nimage_id sha256:evil"),)
    with pytest.raises(ValidationError, match="line break"):
        journal(before=before(state_files=files))


def test_a_journal_without_a_way_back_is_none() -> None:
    service = before().service
    assert service is not None
    with pytest.raises(ValidationError, match="compose service"):
        journal(before=before(service=service.model_copy(update={"compose": None})))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"target": "shop"}, "it is of target shop"),
        ({"where": "root@shop.example:22"}, "on root@shop.example:22"),
        ({"container": "postgres"}, "container postgres"),
        ({"image_name": "evil.example/acme/observer"}, "it is of image evil.example/acme/observer"),
        ({"pins": (LocalTag(reference=f"{IMAGE}:latest", image_id=ID),)}, "is no pin"),
    ],
)
def test_a_journal_of_another_target_does_not_fit(changes: dict[str, object], why: str) -> None:
    assert why in fits(journal(**changes), target())
    assert bool(fits(journal(**changes), target())) == bool(why)


def test_the_tag_before_is_that_of_the_image_as_it_was_written() -> None:
    service = before().service
    assert service is not None
    for text, tag in ((f"{IMAGE}:v1", "v1"), (IMAGE, "latest"), (f"127.0.0.1:5000/a@{ID}", "latest")):
        changed = before(service=service.model_copy(update={"image_text": text}))
        assert journal(before=changed).tag_before == tag


def test_only_tags_that_a_drill_may_move_are_watched() -> None:
    tags = (
        LocalTag(reference=f"{IMAGE}:20260120-083000", image_id=ID),
        LocalTag(reference=f"{IMAGE}:latest", image_id=NEW_ID),
        LocalTag(reference="obs_deploy-observer:latest", image_id=ID),
        LocalTag(reference=f"{IMAGE}-postgres:1", image_id=NEW_ID),
        LocalTag(reference="ghcr-audit/pin:drill-observer-x-0", image_id=ID),
    )
    kept = watched(target(), before(tags=tags), ("20260120-174230", "latest")).tags or ()
    assert {tag.reference for tag in kept} == {tags[0].reference, tags[1].reference, tags[2].reference}


def test_every_pinned_image_of_the_audited_name_can_be_pulled_again_by_digest() -> None:
    """With the containerd store the id is the digest; what was built here, or bears another name, is nowhere else."""
    manifest = f"sha256:{'9' * 64}"
    tags = (
        LocalTag(reference=f"{IMAGE}:20260120-083000", image_id=ID),
        LocalTag(reference=f"{IMAGE}:20260120-174230", image_id=NEW_ID, digest=manifest),
        LocalTag(reference=f"{IMAGE}:unpinned", image_id=f"sha256:{'8' * 64}"),
        LocalTag(reference="obs_deploy-observer:latest", image_id=ID, digest=manifest),
    )
    pins = tuple(LocalTag(reference=pin_of("observer", RUN, n), image_id=one) for n, one in enumerate((ID, NEW_ID)))
    lines = render(journal(before=before(tags=tags), pins=pins)).splitlines()
    assert [line for line in lines if line.startswith("source ")] == [
        f"source {ID} {IMAGE}@{ID}",
        f"source {NEW_ID} {IMAGE}@{manifest}",
    ]


def test_a_file_that_was_not_there_is_a_line_of_the_journal() -> None:
    there_not = before(absent_files=("/srv/observer/.env",))
    assert "\nabsent /srv/observer/.env\n" in render(journal(before=there_not))
    with pytest.raises(ValidationError, match="line break"):
        journal(before=before(absent_files=("/srv/x\nimage_id sha256:evil",)))


def test_a_journal_of_all_tags_that_are_watched_is_not_too_long() -> None:
    tags = tuple(
        LocalTag(reference=f"{IMAGE}:20260120-{n:06}", image_id=f"sha256:{n:064}", digest=f"sha256:{n:064}")
        for n in range(1000)
    )
    kept = watched(target(), before(tags=tags), ())
    pins = tuple(LocalTag(reference=pin_of("observer", RUN, n), image_id=tags[n].image_id) for n in range(40))
    whole = journal(before=kept, pins=pins)
    assert parse(render(whole)) == whole


def test_a_shell_reads_the_lines_as_they_were_meant(tmp_path: Path) -> None:
    """`journal_lines` of drill.sh: values with blanks stay whole, and nothing after the JSON counts."""
    (tmp_path / "journal").write_text(render(journal()), encoding="utf-8")
    steps = "journal_lines compose_file; journal_lines state; journal_lines nothing"
    done = subprocess.run(
        ("/bin/sh", "-c", f"place={tmp_path}\n{host_script('drill.sh')}\n{steps}"),
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "/srv/observer/compose.yml",
        "/srv/observer/more files.yml",
        "1 last_good_tag 20260120-083000",
    ]


def look(stdout: str) -> Observation:
    return Observation(
        key="host.drill",
        link=Link.PREFLIGHT,
        vantage=Vantage.HOST,
        where="here",
        asked="drill look",
        observed_at=datetime(2026, 11, 23, tzinfo=UTC),
        duration_ms=1,
        exit_code=0,
        stdout=stdout,
    )


def test_what_lies_on_the_host_is_parsed_and_bounded() -> None:
    free, held = found(look("lease free\n")), found(look(f"lease held {RUN} 17 ghcr-audit on x, process 3\n"))
    assert free is not None
    assert held is not None
    assert (free.held_by, free.left_s, free.journal) == ("", 0, "")
    assert (held.held_by, held.left_s, held.holder) == (RUN, 17, "ghcr-audit on x, process 3")
    left = found(look(f"lease expired {RUN} 0 somebody\njournal\n{render(journal())}"))
    assert left is not None
    assert (left.left_s, parse(left.journal)) == (0, journal())


@given(st.text(max_size=200))
def test_any_answer_about_the_lease_is_parsed_or_none(text: str) -> None:
    found(look(text))
