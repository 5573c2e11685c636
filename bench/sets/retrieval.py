#!/usr/bin/env python3
"""Makes the retrieval sets of docs/benchmarks.md from Debian 12 packages and the JDK's sources.

    mkdir debs lists lists/partial && cd debs
    apt-get download perl-doc python3.11-doc debian-faq manpages manpages-dev postgresql-doc-15
    for d in *.deb; do dpkg-deb -x $d ../packages; done; cd ..
    apt-get -o Dir::State::lists=$PWD/lists -o Acquire::Languages=en update
    python3 retrieval.py packages lists $JAVA_HOME/lib/src.zip OUT

Each set is OUT/NAME.corpus, .queries and .qrels for `choir eval retrieval`. No query stands in the
text it asks for: the sentence or title it is made of is taken out of every text first.

  packages    a package's one-line synopsis -> its long description
  manual      a man page's NAME line -> its DESCRIPTION
  faq         questions of the Perl and Python FAQs -> answers among other sections of their manuals
  javadoc     the first sentence of a method's comment -> the rest of the comment
  index       terms of PostgreSQL's printed index -> the pages they name
  paragraphs  a whole paragraph -> the other paragraphs of its section
"""
import gzip, html, json, pathlib, random, re, subprocess, sys, zipfile

QUERIES = 300
TEXTS = 3000


def words(text):
    return re.findall(r"\w+", text)


def flat(text):
    return re.sub(r"\s+", " ", text).strip()


def write(out, name, texts, queries):
    """texts: {id: (title, text)}; queries: [(text, [ids])]. Keeps a seeded sample of each."""
    draw = random.Random(name)
    draw.shuffle(queries)
    kept = [q for q in queries if not any(q[0].lower() in flat(texts[i][1]).lower() for i in q[1])]
    kept = kept[:QUERIES]
    wanted = {i for _, ids in kept for i in ids}
    others = sorted(set(texts) - wanted)
    draw.shuffle(others)
    ids = sorted(wanted) + others[: max(0, TEXTS - len(wanted))]
    with open(out / (name + ".corpus"), "w") as f:
        for i in ids:
            f.write(json.dumps({"id": i, "title": texts[i][0], "text": texts[i][1]}) + "\n")
    with open(out / (name + ".queries"), "w") as f, open(out / (name + ".qrels"), "w") as g:
        for n, (text, relevant) in enumerate(kept):
            f.write(json.dumps({"id": f"q{n}", "text": text}) + "\n")
            for i in relevant:
                g.write(f"q{n} 0 {i} 1\n")
    print(name, len(ids), "texts", len(kept), "queries")


def packages(lists, out):
    (file,) = lists.glob("*_bookworm_main_i18n_Translation-en.lz4")
    raw = subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", file], stdout=-1, check=True)
    texts, queries, seen = {}, [], set()
    for stanza in raw.stdout.decode().split("\n\n"):
        m = re.search(r"Package: (\S+)\n.*?Description-en: (.+?)\n(.*)", stanza, re.S)
        if not m:
            continue
        name, synopsis, body = m.groups()
        body = re.sub(r"^ \.$", "", body, flags=re.M)
        body = "\n".join(line.strip() for line in body.split("\n")).strip()
        start = flat(body)[:80]
        if len(words(body)) < 40 or len(words(synopsis)) < 4 or start in seen:
            continue
        seen.add(start)
        texts[name] = ("", body)
        queries.append((synopsis, [name]))
    write(out, "packages", texts, queries)


def manual(root, out):
    texts, queries, seen = {}, [], set()
    for file in sorted((root / "usr/share/man").glob("man[2-8]/*.gz")):
        roff = gzip.open(file, "rt", errors="replace").read()
        roff = re.sub(r'^[.\']\\".*$', "", roff, flags=re.M)
        roff = re.sub(r"^\.(?:SH|SS|TH|TP|PP|P|LP|RS|RE|IP|nf|fi|in|EX|EE|ad|hy|br|sp|UR|UE|MR)\b"
                      r"(?!.*NAME|.*DESCRIPTION|.*[A-Z]{4}).*$", "", roff, flags=re.M)
        roff = re.sub(r"^\.([BIR]{1,2}|SM|SB) ", "", roff, flags=re.M)
        roff = re.sub(r"\\f(?:\(..|[BIRP])|\\\*\(..|\\[&/,|^]|\\s-?\d", "", roff).replace("\\-", "-").replace("\\e", "\\")
        parts = dict(re.findall(r'^\.SH "?([A-Z ]+)"?\n(.*?)(?=^\.SH|\Z)', roff, re.S | re.M))
        name = re.split(r" \\?-+ ", flat(parts.get("NAME", "")), maxsplit=1)
        body = re.sub(r"^\.\S*.*\n", "", parts.get("DESCRIPTION", ""), flags=re.M)
        body = " ".join(flat(body).split(" ")[:400])
        if len(name) < 2 or len(words(body)) < 40 or len(words(name[1])) < 3 or name[1] in seen:
            continue
        seen.add(name[1])
        texts[file.name] = ("", body)
        queries.append((name[1], [file.name]))
    write(out, "manual", texts, queries)


def pod(text):
    while re.search(r"[A-Z]<[^<>]*>", text):
        text = re.sub(r"[A-Z]<+\s?([^<>]*?)\s?>+", r"\1", text)
    return re.sub(r"^=\w+.*$", "", text, flags=re.M).strip()


