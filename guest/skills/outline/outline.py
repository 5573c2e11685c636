#!/usr/bin/env python3
"""Shows a draft's headings with the words under each, and compares the total with a depth target."""

import argparse
import json
import re
import sys

TARGETS = {"quick": 500, "standard": 1500, "deep": 3000}
HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
CITATION = re.compile(r"\[@[^\]]*\]")
WORD = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*")


def sections(text):
    """(level, title, words) of each section in order; level 0 is what stands before the first heading."""
    found = [[0, "", 0]]
    fence = None
    for line in text.splitlines():
        mark = FENCE.match(line)
        if fence is None and mark:
            fence = mark.group(1)[:3]
            continue
        if fence is not None:
            if mark and mark.group(1).startswith(fence):
                fence = None
            continue
        heading = HEADING.match(line)
        if heading:
            found.append([len(heading.group(1)), CITATION.sub("", heading.group(2)).strip(), 0])
        else:
            found[-1][2] += len(WORD.findall(CITATION.sub(" ", line)))
    return [tuple(s) for s in found if s[0] > 0 or s[2] > 0]


def problems(parts):
    """What a reader would stumble over in the structure."""
    out = []
    seen = {}
    last = 0
    for i, (level, title, words) in enumerate(parts):
        if level == 0:
            continue
        if last and level > last + 1:
            out.append(f"'{title}' jumps from heading level {last} to {level}")
        last = level
        follows = parts[i + 1][0] if i + 1 < len(parts) else 0
        if words == 0 and follows <= level:
            out.append(f"'{title}' is empty")
        folded = title.casefold()
        if folded in seen:
            out.append(f"'{title}' is a heading twice")
        seen[folded] = True
    return out


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="outline",
        description=__doc__,
        epilog="Exit status: 0 the target is reached and the structure is sound, 1 it is not, 2 wrong usage.",
    )
    parser.add_argument("--draft", required=True, metavar="FILE", help="the Markdown draft")
    parser.add_argument("--depth", choices=sorted(TARGETS), help="compare the words with this depth's target")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    options = parser.parse_args(argv)
    try:
        with open(options.draft, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        parser.exit(2, f"outline: cannot read {options.draft}: {error}\n")
    parts = sections(text)
    total = sum(words for _, _, words in parts)
    target = TARGETS.get(options.depth) if options.depth else None
    wrong = problems(parts)
    reached = target is None or total >= target
    if options.json:
        print(json.dumps({
            "sections": [{"level": l, "title": t, "words": w} for l, t, w in parts],
            "words": total, "target": target, "reached": reached, "problems": wrong,
        }, ensure_ascii=False))
    else:
        for level, title, words in parts:
            name = title if level else "(before the first heading)"
            print(f"{words:6d}  {'  ' * max(0, level - 1)}{name}")
        print(f"{total:6d}  words in all")
        if target is not None:
            state = "reached" if reached else f"not reached, {target - total} missing"
            print(f"Target of {options.depth}: {target} words, {state}.")
        for problem in wrong:
            print(f"Problem: {problem}.")
    return 0 if reached and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
