#!/usr/bin/env python3
"""Makes the sets of docs/novelty.md: what paraphrases and translations earn.

    python3 novelty.py OUT [LISTS]

OUT/corpus.jsonl: 420 pages of the PostgreSQL manual (Debian's postgresql-doc-15), 260 words each.
OUT/NAME.jsonl, submissions for `choir eval novelty --corpus OUT/corpus.jsonl --submissions ...`:

  honest           60 other pages of it
  duplicate        40 pages of the corpus as they are
  words-25 -50 -100  40 pages of the corpus; of the words that a synonym is known for (Choir's own
                   list, synonyms.txt, and the one of entailment.py) this share is exchanged
  reordered        words-100, with clauses moved and the sentences in another order
  swapped-5 -10 -15  pages of the corpus with this percentage of letters exchanged with the next one
  salad            pages of the corpus with their words in a random order
  fluent           8 pages retold sentence by sentence, as a language model does it (paraphrases.jsonl)
  round-trip       4 pages as they come back from a translation into German and back

With LISTS, a folder of apt's lists with translations, another corpus of 420 English package
descriptions and their human translations:

    apt-get -o Dir::State::lists=LISTS -o Acquire::Languages=en,da,de,es,fr,it,ja,pl,ru update

  packages.corpus.jsonl, packages.LANGUAGE.jsonl
"""
import html, importlib.util, json, pathlib, random, re, subprocess, sys

HERE = pathlib.Path(__file__).parent
MANUAL = pathlib.Path("/usr/share/doc/postgresql-doc-15/html")
LANGUAGES = "da de es fr it ja pl ru".split()


def synonyms():
    groups = {}
    listed = HERE.parent.parent / "knowledge/src/main/resources/org/choir/knowledge/synonyms.txt"
    for line in listed.read_text().splitlines():
        words = line.split()
        if len(words) > 1 and not line.startswith("#"):
            for i, w in enumerate(words):
                groups.setdefault(w, words[(i + 1) % len(words)])
    for old, new in re.findall(r'\("([^"]+)", "([^"]+)"\)', (HERE / "entailment.py").read_text().split("OPPOSITES")[0]):
        groups[old] = new
    return groups


def reworded(draw, text, known, share):
    for old, new in sorted(known.items(), key=lambda p: -len(p[0])):
        if re.search(rf"\b{re.escape(old)}\b", text):
            text = re.sub(rf"\b{re.escape(old)}\b", lambda m: new if draw.random() < share else m[0], text)
    return text


def moved(draw, text):
    parts = re.split(r"(?<=[.!?:]) +(?=[A-Z])", text)
    said = []
    for s in parts:
        m = re.fullmatch(r"((?:If|When|Unless|Because|Although|Since|While|In|By|For|With|At) [^,]{4,}), (.{10,})([.:])", s)
        said.append(f"{m[2][0].upper()}{m[2][1:]} {m[1][0].lower()}{m[1][1:]}{m[3]}" if m else s)
    draw.shuffle(said)
    return " ".join(said)


def swapped(draw, text, share):
    letters = list(text)
    for i in range(len(letters) - 1):
        if draw.random() < share and letters[i].isalpha() and letters[i + 1].isalpha():
            letters[i], letters[i + 1] = letters[i + 1], letters[i]
    return "".join(letters)


def page(path):
    paragraphs = re.findall(r"<p>(.*?)</p>", path.read_text(errors="replace"), re.S)
    return " ".join(re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", p))).strip() for p in paragraphs).split()


def write(path, texts):
    """texts: {id: text}, all of one author but the corpus."""
    author = "author" if "corpus" in path.name else "copyist"
    path.write_text("".join(json.dumps({"id": i, "author": author, "field": "databases", "text": t}, ensure_ascii=False) + "\n"
        for i, t in texts.items()))


def manual(out):
    pages = {p.name: " ".join(page(p)[:260]) for p in sorted(MANUAL.glob("*.html"))}
    told = [json.loads(line) for line in (HERE / "paraphrases.jsonl").read_text().splitlines()]
    names = sorted(n for n, t in pages.items() if len(t.split()) == 260)
    random.Random(31).shuffle(names)
    must = sorted({t["page"] for t in told})
    names = must + [n for n in names if n not in must]
    corpus, honest = names[:420], names[420:480]
    write(out / "corpus.jsonl", {n: pages[n] for n in corpus})
    write(out / "honest.jsonl", {n: pages[n] for n in honest})
    copied = random.Random(32).sample(corpus, 40)
    write(out / "duplicate.jsonl", {n: pages[n] for n in copied})
    known, draw = synonyms(), random.Random(33)
    for share in (25, 50, 100):
        write(out / f"words-{share}.jsonl", {n: reworded(draw, pages[n], known, share / 100) for n in copied})
    write(out / "reordered.jsonl", {n: moved(draw, reworded(draw, pages[n], known, 1)) for n in copied})
    for share in (5, 10, 15):
        write(out / f"swapped-{share}.jsonl", {n: swapped(draw, pages[n], share / 100) for n in copied})
    write(out / "salad.jsonl", {n: " ".join(draw.sample(pages[n].split(), len(pages[n].split()))) for n in copied})
    for kind in ("fluent", "round-trip"):
        write(out / f"{kind}.jsonl", {t["page"]: t["text"] for t in told if t["kind"] == kind})


def descriptions(lists, language):
    found = list(lists.glob(f"*_bookworm_main_i18n_Translation-{language}.*"))
    if not found:
        return {}
    raw = subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", found[0]], stdout=-1, check=True).stdout.decode()
    texts = {}
    for stanza in raw.split("\n\n"):
        m = re.search(r"Package: (\S+)\n.*?Description-\w+: (.+?)\n(.*)", stanza, re.S)
        if m:
            lines = [line.strip() for line in m[3].split("\n") if line.strip() != "."]
            texts[m[1]] = re.sub(r"\s+", " ", " ".join(lines))
    return texts


def packages(out, lists):
    english = descriptions(lists, "en")
    translated = {language: descriptions(lists, language) for language in LANGUAGES}
    long = sorted(n for n, t in english.items() if 100 <= len(t.split()) <= 300)
    random.Random(34).shuffle(long)
    common = [n for n in long if sum(n in texts for texts in translated.values()) >= 3]
    seen, names = set(), []
    for n in common + long:
        if english[n][:60] not in seen:
            seen.add(english[n][:60])
            names.append(n)
    corpus = names[:420]
    write(out / "packages.corpus.jsonl", {n: english[n] for n in corpus})
    for language, texts in translated.items():
        write(out / f"packages.{language}.jsonl", {n: texts[n] for n in corpus if n in texts and texts[n] != english[n]})


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    manual(out)
    if len(sys.argv) > 2:
        packages(out, pathlib.Path(sys.argv[2]))


main()
