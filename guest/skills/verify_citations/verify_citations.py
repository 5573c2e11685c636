#!/usr/bin/env python3
"""Asks the host for its verdict on every claim of a draft, and lists what to mend first."""

import argparse
import json
import os
import subprocess
import sys

WORST_FIRST = ["fabricated", "contradicted", "unsupported", "unreachable", "partial", "supported"]
SECONDS = 180


def ask(draft):
    """The claims with their verdicts, as the host found them; ends the program if it has none."""
    try:
        asked = subprocess.run(
            ["choir", "verify", "--json", "--draft", draft],
            capture_output=True, text=True, timeout=SECONDS, check=False)
        claims = json.loads(asked.stdout)["claims"]
        return [(str(c["verdict"]), str(c["text"]), str(c["reason"])) for c in claims]
    except (OSError, subprocess.TimeoutExpired) as problem:
        sys.exit(f"verify_citations: the host was not asked: {problem}")
    except (ValueError, KeyError, TypeError):
        said = (asked.stderr or asked.stdout).strip() or "nothing"
        sys.exit(f"verify_citations: the host gave no verdicts: {said}")


def rank(verdict):
    return WORST_FIRST.index(verdict) if verdict in WORST_FIRST else 0


def main():
    parser = argparse.ArgumentParser(
        prog="verify_citations", description=__doc__,
        epilog="Exit status: 0 every claim stands; 1 some do not; 2 wrong usage.")
    parser.add_argument("--draft", required=True, metavar="FILE", help="Markdown with evidence keys")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    if not os.path.isfile(options.draft):
        parser.exit(2, f"verify_citations: there is no file {options.draft}\n")
    claims = sorted(ask(os.path.abspath(options.draft)), key=lambda claim: rank(claim[0]))
    counts = {}
    for verdict, _, _ in claims:
        counts[verdict] = counts.get(verdict, 0) + 1
    opened = [claim for claim in claims if claim[0] != "supported"]
    if options.json:
        print(json.dumps({
            "counts": counts,
            "open": [{"text": t, "verdict": v, "reason": r} for v, t, r in opened],
        }, ensure_ascii=False))
    else:
        for verdict, text, reason in opened:
            print(f"{verdict}: {text}" + (f"\n    {reason}" if reason else ""))
        print(f"{len(claims)} claims: " + (", ".join(f"{n} {v}" for v, n in counts.items()) or "none"))
    return 0 if all(rank(v) >= rank("partial") for v, _, _ in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
