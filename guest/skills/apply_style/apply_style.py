#!/usr/bin/env python3
"""Applies a style guide's mechanical rules to a draft and lists the ones a writer must decide."""

import argparse
import json
import re
import sys

CITATION = re.compile(r"\[@[^\]]*\]")
# What is never touched: code, quotations, citations, links' addresses.
FIXED = re.compile(r"`[^`]*`|“[^”]*”|\"[^\"\n]*\"|«[^»]*»|„[^“]*“|\[@[^\]]*\]|\]\([^)]*\)|<[^>\s]+>")
HEADING = re.compile(r"^( {0,3}#{1,6}\s+)(.*?)(\s*#*\s*)$")
FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
QUOTED = r"[\"“”]([^\"“”]{1,60})[\"“”]"
SMALL = set("a an and as at but by for from in into nor of on or over per so than the to up via with yet".split())
SENTENCE = re.compile(r"[^.!?]+(?:[.!?]+[\"”’)]*|$)")
DIGIT = re.compile(r"(?<![\w.,:/\-$€£#%])([2-9])(?![\w.,:/\-%°])")


def rules(text):
    """What a guide asks for, as far as this program understands it."""
    found = {"replace": [], "avoid": [], "headings": "", "words": 0, "sentences": 0, "numbers": 0,
             "exclamation": False, "citations": ""}
    for raw in text.splitlines():
        line = re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", raw).strip()
        if match := re.match(rf"(?:Use|Write|Prefer)\s+{QUOTED},?\s+(?:not|instead of|rather than)\s+{QUOTED}", line, re.I):
            found["replace"].append((match.group(2), match.group(1)))
        elif match := re.match(rf"(?:Avoid|Never use|Do not use|Don['’]t use)\s+{QUOTED}", line, re.I):
            found["avoid"].append(match.group(1))
        elif match := re.match(r"Headings? (?:are )?in (sentence|title) case", line, re.I):
            found["headings"] = match.group(1).lower()
        elif match := re.match(r"Sentences? (?:of|have) at most (\d+) words", line, re.I):
            found["words"] = int(match.group(1))
        elif match := re.match(r"Paragraphs? (?:of|have) at most (\d+) sentences", line, re.I):
            found["sentences"] = int(match.group(1))
        elif match := re.match(r"Spell out numbers (?:below|under) (\d+)", line, re.I):
            found["numbers"] = min(10, int(match.group(1)))
        elif re.match(r"No exclamation marks?", line, re.I):
            found["exclamation"] = True
        elif match := re.match(r"Citations? (before|after) the full stop", line, re.I):
            found["citations"] = match.group(1).lower()
    return found


def outside(text, change):
    """The text with a change made to what may be touched."""
    out, at = [], 0
    for fixed in FIXED.finditer(text):
        out += [change(text[at:fixed.start()]), fixed.group()]
        at = fixed.end()
    return "".join(out) + change(text[at:])


def like(word, model):
    """A word in the case of the one it takes the place of."""
    if model.isupper() and len(model) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word


def replaced(line, old, new):
    pattern = re.compile(rf"(?<!\w){re.escape(old)}(?!\w)", re.I)
    return outside(line, lambda part: pattern.sub(lambda m: like(new, m.group()), part))


def cased(title, case):
    words = title.split(" ")
    out = []
    for i, word in enumerate(words):
        # Names and abbreviations keep their own letters: those with a capital inside, or with a digit.
        if not word[:1].isalpha() or any(c.isupper() or c.isdigit() for c in word[1:]) or "`" in word:
            out.append(word)
        elif i == 0 or case == "title" and (word.lower() not in SMALL or i == len(words) - 1):
            out.append(word[:1].upper() + word[1:])
        elif case == "title":
            out.append(word.lower())
        else:
            out.append(word)
    return " ".join(out)


