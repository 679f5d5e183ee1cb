"""YAML without what a declaration has no use for and nobody can bound."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

_MAX_TEXT = 20_000
_MAX_ALIASES = 100
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class PlainLoader(yaml.SafeLoader):
    """YAML's safe loader, stricter.

    Refused, each as a YAMLError with its line: a key given twice (the second would silently win), tags (those of YAML's
    own types fail on what is not of the type), aliases in what an alias may repeat (each would double what is read),
    texts without end, control characters.
    """

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self._anchored = self._aliases = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """The next value of the file, as a node."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            self._aliases += 1
            if self._anchored or self._aliases > _MAX_ALIASES:
                raise _fault(f"more than {_MAX_ALIASES} aliases, or one inside what another repeats", event)
        elif event.tag is not None:
            raise _fault(f"the tag {event.tag[:80]}, where none is expected", event)
        anchored = int(event.anchor is not None)
        self._anchored += anchored
        node = super().compose_node(parent, index)
        self._anchored -= anchored
        return node

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:  # noqa: ANN401 (the base class's)
        """A scalar's text."""
        text = super().construct_scalar(node)
        if len(text) > _MAX_TEXT:
            raise _fault(f"a text of more than {_MAX_TEXT} characters", node)
        if _CONTROL.search(text):
            raise _fault("a text with control characters", node)
        return text

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 (the base class's)
        """A mapping's keys and values."""
        given: set[Hashable] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if isinstance(name, Hashable):  # what is not is refused below
                if name in given and name != "<<":
                    raise _fault(f"the key {name!r} is given twice", node)
                given.add(name)
        return super().construct_mapping(node, deep)


def _fault(found: str, at: Any) -> yaml.YAMLError:  # noqa: ANN401 (an event's or a node's mark)
    return yaml.constructor.ConstructorError(None, None, found, at.start_mark)
