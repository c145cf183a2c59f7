"""What is said of workflows as teams write them. A false alarm is a failure: what cannot be told is never NO."""

import pytest

from ghcr_audit.workflows.answers import Answer
from ghcr_audit.workflows.building import builds, may_push
from ghcr_audit.workflows.deploying import Triggering
from ghcr_audit.workflows.seen import Flows, Place
from tests.pure import workflow_texts as texts
from tests.pure.workflow_texts import DEPLOY, RELEASE, build, flows

pytestmark = pytest.mark.pure

YES, PERHAPS, NO = Answer.YES, Answer.PERHAPS, Answer.NO
WRITE = "permissions: {contents: read, packages: write}"
FOR_TAGS = build("{push: {tags: ['[0-9]+-[0-9]+']}}", more=WRITE)
FOR_MAIN = build("{push: {branches: [main]}}", more=WRITE)
TESTS = "name: test\non: push\njobs: {test: {steps: [{run: docker compose up -d && make test}]}}"


def answered(**files: str) -> tuple[Answer | None, Answer | None]:
    """Whether the tag is built, and whether the token may push."""
    seen = flows(**files)
    built, pushed = builds(seen, RELEASE), may_push(seen, RELEASE)
    return built.answer if built else None, pushed.answer if pushed else None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a": FOR_TAGS}, (YES, YES)),
        ({"a": texts.METADATA}, (YES, YES)),
        ({"a": texts.SHELL}, (YES, YES)),
        ({"a": texts.BY_DIGEST}, (YES, YES)),
        ({"a": texts.CALLER, "build": texts.CALLED}, (YES, YES)),
        ({"a": build("push", more=WRITE)}, (YES, YES)),
        ({"a": build("[push, pull_request]")}, (YES, PERHAPS)),
        ({"a": build("{push: {paths: ['src/**']}}", more=WRITE)}, (YES, YES)),
        ({"a": build("{push: {branches: [main], tags: ['2*']}}", more=WRITE)}, (YES, YES)),
        ({"a": build("{push: {tags-ignore: ['v*']}}", more=WRITE)}, (YES, YES)),
        ({"a": build("{release: {types: [published]}}", more=WRITE)}, (PERHAPS, YES)),
        ({"a": build("{workflow_dispatch: {}}", more=WRITE)}, (PERHAPS, YES)),
        ({"a": build("{push: {branches: [main]}, workflow_dispatch: {}}", more=WRITE)}, (PERHAPS, YES)),
        ({"a": texts.MATRIX}, (PERHAPS, YES)),
        ({"a": FOR_MAIN, "b": texts.GORELEASER}, (PERHAPS, YES)),
        ({"a": FOR_MAIN, "b": texts.REMOTE}, (PERHAPS, YES)),
        ({"a": FOR_MAIN, "b": texts.BAKE}, (PERHAPS, YES)),
    ],
)
def test_workflows_that_build_the_tag_or_may_do_so(files: dict[str, str], expected: tuple[Answer, Answer]) -> None:
    assert answered(**files) == expected


@pytest.mark.parametrize(
    "files",
    [
        {"a": texts.RELEASE_PLEASE},
        {"a": texts.REMOTE},
        {"a": texts.BAKE},
        {"a": texts.GORELEASER},
        {"a": TESTS},
        {"a": build("push", tags="ghcr.io/acme/other:${{ github.ref_name }}")},
        {"a": build("push", tags="acme/observer:${{ github.ref_name }}")},
        {"a": build("{push: {branches: [main]}}", tags="ghcr.io/acme/observer:latest")},
        {"a": build("{push: {branches: [main]}}", tags="ghcr.io/acme/observer:${{ github.sha }}")},
        {"a": build("{push: {branches: [main]}}", tags="ghcr.io/acme/observer:${{ steps.now.outputs.time }}")},
        {"a": build("{schedule: [{cron: '1 1 * * *'}]}")},
    ],
)
def test_nothing_is_said_where_no_workflow_is_seen_to_push_this_tag_of_this_image(files: dict[str, str]) -> None:
    assert builds(flows(**files), RELEASE) is None


@pytest.mark.parametrize(
    "files",
    [
        {"a": FOR_MAIN},
        {"a": build("{push: {branches-ignore: [main]}}", more=WRITE)},
        {"a": build("{push: {tags: ['v*']}}", more=WRITE)},
        {"a": build("{push: {tags: ['*', '!2026*']}}", more=WRITE)},
        {"a": build("{push: {tags-ignore: ['2*']}}", more=WRITE)},
        {"a": FOR_TAGS.replace("  publish:\n", "  publish:\n    if: github.ref == 'refs/heads/main'\n")},
        {"a": FOR_TAGS.replace("push: true", "push: ${{ github.ref_name == 'main' }}")},
        {"a": FOR_MAIN, "test": TESTS},
    ],
)
def test_a_workflow_that_pushes_the_tag_and_never_runs_for_it_is_named(files: dict[str, str]) -> None:
    assert answered(**files) == (NO, YES)


