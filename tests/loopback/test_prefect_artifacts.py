"""The report as the UI shows it: below its title the chain as a picture of our own, and nothing of the text is lost."""

import base64
import re
import xml.etree.ElementTree as ET

import pytest

from ghcr_audit.report.markdown import render_markdown
from tasks.publish import _with_picture
from tests.pure.report_example import blocked_report

pytestmark = pytest.mark.loopback


def test_the_chain_stands_below_the_title_as_an_image_that_is_whole() -> None:
    text = render_markdown(blocked_report())
    shown = _with_picture(text, blocked_report())
    (found,) = re.findall(r"^!\[([^\]]*)\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)$", shown, re.MULTILINE)
    words, content = found
    assert "auth ✗" in words
    assert ET.fromstring(base64.b64decode(content)).tag.endswith("svg")  # noqa: S314 - our own picture
    assert shown.splitlines()[0] == text.splitlines()[0]
    assert re.sub(r"\n!\[[^\n]*\n", "", shown, count=1) == text
