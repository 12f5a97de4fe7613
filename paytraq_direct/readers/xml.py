"""An XML input to a reading: which form it has is told by its root, never by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paytraq_direct import rules, wording
from paytraq_direct.errors import Fault
from paytraq_direct.readers import sale, ubl
from paytraq_direct.readers.reading import Reading

if TYPE_CHECKING:
    from paytraq_direct.readers.json import Options


def read(name: str, data: bytes, options: Options) -> Reading:
    """Read a document: a UBL invoice or credit note becomes a record, or with the form ``ubl`` is sent as it is.

    All else is held to be a finished ``<Sale>``, and told what it is when it is none.
    """
    root = sale.root_of(data)
    if isinstance(root, Fault):
        return Reading(name, None, (root,))
    if root.tag in ubl.ROOTS:
        return (ubl.of_root if options.form == "sale" else ubl.as_it_is)(name, root, data, options)
    if options.form == "ubl":
        what = wording.raw(str(root.tag).rpartition("}")[2])
        return Reading(name, None, sale.marked(root, [(rules.NOT_UBL.fault("", what=f"<{what}>"), root)], data))
    return sale.of_root(name, root, data, operation=options.operation, arithmetic=options.arithmetic, also=options.also)