def placed(line, where):
    if where == "before":
        return re.sub(r"([.!?])((?:\s*\[@[^\]]*\])+)(?=\s|$)",
                      lambda m: " " + m.group(2).strip() + m.group(1), line)
    return re.sub(r"\s*((?:\[@[^\]]*\]\s*)+)([.!?])(?=\s|$)",
                  lambda m: m.group(2) + " " + m.group(1).strip(), line)


def styled(text, guide):
    """(new text, what was changed, what a writer must decide), line by line."""
    out, changed, left, fence = [], [], [], None
    for number, line in enumerate(text.split("\n"), 1):
        mark = FENCE.match(line)
        if mark and fence is None:
            fence = mark.group(1)[:3]
        elif fence is not None:
            if mark and mark.group(1).startswith(fence):
                fence = None
        else:
            heading = HEADING.match(line)
            new = line
            for old, wanted in guide["replace"]:
                new = replaced(new, old, wanted)
            if heading and guide["headings"]:
                parts = HEADING.match(new)
                new = parts.group(1) + cased(parts.group(2), guide["headings"]) + parts.group(3)
            if guide["citations"] and not heading:
                new = placed(new, guide["citations"])
            if not line.endswith("  ") or not line.strip():
                new = new.rstrip()
            if new != line:
                changed.append({"line": number, "from": line.strip(), "to": new.strip()})
            left += [{"line": number, "problem": p} for p in problems(new, guide, bool(heading))]
            line = new
        out.append(line)
    return "\n".join(out), changed, left


def problems(line, guide, heading):
    plain = outside(CITATION.sub("", line), lambda part: part)
    free = re.sub(FIXED, " ", line)
    for word in guide["avoid"]:
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", free, re.I):
            yield f"avoid “{word}”"
    if guide["exclamation"] and "!" in free:
        yield "an exclamation mark"
    if heading or line.lstrip().startswith("|"):
        return
    sentences = [s.strip() for s in SENTENCE.findall(plain) if re.search(r"\w", s)]
    for sentence in sentences:
        words = len(re.findall(r"\w+(?:[’'\-.]\w+)*", sentence))
        if guide["words"] and words > guide["words"]:
            yield f"a sentence of {words} words: {sentence[:60]}"
    if guide["sentences"] and len(sentences) > guide["sentences"]:
        yield f"a paragraph of {len(sentences)} sentences"
    for digit in DIGIT.findall(free) if guide["numbers"] else []:
        if int(digit) < guide["numbers"]:
            yield f"spell out {digit}"


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="apply_style",
        description=__doc__,
        epilog="Exit status: 0 nothing is left for a writer, 1 something is, 2 wrong usage.",
    )
    parser.add_argument("--draft", required=True, metavar="FILE", help="the Markdown draft")
    parser.add_argument("--guide", required=True, metavar="FILE", help="the user's style guide")
    parser.add_argument("--write", action="store_true", help="change the draft")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    options = parser.parse_args(argv)
    read = []
    for path in (options.draft, options.guide):
        try:
            with open(path, encoding="utf-8") as file:
                read.append(file.read())
        except (OSError, UnicodeDecodeError) as error:
            parser.exit(2, f"apply_style: cannot read {path}: {error}\n")
    guide = rules(read[1])
    if not any(guide.values()):
        parser.exit(2, f"apply_style: {options.guide} has no rule that this program understands\n")
    text, changed, left = styled(read[0], guide)
    if options.write and changed:
        try:
            with open(options.draft, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            parser.exit(2, f"apply_style: cannot write {options.draft}: {error}\n")
    if options.json:
        print(json.dumps({"changed": changed, "left": left, "written": options.write}, ensure_ascii=False))
    else:
        verb = "Changed" if options.write else "Would change"
        for change in changed:
            print(f"{verb} line {change['line']}: {change['from']} -> {change['to']}")
        for item in left:
            print(f"Line {item['line']}: {item['problem']}")
        print(f"{len(changed)} changes, {len(left)} left for the writer")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
