"""A docker client that prompts for a login, as some do without a terminal, is ended at once and told as such."""

import time

import pytest

from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.commands import Command
from ghcr_audit.evidence import Link
from ghcr_audit.links.pull import engine_words

pytestmark = pytest.mark.loopback

_PROMPTS = "echo 'Login prior to pull:'; printf 'Username: '; sleep 60"


def test_a_prompt_ends_the_pull_within_seconds_instead_of_its_limit() -> None:
    pull = Command(key="pull.tag", argv=("sh", "-c", _PROMPTS), limit_s=60, progress=("complete", "layer"))
    began = time.monotonic()
    seen = observe_host(LocalHost(), Asked(link=Link.PULL, commands=(pull,)))
    assert time.monotonic() - began < 20
    assert "docker asks for a login" in engine_words(seen[-1])


def test_a_line_that_only_mentions_a_user_name_ends_nothing() -> None:
    talks = Command(key="pull.tag", argv=("sh", "-c", "echo 'Username: lab'; sleep 1; echo done"), progress=("x", "x"))
    assert observe_host(LocalHost(), Asked(link=Link.PULL, commands=(talks,)))[-1].stdout.endswith("done\n")