def rst(text):
    text = re.sub(r"^\.\. .*$|^\s+:\w+:.*$", "", text, flags=re.M)
    text = re.sub(r":[\w:+-]+:`[~!]?([^`<]*)[^`]*`", r"\1", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def sections(root):
    """(file, title, body) of the Perl and Python manuals."""
    for file in sorted((root / "usr/share/perl/5.36.0/pod").glob("*.pod")):
        if "delta" not in file.name:
            for title, body in re.findall(r"^=head[12] (.+?)\n(.*?)(?=^=head|\Z)",
                                          file.read_text(errors="replace"), re.S | re.M):
                yield file.name, pod(title), pod(body)
    sources = root / "usr/share/doc/python3.11/html/_sources"
    for file in sorted(sources.rglob("*.rst.txt")):
        if "whatsnew" not in str(file):
            text = file.read_text()
            heads = list(re.finditer(r"^(\S.*)\n([-=~^*\"])\2{3,}\n", text, re.M))
            for head, after in zip(heads, heads[1:] + [None]):
                end = after.start() if after else len(text)
                yield str(file.relative_to(sources)), rst(head[1]), rst(text[head.end():end])


def faq(root, out):
    texts, queries = {}, []
    for n, (file, title, body) in enumerate(sections(root)):
        if len(words(body)) >= 25:
            key = f"{file}#{n}"
            texts[key] = ("", " ".join(body.split(" ")[:400]))
            if "faq" in file and title.endswith("?"):
                queries.append((title, [key]))
    write(out, "faq", texts, queries)


def paragraphs(root, out):
    texts, queries = {}, []
    for n, (file, title, body) in enumerate(sections(root)):
        own = [p for p in map(flat, re.split(r"\n\s*\n", body)) 
               if 50 <= len(words(p)) <= 150 and sum(c.isalpha() or c == " " for c in p) > 0.9 * len(p)]
        if 3 <= len(own) <= 10:
            for i, p in enumerate(own):
                texts[f"{file}#{n}.{i}"] = ("", p)
            asked = random.Random(n).randrange(len(own))
            queries.append((own[asked], [f"{file}#{n}.{i}" for i in range(len(own)) if i != asked]))
            del texts[f"{file}#{n}.{asked}"]
    write(out, "paragraphs", texts, queries)


def javadoc(archive, out):
    texts, queries, seen = {}, [], set()
    with zipfile.ZipFile(archive) as z:
        for name in sorted(z.namelist()):
            if not re.match(r"java\.(base|net\.http|sql|desktop|logging)/javax?/.*\.java$", name):
                continue
            for n, m in enumerate(re.finditer(r"/\*\*(.*?)\*/\s*(?:@\w+\s*)*public [^;{=]*\(", 
                                              z.read(name).decode(), re.S)):
                text = re.sub(r"^\s*\* ?", "", m[1], flags=re.M)
                text = re.split(r"^\s*@\w", text, maxsplit=1, flags=re.M)[0]
                text = re.sub(r"\{@\w+\s+([^{}]*)\}", r"\1", text)
                text = flat(html.unescape(re.sub(r"<[^>]+>", " ", text)))
                first, _, rest = text.partition(". ")
                if len(words(first)) >= 6 and len(words(rest)) >= 30 and rest not in seen and first not in seen:
                    seen |= {rest, first}
                    texts[f"{name}#{n}"] = ("", " ".join(rest.split(" ")[:400]))
                    queries.append((first + ".", [f"{name}#{n}"]))
    write(out, "javadoc", texts, queries)


def index(root, out):
    folder = root / "usr/share/doc/postgresql-doc-15/html"
    texts, queries = {}, []
    for file in sorted(folder.glob("*.html")):
        page = file.read_text(errors="replace")
        title = flat(html.unescape(re.sub(r"<[^>]+>", " ", re.search(r"<title>(.*?)</title>", page, re.S)[1])))
        body = re.sub(r'<div class="nav(?:header|footer)">.*?</table>', " ", page.split("<body", 1)[1], flags=re.S)
        body = flat(html.unescape(re.sub(r"<[^>]+>", " ", body.partition(">")[2])))
        if file.name != "bookindex.html" and len(words(body)) >= 40:
            texts[file.name] = (title, " ".join(body.split(" ")[:500]))
    above = []  # the terms that the one at hand stands under
    for tag in re.findall(r"<dl|</dl|<dt[^>]*>.*?</dt>", (folder / "bookindex.html").read_text(), re.S):
        if tag == "<dl":
            above.append("")
        elif tag == "</dl":
            above.pop()
        else:
            above[-1] = flat(html.unescape(re.match(r"<dt[^>]*>([^<,]*)", tag)[1]))
            ids = sorted({i for i in re.findall(r'href="([^"#]+)', tag) if i in texts})
            if ids and len(above[-1]) > 2:
                queries.append((" ".join(above), ids))
    draw = random.Random("index")
    draw.shuffle(queries)
    kept = queries[:QUERIES]
    with open(out / "index.corpus", "w") as f:
        for i, (title, text) in texts.items():
            f.write(json.dumps({"id": i, "title": title, "text": text}) + "\n")
    with open(out / "index.queries", "w") as f, open(out / "index.qrels", "w") as g:
        for n, (text, relevant) in enumerate(kept):
            f.write(json.dumps({"id": f"q{n}", "text": text}) + "\n")
            for i in relevant:
                g.write(f"q{n} 0 {i} 1\n")
    print("index", len(texts), "texts", len(kept), "queries")


if __name__ == "__main__":
    root, lists, archive, out = map(pathlib.Path, sys.argv[1:])
    out.mkdir(exist_ok=True)
    packages(lists, out)
    manual(root, out)
    faq(root, out)
    paragraphs(root, out)
    javadoc(archive, out)
    index(root, out)