def test_a_file_that_could_not_be_read_leaves_it_open() -> None:
    seen = flows(a=FOR_MAIN)
    partly = Flows(place=seen.place, name=seen.name, workflows=seen.workflows, whole=False)
    judged = builds(partly, RELEASE)
    assert judged is not None
    assert judged.answer is PERHAPS


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a": build("push", more="permissions: {contents: read}")}, NO),
        ({"a": build("push", more="permissions: read-all")}, NO),
        ({"a": build("push", more="permissions: {}")}, NO),
        ({"a": texts.METADATA.replace("packages: write", "packages: read")}, NO),
        ({"a": texts.SHELL.replace("packages: write", "contents: read")}, NO),
        ({"a": texts.CALLER.replace(", packages: write", ""), "build": texts.CALLED}, NO),
        ({"a": texts.CALLER, "build": texts.CALLED.replace("  build:\n", "  build:\n    permissions: {}\n")}, NO),
        ({"a": build("push", more="permissions: write-all")}, YES),
        ({"a": build("push", more="permissions: {contents: read}").replace("GITHUB_TOKEN", "CR_PAT")}, PERHAPS),
        (
            {"a": build("push", more="permissions: {}").replace("secrets.GITHUB_TOKEN", "secrets.X || github.token")},
            PERHAPS,
        ),
        ({"a": build("push", more="permissions: {}").replace("registry: ghcr.io", "registry: quay.io")}, PERHAPS),
        ({"a": texts.SHELL.replace("packages: write", "contents: read").replace("GITHUB_TOKEN", "PAT")}, PERHAPS),
    ],
)
def test_the_tokens_rights_are_judged_only_where_it_is_the_token_that_pushes(
    files: dict[str, str], expected: Answer
) -> None:
    assert answered(**files)[1] is expected


def deploy(before: str = "", after: str = "") -> str:
    """The deploy workflow with one piece of it changed."""
    assert before in DEPLOY
    return DEPLOY.replace(before, after) if before else DEPLOY


COMPLETED = "types: [completed]"
SUCCESS = "conclusion == 'success' &&"


def triggered(image: str, text: str) -> Answer | None:
    """Whether the deploy takes effect when both files stand at the tag and on the default branch."""
    places = (flows(image=image, deploy=text), flows(Place.DEFAULT, image=image, deploy=text))
    judged = Triggering(places=places, release=RELEASE, script="server_deploy.sh").judged()
    return judged.answer if judged else None


@pytest.mark.parametrize(
    ("image", "text", "expected"),
    [
        (FOR_TAGS, deploy(), YES),
        (FOR_TAGS, deploy(COMPLETED, f"{COMPLETED}\n    branches: ['**']"), YES),
        (FOR_TAGS, deploy("  workflow_run:", "  workflow_dispatch:\n  workflow_run:"), YES),
        (FOR_TAGS, deploy("[image]", "[image, tests]"), YES),
        (FOR_TAGS, deploy("[image]", "['build*']"), PERHAPS),
        (FOR_TAGS, deploy(SUCCESS, f"{SUCCESS} vars.DEPLOY == 'yes' &&"), PERHAPS),
        (FOR_MAIN, deploy(), PERHAPS),
        (FOR_TAGS, deploy("workflow_run:\n    workflows: [image]\n    types: [completed]", "workflow_dispatch:"), None),
        (
            FOR_TAGS,
            deploy("workflow_run:\n    workflows: [image]\n    types: [completed]", "push: {tags: ['*']}"),
            None,
        ),
        (FOR_TAGS, deploy("[image]", "[build]"), NO),
        (FOR_TAGS, deploy(COMPLETED, f"{COMPLETED}\n    branches: [main]"), NO),
        (FOR_TAGS, deploy(COMPLETED, f"{COMPLETED}\n    branches-ignore: ['**']"), NO),
        (FOR_TAGS, deploy(COMPLETED, "types: [requested]"), NO),
        (FOR_TAGS, deploy(SUCCESS, f"{SUCCESS} github.event.workflow_run.head_branch == 'main' &&"), NO),
        (FOR_TAGS, deploy(SUCCESS, f"{SUCCESS} startsWith(github.ref, 'refs/tags/') &&"), NO),
    ],
)
def test_whether_the_deploy_starts_after_the_build(image: str, text: str, expected: Answer | None) -> None:
    assert triggered(image, text) is expected


def test_a_branch_filter_that_some_pushes_of_branches_pass_is_not_held_for_certain() -> None:
    text = deploy(COMPLETED, f"{COMPLETED}\n    branches: [main]")
    places = (flows(Place.DEFAULT, image=build("push", more=WRITE), deploy=text),)
    judged = Triggering(places=places, release=RELEASE, script="server_deploy.sh").judged()
    assert judged is not None
    assert (judged.answer, judged.certain) == (NO, False)


@pytest.mark.parametrize("place", [Place.TAG, Place.BRANCH])
def test_a_deploy_that_stands_elsewhere_than_on_the_default_branch_is_never_started(place: Place) -> None:
    places = (flows(place, image=FOR_TAGS, deploy=DEPLOY), flows(Place.DEFAULT, image=FOR_TAGS))
    judged = Triggering(places=places, release=RELEASE, script="server_deploy.sh").judged()
    assert judged is not None
    assert (judged.answer, judged.certain) == (NO, False)


def test_a_deploy_that_went_over_to_another_way_is_no_fault() -> None:
    other = "name: rollout\non: push\njobs: {a: {steps: [{run: ./deploy_all.sh}]}}"
    places = (flows(image=FOR_TAGS, deploy=DEPLOY), flows(Place.DEFAULT, image=FOR_TAGS, rollout=other))
    assert Triggering(places=places, release=RELEASE, script="server_deploy.sh").judged() is None
