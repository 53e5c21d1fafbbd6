#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads Palco's facts from Kafka and keeps a table of videos with their views in SQLite. Needs PyPI's confluent-kafka.

facts.py BROKERS DATABASE [--topic palco.events] [--group NAME]

A fact may come again: its id is kept in the same transaction as what it changed, so it changes nothing the second time.
"""

import argparse
import json
import signal
import sqlite3

from confluent_kafka import Consumer

TABLES = """
CREATE TABLE IF NOT EXISTS facts (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS videos (id TEXT PRIMARY KEY, title TEXT NOT NULL, state TEXT NOT NULL, views INTEGER NOT NULL DEFAULT 0);
"""


def apply(database, fact):
    """Whether it was new."""
    with database:
        if database.execute("INSERT OR IGNORE INTO facts (id) VALUES (?)", (fact["id"],)).rowcount == 0:
            return False
        thing, _, what = fact["type"].partition(".")
        # Types and versions that this reader does not know are none of its business.
        if thing != "video" or fact["version"] != 1:
            return True
        if what == "viewed":
            database.execute("UPDATE videos SET views = views + 1 WHERE id = ?", (fact["key"],))
        elif what == "removed":
            database.execute("DELETE FROM videos WHERE id = ?", (fact["key"],))
        else:
            database.execute(
                "INSERT INTO videos (id, title, state) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET title = excluded.title, state = excluded.state",
                (fact["key"], fact["data"]["title"], what),
            )
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("brokers")
    parser.add_argument("database")
    parser.add_argument("--topic", default="palco.events")
    parser.add_argument("--group", default="palco-facts")
    given = parser.parse_args()
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    database = sqlite3.connect(given.database)
    database.executescript(TABLES)
    consumer = Consumer(
        {"bootstrap.servers": given.brokers, "group.id": given.group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    )
    consumer.subscribe([given.topic])
    while not stopped:
        message = consumer.poll(0.5)
        if message is None or message.error():
            continue
        fact = json.loads(message.value())
        print("new " if apply(database, fact) else "knew", fact["time"], fact["type"], fact["key"], flush=True)
        # After the change: a kill between both brings the fact again.
        consumer.commit(message, asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    main()
