"""Release tags: which git tags are releases, and which came first.

The order is the one that the tags' own names give. `git tag --sort=-creatordate` is none: lightweight tags on one
commit tie (incident 13).
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GitTag:
    """One tag of the repository: its name, the commit it stands on, and git's idea of its date (epoch seconds)."""

    name: str
    commit: str
    created_s: int


def release_tags(tags: Iterable[GitTag], pattern: str) -> tuple[GitTag, ...]:
    """The tags whose whole name matches `pattern`, oldest first by the digits in their names.

    Names compare by their runs of digits as numbers (`20261118-093000`, `v1.10.0`), then as text.
    """
    matching = [tag for tag in tags if re.fullmatch(pattern, tag.name)]
    return tuple(sorted(matching, key=lambda tag: name_order(tag.name)))


def name_order(name: str) -> tuple[tuple[int, ...], str]:
    """Sort key of a release's name."""
    return tuple(int(digits) for digits in re.findall(r"\d{1,20}", name)), name


def ties(tags: Iterable[GitTag]) -> tuple[tuple[str, ...], ...]:
    """Groups of tags that git's date cannot order, since they share it."""
    by_date: dict[int, list[str]] = defaultdict(list)
    for tag in tags:
        by_date[tag.created_s].append(tag.name)
    return tuple(tuple(names) for _, names in sorted(by_date.items()) if len(names) > 1)
