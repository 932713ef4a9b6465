"""A real PostgreSQL on loopback, with a schema for each test."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.process import LOOPBACK, ServerProcess, ServerStartError, free_port

READY_DEADLINE_SECONDS = 30.0
SUPERUSER = "modeltui_tests"
PASSWORD = "correct horse"
_ATTEMPTS = 3


class PostgresServer:
    """A running PostgreSQL; a context manager that stops it and removes its files."""

    def __init__(self, process: ServerProcess, home: Path) -> None:
        """Wrap a started process and the directory that everything of it lies in."""
        self.process = process
        self._home = home
        self._names = (f"test_{number}" for number in itertools.count(1))

    def url(self, database: str = "postgres", user: str = SUPERUSER, port: int | None = None) -> str:
        """The URL of a database, with the password, by way of another port when one is given."""
        where = f"{LOOPBACK}:{port or self.process.port}"
        return f"postgresql://{user}:{PASSWORD.replace(' ', '%20')}@{where}/{database}?sslmode=disable"

    def new_schema(self) -> str:
        """The URL of a schema that is empty; a database of its own would be three hundred files for each test."""
        name = next(self._names)
        self.run(f"CREATE SCHEMA {name}")
        return f"{self.url()}&options=-csearch_path%3D{name}"

    def run(self, statement: str, url: str = "") -> list[tuple[object, ...]]:
        """What a statement answers, run by the superuser."""
        import psycopg  # not for each run of the tests: 90 ms

        with psycopg.connect(url or self.url(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        """End it and remove its files."""
        if self.process.is_running:
            self.process.kill()  # what it would write down first is thrown away
        self.process.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def programs() -> Path | None:
    """The directory with `initdb` and `postgres`; None when PostgreSQL is not installed."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).parent] if on_path else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


def start_postgres(binaries: Path) -> PostgresServer:
    """A PostgreSQL with an empty cluster of its own, that takes connections with a password."""
    # PostgreSQL refuses to be root, and whoever it is then cannot enter a directory of root's tests.
    home = Path(tempfile.mkdtemp(prefix="modeltui-postgres-"))
    try:
        become = _somebody_else(home)
        _make_cluster(binaries, home, become)
        for attempt in range(1, _ATTEMPTS + 1):
            process = ServerProcess("postgres", _command(binaries, home, become, free_port()), directory=home, port=0)
            try:
                return _ready(process, home)
            except ServerStartError:
                process.stop()
                if attempt == _ATTEMPTS or "address already in use" not in process.log.lower():
                    raise
            except BaseException:
                process.stop()
                raise
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    raise AssertionError("the loop returns or raises")


def _ready(process: ServerProcess, home: Path) -> PostgresServer:
    import psycopg

    server = PostgresServer(process, home)
    process.port = int((home / "port").read_text(encoding="ascii"))

    def answers() -> bool:
        try:
            psycopg.connect(server.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    process.wait_ready(answers, READY_DEADLINE_SECONDS)
    return server


def _somebody_else(home: Path) -> list[str]:
    """What has to stand before a command so that root's server is not root."""
    if os.geteuid() != 0:
        return []
    account = pwd.getpwnam("postgres")
    os.chown(home, account.pw_uid, account.pw_gid)
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _make_cluster(binaries: Path, home: Path, become: list[str]) -> None:
    password = home / "password"
    password.write_text(PASSWORD, encoding="ascii")
    password.chmod(0o644)
    command = [str(binaries / "initdb"), "-D", str(home / "cluster"), "-U", SUPERUSER, "--pwfile", str(password)]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    done = subprocess.run([*become, *command], capture_output=True, text=True, cwd=home, timeout=60)
    if done.returncode:
        raise ServerStartError(f"initdb ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _command(binaries: Path, home: Path, become: list[str], port: int) -> list[str]:
    (home / "port").write_text(str(port), encoding="ascii")
    settings = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "shared_buffers": "16MB",
        "max_connections": "60",
        "log_min_messages": "warning",
    }
    given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [*become, str(binaries / "postgres"), "-D", str(home / "cluster"), *given]
