"""A world file with a pen: made, continued tick by tick, and told who gets which version.

Only the simulator and tests write; observers open the file by `file.WorldFile`, which cannot.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Final, Self

from modeltui.adapters.embedded.control import advance_rollouts, new_revision, target_state, write_weights
from modeltui.adapters.embedded.deployment import KEPT_SECONDS, Deployment, Place, places
from modeltui.adapters.embedded.inventory import write_inventory
from modeltui.adapters.embedded.plans import Scenario
from modeltui.adapters.embedded.scenario import DEMO
from modeltui.adapters.embedded.schema import APPLICATION_ID, BUCKETS, SCHEMA_VERSION, TABLES
from modeltui.adapters.embedded.traffic import Counter
from modeltui.adapters.embedded.writing import OnlyWriter, connected, transaction
from modeltui.domain.errors import BackendError, BackendRefused, BackendUnavailable, RevisionConflict
from modeltui.domain.names import Instant
from modeltui.domain.text import safe_text

TICK_SECONDS: Final = 2.0
PAST_SECONDS: Final = 3_900.0
"""An hour for the charts, and a window of five minutes before it."""
KEPT_DENSE_SECONDS: Final = 600.0
"""Every tick is kept for this long, later one in `THINNED_SECONDS`."""
THINNED_SECONDS: Final = 15.0
GAUGE_SECONDS: Final = 10.0
LONGEST_TICK_SECONDS: Final = 30.0
"""After a longer pause of the simulator the requests of the pause were never counted."""


def create_world(path: Path, seed: int, now: Instant, scenario: Scenario = DEMO) -> None:
    """Write a whole world with an hour of the past that ends at `now`: the same for the same seed and time.

    It appears under its name only when it is complete. Raises `BackendRefused` when there is something already.
    """
    if path.exists():
        raise BackendRefused(f"{safe_text(str(path))} exists already", "Remove it, or choose another directory.")
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            # A draft that a crash leaves behind is thrown away, so nothing has to reach the disk in order.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.executescript(TABLES)
            connection.execute("BEGIN")
            connection.execute("INSERT INTO world VALUES (?, ?, ?)", [SCHEMA_VERSION, seed, now])
            write_inventory(connection, scenario, now)
            _write_past(World(connection, scenario), now)
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = DELETE")
        _publish(draft, path)
    except (sqlite3.Error, OSError) as error:
        raise BackendUnavailable(
            f"the world {safe_text(str(path))} cannot be written: {safe_text(str(error))}",
            "Look whether the directory exists, is yours and has 20 MB left.",
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _publish(draft: Path, path: Path) -> None:
    """Give the draft its name, unless somebody else has made a world there meanwhile."""
    try:
        os.link(draft, path)  # unlike a rename this never replaces anything
    except FileExistsError as error:
        raise BackendRefused(f"{safe_text(str(path))} exists already", "Use it: somebody made it just now.") from error
    except OSError:
        draft.rename(path)  # a file system without hard links


def _write_past(world: World, now: Instant) -> None:
    moments = [
        now - PAST_SECONDS + step * THINNED_SECONDS for step in range(int((PAST_SECONDS - 300) / THINNED_SECONDS))
    ]
    moments += [now - 300 + step * 5.0 for step in range(60)]
    for at in (*moments, now):
        world.tick(Instant(at), speed=1.0)


class World:
    """The writer's side of a world file. One at a time; every tick is one transaction."""

    def __init__(
        self, connection: sqlite3.Connection, scenario: Scenario = DEMO, *, only: OnlyWriter | None = None
    ) -> None:
        self._connection = connection
        self._only = only
        self._places = places(scenario)
        row = connection.execute("SELECT seed, began_at FROM world").fetchone()
        self._seed: int = row[0]
        self._began_at: float = row[1]
        (newest,) = connection.execute("SELECT MAX(at) FROM counters").fetchone()
        self._newest_at: float | None = newest
        self._dense: deque[float] = deque()
        """Moments of the dense rows, oldest first."""
        self._kept_at = float("-inf")
        self._gauged_at = float("-inf")
        self._resume()

    @property
    def began_at(self) -> Instant:
        """Return when the story begins."""
        return Instant(self._began_at)

    @property
    def newest_at(self) -> Instant:
        """Return the time of the newest tick."""
        return Instant(self._began_at if self._newest_at is None else self._newest_at)

    def close(self) -> None:
        """Leave a file that a reader can open without making any other; readers that hold it open may prevent that."""
        try:
            self._connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError:
            pass  # the companions of the WAL stay beside it, and readers use them
        finally:
            self._connection.close()
            if self._only:
                self._only.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, at: Instant, *, speed: float = 1.0) -> None:
        """Write one tick as a transaction; `speed` tells the story faster, while seconds stay seconds.

        A time that is not after the newest tick is passed over: the clock was set back.
        """
        if self._newest_at is not None and at <= self._newest_at:
            return
        try:
            with transaction(self._connection):
                self.tick(at, speed=speed)
        except sqlite3.OperationalError as error:
            raise BackendUnavailable(
                f"the world cannot be written: {safe_text(str(error))}", "Only one simulator may run on a world."
            ) from error

    def tick(self, at: Instant, *, speed: float) -> None:
        """Write the rows of one moment into the transaction that is under way."""
        elapsed = TICK_SECONDS if self._newest_at is None else at - self._newest_at
        elapsed = min(elapsed, LONGEST_TICK_SECONDS)
        story_seconds = (at - self._began_at) * speed
        random = Random(f"{self._seed}/{round(at * 1000)}")  # noqa: S311 - a simulation
        is_first = self._newest_at is None
        advance_rollouts(self._connection, at, began_at=self._began_at, speed=speed)
        counters, gauges = [], []
        for place in self._measured(story_seconds):
            self._deploy(place, at, elapsed, is_first=is_first)
            some_counters, some_gauges = place.tick(random, at, 0.0 if is_first else elapsed, story_seconds)
            counters += some_counters
            gauges += some_gauges
        self._connection.executemany("INSERT INTO counters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", counters)
        if at - self._gauged_at >= GAUGE_SECONDS:
            self._connection.executemany("INSERT INTO gauges VALUES (?, ?, ?)", gauges)
            self._gauged_at = at
        self._progress_jobs(at)
        self._newest_at = at
        self._dense.append(at)
        if self._only:  # a draft holds no more than it should
            self._thin(at, [row[0] for row in counters], [row[0] for row in gauges])

    def _measured(self, story_seconds: float) -> Iterable[Place]:
        return (place for place in self._places.values() if place.is_measured(story_seconds))

    def _deploy(self, place: Place, at: float, elapsed: float, *, is_first: bool) -> None:
        """Follow what is wanted: deploy what gets traffic, move the shares, end what has had none for long."""
        wanted = self._wanted(place)
        for version, share in wanted.items():
            if share > 0 and version not in place.deployments:
                new = Deployment(version, self._new_series(place, version))
                new.share = share if is_first else 0.0
                place.deployments[version] = new
                before = at - elapsed
                self._connection.executemany(
                    "INSERT INTO counters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [(new.series[name], before, *Counter().row()) for name in _counted_names(place)],
                )
        for version, deployment in list(place.deployments.items()):
            deployment.follow(wanted.get(version, 0.0), elapsed, at)
            if deployment.idle_since is not None and at - deployment.idle_since >= KEPT_SECONDS:
                ended = [(at, series) for series in deployment.series.values()]
                self._connection.executemany("UPDATE series SET ended_at = ? WHERE id = ?", ended)
                del place.deployments[version]

    def _wanted(self, place: Place) -> dict[str, float]:
        key = [place.plan.model, place.plan.environment]
        rows = self._connection.execute("SELECT version, weight FROM weights WHERE model = ? AND environment = ?", key)
        wanted = {str(version): float(weight) for version, weight in rows}
        row = self._connection.execute("SELECT shadow FROM targets WHERE model = ? AND environment = ?", key).fetchone()
        if row and row[0]:
            wanted[str(row[0])] = 1.0  # a shadow gets a copy of every request
        return wanted

    def _new_series(self, place: Place, version: str) -> dict[str, int]:
        made: dict[str, int] = {}
        for segment in place.series_names():
            cursor = self._connection.execute(
                "INSERT INTO series (model, environment, version, segment) VALUES (?, ?, ?, ?)",
                [place.plan.model, place.plan.environment, version, segment],
            )
            made[segment] = int(cursor.lastrowid or 0)
        return made

    def _progress_jobs(self, at: float) -> None:
        self._connection.execute(
            "UPDATE jobs SET progress = round(min((? - started_at) / lasts_seconds, 1.0), 2)"
            " WHERE progress IS NOT round(min((? - started_at) / lasts_seconds, 1.0), 2)",
            [at, at],
        )
        self._connection.execute("DELETE FROM jobs WHERE started_at + lasts_seconds < ?", [at])

    def _thin(self, at: float, counted: list[int], gauged: list[int]) -> None:
        """Drop what is too old, and of what is no longer new all but one row in `THINNED_SECONDS`.

        Series that have fallen silent are left alone: their last rows are how one sees that they did.
        """
        doomed = []
        while self._dense and at - self._dense[0] > KEPT_DENSE_SECONDS:
            moment = self._dense.popleft()
            if moment - self._kept_at < THINNED_SECONDS:
                doomed.append(moment)
            else:
                self._kept_at = moment
        horizon = at - PAST_SECONDS
        # The names of the tables are the two in this line.
        for table, series in (("counters", set(counted)), ("gauges", set(gauged))):
            rows = [(one, moment) for one in series for moment in doomed]
            self._connection.executemany(f"DELETE FROM {table} WHERE series = ? AND at = ?", rows)  # noqa: S608
            old = [(one, horizon) for one in series]
            self._connection.executemany(f"DELETE FROM {table} WHERE series = ? AND at < ?", old)  # noqa: S608
            self._connection.execute(
                f"DELETE FROM {table} WHERE series IN (SELECT id FROM series WHERE ended_at < ?)",  # noqa: S608
                [horizon],
            )
        self._connection.execute("DELETE FROM series WHERE ended_at < ?", [horizon])

    def _resume(self) -> None:
        """Take up the deployments and counters where the file leaves them."""
        rows = self._connection.execute(
            "SELECT model, environment, version, segment, id FROM series WHERE ended_at IS NULL ORDER BY id"
        ).fetchall()
        for model, environment, version, segment, series in rows:
            place = self._places.get((model, environment))
            if place is not None:
                deployment = place.deployments.setdefault(version, Deployment(version, {}))
                deployment.series[segment] = series
        for place in self._places.values():
            wanted = self._wanted(place)
            for version, deployment in place.deployments.items():
                deployment.share = wanted.get(version, 0.0)
                for name in _counted_names(place):
                    deployment.counters[name] = self._counter(deployment.series[name])
        if self._newest_at is not None:
            since = self._newest_at - KEPT_DENSE_SECONDS
            moments = self._connection.execute("SELECT DISTINCT at FROM counters WHERE at > ? ORDER BY at", [since])
            self._dense.extend(moment for (moment,) in moments)

    def _counter(self, series: int) -> Counter:
        row = self._connection.execute(
            "SELECT requests, errors, predictions, confidence_sum, outcomes, good_outcomes, latency"
            " FROM counters WHERE series = ? ORDER BY at DESC LIMIT 1",
            [series],
        ).fetchone()
        if row is None:
            return Counter()
        requests, errors, predictions, confidence_sum, outcomes, good_outcomes, latency = row
        buckets = list(BUCKETS.unpack(latency))
        return Counter(requests, errors, predictions, confidence_sum, outcomes, good_outcomes, buckets)


