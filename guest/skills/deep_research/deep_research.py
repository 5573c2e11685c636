#!/usr/bin/env python3
"""Brings the findings of several researchers together: merges repeats, resolves conflicts or shows them."""

import argparse
import json
import os
import re
import sys

KEY = re.compile(r"^s[0-9a-f]{10}$")
DATE = re.compile(r"^\d{4}(-\d{2}(-\d{2})?)?$")
WORD = re.compile(r"[^\W\d_]{2,}")
NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?")
NEGATION = re.compile(r"\b(?:not|no|never|none|neither|nor|without|cannot)\b|n['’]t\b", re.IGNORECASE)
COMMON = set(
    "the a an and or of in on at to for from by with as is are was were be been it its this that these those than"
    " has have had will would can could may might about into over under per not no never".split()
)
# Two statements whose content words overlap by this share are about the same.
SAME = 0.6


def words(statement):
    return {w.casefold() for w in WORD.findall(statement)} - COMMON


def numbers(statement):
    return {n.replace(",", "").lstrip("+") for n in NUMBER.findall(statement)}


def denied(statement):
    return len(NEGATION.findall(statement)) % 2 == 1


def about_the_same(one, other):
    left, right = words(one["statement"]), words(other["statement"])
    union = left | right
    return bool(union) and len(left & right) / len(union) >= SAME


def agree(one, other):
    return numbers(one["statement"]) == numbers(other["statement"]) and denied(one["statement"]) == denied(
        other["statement"]
    )


def read(folder):
    """(findings, problems): each finding with the keys it rests on; a broken line is named and left out."""
    findings, problems = [], []
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".jsonl")):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                place = f"{name}:{number}"
                try:
                    said = json.loads(line)
                except ValueError:
                    problems.append(f"{place}: no JSON")
                    continue
                problem = flaw(said)
                if problem:
                    problems.append(f"{place}: {problem}")
                    continue
                findings.append({
                    "question": said["question"].strip(),
                    "statement": " ".join(said["statement"].split()),
                    "keys": [said["key"]],
                    "date": said.get("date", ""),
                    "primary": said.get("primary", False),
                })
    return findings, problems


def flaw(said):
    """Why a line is no finding; empty if it is one."""
    if not isinstance(said, dict):
        return "no JSON object"
    for field in ("question", "statement", "key"):
        if not isinstance(said.get(field), str) or not said[field].strip():
            return f"it has no {field}"
    if not KEY.match(said["key"]):
        return f"'{said['key']}' is no evidence key"
    if not isinstance(said.get("date", ""), str) or (said.get("date") and not DATE.match(said["date"])):
        return f"'{said['date']}' is no date"
    if not isinstance(said.get("primary", False), bool):
        return "primary must be true or false"
    return ""


def decided(one, other):
    """(winner, loser, why), or nothing where neither source nor date decides."""
    if one["primary"] != other["primary"]:
        return (one, other, "primary source") if one["primary"] else (other, one, "primary source")
    # Dates of unequal precision are compared as far as both go.
    length = min(len(one["date"]), len(other["date"]))
    left, right = one["date"][:length], other["date"][:length]
    if left != right:
        return (one, other, "later date") if left > right else (other, one, "later date")
    return None


def together(findings):
    """(standing, resolved, conflicts) of all findings, in the order in which they came."""
    standing = []
    for finding in findings:
        same = next((s for s in standing if about_the_same(s, finding) and agree(s, finding)), None)
        if same is None:
            standing.append(dict(finding, keys=list(finding["keys"])))
            continue
        same["keys"] += [k for k in finding["keys"] if k not in same["keys"]]
        same["primary"] = same["primary"] or finding["primary"]
        same["date"] = max(same["date"], finding["date"])
    resolved, conflicts, gone = [], [], set()
    for i, one in enumerate(standing):
        for j in range(i + 1, len(standing)):
            other = standing[j]
            if i in gone or j in gone or not about_the_same(one, other) or agree(one, other):
                continue
            decision = decided(one, other)
            if decision is None:
                conflicts.append((one, other))
            else:
                winner, loser, why = decision
                resolved.append((winner, loser, why))
                gone.add(i if loser is one else j)
    left = [s for i, s in enumerate(standing) if i not in gone]
    open_ids = {id(s) for pair in conflicts for s in pair}
    kept = [(w, l, y) for w, l, y in resolved if any(w is s for s in left)]
    return [s for s in left if id(s) not in open_ids], kept, [p for p in conflicts if all(any(x is s for s in left) for x in p)]


def cited(finding):
    keys = "; ".join("@" + k for k in finding["keys"])
    return f"{finding['statement'].rstrip('.')} [{keys}]."


def markdown(standing, resolved, conflicts):
    lines = []
    for question in dict.fromkeys(s["question"] for s in standing):
        lines += [f"## {question}", ""]
        lines += [f"- {cited(s)}" for s in standing if s["question"] == question]
        lines.append("")
    if conflicts:
        lines += ["## Conflicts", ""]
        for one, other in conflicts:
            lines += [f"- {cited(one)}", f"  But: {cited(other)}"]
        lines.append("")
    if resolved:
        lines += ["## Resolved", ""]
        lines += [f"- {cited(w)} Set aside ({why}): {cited(l)}" for w, l, why in resolved]
        lines.append("")
    return "\n".join(lines)


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="deep_research",
        description=__doc__,
        epilog="Exit status: 0 brought together, 1 a finding cannot be used, 2 wrong usage.",
    )
    parser.add_argument("--findings", required=True, metavar="FOLDER", help="the researchers' *.jsonl files")
    parser.add_argument("--out", metavar="FILE", help="write the Markdown there instead of printing it")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    options = parser.parse_args(argv)
    try:
        findings, problems = read(options.findings)
    except (OSError, UnicodeDecodeError) as error:
        parser.exit(2, f"deep_research: cannot read {options.findings}: {error}\n")
    standing, resolved, conflicts = together(findings)
    for problem in problems:
        print(f"deep_research: {problem}", file=sys.stderr)
    text = markdown(standing, resolved, conflicts)
    if options.out:
        try:
            with open(options.out, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            parser.exit(2, f"deep_research: cannot write {options.out}: {error}\n")
    if options.json:
        print(json.dumps({
            "findings": standing,
            "conflicts": [list(pair) for pair in conflicts],
            "resolved": [{"stands": w, "set_aside": l, "because": why} for w, l, why in resolved],
            "problems": problems,
        }, ensure_ascii=False))
    elif not options.out:
        print(text, end="")
    if options.out:
        print(f"{len(findings)} findings: {len(standing)} stand, {len(resolved)} resolved,"
              f" {len(conflicts)} in conflict, {len(problems)} not usable", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
