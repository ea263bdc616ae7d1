"""How a benchmark's figures are printed and kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def report(result: dict[str, Any]) -> int:
    """Print a result and keep it as JSON; the exit code, 1 when a bar was missed.

    A result is {"name": str, "figures": {str: number}, "bars": {str: number}, "met": bool}.
    """
    print(f"\n{result['name']}: {'bars met' if result['met'] else 'A BAR WAS MISSED'}")
    for name, figure in result["figures"].items():
        bar = result["bars"].get(name)
        print(f"  {name:32} {figure!s:>12}{f'   (bar {bar})' if bar is not None else ''}")
    print(json.dumps(result))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{result['name']}.json").write_text(json.dumps(result, indent=1) + "\n")
    return 0 if result["met"] else 1
