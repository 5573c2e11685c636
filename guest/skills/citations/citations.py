#!/usr/bin/env python3
"""Finds the sentences of a draft that cite nothing, and counts the evidence keys that are used."""

import argparse
import json
import re
import sys

HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$")
FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
GROUP = re.compile(r"\[(@[^\]]*)\]")
KEY = re.compile(r"^@(s[0-9a-f]{10})$")
ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
TABLE = re.compile(r"^\s*\|?[\s:|-]+\|[\s:|-]*$")
# Full stops that end no sentence.
SHORT = re.compile(r"\b(?:e\.g|i\.e|cf|vs|etc|approx|Dr|Mr|Mrs|Ms|Prof|St|No|Fig|Vol|al|pp?)\.$")
END = re.compile(r"([.!?]+[\"”’)\]]*)((?:\s*\[@[^\]]*\])*)(?=\s|$)")


def blocks(text):
    """(section, block text) of each paragraph, list item and table row; code and headings are left out."""
    section, lines, fence = "", [], None
    for line in text.splitlines() + [""]:
        mark = FENCE.match(line)
        heading = HEADING.match(line) if fence is None else None
        if lines and (mark or heading or not line.strip() or ITEM.match(line) or line.lstrip().startswith("|")):
            yield section, " ".join(lines)
            lines = []
        if mark and fence is None:
            fence = mark.group(1)[:3]
        elif fence is not None:
            if mark and mark.group(1).startswith(fence):
                fence = None
        elif heading:
            section = GROUP.sub("", heading.group(1)).strip()
        elif line.strip() and not TABLE.match(line):
            lines.append(ITEM.sub("", line).strip().lstrip(">").strip())


def sentences(block):
    """The sentences of a block; citations right behind a full stop belong to the sentence before it."""
    start = 0
    for end in END.finditer(block):
        if SHORT.search(block[start:end.end(1)]) and not end.group(2):
            continue
        yield block[start:end.end()].strip()
        start = end.end()
    if block[start:].strip():
        yield block[start:].strip()


def keys_of(sentence):
    """(well-formed keys, malformed ones) that a sentence cites."""
    good, bad = [], []
    for group in GROUP.findall(sentence):
        for part in re.split(r"[;,]", group):
            match = KEY.match(part.strip())
            if match:
                good.append(match.group(1))
            elif part.strip():
                bad.append(part.strip())
    return good, bad


def check(text):
    """What main prints, as a dictionary."""
    sections, used, malformed, uncited = {}, {}, [], []
    for section, block in blocks(text):
        for sentence in sentences(block):
            good, bad = keys_of(sentence)
            plain = re.sub(r"\s+([.!?,;:])", r"\1", GROUP.sub("", sentence)).strip()
            for key in good:
                used[key] = used.get(key, 0) + 1
            malformed.extend(bad)
            if len(re.findall(r"\w+", plain)) < 3 or plain.endswith(("?", ":")):
                continue
            counts = sections.setdefault(section, {"sentences": 0, "cited": 0})
            counts["sentences"] += 1
            counts["cited"] += 1 if good else 0
            if not good:
                uncited.append({"section": section, "sentence": plain})
    return {"sections": sections, "keys": used, "malformed": sorted(set(malformed)), "uncited": uncited}


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="citations",
        description=__doc__,
        epilog="Exit status: 0 every sentence cites evidence, 1 some do not or a key is malformed, 2 wrong usage.",
    )
    parser.add_argument("--draft", required=True, metavar="FILE", help="the Markdown draft with [@key] citations")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    options = parser.parse_args(argv)
    try:
        with open(options.draft, encoding="utf-8") as file:
            result = check(file.read())
    except (OSError, UnicodeDecodeError) as error:
        parser.exit(2, f"citations: cannot read {options.draft}: {error}\n")
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        for section, counts in result["sections"].items():
            name = section or "(before the first heading)"
            print(f"{counts['cited']} of {counts['sentences']} sentences cited: {name}")
        print(f"{len(result['keys'])} keys used")
        for key, count in sorted(result["keys"].items(), key=lambda k: (-k[1], k[0])):
            print(f"  {key} {count}")
        for key in result["malformed"]:
            print(f"Malformed key: {key}")
        for item in result["uncited"]:
            print(f"No citation: {item['sentence']}")
    return 1 if result["uncited"] or result["malformed"] else 0


if __name__ == "__main__":
    sys.exit(main())
