"""Where the lab's packages come from: the machine's own mirror, and nobody else's."""

from pathlib import Path

import pytest

from lab.apt import Distribution, Source, archive_of, machine_sources, own_sources, parse_deb822, parse_one_line
from lab.errors import LabError
from lab.packages import Packages, cache_folder
from lab.recipe import Recipe

pytestmark = pytest.mark.pure

BOOKWORM = Distribution(name="debian", codename="bookworm", architecture="amd64")
NOBLE = Distribution(name="ubuntu", codename="noble", architecture="arm64")

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""


def source(uri: str, *suites: str, components: tuple[str, ...] = ("main",), signed_by: str = "") -> Source:
    return Source(uris=(uri,), suites=suites, components=components, signed_by=signed_by)


def test_a_one_line_source_is_read_with_and_without_options() -> None:
    text = """\
# deb http://commented.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib # why
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://other.example/x stable main
deb-src http://mirror.example/debian bookworm main
deb
"""
    assert tuple(parse_one_line(text)) == (
        source("http://mirror.example/debian", "bookworm", components=("main", "contrib")),
        source("http://other.example/x", "stable", signed_by="/usr/share/keyrings/x.gpg"),
    )


def test_a_deb822_source_is_read_and_a_disabled_one_is_not() -> None:
    first, second = parse_deb822(DEB822)
    assert first == source(
        "http://mirror.example/debian",
        "bookworm",
        "bookworm-updates",
        components=("main", "contrib"),
        signed_by="/usr/share/keyrings/debian-archive-keyring.gpg",
    )
    assert second.suites == ("bookworm-security",)
    assert second.signed_by.startswith("-----BEGIN PGP")


def test_both_formats_are_found_and_other_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://a.example/debian bookworm main\n")
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "b.sources").write_text("Types: deb\nURIs: http://b.example/debian\nSuites: sid\nComponents: main\n")
    (parts / "c.list.save").write_text("deb http://c.example/debian bookworm main\n")
    assert [one.uris for one in machine_sources(tmp_path)] == [
        ("http://a.example/debian",),
        ("http://b.example/debian",),
    ]


def test_sources_of_third_parties_are_left_out() -> None:
    own = source("http://mirror.example/debian", "bookworm", components=("main", "non-free"))
    others = (
        source("http://vendor.example/linux/debian", "bookworm", components=("stable",)),
        source("http://vendor.example/apt", "vendor-bookworm"),
        source("http://vendor.example/debian", "bookworm", signed_by="/etc/apt/keyrings/vendor.gpg"),
    )
    kept = own_sources((*others, own), BOOKWORM)
    assert kept == (source("http://mirror.example/debian", "bookworm"),)


def test_ubuntu_packages_come_from_universe_too() -> None:
    entry = source("http://ports.example/ubuntu", "noble", "noble-updates", components=("main", "universe"))
    assert own_sources((entry,), NOBLE) == (entry,)


def test_without_the_main_archive_one_sentence_says_so() -> None:
    security = source("http://mirror.example/debian-security", "bookworm-security")
    with pytest.raises(LabError, match="no source for debian bookworm main"):
        archive_of((security,), BOOKWORM)


def test_another_recipe_is_another_tree() -> None:
    one = Recipe(distribution=BOOKWORM, packages=("runc",), newer_suite="trixie")
    two = Recipe(distribution=BOOKWORM, packages=("runc", "tini"), newer_suite="trixie")
    assert one.key != two.key
    assert one.key.startswith("debian-bookworm-amd64-")


def test_the_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GHCR_AUDIT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "ghcr-audit"
    monkeypatch.setenv("GHCR_AUDIT_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


def test_programs_are_seen_where_the_tree_is_mounted_and_installed_ones_where_they_are() -> None:
    packages = Packages(
        root=Path("/cache/tree"),
        dockerd=Path("/cache/tree/usr/sbin/dockerd"),
        docker=Path("/usr/bin/docker"),
        compose=Path("/cache/tree/usr/libexec/docker/cli-plugins/docker-compose"),
        registry=Path("/cache/tree/usr/bin/docker-registry"),
        sshd=Path("/usr/sbin/sshd"),
        busybox=Path("/cache/tree/bin/busybox"),
        path="/cache/tree/usr/sbin:/usr/bin",
        ld_library_path="",
        brings_curl=False,
        sshd_programs=None,
    )
    seen = packages.seen_at(Path("/lab/packages"))
    assert seen.dockerd == Path("/lab/packages/usr/sbin/dockerd")
    assert seen.docker == Path("/usr/bin/docker")
    assert seen.path == "/lab/packages/usr/sbin:/usr/bin"
    assert seen.environment() == {"PATH": seen.path, "LC_ALL": "C", "HOME": "/nonexistent"}
