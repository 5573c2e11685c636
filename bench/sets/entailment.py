#!/usr/bin/env python3
"""Makes the blind entailment sets of docs/benchmarks.md: claims about manuals nothing was learnt from.

    python3 entailment.py OUT [--seed N] [--each N]

Takes the Info manuals below /usr/share/info (coreutils, findutils, gettext, gnupg, grep and others;
not debian-policy, which other sets use) and the POD of /usr/share/perl, as Debian 12 installs them.
Writes OUT/gold.jsonl, with one to three sentences of a page as evidence, and OUT/pages.jsonl, with
the whole page, for `choir eval entailment`. Each has as many claims of each label; the rules below
share no word list with Choir's own lexicons or with the generators it was trained by.

  supported     the sentence said otherwise: clauses moved, asides left out, words replaced
  partial       the same, and a second statement that the page does not make
  contradicted  denied, another number, the opposite word, sides exchanged, all for none
  unsupported   true elsewhere in the same manual, stronger than the page, or of another option
"""
import argparse, glob, gzip, json, pathlib, random, re

AUX = r"\b(is|are|was|can|will|does|must|should|has|have|may)\b"
SYNONYMS = [
    ("is used to", "serves to"), ("are used to", "serve to"), ("specifies", "states"), ("specify", "state"),
    ("determine", "find out"), ("determines", "finds out"), ("allows you to", "lets you"), ("causes", "makes"),
    ("display", "show"), ("displays", "shows"), ("print", "write out"), ("prints", "writes out"),
    ("omit", "leave out"), ("omitted", "left out"), ("contains", "holds"), ("contain", "hold"),
    ("usually", "most of the time"), ("normally", "in the normal case"), ("for example", "for instance"),
    ("however", "but"), ("therefore", "so"), ("because", "since"), ("although", "even though"),
    ("in order to", "to"), ("create", "make"), ("creates", "makes"), ("obtain", "get"), ("attempts", "tries"),
    ("attempt", "try"), ("several", "a number of"), ("is equivalent to", "does the same as"), ("ignored", "disregarded"),
    ("ignore", "disregard"), ("exactly", "precisely"), ("large", "big"), ("entire", "whole"), ("each", "every"),
    ("only", "solely"), ("occurs", "happens"), ("occur", "happen"), ("modify", "change"), ("modified", "changed"),
    ("unless", "except if"), ("is not able to", "cannot"), ("support", "have support for"), ("useful", "handy"),
    ("necessary", "needed"), ("required", "needed"), ("terminate", "end"), ("terminates", "ends"), ("initially", "at first"),
    ("immediately", "at once"), ("whether", "if"), ("returns", "gives back"), ("return", "give back"), ("verify", "check"),
    ("remove", "take away"), ("removes", "takes away"), ("replaced by", "exchanged for"), ("begin", "start"),
    ("begins", "starts"), ("such as", "like"), ("additional", "further"), ("desired", "wanted"), ("entered", "typed"),
]
OPPOSITES = [
    ("ascending", "descending"), ("beginning", "end"), ("leading", "trailing"), ("increases", "lowers"), ("faster", "slower"),
    ("smaller", "larger"), ("shorter", "longer"), ("fewer", "more"), ("succeeds", "fails"), ("accepts", "refuses"),
    ("enabled", "disabled"), ("enable", "disable"), ("includes", "leaves out"), ("before", "after"), ("upper", "lower"),
    ("left", "right"), ("first", "last"), ("older", "newer"), ("oldest", "newest"), ("minimum", "maximum"), ("strict", "lax"),
    ("least", "most"), ("always", "never"), ("all", "none"), ("every", "no"), ("both", "neither"), ("input", "output"),
    ("reads", "writes"), ("safe", "unsafe"), ("optional", "mandatory"), ("possible", "impossible"), ("absolute", "relative"),
    ("empty", "non-empty"), ("true", "false"), ("positive", "negative"), ("zero", "nonzero"), ("case-sensitive", "case-insensitive"),
    ("equal", "different"), ("same", "different"), ("more", "less"), ("high", "low"), ("old", "new"), ("simple", "complicated"),
]
STRONGER = [("may", "must"), ("can", "must"), ("some", "all"), ("many", "all"), ("most", "all"), ("often", "always"),
    ("usually", "always"), ("normally", "always"), ("sometimes", "always"), ("should", "must"), ("might", "will"), ("could", "will")]
