#!/usr/bin/env python3
"""Checks that every quotation in a draft stands word for word in a file of the sources folder."""

import argparse
import difflib
import html.parser
import json
import os
import re
import subprocess
import sys

COMMAND = "/usr/local/bin/choir"
HOST = "/run/choir.sock"
EXTENSIONS = (".txt", ".md", ".markdown", ".html", ".htm", ".xhtml", ".csv", ".rst", ".org")
LARGEST = 20_000_000
QUOTES = re.compile(r"“([^“”]+)”|\"([^\"\n]+)\"|«([^«»]+)»|„([^„“]+)“")
FENCE = re.compile(r"^ {0,3}(```+|~~~+).*?^ {0,3}\1[`~]*\s*$", re.M | re.S)
FOLD = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00a0": " "})


class Words(html.parser.HTMLParser):
    """The text of a page without scripts and styles."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.parts, self.skipped = [], 0

    def handle_starttag(self, tag, attrs):
        self.skipped += tag in ("script", "style")
        if tag not in ("a", "b", "code", "em", "i", "span", "strong", "sub", "sup", "tt", "u"):
            self.parts.append(" ")

    def handle_endtag(self, tag):
        self.skipped -= tag in ("script", "style") and self.skipped > 0

    def handle_data(self, data):
        if not self.skipped:
            self.parts.append(data)


def folded(text):
    """Text in the form in which it is compared: one kind of quotes, dashes and blanks."""
    return " ".join(text.translate(FOLD).split())


def quotations(text, least):
    """Quotations of at least so many words in order, each once, without citations in them."""
    seen = []
    for match in QUOTES.finditer(FENCE.sub(" ", text)):
        quote = re.sub(r"\s*\[@[^\]]*\]", "", next(g for g in match.groups() if g)).strip()
        if len(re.findall(r"\w+", quote)) >= least and quote not in seen:
            seen.append(quote)
    return seen


def sources(folder):
    """(path below the folder, folded text) of each readable file, sorted by path; links are not followed."""
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(root, name)
            if os.path.islink(path) or not name.lower().endswith(EXTENSIONS) or os.path.getsize(path) > LARGEST:
                continue
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
            if name.lower().endswith((".html", ".htm", ".xhtml")):
                parser = Words()
                parser.feed(text)
                parser.close()
                text = "".join(parser.parts)
            yield os.path.relpath(path, folder), folded(text)


def pieces(quote):
    """The parts of a quotation between ellipses, which must follow each other in one file."""
    plain = folded(quote).rstrip(",;:")
    return [p.strip() for p in re.split(r"\s*(?:\[\s*(?:…|\.\.\.)\s*\]|…|\.\.\.)\s*", plain) if p.strip()]


def forms(piece):
    """How a piece may stand in its source: its first letter large or small, its own full stop or none."""
    for form in (piece, piece[0].swapcase() + piece[1:]):
        yield form
        if form.endswith((".", "!", "?")) and len(form) > 1:
            yield form[:-1]


def stands(quote, text):
    at = 0
    for piece in pieces(quote):
        found = next((f for f in (text.find(form, at) for form in forms(piece)) if f >= 0), -1)
        if found < 0:
            return False
        at = found + 1
    return True


def nearest(quote, texts):
    """The place that most resembles a quotation: (path, words there), or None."""
    wanted = folded(quote)
    count = len(wanted.split())
    best = (0.0, "", "")
    for path, text in texts:
        words = text.split()
        for start in range(0, max(1, len(words) - count + 1), max(1, count // 3)):
            window = " ".join(words[start:start + count])
            matcher = difflib.SequenceMatcher(None, wanted, window, autojunk=False)
            if matcher.real_quick_ratio() > best[0] and matcher.quick_ratio() > best[0]:
                best = max(best, (matcher.ratio(), path, window))
    return (best[1], best[2]) if best[0] >= 0.6 else None


def host_passages(quote):
    """(key, folded text) of the passages of the run's own sources that the host finds for a quotation; none without a host."""
    if not os.path.exists(HOST):
        return []
    asked = subprocess.run([COMMAND, "kb", "search", "--limit", "3", "--json", "--", quote[:1000]], capture_output=True, text=True, timeout=90)
    if asked.returncode != 0:
        return []
    return [("[@" + p["key"] + "]", folded(p["text"])) for p in json.loads(asked.stdout)["passages"]]


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="quotes",
        description=__doc__,
        epilog="Exit status: 0 every quotation was found, 1 one was not, 2 wrong usage.",
    )
    parser.add_argument("--draft", required=True, metavar="FILE", help="the Markdown draft")
    parser.add_argument("--sources", default="/workspace/sources", metavar="DIR", help="folder of text, Markdown, HTML and CSV files (/workspace/sources)")
    parser.add_argument("--least", type=int, default=3, metavar="N", help="shorter quotations, in words, are not checked (3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    options = parser.parse_args(argv)
    if not os.path.isdir(options.sources):
        parser.exit(2, f"quotes: {options.sources} is not a folder; name one with --sources\n")
    try:
        with open(options.draft, encoding="utf-8") as file:
            quotes = quotations(file.read(), options.least)
        texts = list(sources(options.sources)) if quotes else []
    except (OSError, UnicodeDecodeError) as error:
        parser.exit(2, f"quotes: {error}\n")
    results = []
    for quote in quotes:
        path = next((p for p, text in texts if stands(quote, text)), None)
        if not path:
            passages = host_passages(quote)
            path = next((p for p, text in passages if stands(quote, text)), None)
            near = None if path else nearest(quote, texts + passages)
        else:
            near = None
        results.append({"quote": quote, "file": path, "nearest": {"file": near[0], "text": near[1]} if near else None})
    missing = sum(1 for r in results if r["file"] is None)
    if options.json:
        print(json.dumps({"quotes": results, "missing": missing}, ensure_ascii=False))
    else:
        for r in results:
            print(f"Found in {r['file']}: {r['quote']}" if r["file"] else f"Not found: {r['quote']}")
            if r["nearest"]:
                print(f"  nearest, in {r['nearest']['file']}: {r['nearest']['text']}")
        print(f"{len(results) - missing} of {len(results)} quotations found")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
