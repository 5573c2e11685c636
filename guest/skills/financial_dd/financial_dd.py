#!/usr/bin/env python3
"""Keeps the list of a due diligence: what is known, missing, stale or disputed, and a risk table with sources."""

import argparse
import datetime
import json
import re
import sys
from decimal import Decimal, InvalidOperation

KEY = re.compile(r"^s[0-9a-f]{10}$")
MARKET = {"tvl_usd", "volume_24h_usd", "holders_top10_percent"}
SEVERAL = {"audit", "incident"}
NUMBERS = MARKET | {"timelock_hours"}
YES_NO = {"source_verified", "upgradeable"}
FACTS = ["contract_address", "source_verified", "owner", "upgradeable", "timelock_hours", "audit", "incident",
         "tvl_usd", "volume_24h_usd", "holders_top10_percent", "launched"]
NAMES = {"contract_address": "Contract", "source_verified": "Source verified", "owner": "Owner",
         "upgradeable": "Upgradeable", "timelock_hours": "Timelock (hours)", "audit": "Audits",
         "incident": "Incidents", "tvl_usd": "Value locked (USD)", "volume_24h_usd": "Volume in 24 h (USD)",
         "holders_top10_percent": "Held by the top ten (%)", "launched": "Launched"}
RULES = [
    ("contract_address", "none found: high"),
    ("source_verified", "no: high; yes: low"),
    ("owner", "one address: high; multisig or timelock: medium; renounced: low"),
    ("upgradeable", "yes without a timelock of 24 hours: high; yes with one: medium; no: low"),
    ("timelock_hours", "below 24: high; below 48: medium; else low"),
    ("audit", "none, or findings open: high; one: medium; two or more: low"),
    ("incident", "any: high; a source says none: low"),
    ("tvl_usd", "below 1,000,000: high; below 10,000,000: medium; else low"),
    ("volume_24h_usd", "below 1 % or above 100 % of the value locked: high; below 5 %: medium; else low"),
    ("holders_top10_percent", "above 60: high; above 30: medium; else low"),
    ("launched", "within 90 days: high; within 365: medium; else low"),
]


def amount(text):
    """A number as written, or nothing."""
    try:
        return Decimal(re.sub(r"[,_\s$%]|USD", "", text))
    except InvalidOperation:
        return None


def day(text):
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def read(path):
    """Facts by name; ends with a message for a line that is none."""
    facts = {name: [] for name in FACTS}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                said = json.loads(line)
            except ValueError as error:
                raise ValueError(f"line {number} is no JSON") from error
            problem = flaw(said)
            if problem:
                raise ValueError(f"line {number}: {problem}")
            facts[said["fact"]].append(said)
    return facts


def flaw(said):
    if not isinstance(said, dict) or not all(isinstance(said.get(f), str) for f in ("fact", "value", "as_of", "key")):
        return "a fact has fact, value, as_of and key, all texts"
    if said["fact"] not in FACTS:
        return f"there is no fact '{said['fact']}'"
    if not KEY.match(said["key"]):
        return f"'{said['key']}' is no evidence key"
    if day(said["as_of"]) is None:
        return f"'{said['as_of']}' is no date"
    if said["fact"] in NUMBERS and amount(said["value"]) is None:
        return f"'{said['value']}' is no number"
    if said["fact"] in YES_NO and said["value"].lower() not in ("yes", "no"):
        return f"{said['fact']} is yes or no"
    if said["fact"] == "launched" and day(said["value"]) is None:
        return f"'{said['value']}' is no date"
    return ""


def disputed(name, rows):
    """Whether the sources of one fact differ by more than rounding or a day's trade explains."""
    if name in SEVERAL or len(rows) < 2:
        return False
    if name in NUMBERS:
        values = [amount(r["value"]) for r in rows]
        return max(values) - min(values) > Decimal("0.1") * max(abs(v) for v in values)
    return len({r["value"].strip().lower() for r in rows}) > 1


def latest(rows):
    return max(rows, key=lambda r: r["as_of"])


def number(facts, name):
    return amount(latest(facts[name])["value"]) if facts[name] else None


def band(value, high, medium, above=False):
    if above:
        return "high" if value > high else "medium" if value > medium else "low"
    return "high" if value < high else "medium" if value < medium else "low"


