#!/usr/bin/env python3
"""Points at long sentences, passive voice and repeated phrases in a draft."""

import argparse
import json
import re
import sys

HEADING = re.compile(r"^ {0,3}#{1,6}\s")
FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
CITATION = re.compile(r"\s*\[@[^\]]*\]")
CODE = re.compile(r"`[^`]*`")
WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
SPLIT = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[\"“‘(]?[A-Z0-9])")
IRREGULAR = (
    "begun broken built bought brought chosen done drawn driven found given gone held kept known laid led left lost made "
    "meant met paid put read run said seen sent set shown spent stored taken taught thought told understood won written"
).split()
PASSIVE = re.compile(
    r"\b(?:am|is|are|was|were|be|been|being)\s+(?:\w+ly\s+)?(?:\w{2,}ed|" + "|".join(IRREGULAR) + r")\b", re.I)
# Words that make a phrase common without making it dull.
SMALL = set("a an and are as at be by for from has have if in is it its not of on or that the this to was were which with".split())


def paragraphs(text):
    """Paragraphs and list items as plain words; headings, code and tables are left out."""
    lines, fence = [], None
    for line in text.splitlines() + [""]:
        mark = FENCE.match(line)
        breaks = mark or not line.strip() or HEADING.match(line) or re.match(r"^\s*(?:[-*+]|\d+[.)])\s+", line)
        if lines and (breaks or line.lstrip().startswith("|")):
            yield " ".join(lines)
            lines = []
        if mark and fence is None:
            fence = mark.group(1)[:3]
        elif fence is not None:
            if mark and mark.group(1).startswith(fence):
                fence = None
        elif line.strip() and not HEADING.match(line) and not line.lstrip().startswith("|"):
            plain = CODE.sub("code", CITATION.sub("", re.sub(r"^\s*(?:[-*+>]|\d+[.)])\s+", "", line)))
            lines.append(plain.strip())


def repeated(sentences, length, times):
    """Phrases of so many words that come at least so many times; of overlapping ones the first stays."""
    counts, order = {}, {}
    for sentence in sentences:
        words = [w.casefold() for w in WORD.findall(sentence)]
        for i in range(len(words) - length + 1):
            phrase = tuple(words[i:i + length])
            if sum(1 for w in phrase if w not in SMALL) >= 2:
                counts[phrase] = counts.get(phrase, 0) + 1
                order.setdefault(phrase, len(order))
    kept = []
    for phrase in sorted((p for p in counts if counts[p] >= times), key=lambda p: (-counts[p], order[p])):
        tails = [set(zip(k, k[1:])) for k, _ in kept]
        if not any(len(t & set(zip(phrase, phrase[1:]))) >= length - 2 for t in tails):
            kept.append((phrase, counts[phrase]))
    return [{"phrase": " ".join(p), "times": n} for p, n in kept]


def check(text, longest, phrase, times):
    """What main prints, as a dictionary."""
    sentences = [s.strip() for p in paragraphs(text) for s in SPLIT.split(p) if WORD.search(s)]
    lengths = [len(WORD.findall(s)) for s in sentences]
    passive = [{"sentence": s, "found": m.group(0)} for s in sentences for m in [PASSIVE.search(s)] if m]
    return {
        "sentences": len(sentences),
        "words": sum(lengths),
        "average": round(sum(lengths) / len(lengths), 1) if lengths else 0,
        "long": [{"sentence": s, "words": n} for s, n in zip(sentences, lengths) if n > longest],
        "passive": passive,
        "repeated": repeated(sentences, phrase, times),
    }


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="readability",
        description=__doc__,
        epilog="These are hints. Exit status: 0; with --strict 1 if there is any hint; 2 wrong usage.",
    )
    parser.add_argument("--draft", required=True, metavar="FILE", help="the Markdown draft")
    parser.add_argument("--longest", type=int, default=30, metavar="N", help="words a sentence may have (30)")
    parser.add_argument("--phrase", type=int, default=4, metavar="N", help="words of a phrase that counts (4)")
    parser.add_argument("--times", type=int, default=3, metavar="N", help="how often it may not come (3)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if there is any hint")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    options = parser.parse_args(argv)
    if options.longest < 1 or options.phrase < 2 or options.times < 2:
        parser.error("--longest must be at least 1, --phrase and --times at least 2")
    try:
        with open(options.draft, encoding="utf-8") as file:
            result = check(file.read(), options.longest, options.phrase, options.times)
    except (OSError, UnicodeDecodeError) as error:
        parser.exit(2, f"readability: cannot read {options.draft}: {error}\n")
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(f"{result['sentences']} sentences, {result['words']} words, {result['average']} words a sentence")
        for item in result["long"]:
            print(f"Long ({item['words']} words): {item['sentence']}")
        for item in result["passive"]:
            print(f"Passive ({item['found']}): {item['sentence']}")
        for item in result["repeated"]:
            print(f"Repeated {item['times']} times: {item['phrase']}")
    hints = result["long"] or result["passive"] or result["repeated"]
    return 1 if options.strict and hints else 0


if __name__ == "__main__":
    sys.exit(main())
