"""The gateways of the benchmark: how each is installed, told where the model is, and started.

All check a key of the caller and send the model one of its own. hone keeps a span and the cost of every call as well.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from _peers import environment, installed, node_package

SOURCE = Path(__file__).resolve().parent.parent / "src"
MODEL_KEY = "sk-model"
KEY = "sk-bench-of-the-caller"


@dataclass
class Start:
    """How to start a gateway: `command` and `env` serve on the port that was asked for."""

    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)  # what a caller sends
    cwd: Path | None = None
    worker: str | None = None  # on the command line of the process that answers, where there are others behind it


@dataclass
class Gateway:
    """One row of the field. `start(folder, port, model)` writes its files into `folder`."""

    name: str
    about: str  # its version
    start: Callable[[Path, int, str], Start]
    requests: int  # of a measurement in the full mode: some seconds of work
    streams: int = 320


BEARER = {"authorization": f"Bearer {KEY}"}


# -- hone


def hone_project(folder: Path, model: str) -> dict[str, str]:
    """Make hone's project and the key that callers use; returns the environment of the server."""
    folder.mkdir(exist_ok=True)
    (folder / "hone.toml").write_text(
        f"""project = "bench"

[models.mock]
use = "openai-compatible/mock"
base_url = "{model}"
api_key = "${{MODEL_KEY}}"
price = {{ input = 0.4, output = 1.6 }}

[budgets.everyone]
spend = "1000000 USD / month"
rate = "1000000000 / day"
tokens = "1000000000000 / day"
"""
    )
    return {"HONE_API_KEY": KEY, "MODEL_KEY": MODEL_KEY, "PYTHONPATH": str(SOURCE)}


def hone_key(folder: Path, environ: dict[str, str]) -> str:
    """A key of its own for the caller, with a budget, as an operator makes it."""
    command = [sys.executable, "-m", "hone", "keys", "create", "bench", "--project", str(folder), "--json"]
    command += ["--model", "mock", "--spend", "1000000 USD / month"]
    made = subprocess.run(command, env=os.environ | environ, check=True, capture_output=True, text=True)
    return str(json.loads(made.stdout)["secret"])


def start_hone(folder: Path, port: int, model: str) -> Start:
    environ = hone_project(folder, model)
    secret = folder / "key"  # of an earlier round
    if not secret.exists():
        secret.write_text(hone_key(folder, environ))
    caller = {"authorization": f"Bearer {secret.read_text()}"}
    command = [sys.executable, "-m", "hone", "up", "--port", str(port), "--project", str(folder), "--workers", "1"]
    return Start(command, environ, caller, worker="hone.server._worker")


def hone() -> Gateway:
    return Gateway("hone", "this one", start_hone, 25_000)


# -- LiteLLM

LITELLM = ["litellm[proxy]"]


def litellm(install: bool) -> Gateway | None:
    python = environment("gateway-litellm", LITELLM) if install else installed("gateway-litellm", LITELLM)
    if python is None:
        return None

    def start(folder: Path, port: int, model: str) -> Start:
        config = {
            "model_list": [
                {
                    "model_name": "mock",
                    "litellm_params": {
                        "model": "openai/mock",
                        "api_base": model,
                        "api_key": MODEL_KEY,
                        "input_cost_per_token": 4e-7,
                        "output_cost_per_token": 1.6e-6,
                    },
                }
            ],
            "litellm_settings": {"telemetry": False, "callbacks": []},
            "general_settings": {"master_key": KEY},
        }
        (folder / "config.yaml").write_text(json.dumps(config))
        command = [str(python.with_name("litellm")), "--config", "config.yaml", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--num_workers", "1", "--telemetry", "False"]
        # As its guide to production says; and the list of prices is not fetched.
        environ = {"LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        return Start(command, environ, BEARER, cwd=folder)

    return Gateway("LiteLLM", _version_of(python, "litellm"), start, 1_000, 64)


# -- Portkey

# Later versions of the server under it break its streams (Portkey-AI/gateway, issue 1389).
PORTKEY = ("@portkey-ai/gateway", {"@hono/node-server": "1.13.8"})


def portkey(install: bool) -> Gateway | None:
    if shutil.which("node") is None:
        print("Portkey is left out: there is no node on the path", file=sys.stderr)
        return None
    package = node_package("gateway-portkey", *PORTKEY, install)
    if package is None:
        return None

    def start(folder: Path, port: int, model: str) -> Start:
        config = {"provider": "openai", "custom_host": model, "api_key": MODEL_KEY}
        command = ["node", str(package / "build" / "start-server.js"), f"--port={port}", "--headless"]
        return Start(command, {"NODE_ENV": "production"}, {"x-portkey-config": json.dumps(config)} | BEARER, folder)

    version = json.loads((package / "package.json").read_text())["version"]
    return Gateway("Portkey", version, start, 5_000)


# -- nginx

NGINX = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_buffer_size 1m;
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;
    upstream model {{
        server {host};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port};
        location /v1/ {{
            if ($http_authorization != "Bearer {key}") {{ return 401; }}
            proxy_pass http://model;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Authorization "Bearer {model_key}";
            proxy_buffering off;
        }}
    }}
}}
"""


def nginx(_install: bool) -> Gateway | None:
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        print("nginx is left out: it is not on the path (apt-get install nginx-light)", file=sys.stderr)
        return None

    def start(folder: Path, port: int, model: str) -> Start:
        host = model.removeprefix("http://").partition("/")[0]
        config = NGINX.format(host=host, port=port, key=KEY, model_key=MODEL_KEY)
        (folder / "nginx.conf").write_text(config)
        command = [found, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        return Start(command, headers=BEARER)

    said = subprocess.run([found, "-v"], capture_output=True, text=True, check=True).stderr
    return Gateway("nginx", said.strip().rpartition("/")[2], start, 50_000)


# -- FastAPI and httpx

FASTAPI = ["fastapi", "httpx", "uvicorn[standard]"]


def fastapi(_install: bool) -> Gateway:
    python = environment("gateway-fastapi", FASTAPI)

    def start(folder: Path, port: int, model: str) -> Start:
        command = [str(python), "-m", "uvicorn", "_relay_fastapi:app", "--port", str(port), "--no-access-log"]
        environ = {"MODEL": model, "RELAY_KEY": KEY, "PYTHONPATH": str(Path(__file__).parent)}
        return Start(command, environ, BEARER, cwd=folder)

    return Gateway("FastAPI + httpx", _version_of(python, "fastapi", "httpx"), start, 5_000)


PEERS = {"LiteLLM": litellm, "Portkey": portkey, "nginx": nginx, "FastAPI": fastapi}


def _version_of(python: Path, *packages: str) -> str:
    code = f"from importlib.metadata import version; print(*map(version, {packages}), sep=', ')"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
