"""The broker between web processes and workers: only ever a faster way to what the database says anyway.

A message that is lost, doubled or late changes nothing: the revision's row is the job (``moderation.screening_jobs``),
and workers look for rows that nobody has. So messages are neither persistent nor acknowledged late, and nothing waits
for a broker that is away.
"""

from __future__ import annotations

from typing import Any

from celery import Celery

from api.settings import Settings

SCREEN = "vorab.screen"
SCORE = "vorab.score"
REQUEST_ID = "vorab_request_id"
"""The header that names the request which a message comes of."""
_CONNECT_S = 1.0


def celery_for(settings: Settings) -> Celery:
    """Celery on RabbitMQ (``amqp://``) or Redis (``redis://``)."""
    url = settings.broker_url
    assert url is not None
    on_redis = url.startswith("redis")
    made = Celery("vorab", broker=url, backend=url if on_redis else "rpc://", set_as_current=False)
    options: dict[str, Any] = {
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_default_queue": settings.broker_queue,
        "task_default_delivery_mode": "transient",
        "task_publish_retry": False,
        "result_expires": 60,
        "broker_connection_timeout": _CONNECT_S,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_heartbeat": 10,
        "broker_pool_limit": 8,
        "worker_prefetch_multiplier": 2,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }
    # One try: whoever publishes has a better way out than to wait for a broker.
    options["broker_transport_options"] = {"max_retries": 0, "interval_start": 0}
    if on_redis:
        options["broker_transport_options"] |= {"socket_connect_timeout": _CONNECT_S, "socket_timeout": 5.0}
        options["redis_socket_connect_timeout"] = _CONNECT_S
        # Otherwise somebody who asks for a preview waits for twenty tries, a second apart.
        options["result_backend_transport_options"] = {"retry_policy": {"timeout": _CONNECT_S}}
        options["redis_socket_timeout"] = 5.0
    made.conf.update(options)
    return made
