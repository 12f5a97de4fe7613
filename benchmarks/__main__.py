"""Measures everything and prints it beside its goals."""

from __future__ import annotations

import os
import platform

from benchmarks import batch, posts, prepare, render, start, ubl


def main() -> None:
    """Print every figure; one that is missed is said, and fails nothing: machines differ."""
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    )
    found = [figure for module in (prepare, render, ubl, posts, batch, start) for figure in module.figures()]
    print(f"\n{'measure':<46}{'figure':>8}{'goal':>10}{'stretch':>10}")
    for figure in found:
        sign = "≤" if figure.most else "≥"
        print(
            f"{figure.measure:<46}{figure.value:>8.2f}{sign:>4} {figure.goal:>5g}{sign:>4} {figure.stretch:>5g}"
            f"   {figure.verdict}"
        )


if __name__ == "__main__":
    main()
