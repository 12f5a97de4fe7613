"""Templates made ready: the one place that imports Jinja2."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from paytraq_direct import resources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PAGES: Final = "inbox"


def unescaped(source: str, macro: str) -> Callable[..., str]:
    """Give a macro of a template that escapes nothing: its caller escapes the whole of what comes out."""
    environment = Environment(autoescape=False, undefined=StrictUndefined)  # noqa: S701 - see above
    found: Callable[..., str] = getattr(environment.from_string(source).module, macro)
    return found


def page(name: str, values: Mapping[str, object]) -> str:
    """Give a page of templates/inbox. Every value is escaped, and one that is not there is an error."""
    return _pages().get_template(name).render(values)


@cache
def _pages() -> Environment:
    return Environment(
        loader=FileSystemLoader(resources.folder("templates") / _PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
