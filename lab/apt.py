"""Fetching Debian packages without installing them: an apt of one's own, beside the machine's.

Nothing under /etc/apt or /var/lib/apt is written. The mirrors are the ones that the machine already uses, its
proxy and credential settings stay in force, and only sources signed by the distribution's own keyring are taken.
Sources: sources.list(5), apt.conf(5), apt_preferences(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.processes import run, run_or_fail

ETC_APT = Path("/etc/apt")
KEYRINGS = Path("/usr/share/keyrings")
NEWER_PRIORITY = 50  # below every package of the machine's own suite, which is taken unless asked otherwise

_HARD_DEPENDENCIES = tuple(
    f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One entry of the machine's apt sources. `signed_by` is empty when it names no keyring."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """What /etc/os-release and dpkg say: `name` is "debian" or "ubuntu"."""

    name: str
    codename: str
    architecture: str

    @property
    def keyring(self) -> Path:
        """The keyring that signs the distribution's own archive."""
        return KEYRINGS / f"{self.name}-archive-keyring.gpg"


def parse_one_line(text: str) -> Iterator[Source]:
    """The entries of a `.list` file: `deb [option=value ...] URI SUITE COMPONENT...`."""
    for line in text.splitlines():
        words = line.partition("#")[0].replace("[", " [ ").replace("]", " ] ").split()
        if not words or words[0] != "deb":
            continue
        options, rest = _split_options(words[1:])
        if len(rest) > 1:
            yield Source(uris=(rest[0],), suites=(rest[1],), components=tuple(rest[2:]), signed_by=options)


