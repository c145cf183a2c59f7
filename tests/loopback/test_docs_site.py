"""The site of the documentation, built as `./run docs` builds it: complete, strict, and alone on the network."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(600)]

CHECKOUT = Path(__file__).parents[2]
DOCS = CHECKOUT / "docs"
_LOADS = {"src", "srcset", "poster", "data", "action"}
_LINKS_THAT_LOAD_NOTHING = {"a", "area"}
_ADDRESS = re.compile(r"(?:https?:)?//[A-Za-z0-9]")
_STYLE_LOADS = re.compile(r"(?:@import\s*|url\(\s*)[\"']?((?:https?:)?//[^\"')\s]+)")
_COMMENT = re.compile(r"/\*.*?\*/|(?:^|\s)//[^\n]*", re.DOTALL)
_NAMESPACE = "http://www.w3.org/"


class Loaded(HTMLParser):
    """Collects every address that a browser would fetch for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = _LOADS if tag in _LINKS_THAT_LOAD_NOTHING else _LOADS | {"href"}
        self.found += [value for name, value in attrs if name in names and value]


def build(out: Path, docs: Path = DOCS) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(CHECKOUT / "run"), "docs", "build", str(out), str(docs)],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = build(out)
    assert done.returncode == 0, done.stderr
    return out


def test_every_page_is_in_the_site(site: Path) -> None:
    pages = [page.relative_to(DOCS) for page in (*DOCS.glob("*.md"), *DOCS.glob("adr/*.md"))]
    assert len(pages) > 30
    assert [page for page in pages if not (site / page.with_suffix(".html")).is_file()] == []


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        loaded = Loaded()
        loaded.feed(page.read_text(encoding="utf-8"))
        assert loaded.found, f"{page.name} loads nothing at all, not even its style"
        assert [address for address in loaded.found if _ADDRESS.match(address)] == [], page.name


def test_no_style_and_no_script_names_an_address_elsewhere(site: Path) -> None:
    styles, scripts = list(site.rglob("*.css")), list(site.rglob("*.js"))
    assert styles
    assert scripts
    for style in styles:
        assert _STYLE_LOADS.findall(style.read_text(encoding="utf-8")) == [], style.name
    for script in scripts:
        code = _COMMENT.sub(" ", script.read_text(encoding="utf-8")).replace(_NAMESPACE, "")
        assert re.findall(r"[\"'`](?:https?:)?//[A-Za-z0-9][^\"'`]*", code) == [], script.name


def test_a_file_of_the_checkout_is_named_and_no_link(site: Path) -> None:
    page = (site / "architecture.html").read_text(encoding="utf-8")
    assert "flows/release_audit.py" in page
    assert 'href="../' not in page


@pytest.mark.long
def test_each_fault_in_a_page_fails_the_build_by_name(tmp_path: Path) -> None:
    docs = shutil.copytree(DOCS, tmp_path / "docs")
    lines = ("[page](nowhere.md)", "[section](causes.md#nope)", "[own](#nope-either)", "![picture](pictures/none.png)")
    with (docs / "faq.md").open("a", encoding="utf-8") as page:
        page.write("\n".join(("", *lines)))
    (docs / "lost.md").write_text("# Nobody leads here\n", encoding="utf-8")
    done = build(tmp_path / "site", docs)
    assert done.returncode != 0
    for told in (
        "nowhere.md",
        "'nope'",
        "nope-either",
        "pictures/none.png",
        "lost.md: WARNING: document isn't included",
    ):
        assert told in done.stderr
