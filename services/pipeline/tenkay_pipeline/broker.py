"""The broker as the dispatcher sees it: Celery over Redis."""

from __future__ import annotations

import secrets
from typing import cast

import redis
from kombu.exceptions import KombuError

from tenkay_pipeline.celery_app import MESSAGE_EXPIRY_SECONDS, make_app
from tenkay_pipeline.dispatcher import BrokerUnavailable
from tenkay_pipeline.jobs import Stage
from tenkay_pipeline.task_messages import QUEUES, TASK_NAMES, TaskMessage

MEMORY_KEY = "tenkay:pipeline:memory"
ANSWER_SECONDS = 2.0


class CeleryBroker:
    """Sends tasks with a Celery app. Safe to use from several threads."""

    def __init__(self, broker_url: str) -> None:
        self._app = make_app(broker_url)
        # A broker that is down is tried again by the dispatcher, not for seconds inside a call.
        self._app.conf.broker_transport_options |= {"max_retries": 1, "interval_start": 0}
        self._redis = redis.Redis.from_url(
            broker_url,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            decode_responses=True,
        )

    def send(self, message: TaskMessage) -> None:
        """Put a task into its stage's queue. BrokerUnavailable: down, or full (it never evicts)."""
        try:
            self._app.send_task(
                TASK_NAMES[message.stage],
                kwargs=message.arguments(),
                expires=MESSAGE_EXPIRY_SECONDS,
                ignore_result=True,
                retry=False,
            )
        except (KombuError, redis.RedisError, OSError) as error:
            raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error

    def depth(self, stage: Stage) -> int:
        """Tasks that wait in a stage's queue, which is a Redis list of its name. BrokerUnavailable."""
        try:
            return self._redis.llen(QUEUES[stage])
        except redis.RedisError as error:
            raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error

    def memory(self) -> str:
        """The server's run and a marker kept in it: one changes with a restart, the other is lost with the data."""
        try:
            self._redis.set(MEMORY_KEY, secrets.token_hex(8), nx=True)
            marker = cast(str, self._redis.get(MEMORY_KEY))
            run = cast(str, self._redis.info("server")["run_id"])
        except redis.RedisError as error:
            raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error
        return f"{run}:{marker}"

    def close(self) -> None:
        """Close all connections."""
        self._redis.close()
        self._app.close()
