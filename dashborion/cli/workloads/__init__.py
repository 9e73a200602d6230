"""``dashborion workloads``: the commands, in the order in which its help lists them."""

from __future__ import annotations

from dashborion.cli.options import command, group
from dashborion.cli.workloads import change, compare, events, fleets, read, run, steer

app = group()

command(app, "list")(read.list_)
command(app, "describe")(read.describe)
command(app, "status")(read.status)
command(app, "why")(read.why)
command(app, "top")(read.top)
command(app, "events")(events.events)
command(app, "logs")(read.logs)
command(app, "scale")(fleets.scale)
command(app, "restart")(fleets.restart)
command(app, "stop")(fleets.stop)
command(app, "start")(fleets.start)
command(app, "deploy")(change.deploy)
command(app, "rollback")(change.rollback)
command(app, "continue")(steer.continue_)
command(app, "abort")(steer.abort)
command(app, "pause")(steer.pause)
command(app, "resume")(steer.resume)
command(app, "run")(run.run)
command(app, "history")(read.history)
command(app, "diff")(compare.diff)
