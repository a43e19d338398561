"""Makes months of calls out of the few that were made on a SQLite site which is stopped now.

    months.py DATABASE --requests=10000 --days=30

Each call of those months is one of the real ones at another time: its row, its tries and its transfers are copied
with an id of that time. Accounts and sums by hour follow from that, so `waystation ledger audit` finds the books in
order. What was made by hand (people, keys, prices, credits) is moved to the beginning. The same site gives the same
months; only the day they end on is today.
"""

import argparse
import math
import random
import sqlite3
import time

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

# One call in so many does not go well at the first try; within the outage, one in a few does not.
TROUBLE = 40
OUTAGE = 3
OUTAGE_DAYS_AGO = 9
# How much is called in each hour of a UTC day, and on each day of a week.
BUSY_HOURS = [5, 8, 9, 8, 6, 7, 9, 9, 8, 7, 6, 4, 3, 4, 4, 4, 3, 2, 1, 1, 1, 1, 2, 3]
BUSY_DAYS = [9, 10, 10, 10, 9, 4, 3]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--days", type=int, required=True)
    given = parser.parse_args()
    chance = random.Random(20)
    now_ms = int(time.time() * 1000)
    begin_ms = now_ms - given.days * DAY_MS
    database = sqlite3.connect(given.database)
    database.row_factory = sqlite3.Row
    with database:
        age(database, given.days)
        age_callers(database, given.days)
        move_adjustments(database, begin_ms, now_ms)
        times = choose_times(chance, given.requests, begin_ms, now_ms)
        copy_calls(database, chance, times, now_ms)
        count_transfers(database)
        sum_hours(database)
    database.close()


def age(database, days):
    """What there is was made a month before the first call."""
    back = (days + 30) * DAY_MS
    for table, columns in {
        "users": ["created_at_ms", "updated_at_ms"],
        "keys": ["created_at_ms", "updated_at_ms"],
        "models": ["created_at_ms", "updated_at_ms"],
        "price_versions": ["created_at_ms", "effective_at_ms"],
        "channels": ["created_at_ms", "updated_at_ms"],
        "accounts": ["created_at_ms"],
    }.items():
        for column in columns:
            database.execute(f"UPDATE {table} SET {column} = {column} - ?", [back])


def age_callers(database, days):
    """The same for the ids of those who call: nobody's calls are looked for before the time of their own id. The audit
    log, which is chained, still knows them by their first ids."""
    callers = {}
    for (caller,) in database.execute("SELECT DISTINCT user_id FROM requests").fetchall():
        callers[caller] = at_time(int.from_bytes(caller[:6], "big") - (days + 30) * DAY_MS, caller)
    for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'audit%'").fetchall():
        for column in database.execute("SELECT name FROM pragma_table_info(?)", [table]).fetchall():
            if column["name"] in ("user_id", "actor_id", "created_by", "subject_id") or (table, column["name"]) == ("users", "id"):
                changes = [[moved, caller] for caller, moved in callers.items()]
                database.executemany(f"UPDATE {table} SET {column['name']} = ? WHERE {column['name']} = ?", changes)


def move_adjustments(database, begin_ms, now_ms):
    """A person's credits: the first before the first call, the others evenly over the time since."""
    made = {}
    for row in database.execute("SELECT id, user_id FROM adjustments ORDER BY id"):
        made.setdefault(row["user_id"], []).append(row["id"])
    for user_number, ids in enumerate(made.values()):
        for number, cause in enumerate(ids):
            at_ms = begin_ms - DAY_MS + user_number + (now_ms - begin_ms) * number // len(ids)
            moved = at_time(at_ms, cause)
            database.execute("UPDATE adjustments SET id = ?, created_at_ms = ? WHERE id = ?", [moved, at_ms, cause])
            for transfer in transfers_of(database, cause):
                database.execute(
                    "UPDATE transfers SET id = ?, created_at_ms = ? WHERE id = ?",
                    [moved[:15] + transfer["id"][15:], at_ms, transfer["id"]],
                )


