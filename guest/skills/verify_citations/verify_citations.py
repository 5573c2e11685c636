#!/usr/bin/env python3
"""Checks the form of a draft's citations, then has the host check source, passage and support of each claim."""

import argparse
import json
import re
import subprocess
import sys

# Worst first: what a reader must never see stands above what only needs a mark.
ORDER = ["fabricated", "unreachable", "contradicted", "unsupported", "partial", "supported"]
GROUP = re.compile(r"\[(@[^\]]*)\]")
KEY = re.compile(r"^@s[0-9a-f]{10}$")
PATIENCE = 180


def malformed(text):
    """The citations that no key can be, in the order of the text."""
    found = []
    for group in GROUP.findall(text):
        for part in re.split(r"[;,]", group):
            if part.strip() and not KEY.match(part.strip()) and part.strip() not in found:
                found.append(part.strip())
    return found


def asked(draft):
    """The host's answer; raises OSError or ValueError when there is none."""
    command = ["choir", "verify", "--draft", draft, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    answer = json.loads(ended.stdout) if ended.stdout.strip() else {}
    if "claims" not in answer:
        raise ValueError(ended.stderr.strip() or "no answer")
    return answer["claims"]


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="verify_citations",
        description=__doc__,
        epilog="Exit status: 0 every claim is supported, 1 some are not, 2 wrong usage, 3 the host could not be asked.",
    )
    parser.add_argument("--draft", required=True, metavar="FILE", help="the Markdown draft with [@key] citations")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    options = parser.parse_args(argv)
    try:
        with open(options.draft, encoding="utf-8") as file:
            wrong = malformed(file.read())
    except (OSError, UnicodeDecodeError) as error:
        parser.exit(2, f"verify_citations: cannot read {options.draft}: {error}\n")
    try:
        claims = asked(options.draft)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        parser.exit(3, f"verify_citations: the host could not be asked: {error}\n")
    counts = {verdict: sum(1 for c in claims if c["verdict"] == verdict) for verdict in ORDER}
    open_claims = sorted(
        (c for c in claims if c["verdict"] != "supported"),
        key=lambda c: ORDER.index(c["verdict"]) if c["verdict"] in ORDER else 0,
    )
    if options.json:
        print(json.dumps({"counts": counts, "malformed": wrong, "open": open_claims}, ensure_ascii=False))
    else:
        stated = ", ".join(f"{n} {verdict}" for verdict, n in counts.items() if n)
        print(f"{len(claims)} claims" + (f": {stated}" if stated else ""))
        for key in wrong:
            print(f"Malformed key: {key}")
        for claim in open_claims:
            print(f"{claim['verdict']}: {claim['text']}")
            print(f"    {claim['reason']}")
    return 1 if open_claims or wrong or not claims else 0


if __name__ == "__main__":
    sys.exit(main())
