"""A drill is refused, by name, on a host that is not ready for it; nothing was touched by then."""

import pytest

from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Outcome, Weight
from ghcr_audit.links import deploy
from ghcr_audit.links.conditions import kept_nowhere
from tests.pure.audits import recorded, saying, without
from tests.pure.drill_audits import (
    NAME,
    NEW,
    NEW_DIGEST,
    OLD,
    OLD_DIGEST,
    RUN,
    before,
    composed,
    container,
    drilled,
    image,
    registry,
)

pytestmark = pytest.mark.pure

HOLDS, BROKEN, UNKNOWN = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNKNOWN
DRILL_KEYS = tuple(
    sorted(
        {one.key for one in drilled().observations} - {one.key for one in recorded("newer-release-pulled").observations}
    )
)
HELD = "refused: run 1234abcd (ghcr-audit on other, process 7) holds the lease for 17 s more\n"
UNFINISHED = "refused: the drill of run 1234abcd was not finished (step deploying): restore it first\n"


def refusals(audit: Audit) -> dict[str, tuple[Outcome, str]]:
    return {one.key.removeprefix("deploy."): (one.outcome, one.is_) for one in deploy.refused(audit)}


def test_a_host_that_is_ready_is_not_refused() -> None:
    assert deploy.refused(before()) == ()


@pytest.mark.parametrize(
    ("key", "stdout", "stderr", "exit_code", "name", "expected"),
    [
        ("before.lease", "", HELD, 75, "lease", (UNKNOWN, HELD.strip().removeprefix("refused: "))),
        ("before.lease", "", UNFINISHED, 76, "lease", (UNKNOWN, UNFINISHED.strip().removeprefix("refused: "))),
        (
            "before.tag_image",
            "",
            f"Error: No such image: {NAME}\n",
            1,
            "new_image",
            (BROKEN, "the image is not on the host"),
        ),
        (
            "before.tag_image",
            image(OLD_DIGEST),
            "",
            0,
            "new_image",
            (BROKEN, f"registry {NEW_DIGEST}, host {OLD_DIGEST}"),
        ),
        ("before.registry", "token 403 DENIED gone\n", "", 0, "new_image", (UNKNOWN, "token endpoint 403 DENIED gone")),
        (
            "before.diff",
            "A /data2\nC /etc\nA /etc/x\n",
            "",
            0,
            "clean",
            (UNKNOWN, "a new container would lose A /data2, C /etc, A /etc/x"),
        ),
        ("before.diff", "", "no such container\n", 1, "clean", (UNKNOWN, "no such container")),
        (
            "before.origin",
            "hash 3\n",
            "",
            0,
            "restorable",
            (BROKEN, f"compose would not make the same container again (hash 3, it was made with {'1' * 64})"),
        ),
        (
            "before.origin",
            "",
            "the container was not made by compose\n",
            1,
            "restorable",
            (BROKEN, "the container was not made by compose"),
        ),
        (
            "before.compose",
            "",
            "yaml: line 26: mapping values are not allowed\n",
            15,
            "compose_valid",
            (BROKEN, "yaml: line 26: mapping values are not allowed"),
        ),
        (
            "before.compose",
            composed(image=f"{NAME}:{OLD}"),
            "",
            0,
            "compose_valid",
            (BROKEN, f"names {NAME}:{OLD}, not {NAME}:{NEW}"),
        ),
        (
            "before.compose",
            composed(image="observer"),
            "",
            0,
            "compose_valid",
            (BROKEN, f"names observer, not {NAME}:{NEW}"),
        ),
        (
            "before.pins",
            "drill-observer-12345678-0\nx\n",
            "",
            0,
            "pins",
            (UNKNOWN, "left by another drill: drill-observer-12345678-0"),
        ),
        ("before.tags", "", "", 1, "seen", (UNKNOWN, "not seen: local tags")),
        ("before.state", "", "", 1, "seen", (UNKNOWN, "not seen: state files")),
        ("before.files", "", "", 1, "seen", (UNKNOWN, "not seen: files of the deployment")),
        ("before.containers", "", "", 1, "seen", (UNKNOWN, "not seen: sidecars")),
        ("host.disk", "/dev/x 1000000 600000 400000 60% /var", "", 0, "room", (UNKNOWN, "0.4 GiB free, 60 % used")),
        (
            "before.health",
            "sick\n503",
            "",
            0,
            "sound",
            (BROKEN, f"running, {NAME}:{OLD}; Docker says healthy; the URL is not healthy"),
        ),
        (
            "before.health",
            "",
            "",
            127,
            "sound",
            (UNKNOWN, f"running, {NAME}:{OLD}; Docker says healthy; the URL was not asked"),
        ),
        (
            "before.image",
            image(""),
            "",
            0,
            "sound",
            (
                BROKEN,
                f"running, {NAME}:{OLD}; Docker says healthy; the URL is healthy; "
                f"its image is none that the registry gave out as {NAME}",
            ),
        ),
    ],
)
def test_each_condition_refuses_by_its_own_name(  # noqa: PLR0917 - one row of a table
    key: str, stdout: str, stderr: str, exit_code: int, name: str, expected: tuple[Outcome, str]
) -> None:
    audit = saying(before(), key, stdout, stderr=stderr, exit_code=exit_code)
    assert refusals(audit) == {name: expected}
    assert {one.key for one in deploy.claims(audit)} == {one.key for one in deploy.conditions(audit)}


