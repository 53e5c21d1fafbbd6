"""A Kafka broker of one test, which it may start and end. A re-implementation with one node, not Apache's."""

import contextlib
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from network import free_port
from waiting import wait_until

TOPIC = "palco.events"


class Kafka:
    def __init__(self, tool, folder):
        self.program = tool("noida-db")
        self.folder = Path(folder)
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.process = None

    def start(self, partitions=4):
        self.process = subprocess.Popen(
            [self.program, "start", "--data-dir", self.folder, "--host", "127.0.0.1", "--only", "kafka", "--kafka-port", str(self.port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

        def answers():
            assert self.process.poll() is None
            return self.answers()

        wait_until(answers, "Kafka")
        made = AdminClient({"bootstrap.servers": self.address}).create_topics([NewTopic(TOPIC, partitions, 1)])
        for future in made.values():
            # It is there after the first start.
            with contextlib.suppress(Exception):
                future.result(30)
        return self

    def stop(self):
        """The program and what started it. This broker forgets what it has confirmed since it wrote last: `kept`."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(20)
            # What was started ends a moment after what started it, and confirms until then.
            wait_until(lambda: not self.answers(), "the end of Kafka")

    def answers(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def kept(self):
        """How many messages would outlast its end. This broker confirms at once and writes once a second."""
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            topics = dict(json.loads((self.folder / "kafka.json").read_text())["topics"])
            return sum(partition["high_watermark"] for _, partition in topics[TOPIC]["partitions"])
        return 0

    def facts(self):
        """All that it has, the first of each id, in the order of arrival of each key; and how many arrived in all."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": "test", "enable.partition.eof": True, "auto.offset.reset": "earliest"})
        found, seen, arrived = [], set(), 0
        try:
            partitions = consumer.list_topics(TOPIC, timeout=30).topics[TOPIC].partitions
            consumer.assign([TopicPartition(TOPIC, number, OFFSET_BEGINNING) for number in partitions])
            ended = set()
            while len(ended) < len(partitions):
                message = consumer.poll(30)
                assert message is not None, "nothing comes"
                if message.error():
                    if message.error().code() == KafkaError._PARTITION_EOF:
                        ended.add(message.partition())
                    continue
                fact = json.loads(message.value())
                assert message.key().decode() == fact["key"]
                arrived += 1
                if fact["id"] not in seen:
                    seen.add(fact["id"])
                    found.append(fact)
        finally:
            consumer.close()
        return found, arrived

    def wait_for(self, *types, key=None):
        """The facts once all of these types are among them."""

        def there():
            facts = self.facts()[0]
            about = [fact for fact in facts if key in (None, fact["key"])]
            return facts if set(types) <= {fact["type"] for fact in about} else None

        return wait_until(there, lambda: f"{types} among {[fact['type'] for fact in self.facts()[0]]}")
