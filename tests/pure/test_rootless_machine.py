"""Whether a user without root can have the lab: each reason why not is one sentence with what helps."""

from dataclasses import replace

import pytest

from lab.rootless.machine import IDS_AT_LEAST, IdRange, Machine, largest_range, why_not, why_refused

pytestmark = pytest.mark.pure

RANGE = IdRange(start=100_000, count=65_536)
FIT = Machine(
    user_name="ann",
    user_id=1000,
    group_id=1000,
    users=RANGE,
    groups=RANGE,
    mappers=True,
    max_namespaces="15000",
    clone_setting="1",
    apparmor_setting="0",
)


def test_a_machine_that_lacks_nothing_is_worth_trying() -> None:
    assert why_not(FIT) == ""


def test_a_kernel_without_the_settings_of_others_is_worth_trying() -> None:
    assert why_not(replace(FIT, max_namespaces="", clone_setting="", apparmor_setting="")) == ""


@pytest.mark.parametrize(
    ("machine", "lacks", "helps"),
    [
        (
            replace(FIT, clone_setting="0"),
            "no user namespaces for ordinary users",
            "kernel.unprivileged_userns_clone=1",
        ),
        (replace(FIT, max_namespaces="0"), "allows no user namespaces", "user.max_user_namespaces=15000"),
        (replace(FIT, mappers=False), "newuidmap and newgidmap are not installed", "apt-get install uidmap"),
        (replace(FIT, users=IdRange()), "/etc/subuid gives ann too few ids (got 0", "usermod --add-subuids"),
        (
            replace(FIT, groups=IdRange(start=7, count=IDS_AT_LEAST - 1)),
            "/etc/subgid gives ann too few ids (got 65533",
            "usermod --add-subgids",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_sentence_with_what_helps(machine: Machine, lacks: str, helps: str) -> None:
    sentence = why_not(machine)
    assert lacks in sentence
    assert helps in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("machine", "words", "cause"),
    [
        (
            replace(FIT, apparmor_setting="1"),
            "mount /proc: Permission denied",
            "apparmor_restrict_unprivileged_userns=0",
        ),
        (FIT, "mount /proc: Operation not permitted", "masked /proc"),
        (FIT, "unshare: Operation not permitted", "seccomp"),
        (FIT, "newuidmap: write to uid_map failed: Operation not permitted", "no_new_privs"),
        (FIT, "setgroups: Invalid argument", "could not be made"),
    ],
)
def test_a_refusal_is_said_with_its_likely_cause_and_the_kernels_own_words(
    machine: Machine, words: str, cause: str
) -> None:
    sentence = why_refused(machine, words)
    assert cause in sentence
    assert words in sentence


def test_the_largest_range_of_a_user_counts_by_name_or_by_number() -> None:
    text = "ben:100000:65536\nann:200000:10\n1000:300000:65536\n10001:400000:99999\n"
    assert largest_range(text, "ann", 1000) == IdRange(start=300_000, count=65_536)
    assert largest_range(text, "ben", 1001) == IdRange(start=100_000, count=65_536)


@pytest.mark.parametrize("text", ["", "ann", "ann:1", "ann:x:9", "ann:1:-5", "# ann:1:65536", "anna:1:65536", ":::"])
def test_a_file_without_a_range_for_the_user_gives_none(text: str) -> None:
    assert largest_range(text, "ann", 1000) == IdRange()
