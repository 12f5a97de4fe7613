"""The commands: arguments, output and exit codes over the Python API.

Each entry point gives its exit code. ``--version`` is answered before anything is loaded.
"""

from __future__ import annotations

import sys

from paytraq_direct import __version__


def send_main() -> int:
    """Run paytraq-send."""
    if sys.argv[1:] == ["--version"]:
        return _version("paytraq-send")
    from paytraq_direct.cli.loading import loading  # noqa: PLC0415 - see above

    with loading():
        from paytraq_direct.cli import command, send  # noqa: PLC0415
    return command.run(send.send, "paytraq-send")


def check_main() -> int:
    """Run paytraq-check."""
    if sys.argv[1:] == ["--version"]:
        return _version("paytraq-check")
    from paytraq_direct.cli.loading import loading  # noqa: PLC0415 - see above

    with loading():
        from paytraq_direct.cli import check, command  # noqa: PLC0415
    return command.run(check.check, "paytraq-check")


def outbox_main() -> int:
    """Run paytraq-outbox."""
    if sys.argv[1:] == ["--version"]:
        return _version("paytraq-outbox")
    from paytraq_direct.cli.loading import loading  # noqa: PLC0415 - see above

    with loading():
        from paytraq_direct.cli import command, outbox  # noqa: PLC0415
    return command.run(outbox.outbox, "paytraq-outbox")


def _version(name: str) -> int:
    sys.stdout.write(f"{name} {__version__}\n")
    return 0