ADDED = ["it was added at the request of the GNU project", "this has been so since its first release",
    "it needs at least four megabytes of memory", "users of BSD systems see the same", "its cost grows with the size of the file",
    "this follows a decision of its maintainers in 1994", "it is not available on Solaris", "the POSIX committee has objected to it",
    "translators asked for this", "a later version is planned to change that"]


def info():
    pages = []
    for path in sorted(glob.glob("/usr/share/info/*.info*.gz")):
        name = pathlib.Path(path).name.split(".")[0]
        if name.startswith("debian"):
            continue
        for node in gzip.open(path, "rt", errors="replace").read().split("\x1f"):
            body = re.sub(r"\n[=*.~-]{4,}\n", "\n\n", "\n".join(node.split("\n")[2:]))
            paragraphs = [p for p in re.split(r"\n\s*\n", body) if not re.match(r"\s*[*$%#>-]|     {5,}", p)]
            pages.append((name, sentences([re.sub(r"[‘’`']+", "", p) for p in paragraphs])))
    return pages


def pod():
    pages = []
    for path in sorted(glob.glob("/usr/share/perl/5.*.*/**/*.p[om]*", recursive=True)):
        paragraphs, inside = [], False
        for p in re.split(r"\n\s*\n", open(path, errors="replace").read()):
            if re.match(r"=cut", p):
                inside = False
            elif re.match(r"=\w+", p):
                inside = True
            elif inside and not re.match(r"[ \t]", p):
                paragraphs.append(re.sub(r"[A-Z]<+\s*(.*?)\s*>+", r"\1", p))
        pages.append(("perl", sentences(paragraphs)[:80]))
    return pages


def sentences(paragraphs):
    found = []
    for p in paragraphs:
        p = re.sub(r"\s+", " ", p).strip()
        found += [s.strip() for s in re.split(r"(?<=[.!?:]) +(?=[A-Z])", p) if 3 <= len(s.split()) <= 60]
    return found


def usable(s):
    return (re.fullmatch(r"[A-Z][^|{}<>=\\$@#*_:]{50,220}\.", s) and s.count('"') % 2 == 0 and s.count("(") == s.count(")")
        and not re.match(r"(This|That|These|Those|It|They|See|Note|Here|Such|He|However|But|Thus|Then|Also|So|And|Or|"
            r"For example|In this|In that|Otherwise|Another|Its|Their|We|Do|Use|Please|Next|Finally)\b", s)
        and sum(bool(re.fullmatch(r"[a-z]{2,}[,.;]?", w)) for w in s.split()) > 0.75 * len(s.split()))


def replaced(draw, s, share):
    for old, new in SYNONYMS:
        if draw.random() < share:
            s = re.sub(rf"\b{old}\b(?! of\b)", new, s, count=1)
    return s


def low(s):
    return s if re.match(r"[A-Z][A-Z]|I\b|[A-Z]\w*[A-Z]", s) else s[0].lower() + s[1:]


def faithful(draw, s):
    said = s
    m = re.fullmatch(r"(If|When|Unless|Because|Although|Since|While) ([^,]{8,}), (?:then )?((?!as |because |since |which |and |or )[^,]{12,})\.", s)
    if m:
        said = f"{m[3][0].upper()}{m[3][1:]} {m[1].lower()} {m[2]}."
    said = re.sub(r" \([^()]*\)", "", said)
    said = re.sub(r", (?:which|such as|including|for example|for instance)[^,.]*(?=[,.])", "", said)
    front = re.fullmatch(r"((?:In|By|On|For|With|At|To|From|Under) [^,]{4,40}), ([^,].{20,})\.", said)
    if front:
        said = f"{front[2][0].upper()}{front[2][1:]} {low(front[1])}."
    said = replaced(draw, said, 0.8)
    return said if said != s else None


