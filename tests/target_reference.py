"""The tables of docs/targets.md: `python -m tests.target_reference` writes anew what the model of a target knows.

From the model (`ghcr_audit/targets/target.py`) come which keys there are, their order, what a value may be, and what
counts where a key is left out. What a key means is written by hand, in its row; so is what happens without it where the
model has no value for that. A new key gets a row whose meaning is empty, which a test refuses.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ghcr_audit.targets import Target
from ghcr_audit.targets.tables import Deploy, HostAccess

PAGE = Path(__file__).parents[1] / "docs" / "targets.md"
MODELS: tuple[type[BaseModel], ...] = (Target, HostAccess, Deploy)
NOT_IN_ITS_TABLE = {"name", "host", "deploy"}
"""The file's own name, and tables of their own."""
_HEAD = ("| Key | Value | Meaning | Left out |", "| --- | --- | --- | --- |")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a person wrote of one key: its meaning, and what happens without it."""

    meaning: str = ""
    left_out: str = ""


def rewritten(page: str) -> str:
    """The page with every table as the model has it now, and what was written by hand kept.

    Raises:
        ValueError: the page has no place for a model's table.
    """
    for model in MODELS:
        begin, end = f"<!-- keys:{model.__name__} -->\n", "<!-- keys:end -->\n"
        before, found, rest = page.partition(begin)
        old, ended, after = rest.partition(end)
        if not found or not ended:
            raise ValueError(f"{PAGE.name}: no place for the keys of {model.__name__} (expected {begin!r} ... {end!r})")
        page = f"{before}{begin}\n{_table(model, written(old))}\n{end}{after}"
    return page


def written(table: str) -> Mapping[str, Written]:
    """The rows of a table by key."""
    rows = (re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines() if line.startswith("| `"))
    cells = ([cell.strip() for cell in row] for row in rows)
    return {key.strip("`"): Written(meaning=meaning, left_out=rest[-1]) for key, _, meaning, *rest in cells}


def _table(model: type[BaseModel], by_hand: Mapping[str, Written]) -> str:
    return "".join(f"{line}\n" for line in (*_HEAD, *_rows(model, by_hand)))


def _rows(model: type[BaseModel], by_hand: Mapping[str, Written]) -> Iterator[str]:
    schema = model.model_json_schema()
    for key, described in schema["properties"].items():
        if key not in NOT_IN_ITS_TABLE:
            one = by_hand.get(key, Written())
            left_out = "**required**" if key in schema.get("required", ()) else _left_out(described, one.left_out)
            yield f"| `{key}` | {_value(described, schema.get('$defs', {}))} | {one.meaning} | {left_out} |"


def _left_out(described: dict[str, Any], by_hand: str) -> str:
    """The model's own value, and whatever is written behind it; without one, what is written."""
    usual = _default(described)
    return usual if usual and not by_hand.startswith(f"{usual}, ") else by_hand


def _value(described: dict[str, Any], types: dict[str, Any]) -> str:
    """What may stand behind the key, as far as JSON Schema (2020-12) tells it."""
    one = next((kind for kind in described.get("anyOf", ()) if kind.get("type") != "null"), described)
    one = types[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
    if "enum" in one:
        return " or ".join(f'`"{word}"`' for word in one["enum"])
    if one["type"] == "integer":
        return f"{one['minimum']} to {one['maximum']}"
    return {"boolean": "`true` or `false`", "array": "list of texts", "string": "text"}[one["type"]]


def _default(described: dict[str, Any]) -> str:
    """The value that counts where the key is left out, as TOML; '' where there is none."""
    value = described.get("default")
    if value is None:
        return ""
    if isinstance(value, list):
        return f"`[{', '.join(map(_text, value))}]`"
    return f"`{_text(value) if isinstance(value, str) else str(value).lower()}`"


def _text(value: str) -> str:
    return f"'{value}'" if "\\" in value else f'"{value}"'


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
