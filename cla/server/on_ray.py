"""Live sessions on many machines: a deployment for Ray Serve, whose replicas hold sessions.

A connection stays at its replica; autoscaling counts connections. A replica that is to go takes no
new ones and waits for those it has. A session whose replica has gone goes on in another one, from
the sound that its client kept. `deploy/ray/` has configurations; it needs the extra `ray`.
"""

import os

from ray import serve
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from cla.resources import package_path
from cla.server.host import open_host
from cla.server.live_server import LiveServer
from cla.server.service import routes
from cla.server.worker import OneRequest

HEALTH_S = 2.0


def application() -> ASGIApp:
    """What a replica serves: the routes of `cla serve`, as its environment wants them.

    Raises:
        ClaError: the environment wants what cannot be.
    """
    live = LiveServer(open_host(os.environ, None))
    return Starlette(
        routes=routes(live, package_path("view/static")), middleware=[Middleware(OneRequest)]
    )


@serve.deployment(
    name="sessions",
    max_ongoing_requests=64,
    health_check_period_s=HEALTH_S,
    health_check_timeout_s=5 * HEALTH_S,
    graceful_shutdown_timeout_s=60.0,
    ray_actor_options={"num_cpus": 1},
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 8,
        "target_ongoing_requests": 24,
        "upscale_delay_s": 5.0,
        "downscale_delay_s": 300.0,
    },
)
@serve.ingress(application)
class Sessions:
    """A replica: its process serves sessions until it has drained."""


app = Sessions.bind()  # type: ignore[attr-defined]
"""What a configuration names."""
