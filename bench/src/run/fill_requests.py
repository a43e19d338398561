"""Copies the first call of a SQLite database into a million of earlier hours.

Each copy has its row in requests, attempts and transfers under an id of its
time. The transfers keep the copied accounts but carry sequence numbers that no
account reaches, so that they weigh as much as real ones and no balance changes.

Usage: fill_requests.py FILE COUNT
"""

import os
import sqlite3
import sys

SPAN_MS = 30 * 24 * 3_600_000
FIRST_SEQUENCE = 1 << 60


def main():
    file, count = sys.argv[1], int(sys.argv[2])
    database = sqlite3.connect(file, isolation_level=None)
    # Whatever interrupts this leaves a file that nobody uses.
    for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -200000", "foreign_keys = OFF"):
        database.execute(f"PRAGMA {setting}")
    request, columns = first_row(database, "requests", "id", b"")
    cause = request[columns.index("id")]
    attempt, attempt_columns = first_row(database, "attempts", "id", cause)
    transfer, transfer_columns = first_row(database, "transfers", "id", cause)
    ended_ms = request[columns.index("ended_at_ms")]
    times = [ended_ms - 3_600_000 - SPAN_MS + SPAN_MS * number // count for number in range(count)]
    # Random bits after the time, and a last byte of zero as every call has.
    ids = [time.to_bytes(6, "big") + version_bits(os.urandom(9)) for time in times]
    database.execute("BEGIN")
    insert(database, "requests", request, columns, ids, times, 0)
    insert(database, "attempts", attempt, attempt_columns, ids, times, attempt[attempt_columns.index("id")][15])
    insert(database, "transfers", transfer, transfer_columns, ids, times, transfer[transfer_columns.index("id")][15])
    database.execute("COMMIT")


def first_row(database, table, column, after):
    rows = database.execute(f"SELECT * FROM {table} WHERE {column} >= ? ORDER BY {column} LIMIT 1", [after])
    columns = [description[0] for description in rows.description]
    return list(rows.fetchone()), columns


def version_bits(random):
    """UUID version 7: the version leads the third group, the variant the fourth."""
    random = bytearray(random)
    random[0] = 0x70 | random[0] & 0x0F
    random[2] = 0x80 | random[2] & 0x3F
    return bytes(random)


def insert(database, table, row, columns, ids, times, last_byte):
    moved = [place for place, name in enumerate(columns) if name.endswith("_at_ms")]
    sequences = [place for place, name in enumerate(columns) if name.endswith("_sequence")]
    key = columns.index("id")

    def copies():
        for number, (identity, time) in enumerate(zip(ids, times)):
            copy = list(row)
            copy[key] = identity + bytes([last_byte])
            for place in moved:
                copy[place] = time
            for place in sequences:
                copy[place] = FIRST_SEQUENCE + number
            yield copy

    marks = ", ".join("?" * len(columns))
    database.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", copies())


main()