def changed(draw, s):
    ways = []
    n = re.search(r"\b\d{1,4}\b", s)
    if n:
        v = int(n[0])
        ways.append(s[: n.start()] + str(draw.choice([v + 1, v * 2 + 3, v + 17, max(1, v // 2) + 5])) + s[n.end():])
    for pair in OPPOSITES:
        for a, b in (pair, pair[::-1]):
            if re.search(rf"\b{a}\b", s):
                ways.append(re.sub(rf"\b{a}\b", b, s, count=1))
                break
    m = re.search(rf"{AUX} not\b|\bcannot\b", s)
    if m:
        ways.append(s[: m.start()] + ("can" if m[0] == "cannot" else m[1]) + s[m.end():])
    else:
        m = re.search(AUX + r"(?! not)", s)
        if m:
            ways.append(s[: m.end()] + " not" + s[m.end():])
    m = re.fullmatch(r"(.*\b)([\w-]+)( (?:instead of|rather than|before|after|precedes|follows) (?:the |a )?)([\w-]+)(\b.*)", s)
    if m and m[2] != m[4] and len(m[2]) > 3 and len(m[4]) > 3:
        ways.append(m[1] + m[4] + m[3] + m[2] + m[5])
    way = draw.choice(ways) if ways else None
    return replaced(draw, way, 0.5) if way and draw.random() < 0.5 else way


def unsaid(draw, s, elsewhere):
    ways = [("elsewhere", elsewhere)] * 2
    for a, b in STRONGER:
        if re.search(rf"\b{a}\b(?! not)", s):
            ways += [("stronger", re.sub(rf"\b{a}\b", b, s, count=1))] * 2
            break
    other = re.search(r"(?<!\w)--?[a-z][\w-]*", elsewhere)
    own = re.search(r"(?<!\w)--?[a-z][\w-]*", s)
    if other and own and other[0] != own[0]:
        ways += [("option", s[: own.start()] + other[0] + s[own.end():])] * 3
    return draw.choice(ways)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("out")
    options.add_argument("--seed", type=int, default=20261121)
    options.add_argument("--each", type=int, default=60)
    given = options.parse_args()
    draw = random.Random(given.seed)
    pages = [(name, s) for name, s in info() + pod() if 8 <= len(s) <= 120 and any(map(usable, s))]
    draw.shuffle(pages)
    by_manual = {}
    for name, s in pages:
        by_manual.setdefault(name, []).append(s)
    wanted = {(kind, label): given.each for kind in ("gold", "pages")
        for label in ("supported", "partial", "contradicted", "unsupported")}
    made = {"gold": [], "pages": []}
    used = set()
    for turn in range(200_000):
        if not any(wanted.values()):
            break
        kind, label = [k for k, n in wanted.items() if n][turn % sum(n > 0 for n in wanted.values())]
        name, page = draw.choice(pages)
        at = draw.choice([i for i, s in enumerate(page) if usable(s)])
        s = page[at]
        if s in used:
            continue
        around = page if kind == "pages" else page[max(0, at - draw.randint(0, 1)): at + 1 + draw.randint(0, 1)]
        others = [p for p in by_manual[name] if p is not page and any(map(usable, p))]
        if not others:
            continue
        elsewhere = draw.choice([x for x in draw.choice(others) if usable(x)])
        if label == "supported":
            claim, how = faithful(draw, s), "reworded"
        elif label == "contradicted":
            claim, how = changed(draw, s), "changed"
        elif label == "partial":
            told, how = faithful(draw, s), "added"
            extra = draw.choice(ADDED) if draw.random() < 0.4 else low(elsewhere[:-1])
            claim = told and len(told) + len(extra) < 260 and f"{told[:-1]}, and {extra}."
        else:
            how, claim = unsaid(draw, s, elsewhere)
            if how == "elsewhere" and claim in page:
                continue
        if not claim or claim in page or len(claim) > 300:
            continue
        used.add(s)
        wanted[kind, label] -= 1
        made[kind].append({"id": f"{kind}{len(made[kind])}", "claim": claim, "evidence": around, "label": label,
            "how": how, "manual": name, "from": s})
    out = pathlib.Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    for kind, lines in made.items():
        (out / (kind + ".jsonl")).write_text("".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines))
        print(kind, len(lines), "claims of", len({x["manual"] for x in lines}), "manuals")


main()
