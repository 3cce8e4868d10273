"""`hone up`: the server, in the foreground."""

import json
import logging
import os
from contextlib import suppress
from pathlib import Path

import click

from hone.cli._building import build_with_progress
from hone.cli._near import opened
from hone.cli._say import shared_options, talk


@click.command("up")
@click.option("--host", default=None, help="Where to listen; beyond loopback HONE_API_KEY must be set.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=None, help="By default HONE_PORT, else 4700; 0 takes a free one."
)
@click.option(
    "--workers", type=click.IntRange(1, 256), default=None, help="Answer model calls in so many processes of their own."
)
@shared_options
def command(host: str | None, port: int | None, workers: int | None, as_json: bool, folder: Path | None) -> None:
    """Serve the project: gateway, API, pages and the telemetry store, in one process or with workers beside it."""
    from hone.server import Fleet, Server, end_in_order

    _log_to_stderr()
    with opened(folder) as house:
        settings = house.project.server
        where = (house, host or settings.host, settings.port if port is None else port, os.environ.get("HONE_API_KEY"))
        server = Server(*where) if workers is None else Fleet(*where, workers)
        for name in house.project.knowledge:
            build_with_progress(house, name)
        for task in house.waiting_releases():
            talk.print(
                f"note: the release of {task} in hone.toml is not applied: hone releases apply {task}", markup=False
            )
        end_in_order()
        server.bind()
        if as_json:
            # One line, so that a program that starts the server can read it and go on.
            click.echo(json.dumps({"url": server.url, "project": house.project.name, "pid": os.getpid()}))
        else:
            _welcome(server.url, house.project.name, house.gateway.models())
        with suppress(KeyboardInterrupt):  # uvicorn raises the signal again that it was stopped by
            server.run()
        talk.print("stopped")


def _log_to_stderr() -> None:
    """What a running server has to say: an edit that is in force or is not, a release that was taken back."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logging.getLogger("hone").addHandler(handler)
    logging.getLogger("hone").setLevel(logging.INFO)


def _welcome(url: str, name: str, models: list[str]) -> None:
    talk.print(f"[bold]hone[/bold] serves [bold]{name}[/bold] at {url}")
    talk.print(f'  OpenAI(base_url="{url}/v1") · model = {", ".join(models[:6])}{" ..." if len(models) > 6 else ""}')
    talk.print(f"  hone traces list · {url}/api/openapi.json · ctrl-c stops", soft_wrap=True)
