"""UBL 2.1 invoices and credit notes, and those of 2.0 where they are the same, to readings."""

from paytraq_direct.readers.ubl.least import as_it_is
from paytraq_direct.readers.ubl.reader import of_root
from paytraq_direct.readers.ubl.tables import ROOTS

__all__ = ["ROOTS", "as_it_is", "of_root"]
