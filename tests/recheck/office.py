#!/usr/bin/env python3
"""Works out working days and deadlines with nothing of Xuncha's own code or data: `chinesecalendar` says which days are worked.

Reads {"from": "2024-01-01", "to": "2026-12-31", "cases": [{"from", "amount", "clock", "pauses": [[begin, end]]}]} and
prints {"days": {day: worked}, "deadlines": [...]}. Instants are milliseconds since 1970; a deadline is null where working
time runs past the last day. The office is open 08:30 to 12:00 and 14:00 to 17:30, in China.

Hours are found as the first instant by which so much open time has passed, days by counting a list: not the way of the server.
"""
import json
import sys
from datetime import date, datetime, time, timedelta, timezone

import chinese_calendar

CHINA = timezone(timedelta(hours=8))
OPEN = [(time(8, 30), time(12)), (time(14), time(17, 30))]
HOUR = 60 * 60 * 1000


def millis(day, hour):
    return round(datetime.combine(day, hour, CHINA).timestamp() * 1000)


def day_of(instant):
    return datetime.fromtimestamp(instant // 1000, CHINA).date()


def overlap(one, other):
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def passed(begin, end, spans, pauses):
    """Milliseconds of spans that lie in begin..end and in no pause."""
    total = 0
    for span in spans:
        inside = (max(span[0], begin), min(span[1], end))
        if inside[0] < inside[1]:
            total += inside[1] - inside[0] - sum(overlap(inside, pause) for pause in pauses)
    return total


def first_instant(begin, end, spans, pauses, wanted):
    """First instant up to end by which so much has passed."""
    if passed(begin, end, spans, pauses) < wanted:
        return None
    low, high = begin, end
    while low < high:
        middle = (low + high) // 2
        if passed(begin, middle, spans, pauses) >= wanted:
            high = middle
        else:
            low = middle + 1
    return low


def deadline(case, workdays, last):
    begin, amount, clock, pauses = case["from"], case["amount"], case["clock"], case["pauses"]
    if clock == "urgent_hour":
        end = begin + amount * HOUR + sum(b - a for a, b in pauses) + 1
        return first_instant(begin, end, [(begin, end)], pauses, amount * HOUR)
    if clock == "working_hour":
        # Many more than any case here can take, and few enough to be summed again and again.
        days = [day for day in workdays if day >= day_of(begin)][:120]
        spans = [(millis(day, opens), millis(day, closes)) for day in days for opens, closes in OPEN]
        end = millis(last + timedelta(days=1), time(0))
        return first_instant(begin, end, spans, pauses, amount * HOUR)

    def counts(day):
        whole = (millis(day, time(0)), millis(day + timedelta(days=1), time(0)))
        return all(overlap(whole, pause) == 0 for pause in pauses)

    first = day_of(begin)
    if clock == "working_day":
        days = [(day, millis(day, OPEN[-1][1])) for day in workdays if day >= first and counts(day)]
    else:
        near = [first + timedelta(days=number) for number in range(amount + 200)]
        days = [(day, millis(day + timedelta(days=1), time(0)) - 1) for day in near if counts(day)]
    if amount == 0:
        ends = [end for _, end in days if end >= begin]
    else:
        ends = [end for day, end in days if day > first][amount - 1 :]
    return ends[0] if ends else None


def main():
    asked = json.load(sys.stdin)
    first, last = date.fromisoformat(asked["from"]), date.fromisoformat(asked["to"])
    every = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    workdays = [day for day in every if chinese_calendar.is_workday(day)]
    worked = set(workdays)
    json.dump(
        {
            "days": {day.isoformat(): day in worked for day in every},
            "deadlines": [deadline(case, workdays, last) for case in asked["cases"]],
        },
        sys.stdout,
    )


main()