def _split_options(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The value of `signed-by` and the words after the options in brackets."""
    if not words or words[0] != "[" or "]" not in words:
        return "", words
    close = words.index("]")
    signed_by = [word.partition("=")[2] for word in words[1:close] if word.lower().startswith("signed-by=")]
    return "".join(signed_by), words[close + 1 :]


def parse_deb822(text: str) -> Iterator[Source]:
    """The entries of a `.sources` file: paragraphs of `Field: value`; indented lines continue a value."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for paragraph in lines.split("\n\n"):
        fields = _fields(paragraph)
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() != "no":
            yield Source(
                uris=tuple(fields.get("uris", "").split()),
                suites=tuple(fields.get("suites", "").split()),
                components=tuple(fields.get("components", "").split()),
                signed_by=fields.get("signed-by", ""),
            )


def _fields(paragraph: str) -> Mapping[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines():
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}".strip()
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def machine_sources(etc_apt: Path = ETC_APT) -> tuple[Source, ...]:
    """All entries of the machine's apt, in either format."""
    found: list[Source] = []
    for file in sorted([etc_apt / "sources.list", *(etc_apt / "sources.list.d").glob("*")]):
        if file.suffix in {".list", ".sources"} and file.is_file():
            parse = parse_one_line if file.suffix == ".list" else parse_deb822
            found.extend(parse(file.read_text(encoding="utf-8", errors="replace")))
    return tuple(found)


def own_sources(sources: Iterable[Source], distribution: Distribution) -> tuple[Source, ...]:
    """Those entries that are the distribution's own archive; third parties' are left out."""
    suites = {distribution.codename + part for part in ("", "-updates", "-security")}
    components = {"main", "universe"} if distribution.name == "ubuntu" else {"main"}
    return tuple(
        Source(
            uris=source.uris,
            suites=tuple(suite for suite in source.suites if suite in suites),
            components=tuple(part for part in source.components if part in components),
        )
        for source in sources
        if suites & set(source.suites)
        and components & set(source.components)
        and Path(source.signed_by or distribution.keyring).name == distribution.keyring.name
    )


def archive_of(sources: Iterable[Source], distribution: Distribution) -> Source:
    """The entry that serves the distribution's main archive (not updates, not security)."""
    for source in sources:
        if distribution.codename in source.suites:
            return source
    raise LabError(
        f"/etc/apt: no source for {distribution.name} {distribution.codename} main",
        hint="The lab takes its packages from the machine's own Debian or Ubuntu mirror.",
    )


class Apt:
    """A private apt in `folder`: its own sources, lists and cache. One process at a time: lock before."""

    def __init__(self, folder: Path, distribution: Distribution, *, newer_suite: str = "") -> None:
        self._folder = folder
        self._distribution = distribution
        self._newer_suite = newer_suite

    @property
    def _config(self) -> Path:
        return self._folder / "apt.conf"

    def prepare(self) -> None:
        """Write configuration and sources, and read the package lists (about 20 MB, some seconds)."""
        for part in ("state/lists/partial", "cache/archives/partial", "sources.d"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        (self._folder / "state" / "status").write_text("")  # as if nothing was installed
        (self._folder / "preferences").write_text(self._preferences())
        (self._folder / "sources.d" / "lab.sources").write_text(self._sources())
        self._config.write_text(self._configuration())
        # One source of several may be out of order: what counts is whether the packages can be had then.
        self.update_words = run(self._argv("update"), timeout_s=300).stderr.decode(errors="replace").strip()[-400:]

    def own_suite_only(self) -> Apt:
        """An apt that sees nothing of the newer suite, prepared."""
        if not self._newer_suite:
            return self
        own = Apt(self._folder.with_name(f"{self._folder.name}-own"), self._distribution)
        own.prepare()
        return own

    def download(self, packages: Sequence[str], folder: Path) -> tuple[Path, ...]:
        """Fetch packages ("name" or "name/suite") into an empty folder; returns the .deb files."""
        try:
            run_or_fail(self._argv("download", *packages), timeout_s=600, folder=folder)
        except LabError as error:
            raise LabError(f"packages {' '.join(packages)}: download: {error}. {self.update_words}") from None
        return tuple(sorted(folder.glob("*.deb")))

    def libraries_of(self, packages: Sequence[str]) -> tuple[str, ...]:
        """The library packages that these depend on, directly or not, and that are not installed on the machine."""
        argv = ("apt-cache", "-q", "-c", str(self._config), "depends", "--recurse", *_HARD_DEPENDENCIES, *packages)
        # Packages begin at the margin, what they depend on is indented, virtual ones stand in angle brackets.
        lines = run_or_fail(argv, timeout_s=60).splitlines()
        names = {line for line in lines if re.fullmatch(r"lib[a-z0-9.+-]+(?<!-perl)", line)}
        return tuple(sorted(names - _installed()))

    def _argv(self, *words: str) -> tuple[str, ...]:
        return ("apt-get", "-q", "-c", str(self._config), *words)

    def _preferences(self) -> str:
        if not self._newer_suite:
            return ""
        return f"Package: *\nPin: release n={self._newer_suite}\nPin-Priority: {NEWER_PRIORITY}\n"

    def _sources(self) -> str:
        own = own_sources(machine_sources(), self._distribution)
        archive = archive_of(own, self._distribution)
        newer = Source(uris=archive.uris[:1], suites=(self._newer_suite,), components=("main",))
        wanted = (*own, newer) if self._newer_suite else own
        return "\n".join(_stanza(source, self._distribution.keyring) for source in wanted)

    def _configuration(self) -> str:
        """Read by apt after the machine's own files, so that it can take back what they add."""
        folder = self._folder
        return f"""\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Default-Release;
#clear APT::Architectures;
#clear Acquire::IndexTargets::deb::Contents-deb;
APT::Architectures {{ "{self._distribution.architecture}"; }};
APT::Sandbox::User "root";
Dir::State "{folder}/state";
Dir::State::lists "lists";
Dir::State::status "{folder}/state/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{folder}/sources.d";
Dir::Etc::preferences "{folder}/preferences";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "3";
"""


def _installed() -> frozenset[str]:
    """The names of the machine's installed packages."""
    lines = run_or_fail(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\\n"], timeout_s=30).splitlines()
    return frozenset(line.split()[1] for line in lines if line.startswith("installed "))


def _stanza(source: Source, keyring: Path) -> str:
    return (
        f"Types: deb\nURIs: {' '.join(source.uris)}\nSuites: {' '.join(source.suites)}\n"
        f"Components: {' '.join(source.components)}\nSigned-By: {keyring}\n"
    )
