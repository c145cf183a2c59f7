"""A host is the same only where everything that counts was seen and is as it was."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.drill.sameness import Aspect, differences
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

pytestmark = pytest.mark.pure

NAME = "ghcr.io/acme/observer"
DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"

words = st.text(alphabet="abcdefgh", min_size=1, max_size=6)
digests = st.sampled_from((DIGEST, OTHER))
origins = st.builds(
    ComposeOrigin,
    project=words,
    service=words,
    working_directory=words,
    config_files=st.lists(words, max_size=2).map(tuple),
    config_hash=words,
)
services = st.builds(
    Service,
    id=words,
    image_text=words.map(lambda tag: f"{NAME}:{tag}"),
    image_id=digests,
    digests=st.lists(digests.map(lambda one: f"{NAME}@{one}"), max_size=1).map(tuple),
    status=st.sampled_from(("running", "exited")),
    health=st.sampled_from((None, "healthy", "unhealthy")),
    started_at=words,
    restarts=st.integers(0, 5),
    mounts=st.lists(
        st.builds(Mount, kind=words, source=words, destination=words, writable=st.booleans()), max_size=3
    ).map(tuple),
    networks=st.lists(words, unique=True, max_size=3).map(tuple),
    network_mode=words,
    restart_policy=words,
    environment=st.lists(words, unique=True, max_size=3).map(tuple),
    compose=st.none() | origins,
)
snapshots = st.builds(
    Snapshot,
    service=services,
    sidecars=st.lists(
        st.builds(Sidecar, name=words, id=words, status=st.sampled_from(("running", "exited"))),
        unique_by=lambda one: one.name,
        max_size=3,
    ).map(tuple),
    tags=st.lists(
        st.builds(LocalTag, reference=words, image_id=digests), unique_by=lambda one: one.reference, max_size=4
    ).map(tuple),
    state_files=st.lists(
        st.builds(StateFile, name=words, content=words), unique_by=lambda one: one.name, max_size=3
    ).map(tuple),
    files=st.lists(
        st.builds(KeptFile, path=words, sha256=st.sampled_from(("0" * 64, "1" * 64))),
        unique_by=lambda one: one.path,
        max_size=3,
    ).map(tuple),
    http_healthy=st.none() | st.booleans(),
    version=st.none() | words,
)

WAS = Snapshot(
    service=Service(
        id="old",
        image_text=f"{NAME}:1",
        image_id=DIGEST,
        digests=(f"{NAME}@{DIGEST}",),
        status="running",
        health="healthy",
        started_at="2026-01-01T00:00:00Z",
        restarts=0,
        mounts=(Mount(kind="bind", source="/srv/data", destination="/data", writable=True),),
        networks=("observer_default",),
        network_mode="observer_default",
        restart_policy="always",
        environment=("PATH", "PORT"),
        compose=ComposeOrigin(
            project="observer",
            service="observer",
            working_directory="/srv",
            config_files=("/srv/compose.yml",),
            config_hash="f" * 64,
        ),
    ),
    sidecars=(Sidecar(name="db", id="1", status="running"), Sidecar(name="job", id="2", status="exited")),
    tags=(LocalTag(reference=f"{NAME}:1", image_id=DIGEST), LocalTag(reference=f"{NAME}:2", image_id=OTHER)),
    state_files=(StateFile(name="last_good_tag", content="1"), StateFile(name="big", plain=False)),
    files=(KeptFile(path="/srv/compose.yml", sha256="0" * 64),),
    http_healthy=True,
    version="1",
)


def service(**fields: object) -> Snapshot:
    assert WAS.service is not None
    return WAS.model_copy(update={"service": WAS.service.model_copy(update=fields)})


def composed(**fields: object) -> Snapshot:
    assert WAS.service is not None and WAS.service.compose is not None
    return service(compose=WAS.service.compose.model_copy(update=fields))


def snapshot(**fields: object) -> Snapshot:
    return WAS.model_copy(update=fields)


def told(after: Snapshot, before: Snapshot = WAS) -> list[tuple[str, str]]:
    return [(one.aspect.value, one.told) for one in differences(before, after)]


@given(snapshots)
def test_the_same_is_the_same(seen: Snapshot) -> None:
    assert differences(seen, seen) == ()


@given(snapshots, words, words)
def test_a_container_made_again_is_the_same_though_its_id_and_times_are_others(
    seen: Snapshot, one: str, two: str
) -> None:
    assert seen.service is not None
    fresh = seen.service.model_copy(update={"id": one, "started_at": two, "restarts": 0})
    assert differences(seen, seen.model_copy(update={"service": fresh, "version": None})) == ()


@given(snapshots, snapshots)
def test_two_snapshots_without_a_difference_agree_in_everything_that_counts(one: Snapshot, two: Snapshot) -> None:
    assert one.service is not None and two.service is not None
    if differences(one, two):
        return
    was, is_ = one.service, two.service
    assert (was.image_text, was.status, was.compose) == (is_.image_text, is_.status, is_.compose)
    assert (was.network_mode, was.restart_policy) == (is_.network_mode, is_.restart_policy)
    for name in ("mounts", "networks", "environment"):
        assert set(getattr(was, name)) == set(getattr(is_, name))
    assert set(one.tags or ()) <= set(two.tags or ())
    assert set(one.state_files or ()) == set(two.state_files or ())
    assert set(one.files or ()) == set(two.files or ())
    assert [(side.name, side.id) for side in sorted(one.sidecars or (), key=lambda side: side.name)] == [
        (side.name, side.id) for side in sorted(two.sidecars or (), key=lambda side: side.name)
    ]


CHANGES: tuple[tuple[Snapshot, Aspect, str], ...] = (
    (service(digests=(f"{NAME}@{OTHER}",)), Aspect.IMAGE, f"the image is {OTHER}, was {DIGEST}"),
    (service(digests=(), image_id=OTHER), Aspect.IMAGE, f"the image is {OTHER}, was {DIGEST}"),
    (service(image_text=f"{NAME}:2"), Aspect.IMAGE, f"its name is {NAME}:2, was {NAME}:1"),
    (service(environment=("PATH",)), Aspect.CONFIGURATION, "environment variables gone: PORT"),
    (service(compose=None), Aspect.CONFIGURATION, "the container is not made by compose"),
    (composed(config_hash="0"), Aspect.CONFIGURATION, f"compose's config hash is 0, was {'f' * 64}"),
    (composed(project="other"), Aspect.CONFIGURATION, "compose's project is other, was observer"),
    (composed(service="other"), Aspect.CONFIGURATION, "compose's service is other, was observer"),
    (
        service(mounts=(Mount(kind="bind", source="/srv/data", destination="/data", writable=False),)),
        Aspect.MOUNTS,
        "mounts gone: bind /srv/data on /data",
    ),
    (service(mounts=()), Aspect.MOUNTS, "mounts gone: bind /srv/data on /data"),
    (service(networks=("x",)), Aspect.NETWORKS, "networks gone: observer_default"),
    (service(network_mode="host"), Aspect.NETWORKS, "the network mode is host, was observer_default"),
    (service(restart_policy=""), Aspect.RESTART_POLICY, "the restart policy is none, was always"),
    (service(status="exited"), Aspect.STATE, "the container is exited, was running"),
    (service(health="starting"), Aspect.STATE, "Docker says starting, was healthy"),
    (service(health=None), Aspect.STATE, "Docker says nothing of its health, was healthy"),
    (snapshot(http_healthy=False), Aspect.STATE, "the health URL is not healthy, was healthy"),
    (snapshot(http_healthy=None), Aspect.STATE, "the health URL was not asked, was healthy"),
    (snapshot(sidecars=WAS.sidecars[:1] if WAS.sidecars else ()), Aspect.SIDECARS, "sidecars gone: job"),
    (
        snapshot(sidecars=(*(WAS.sidecars or ()), Sidecar(name="new", id="3", status="running"))),
        Aspect.SIDECARS,
        "sidecars that were not there before: new",
    ),
    (
        snapshot(sidecars=(Sidecar(name="db", id="9", status="running"), *(WAS.sidecars or ())[1:])),
        Aspect.SIDECARS,
        "db is another container now",
    ),
    (
        snapshot(sidecars=(Sidecar(name="db", id="1", status="exited"), *(WAS.sidecars or ())[1:])),
        Aspect.SIDECARS,
        "db is exited, was running",
    ),
    (snapshot(tags=(WAS.tags or ())[1:]), Aspect.TAGS, f"{NAME}:1 is gone"),
    (
        snapshot(tags=(LocalTag(reference=f"{NAME}:1", image_id=OTHER), *(WAS.tags or ())[1:])),
        Aspect.TAGS,
        f"{NAME}:1 stands on {OTHER}, stood on {DIGEST}",
    ),
    (
        snapshot(tags=(*(WAS.tags or ()), LocalTag(reference="obs:latest", image_id=OTHER))),
        Aspect.TAGS,
        "obs:latest was not there before",
    ),
    (
        snapshot(state_files=(StateFile(name="big", plain=False),)),
        Aspect.STATE_FILES,
        "state files gone: last_good_tag",
    ),
    (
        snapshot(state_files=(StateFile(name="last_good_tag", content="2"), StateFile(name="big", plain=False))),
        Aspect.STATE_FILES,
        "last_good_tag says 2, said 1",
    ),
    (
        snapshot(
            state_files=(
                StateFile(name="last_good_tag", content="1", newline=False),
                StateFile(name="big", plain=False),
            )
        ),
        Aspect.STATE_FILES,
        "last_good_tag has changed",
    ),
    (snapshot(files=()), Aspect.FILES, "files gone: /srv/compose.yml"),
    (
        snapshot(files=(KeptFile(path="/srv/compose.yml", sha256="1" * 64),)),
        Aspect.FILES,
        "/srv/compose.yml has changed",
    ),
)


@pytest.mark.parametrize(("after", "aspect", "text"), CHANGES, ids=[f"{one[1]}-{one[2][:40]}" for one in CHANGES])
def test_every_single_change_is_told(after: Snapshot, aspect: Aspect, text: str) -> None:
    found = told(after)
    assert found[0] == (aspect.value, text)
    assert {name for name, _ in found} == {aspect.value}


@pytest.mark.parametrize(
    ("part", "aspects"),
    [
        ("service", {"image", "configuration", "mounts", "networks", "restart_policy", "state"}),
        ("sidecars", {"sidecars"}),
        ("tags", {"tags"}),
        ("state_files", {"state_files"}),
        ("files", {"files"}),
    ],
)
def test_what_could_not_be_seen_is_a_difference(part: str, aspects: set[str]) -> None:
    blind = snapshot(**{part: None})
    assert {aspect for aspect, text in told(blind) if text.endswith("could not be seen")} == aspects
    assert {aspect for aspect, text in told(WAS, blind) if text.endswith("could not be seen before")} == aspects


def test_what_was_unwell_before_may_be_anything_after() -> None:
    sick = service(health="unhealthy").model_copy(update={"http_healthy": False})
    assert told(WAS, sick) == []
    assert told(service(health="starting").model_copy(update={"http_healthy": None}), sick) == []


def test_a_digest_of_another_name_does_not_count() -> None:
    after = service(digests=(f"elsewhere/x@{DIGEST}",), image_id=OTHER)
    assert told(after) == [("image", f"the image is {OTHER}, was {DIGEST}")]


def test_an_image_that_has_lost_its_digest_is_told() -> None:
    assert told(service(digests=())) == [("image", f"its digest is gone: {DIGEST}")]


def test_pins_and_tags_of_other_images_are_no_difference() -> None:
    more = (LocalTag(reference="ghcr-audit/pin:drill-x-1", image_id=DIGEST), LocalTag(reference="x:1", image_id="z"))
    assert told(snapshot(tags=(*(WAS.tags or ()), *more))) == []


def test_every_aspect_is_compared() -> None:
    assert {aspect for _, aspect, _ in CHANGES} == set(Aspect)


def test_what_an_interrupted_compose_left_counts_only_where_it_was_not_there_before() -> None:
    """The next run of compose takes it away: a drill cannot leave it there, nor put it back."""
    left = Sidecar(name="6d3326185c64_observer", id="6" * 64, status="created")
    with_it = snapshot(sidecars=(*(WAS.sidecars or ()), left))
    assert told(with_it) == [("sidecars", "sidecars that were not there before: 6d3326185c64_observer")]
    assert told(WAS, with_it) == []
    assert told(with_it, with_it) == []


def test_words_of_a_host_stay_on_one_line_and_short() -> None:
    found = told(service(restart_policy=f"a\nb{'x' * 900}"))
    assert "\n" not in found[0][1] and len(found[0][1]) < 260


@pytest.mark.parametrize("change", [lambda seen: seen, lambda seen: seen.model_copy(update={"service": None})])
def test_the_order_is_that_of_the_aspects(change: Callable[[Snapshot], Snapshot]) -> None:
    found = differences(change(WAS), Snapshot())
    assert [one.aspect for one in found] == list(Aspect)
