"""The lab's git repository: real releases whose tags do not tell their order.

Three lightweight tags sit on the last commit, so that git gives all of them that commit's date. Then
`git tag --sort=-creatordate` puts the oldest of the three first and takes the newest for the one before the
middle one: incident 13. The newest tag was never built: incident 6.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

TAG_PATTERN: Final = re.compile(r"^\d{8}-\d{6}$", re.ASCII)
WORKFLOWS: Final = Path(".github/workflows")

_HOST_FILES: Final = Path(__file__).parent / "host_files"
_REPOSITORY_FILES: Final = Path(__file__).parent / "repository_files"
_GIT_TIMEOUT_S: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit and the tags on it; its date is `committed_at`, whatever the tags' names say."""

    subject: str
    committed_at: str
    tags: tuple[str, ...]


_HISTORY: Final = (
    Commit(subject="Observer, deployed by hand", committed_at="2026-01-05T09:12:00", tags=("20260105-091500",)),
    Commit(subject="Keep data between releases", committed_at="2026-01-12T13:58:00", tags=("20260112-140210",)),
    Commit(subject="Write the last good tag", committed_at="2026-01-19T10:11:00", tags=("20260119-101500",)),
    Commit(
        subject="Deploy from the workflow",
        committed_at="2026-01-20T08:26:00",
        tags=("20260120-083000", "20260120-174230", "20260121-070500"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """The tags of the lab's repository, oldest first by the timestamp in their names.

    published: those with an image in the registry. running: the one deployed at first. newest_published:
    the one to deploy next. unpublished: the newest git tag; no image of it was ever pushed. tied: the tags
    that share a commit, and so a date.
    """

    all_tags: tuple[str, ...]
    published: tuple[str, ...]
    running: str
    newest_published: str
    unpublished: str
    tied: tuple[str, ...]


_ALL_TAGS: Final = tuple(tag for commit in _HISTORY for tag in commit.tags)

RELEASES: Final = Releases(
    all_tags=_ALL_TAGS,
    published=_ALL_TAGS[:-1],
    running=_ALL_TAGS[-3],
    newest_published=_ALL_TAGS[-2],
    unpublished=_ALL_TAGS[-1],
    tied=_HISTORY[-1].tags,
)


class WorkflowFlaw(StrEnum):
    """What was wrong in the workflows, one at a time.

    trigger_branch: deploy.yml stands on the branch `release` alone, and GitHub reads `workflow_run` triggers
    from the default branch only.
    """

    ARGUMENT_ORDER = "argument_order"
    PACKAGES_READ_ONLY = "packages_read_only"
    TRIGGER_BRANCH = "trigger_branch"
    TAGS_IGNORED = "tags_ignored"
    ORDER_BY_DATE = "order_by_date"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edit:
    """Text in a workflow and what the flaw makes of it."""

    file: str
    right: str
    wrong: str


_EDITS: Final = {
    # Incident 1: the script reads the deploy folder first.
    WorkflowFlaw.ARGUMENT_ORDER: _Edit(
        file="deploy.yml",
        right='server_deploy.sh observer compose.yml "$IMAGE_TAG" deploy',
        wrong='server_deploy.sh deploy observer compose.yml "$IMAGE_TAG"',
    ),
    # Incident 7: the build is green, the push is not allowed.
    WorkflowFlaw.PACKAGES_READ_ONLY: _Edit(file="image.yml", right="packages: write", wrong="packages: read"),
    # Incident 8: a push filter with branches alone never fires for tags.
    WorkflowFlaw.TAGS_IGNORED: _Edit(
        file="image.yml",
        right="    tags:\n      - '[0-9]+-[0-9]+'\n",
        wrong="    branches-ignore:\n      - main\n",
    ),
    # Incident 13: git's dates are no order for tags that share a commit.
    WorkflowFlaw.ORDER_BY_DATE: _Edit(
        file="deploy.yml",
        right="    steps:\n",
        wrong="    steps:\n      - uses: actions/checkout@v4\n      - name: Tell the release before\n"
        "        run: git tag --sort=-creatordate | sed -n 2p\n",
    ),
}


def create_repository(folder: Path) -> Releases:
    """Make the repository: four commits on `main`, six tags, a clean work tree, the same ids every time.

    Raises:
        FileExistsError: the folder holds something.
        RuntimeError: git failed, with its own words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder}: not empty")
    _git(folder, "init", "--quiet", "--template=", "--initial-branch=main")
    _write_files(folder)
    for commit in _HISTORY:
        (folder / "CHANGES").write_text(f"{commit.subject}\n")
        _commit(folder, commit.subject, _utc(commit.committed_at))
        for tag in commit.tags:
            _git(folder, "tag", tag)
    return RELEASES


def next_release(folder: Path, tag: str) -> str:
    """Commit a change at the time that the tag's name tells, and tag it; returns the commit's id.

    Raises:
        ValueError: not a tag of the form `YYYYMMDD-HHMMSS`.
        RuntimeError: git failed (the tag exists), with its own words.
    """
    if not TAG_PATTERN.match(tag):
        raise ValueError(f"release {tag!r}: not a tag of the form YYYYMMDD-HHMMSS")
    committed_at = datetime.strptime(tag, "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    (folder / "CHANGES").write_text(f"Release {tag}\n")
    _commit(folder, f"Release {tag}", committed_at)
    _git(folder, "tag", tag)
    return _git(folder, "rev-parse", "HEAD").strip()


def break_workflow(folder: Path, flaw: WorkflowFlaw) -> None:
    """Commit one of the flaws of incidents 1, 7, 8 and 13 on top of `main`.

    Raises:
        RuntimeError: the workflow already has it, or is not the lab's.
    """
    if flaw is WorkflowFlaw.TRIGGER_BRANCH:
        _git(folder, "branch", "release")
        (folder / WORKFLOWS / "deploy.yml").unlink()
    else:
        _edit(folder, _EDITS[flaw])
    _commit(folder, "Change the workflows", datetime(2026, 1, 21, 9, tzinfo=UTC))


def _edit(folder: Path, edit: _Edit) -> None:
    path = folder / WORKFLOWS / edit.file
    text = path.read_text()
    if edit.right not in text:
        raise RuntimeError(f"{path}: the text to break is not there")
    path.write_text(text.replace(edit.right, edit.wrong))


def _write_files(folder: Path) -> None:
    (folder / WORKFLOWS).mkdir(parents=True)
    for name in ("server_deploy.sh", "compose.yml"):
        shutil.copyfile(_HOST_FILES / name, folder / name)
    for name in ("Dockerfile", "start.sh"):
        shutil.copyfile(_REPOSITORY_FILES / name, folder / name)
    for name in ("image.yml", "deploy.yml"):
        shutil.copyfile(_REPOSITORY_FILES / name, folder / WORKFLOWS / name)
    # Said here, not copied: git records the mode, and the ids must not depend on a checkout's.
    for script in folder.glob("*.sh"):
        script.chmod(0o755)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _commit(folder: Path, subject: str, committed_at: datetime) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", subject, at=committed_at)


def _git(folder: Path, *arguments: str, at: datetime | None = None) -> str:
    """Run git there, deaf to the person's own settings; returns its output."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env=_environment(at),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_GIT_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"git {arguments[0]} in {folder}: {done.stderr.strip()[:500]}")
    return done.stdout


def _environment(at: datetime | None) -> dict[str, str]:
    """A fixed author and date; no settings, hooks or signing of this machine, no repository from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    person = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Lab"), ("EMAIL", "lab@acme.example"))
    }
    dates = {f"GIT_{role}_DATE": at.isoformat() for role in ("AUTHOR", "COMMITTER")} if at else {}
    return kept | person | dates | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
