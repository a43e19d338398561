"""A Waystation of its own for the Python tests, with the llama.cpp server as its upstream."""

import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

MODEL = "waystation-random"


class Relay:
    """Starts a server on a fresh SQLite file; use it as a context manager."""

    def __init__(self):
        clone = pathlib.Path(__file__).resolve().parents[2]
        self.binary = os.environ.get("WAYSTATION_BIN", str(clone / "target/debug/waystation"))
        self.directory = tempfile.TemporaryDirectory(prefix="waystation-python-")
        self.environment = dict(
            os.environ,
            WAYSTATION_LISTEN="127.0.0.1:0",
            WAYSTATION_DATA_DIR=self.directory.name,
            WAYSTATION_DATABASE_URL=f"sqlite:{self.directory.name}/waystation.db",
        )
        self.environment.pop("WAYSTATION_REDIS_URL", None)
        self.process = None
        self.base_url = None
        self.token = None
        self.sequence = 0

    def __enter__(self):
        log = open(pathlib.Path(self.directory.name) / "server.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [self.binary, "serve"], env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            self._await_address()
            self.run_command(
                "admin", "create-user", "--email", "owner@example.org", "--role", "owner",
                "--password-stdin", "--json", given="correct horse battery staple\n",
            )
            answer = self.run_command("admin", "access-token", "--email", "owner@example.org", "--json")
            self.token = json.loads(answer)["access_token"]
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.directory.cleanup()

    def _await_address(self):
        for line in self.process.stdout:
            if "listening on " in line:
                self.base_url = line.split("listening on ")[1].strip()
                return
        log = pathlib.Path(self.directory.name) / "server.log"
        raise RuntimeError(f"the server did not start:\n{log.read_text(encoding='utf-8')}")

    def run_command(self, *arguments, given=""):
        done = subprocess.run(
            [self.binary, *arguments], env=self.environment, input=given, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"waystation {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def call(self, method, path, body=None):
        """A call of the management API with the owner's token; returns the JSON answer."""
        self.sequence += 1
        request = urllib.request.Request(
            self.base_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "authorization": f"Bearer {self.token}",
                "content-type": "application/json",
                "idempotency-key": f"python-{self.sequence}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from error
        return json.loads(text) if text else None

    def add_llama(self, base_url):
        """The random model behind the llama.cpp server: 1 USD a million read, 2 USD a million written."""
        model = self.call("POST", "/api/admin/models", {
            "name": MODEL, "context_length": 2048, "max_output_tokens": 512, "default_output_tokens": 128,
        })
        self.call("POST", f"/api/admin/models/{model['id']}/prices",
                  {"input_per_million": "1", "output_per_million": "2"})
        self.call("POST", "/api/admin/channels", {
            "name": "llama", "format": "openai", "base_url": base_url, "credentials": ["none"],
            "models": [MODEL], "allow_private_network": True,
        })

    def add_customer(self, cash):
        """Returns (user id, key secret)."""
        self.sequence += 1
        user = self.call("POST", "/api/admin/users", {"email": f"user{self.sequence}@example.org", "role": "user"})
        if cash:
            self.call("POST", f"/api/admin/users/{user['id']}/adjustments",
                      {"direction": "credit", "amount": cash, "reason_code": "test", "note": "for a test"})
        key = self.call("POST", f"/api/admin/users/{user['id']}/keys", {"name": "python"})
        return user["id"], key["secret"]

    def request_row(self, request_id, seconds=20):
        """The row of an ended call; waits until it is there."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.call("GET", f"/api/admin/requests/{request_id}")
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def audit(self):
        return json.loads(self.run_command("ledger", "audit", "--json"))