@pytest.mark.parametrize("status", ["exited", "restarting"])
def test_a_container_that_does_not_run_is_not_sound(status: str) -> None:
    audit = saying(before(history=(OLD,)), "before.container", container(OLD, status=status))
    assert refusals(audit)["sound"][0] is BROKEN


def test_a_container_whose_health_is_not_known_yet_is_not_judged_sound() -> None:
    audit = saying(before(), "before.container", container(OLD, health="starting"))
    assert refusals(audit)["sound"] == (UNKNOWN, f"running, {NAME}:{OLD}; Docker says starting; the URL is healthy")


def test_only_a_container_that_compose_made_can_be_restored() -> None:
    audit = saying(before(), "before.container", container(OLD, project=""))
    assert refusals(audit)["restorable"] == (BROKEN, "the container was not made by compose")


@pytest.mark.parametrize(
    "key",
    [
        key
        for key in DRILL_KEYS
        if key.startswith("before.") and key not in ("before.journal", "before.prepared", "before.candidate_registry")
    ],
)
def test_a_condition_that_was_not_looked_at_refuses(key: str) -> None:
    assert deploy.refused(without(before(), key)) or key == "before.candidate"


@pytest.mark.parametrize(
    ("answer", "expected", "told"),
    [
        (registry((OLD, OLD_DIGEST)), HOLDS, "not on the host, the registry serves it"),
        (f"token 200\nmanifest {OLD} 404 - MANIFEST_UNKNOWN gone\n", BROKEN, "manifest 404 MANIFEST_UNKNOWN gone"),
        ("token 403 DENIED no\n", BROKEN, "token endpoint 403 DENIED no"),
        ("token 200\n", UNKNOWN, "token endpoint 200"),
    ],
)
def test_without_its_image_on_the_host_a_release_must_be_served_to_be_a_way_back(
    answer: str, expected: Outcome, told: str
) -> None:
    audit = saying(before(), "before.candidate", "", stderr="No such image\n", exit_code=1)
    found = {one.key: one for one in deploy.conditions(saying(audit, "before.candidate_registry", answer))}[
        "deploy.way_back"
    ]
    assert (found.outcome, found.is_) == (expected, f"{OLD} (it ran before, healthy): {told}")


def test_no_release_to_go_back_to_refuses_and_says_why() -> None:
    assert refusals(before(rollback_to=NEW))["way_back"] == (
        UNKNOWN,
        f"{NEW} is the audited release itself, or no release's tag",
    )
    bare = saying(before(), "before.container", container(OLD, config_image="x"))
    bare = without(saying(bare, "before.image", image("")), "before.state", "registry.host", "git.tags", "pull.latest")
    assert "no release is known" in refusals(bare)["way_back"][1]


def test_an_unproven_way_back_is_told_as_such() -> None:
    sick = saying(saying(before(), "before.container", container(OLD, health="unhealthy")), "before.state", "")
    told = {one.key: one.is_ for one in deploy.conditions(sick)}["deploy.way_back"]
    assert told == f"{OLD} (it ran before, though not healthy; unproven): on the host"


def test_only_health_and_data_outside_mounts_can_be_overruled_and_only_with_a_reason() -> None:
    sick = saying(before(), "before.health", "sick\n503")
    unclean = saying(sick, "before.diff", "A /kept-nowhere\n")
    assert set(refusals(unclean)) == {"sound", "clean"}
    forced = unclean.model_copy(update={"forced": "a lab"})
    assert deploy.refused(forced) == ()
    found = {one.key: one for one in deploy.conditions(forced)}
    assert found["deploy.clean"].weight is Weight.ADVISORY
    assert found["deploy.clean"].is_ == "a new container would lose A /kept-nowhere; forced: a lab"
    assert deploy.refused(saying(forced, "before.lease", "", stderr=HELD, exit_code=75))
    assert "forced" not in {one.key: one for one in deploy.conditions(before(forced="a lab"))}["deploy.clean"].is_


@pytest.mark.parametrize(
    ("diff", "lost"),
    [
        ("", ()),
        ("C /\nC /data\nA /data/x\nC /var\nC /var/tmp\nA /var/tmp/y\nC /tmp\nA /tmp/z\nC /run\nD /run/a\nC /dev\n", ()),
        ("A /deep\nA /deep/er\nC /deep/er/place\n", ()),
        ("D /deep\n", ("D /deep",)),
        ("A /database\n", ("A /database",)),
        ("A /tmpfile\n", ("A /tmpfile",)),
        ("?? /data/x\n", ("?? /data/x",)),
        ("A data\n", ("A data",)),
        ("C /etc\nC /etc/hosts\n", ("C /etc", "C /etc/hosts")),
    ],
)
def test_what_a_new_container_would_lose_lies_outside_mounts_and_volatile_places(
    diff: str, lost: tuple[str, ...]
) -> None:
    assert kept_nowhere(diff, ("/data", "/deep/er/place/")) == lost


def test_the_pins_of_this_run_and_of_other_containers_are_no_other_drills() -> None:
    text = f"drill-observer-{RUN}-0\ndrill-observer-db-{RUN}-0\ndrill-other-12345678-1\n"
    assert deploy.refused(saying(before(), "before.pins", text)) == ()


def test_a_host_without_curl_can_be_drilled_after_the_engine_pulled() -> None:
    assert "new_image" not in refusals(saying(before(), "before.registry", "lacks curl\n"))
