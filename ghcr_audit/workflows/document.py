"""YAML of a stranger, read safely: plain texts, lists and mappings, nothing else, and bounded.

Built from the parser's events, without its resolver: every scalar stays text (`on` is no boolean, `1.0` no number).
Anchors and aliases are refused, so that nothing can grow.
"""

import yaml

MAX_CHARS = 256 * 1024
_MAX_EVENTS = 40_000
_MAX_DEPTH = 40

Node = str | list["Node"] | dict[str, "Node"]
"""A parsed document. A key that stands twice counts as its last; a complex key is left out."""

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _RefusedError(ValueError):
    """Too much, too deep, or an alias."""


class _Builder:
    """Puts the events of one document together; `stack` holds the collections that are still open."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._stack: list[list[Node] | dict[str, Node]] = []
        self._keys: list[str | None] = []

    def take(self, event: object) -> None:
        """One more event."""
        match event:
            case yaml.AliasEvent():
                raise _RefusedError
            case yaml.ScalarEvent():
                self._put(str(event.value))
            case yaml.SequenceStartEvent():
                self._open([])
            case yaml.MappingStartEvent():
                self._open({})
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._stack.pop()
                self._keys.pop()

    def _open(self, node: list[Node] | dict[str, Node]) -> None:
        if len(self._stack) >= _MAX_DEPTH or self._awaits_key():
            raise _RefusedError
        self._put(node)
        self._stack.append(node)
        self._keys.append(None)

    def _awaits_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1], dict) and self._keys[-1] is None

    def _put(self, node: Node) -> None:
        if not self._stack:
            self.root = node
            return
        parent, key = self._stack[-1], self._keys[-1]
        if isinstance(parent, list):
            parent.append(node)
        elif key is None and isinstance(node, str):
            self._keys[-1] = node
        elif key is not None:
            parent[key] = node
            self._keys[-1] = None


def parsed(text: str) -> Node | None:
    """The first document of the text; None when it is no YAML, too large, too deep, or uses aliases."""
    if len(text) > MAX_CHARS:
        return None
    builder = _Builder()
    try:
        for count, event in enumerate(yaml.parse(text, Loader=_PARSER)):
            if count > _MAX_EVENTS:
                return None
            if isinstance(event, yaml.DocumentEndEvent):
                break
            builder.take(event)
    except (yaml.YAMLError, _RefusedError, ValueError, RecursionError):
        return None
    return builder.root


def at(node: Node | None, key: str) -> Node | None:
    """What a mapping holds under the key; None where it is no mapping or has no such key."""
    return node.get(key) if isinstance(node, dict) else None


def text_at(node: Node | None, key: str) -> str:
    """The text under the key, '' where there is none."""
    found = at(node, key)
    return found if isinstance(found, str) else ""


def texts(node: Node | None) -> tuple[str, ...]:
    """One text or a list of texts, as a tuple; anything else in it is left out."""
    if isinstance(node, str):
        return (node,) if node else ()
    return tuple(item for item in node if isinstance(item, str)) if isinstance(node, list) else ()