def risk(name, facts, today):
    """The risk of one row by the fixed rules; unknown where nothing was found, except where that itself is one."""
    rows = facts[name]
    if not rows:
        return "high" if name in ("contract_address", "audit") else "unknown"
    value = latest(rows)["value"].strip()
    if name == "contract_address":
        return "low"
    if name == "source_verified":
        return "low" if value.lower() == "yes" else "high"
    if name == "owner":
        if "renounced" in value.lower():
            return "low"
        return "medium" if re.search(r"\d+\s*(?:of|/)\s*\d+|multisig|timelock|dao", value, re.I) else "high"
    if name == "upgradeable":
        if value.lower() == "no":
            return "low"
        delay = number(facts, "timelock_hours")
        return "medium" if delay is not None and delay >= 24 else "high"
    if name == "timelock_hours":
        return band(amount(value), 24, 48)
    if name == "audit":
        if any(re.search(r"[1-9]\d* open", r["value"]) for r in rows):
            return "high"
        return "low" if len(rows) > 1 else "medium"
    if name == "incident":
        return "low" if all(r["value"].strip().lower() == "none" for r in rows) else "high"
    if name == "tvl_usd":
        return band(amount(value), 1_000_000, 10_000_000)
    if name == "volume_24h_usd":
        locked = number(facts, "tvl_usd")
        if not locked:
            return "unknown"
        share = amount(value) / locked
        return "high" if share > 1 else band(share, Decimal("0.01"), Decimal("0.05"))
    if name == "holders_top10_percent":
        return band(amount(value), 60, 30, above=True)
    age = (today - day(value)).days
    return band(age, 90, 365)


def rows_of(facts, today):
    out = []
    for name in FACTS:
        rows = facts[name]
        limit = 7 if name in MARKET else 365
        notes = []
        if not rows:
            notes.append("not found")
        elif name != "launched" and (today - day(latest(rows)["as_of"])).days > limit:
            notes.append("stale")
        if disputed(name, rows):
            notes.append("sources differ")
        shown = rows if name in SEVERAL or disputed(name, rows) else [latest(rows)] if rows else []
        out.append({
            "fact": name,
            "values": [{"value": r["value"], "as_of": r["as_of"], "key": r["key"]} for r in shown],
            "risk": risk(name, facts, today),
            "notes": notes,
        })
    return out


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def markdown(rows, facts):
    lines = ["| Fact | Found | Risk | Note |", "| --- | --- | --- | --- |"]
    for row in rows:
        found = "; ".join(f"{cell(v['value'])} ({v['as_of']}) [@{v['key']}]" for v in row["values"])
        lines.append(f"| {NAMES[row['fact']]} | {found or 'not found'} | {row['risk']} | {', '.join(row['notes'])} |")
    locked, volume = number(facts, "tvl_usd"), number(facts, "volume_24h_usd")
    if locked and volume is not None:
        keys = f"[@{latest(facts['volume_24h_usd'])['key']}; @{latest(facts['tvl_usd'])['key']}]"
        lines += ["", f"Volume in 24 hours is {volume * 100 / locked:.1f} % of the value locked {keys}."]
    return "\n".join(lines) + "\n"


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="financial_dd",
        description=__doc__,
        epilog="Exit status: 0 every fact is there, fresh and undisputed, 1 some are not, 2 wrong usage or a broken line.",
    )
    parser.add_argument("--facts", metavar="FILE", help="JSON lines: fact, value, as_of, key")
    parser.add_argument("--today", metavar="DATE", help="what staleness is counted from (default: today)")
    parser.add_argument("--out", metavar="FILE", help="write the table there instead of printing it")
    parser.add_argument("--rules", action="store_true", help="print the rules of the risk column")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    options = parser.parse_args(argv)
    if options.rules:
        for name, rule in RULES:
            print(f"{NAMES[name]}: {rule}")
        return 0
    if not options.facts:
        parser.error("the following arguments are required: --facts")
    today = day(options.today) if options.today else datetime.date.today()
    if today is None:
        parser.exit(2, f"financial_dd: '{options.today}' is no date\n")
    try:
        facts = read(options.facts)
    except (OSError, UnicodeDecodeError) as error:
        parser.exit(2, f"financial_dd: cannot read {options.facts}: {error}\n")
    except ValueError as error:
        parser.exit(2, f"financial_dd: {options.facts}, {error}\n")
    rows = rows_of(facts, today)
    text = json.dumps({"rows": rows}, ensure_ascii=False) + "\n" if options.json else markdown(rows, facts)
    if options.out:
        try:
            with open(options.out, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            parser.exit(2, f"financial_dd: cannot write {options.out}: {error}\n")
    else:
        print(text, end="")
    return 1 if any(row["notes"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
