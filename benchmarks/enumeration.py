# SPDX-License-Identifier: Apache-2.0
"""Whether the time of a refused sign-in tells if somebody has the address: a thousand tries with known addresses and a thousand with
unknown ones, in an order of chance, each from a network of its own."""

import http.client
import json
import math
import random
import time

from palco import ADMIN_EMAIL

TRIES = 1_000
# Nobody is to be slowed down, which would measure the limit.
SETTINGS = {"PALCO_SIGN_IN_FAILURES": "1000", "PALCO_TRUSTED_PROXIES": "127.0.0.1", "PALCO_LOG_LEVEL": "error"}


def refused(connection, email, number):
    """Seconds until a wrong password was refused."""
    body = json.dumps({"email": email, "password": "Wrong-Horse-7"})
    network = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    start = time.perf_counter()
    headers = {"Content-Type": "application/json", "X-Forwarded-For": network}
    connection.request("POST", "/api/v1/auth/login", body, headers)
    answer = connection.getresponse()
    text = answer.read()
    seconds = time.perf_counter() - start
    assert answer.status == 401 and json.loads(text)["code"] == "bad_credentials", text
    return seconds


def chance_of_being_larger(known, unknown):
    """Of a known address to take longer than an unknown one, and how likely such a difference is by chance (Mann and Whitney, 1947)."""
    ranked = sorted([(seconds, True) for seconds in known] + [(seconds, False) for seconds in unknown])
    ranks = sum(rank for rank, (_, is_known) in enumerate(ranked, 1) if is_known)
    larger = ranks - len(known) * (len(known) + 1) / 2
    pairs = len(known) * len(unknown)
    deviation = math.sqrt(pairs * (len(ranked) + 1) / 12)
    return larger / pairs, math.erfc(abs(larger - pairs / 2) / deviation / math.sqrt(2))


def measure(bench):
    server = bench.palco("enumeration", SETTINGS).start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    tries = [True] * TRIES + [False] * TRIES
    random.shuffle(tries)
    times = {True: [], False: []}
    for number in range(50):
        refused(connection, "warm-up@example.org", number)
    for number, is_known in enumerate(tries, 50):
        email = ADMIN_EMAIL if is_known else f"nobody-{number}@example.org"
        times[is_known].append(refused(connection, email, number))
    connection.close()
    server.kill()
    larger, likelihood = chance_of_being_larger(times[True], times[False])
    medians = [sorted(each)[TRIES // 2] * 1000 for each in (times[True], times[False])]
    bench.row(
        "refused sign-ins: a known address takes longer than an unknown", larger * 100, "% of pairs", "45 to 55",
        0.45 <= larger <= 0.55, median_known_ms=medians[0], median_unknown_ms=medians[1], likelihood=likelihood,
    )  # fmt: skip