def choose_times(chance, count, begin_ms, now_ms):
    """More by day than by night, more in the week than at its end, and more each week; the last ones just now."""
    hours = range(begin_ms - begin_ms % HOUR_MS + HOUR_MS, now_ms - HOUR_MS, HOUR_MS)
    weights = []
    for hour_ms in hours:
        hour, weekday = hour_ms // HOUR_MS % 24, (hour_ms // DAY_MS + 3) % 7
        growth = 1 + (hour_ms - begin_ms) / (now_ms - begin_ms)
        weights.append(BUSY_HOURS[hour] * BUSY_DAYS[weekday] * growth)
    recent = min(60, count // 10)
    chosen = chance.choices(hours, weights, k=count - recent)
    times = [hour_ms + chance.randrange(HOUR_MS) for hour_ms in chosen]
    times += [now_ms - chance.randrange(20_000, 50 * 60_000) for _ in range(recent)]
    return sorted(times)


def copy_calls(database, chance, times, now_ms):
    well, unwell = [], []
    for row in database.execute("SELECT * FROM requests ORDER BY id").fetchall():
        tries = database.execute(
            "SELECT * FROM attempts WHERE id > ? AND id < ? ORDER BY id", [row["id"], row["id"][:15] + b"\xff"]
        ).fetchall()
        is_well = row["status"] == "ok" and len(tries) == 1
        (well if is_well else unwell).append((row, tries, transfers_of(database, row["id"])))
    for row, tries, transfers in well + unwell:
        for table, rows in [("requests", [row]), ("attempts", tries), ("transfers", transfers)]:
            database.executemany(f"DELETE FROM {table} WHERE id = ?", [[each["id"]] for each in rows])
    outage_ms = now_ms - OUTAGE_DAYS_AGO * DAY_MS
    for at_ms in times:
        is_outage = 0 <= at_ms - outage_ms < 8 * HOUR_MS or now_ms - at_ms < HOUR_MS
        goes_wrong = unwell and chance.randrange(OUTAGE if is_outage else TROUBLE) == 0
        row, tries, transfers = chance.choice(unwell if goes_wrong else well)
        copy_call(database, chance, at_ms, dict(row), tries, transfers)


def copy_call(database, chance, at_ms, row, tries, transfers):
    cause = at_time(at_ms, bytes(6) + bytes([0x70 | chance.randrange(16), chance.randrange(256)])
                    + bytes([0x80 | chance.randrange(64)]) + chance.randbytes(6) + b"\0")
    first_byte_ms, duration_ms = draw_times(chance, row)
    ended_ms = at_ms + duration_ms
    row.update(id=cause, started_at_ms=at_ms, ended_at_ms=ended_ms, hour_ms=at_ms - at_ms % HOUR_MS, duration_ms=duration_ms)
    if row["first_byte_ms"] is not None:
        row["first_byte_ms"] = first_byte_ms
    insert(database, "requests", row)
    # Those that failed are over at once; the last one takes what is left.
    begun_ms = at_ms + 1
    for number, attempt in enumerate(map(dict, tries), 1):
        is_last = number == len(tries)
        takes_ms = ended_ms - begun_ms if is_last else min(90 + chance.randrange(60), (ended_ms - begun_ms) // 2)
        attempt.update(id=cause[:15] + attempt["id"][15:], started_at_ms=begun_ms, duration_ms=takes_ms)
        if attempt["first_byte_ms"] is not None:
            attempt["first_byte_ms"] = max(1, min(takes_ms, at_ms + first_byte_ms - begun_ms))
        insert(database, "attempts", attempt)
        begun_ms += takes_ms
    for transfer in map(dict, transfers):
        transfer.update(id=cause[:15] + transfer["id"][15:], created_at_ms=ended_ms)
        insert(database, "transfers", transfer)


def draw_times(chance, row):
    """Until the first byte, and until the end: what is written takes its time."""
    first_byte_ms = 250 + int(chance.lognormvariate(math.log(300), 0.6))
    writing_ms = row["output_tokens"] * chance.randrange(9, 16)
    return first_byte_ms, first_byte_ms + 20 + writing_ms


def count_transfers(database):
    """Each account's sums and number of transfers, and each adjustment's balance before and after."""
    accounts = {row["id"]: [0, 0, 0] for row in database.execute("SELECT id FROM accounts")}
    numbers, balances = [], []
    query = "SELECT id, debit_account, credit_account, amount, kind FROM transfers ORDER BY id"
    for row in database.execute(query).fetchall():
        debit, credit = accounts.get(row["debit_account"]), accounts.get(row["credit_account"])
        for account, side in ((debit, 1), (credit, 0)):
            if account is not None:
                account[side] += row["amount"]
                account[2] += 1
        numbers.append([debit[2] if debit else 0, credit[2] if credit else 0, row["id"]])
        if row["kind"] == "adjustment":
            own = credit or debit
            after = own[0] - own[1]
            balances.append([after - row["amount"] if own is credit else after + row["amount"], after, row["id"][:15] + b"\0"])
    database.executemany("UPDATE transfers SET debit_sequence = ?, credit_sequence = ? WHERE id = ?", numbers)
    database.executemany("UPDATE adjustments SET balance_before = ?, balance_after = ? WHERE id = ?", balances)
    database.executemany(
        "UPDATE accounts SET credits_posted = ?, debits_posted = ?, sequence = ? WHERE id = ?",
        [[*sums, account] for account, sums in accounts.items()],
    )
    database.execute("DELETE FROM audit_checkpoints")


def sum_hours(database):
    nothing = "x'" + "00" * 16 + "'"
    bucket = "COALESCE(json_extract(usage, '$.{}'), 0)".format
    writes = " + ".join(bucket(f"cache_write_{time}") for time in ("5m", "30m", "1h", "12h"))
    database.execute("DELETE FROM hourly_usage")
    database.execute(
        f"""INSERT INTO hourly_usage (hour_ms, user_id, key_id, model, channel_id, status, requests, input_tokens,
            output_tokens, cost_nanos, charged_nanos, cache_read_tokens, cache_write_tokens, reasoning_tokens,
            gift_nanos, operator_loss_nanos)
        SELECT ended_at_ms - ended_at_ms % {HOUR_MS}, user_id, key_id, model_served,
            COALESCE(channel_id, {nothing}), status, COUNT(*), SUM(input_tokens), SUM(output_tokens),
            SUM(cost_nanos), SUM(charged_nanos), SUM({bucket("cache_read")}), SUM({writes}),
            SUM({bucket("reasoning")}), SUM(gift_nanos), SUM(operator_loss_nanos)
        FROM requests GROUP BY 1, 2, 3, 4, 5, 6"""
    )


def transfers_of(database, cause):
    return database.execute(
        "SELECT * FROM transfers WHERE id > ? AND id < ? ORDER BY id", [cause, cause[:15] + b"\xff"]
    ).fetchall()


def at_time(unix_ms, made):
    """The id with its first 48 bits, which are the time, replaced."""
    return unix_ms.to_bytes(6, "big") + made[6:]


def insert(database, table, row):
    places = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))


if __name__ == "__main__":
    main()
