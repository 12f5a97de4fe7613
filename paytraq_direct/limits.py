"""How much is taken, in bytes, entries or characters; within these nothing is refused for its size."""

from typing import Final

INPUT_BYTES: Final = 64 * 2**20
DOCUMENT_BYTES: Final = 32 * 2**20
TAGS: Final = 2_500_000
TEXT_BYTES: Final = 9_000_000
LINES: Final = 100_000
NAME_LENGTH: Final = 255
LINK_LENGTH: Final = 8_000
