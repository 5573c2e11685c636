#!/usr/bin/env python3
"""Turns a CSV file into a Markdown table, with exact sums and groups."""

import argparse
import csv
import decimal
import re
import sys

LIMIT = 10_000


class Unusable(Exception):
    """The data do not allow what was asked."""


def number(text, column, row):
    """The exact value of a cell; thousands separators and a unit sign in front are understood."""
    plain = re.sub(r"^[\s$€£]+", "", text.strip()).replace(",", "").replace(" ", "").rstrip("%")
    try:
        value = decimal.Decimal(plain)
    except decimal.InvalidOperation:
        value = None
    if value is None or not value.is_finite():
        raise Unusable(f"'{text}' in column '{column}', row {row}, is not a number")
    return value


def shown(value):
    """A number without exponent."""
    return format(value, "f") if isinstance(value, decimal.Decimal) else str(value)


def cell(text):
    """A cell that cannot break its table."""
    return " ".join(str(text).split()).replace("\\", "\\\\").replace("|", "\\|")


def position(header, name):
    if name not in header:
        raise Unusable(f"there is no column '{name}'; the columns are: {', '.join(header)}")
    return header.index(name)


def split(names):
    return [n.strip() for n in names.split(",") if n.strip()] if names else []


def read(path, delimiter):
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = []
        for row in csv.reader(file, delimiter=delimiter, strict=True):
            if row:
                rows.append(row)
            if len(rows) > LIMIT + 1:
                raise Unusable(f"more than {LIMIT} rows; cut the file first")
    if not rows:
        raise Unusable("the file is empty")
    header = [h.strip() for h in rows[0]]
    if len(set(header)) != len(header):
        raise Unusable("two columns have one name")
    for i, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise Unusable(f"row {i} has {len(row)} cells, the header has {len(header)}")
    return header, rows[1:]


def grouped(header, rows, by, sums):
    """One row per value of a column, in the order of their first appearance: the value, rows, sums."""
    at = position(header, by)
    groups = {}
    for i, row in enumerate(rows, start=2):
        totals = groups.setdefault(row[at].strip(), [0] + [decimal.Decimal(0)] * len(sums))
        totals[0] += 1
        for j, name in enumerate(sums, start=1):
            totals[j] += number(row[position(header, name)], name, i)
    return [by, "rows"] + sums, [[k] + v for k, v in groups.items()], sums


def markdown(header, rows, right):
    lines = ["| " + " | ".join(cell(h) for h in header) + " |"]
    lines.append("|" + "|".join(" ---: " if h in right else " --- " for h in header) + "|")
    lines.extend("| " + " | ".join(cell(shown(c)) for c in row) + " |" for row in rows)
    return "\n".join(lines)


def table(options):
    header, rows = read(options.csv, "\t" if options.tab else ",")
    sums = split(options.sum)
    if options.sort:
        at = position(header, options.sort)
        try:
            rows.sort(key=lambda r: number(r[at], options.sort, 0), reverse=options.descending)
        except Unusable:
            rows.sort(key=lambda r: r[at], reverse=options.descending)
    if options.group_by:
        header, rows, right = grouped(header, rows, options.group_by, sums)
        return markdown(header, rows, set(right) | {"rows"})
    totals = {n: sum((number(r[position(header, n)], n, i) for i, r in enumerate(rows, 2)), decimal.Decimal(0)) for n in sums}
    columns = split(options.columns) or header
    at = [position(header, c) for c in columns]
    body = [[r[i] for i in at] for r in rows[: options.limit]]
    if totals:
        label = next((c for c in columns if c not in totals), None)
        body.append(["Total" if c == label else totals.get(c, "") for c in columns])
    text = markdown(columns, body, set(sums))
    left = len(rows) - len(rows[: options.limit])
    return text + (f"\n\n{left} more rows are not shown; sums are of all {len(rows)} rows." if left else "")


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="tables",
        description=__doc__,
        epilog="Exit status: 0 done, 1 the data do not allow it (a missing column, a cell that is no number), 2 wrong usage.",
    )
    parser.add_argument("--csv", required=True, metavar="FILE", help="the data, the first row names the columns")
    parser.add_argument("--tab", action="store_true", help="columns are separated by tabs")
    parser.add_argument("--columns", metavar="A,B", help="only these columns, in this order")
    parser.add_argument("--sum", metavar="A,B", help="add these columns up, exactly")
    parser.add_argument("--group-by", metavar="A", help="one row per value of this column, with counts and sums")
    parser.add_argument("--sort", metavar="A", help="sort by this column, as numbers if it has only numbers")
    parser.add_argument("--descending", action="store_true", help="largest first")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="rows to show (50)")
    options = parser.parse_args(argv)
    if options.limit < 1:
        parser.error("--limit must be at least 1")
    try:
        print(table(options))
    except (OSError, UnicodeDecodeError) as error:
        parser.exit(2, f"tables: cannot read {options.csv}: {error}\n")
    except (Unusable, csv.Error) as error:
        print(f"tables: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
