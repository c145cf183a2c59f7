"""The site that `./run docs` builds: Sphinx reads this folder's Markdown through MyST (adr/0019-docs-site.md)."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

project = "ghcr-audit"
extensions = ["myst_parser"]
exclude_patterns = ["samples"]  # files that samples of the pages read
nitpicky = True
myst_heading_anchors = 4  # named as forges name them, so that one link serves both

html_theme = "furo"
html_title = "ghcr-audit"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_last_updated_fmt = None
html_theme_options = {"top_of_page_buttons": []}

_DOCS = Path(__file__).parent.resolve()
_UPWARDS = re.compile(r"\[([^\]\n]+)\]\((\.\./[^)#\s]+)\)")


class Events(Protocol):
    """What is used of Sphinx's application."""

    def connect(self, event: str, callback: Callable[..., None]) -> int:
        """Have something called when it happens."""


def setup(app: Events) -> None:
    """Hook into the build: https://www.sphinx-doc.org/en/master/extdev/event_callbacks.html."""
    app.connect("source-read", name_files_of_the_checkout)


def name_files_of_the_checkout(_app: object, page: str, content: list[str]) -> None:
    """Keep the words of links that leave this folder, in place: the site has no page for a file of the checkout."""
    folder = (_DOCS / page).parent

    def told(link: re.Match[str]) -> str:
        leads_out = not (folder / link[2]).resolve().is_relative_to(_DOCS)
        return link[1] if leads_out else link[0]

    content[0] = _UPWARDS.sub(told, content[0])