def _counted_names(place: Place) -> Iterable[str]:
    return ("", *(name for name in place.segments if name))


def open_world(path: Path, scenario: Scenario = DEMO) -> World:
    """Return a world that exists, ready to be continued; raise `BackendError` when it cannot be."""
    if not path.is_file():
        raise BackendUnavailable(f"there is no world {safe_text(str(path))}", "Make one with `modeltui demo --dir`.")
    connection = connected(path)
    try:
        only = OnlyWriter(path)
    except BackendError:
        connection.close()
        raise
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        return World(connection, scenario, only=only)
    except sqlite3.Error as error:
        connection.close()
        only.release()
        raise BackendUnavailable(
            f"the world {safe_text(str(path))} cannot be continued: {safe_text(str(error))}",
            "Make a new one, or end the simulator that holds it.",
        ) from error


def set_weights(
    path: Path,
    model: str,
    environment: str,
    weights: Mapping[str, float],
    says: str = "",
    *,
    expected_revision: int | None = None,
) -> int:
    """Tell the world who gets which version of one target, and nothing else; return the new revision.

    For tests and stories; actions go through `rollout_writer`. With `expected_revision` nothing is written when the
    target has another one: `RevisionConflict`.
    """
    with closing(connected(path)) as connection, transaction(connection):
        state = target_state(connection, model, environment)
        if expected_revision is not None and state.revision != expected_revision:
            raise RevisionConflict(f"{model}@{environment} has moved", "Look again.")
        write_weights(connection, model, environment, weights)
        return new_revision(connection, model, environment, says or state.says)
