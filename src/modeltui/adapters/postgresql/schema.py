"""The tables, made on first use.

Least grants for an operator, when somebody else has made the tables (log in once with a user that may create them):

    GRANT SELECT, INSERT ON modeltui_journal, modeltui_checkpoints, modeltui_requests, modeltui_decisions TO operators;
    GRANT SELECT ON modeltui_schema TO operators;
    GRANT SELECT, INSERT, UPDATE, DELETE ON modeltui_leases TO operators;
    GRANT SELECT, INSERT, UPDATE ON modeltui_fences TO operators;
    GRANT USAGE ON SEQUENCE modeltui_requests_place_seq, modeltui_decisions_place_seq TO operators;

For who may only look: `GRANT SELECT` on all of them.
"""

from __future__ import annotations

from typing import Any, Final

from modeltui.adapters.postgresql.failures import unavailable

FORMAT: Final = 1
SCHEMA_LOCK: Final = 0x6D6F64656C747569
"""`modeltui`: who makes the tables holds it, and so does whoever appends to the journal."""

_TABLES: Final = """
CREATE TABLE modeltui_journal (
    seq bigint PRIMARY KEY, hash text NOT NULL UNIQUE, line bytea NOT NULL, kind text NOT NULL, at bigint NOT NULL,
    principal text NOT NULL, model text, environment text, plan text);
CREATE INDEX modeltui_journal_target ON modeltui_journal (model, environment, at);
CREATE INDEX modeltui_journal_kind ON modeltui_journal (kind, seq);
CREATE INDEX modeltui_journal_at ON modeltui_journal (at);
CREATE INDEX modeltui_journal_plan ON modeltui_journal (plan) WHERE plan IS NOT NULL;
CREATE INDEX modeltui_journal_principal ON modeltui_journal (principal, seq);
CREATE TABLE modeltui_checkpoints (
    size bigint NOT NULL, text text NOT NULL, signature text, peaks text NOT NULL, PRIMARY KEY (size, text));
CREATE TABLE modeltui_requests (
    place bigserial PRIMARY KEY, plan_hash text NOT NULL UNIQUE, plan_id text NOT NULL UNIQUE, document text NOT NULL,
    asked_at double precision NOT NULL, expires_at double precision NOT NULL, reason text NOT NULL);
CREATE TABLE modeltui_decisions (
    place bigserial PRIMARY KEY, plan_hash text NOT NULL REFERENCES modeltui_requests (plan_hash), actor text NOT NULL,
    decision text NOT NULL, reason text NOT NULL, at double precision NOT NULL, expires_at double precision NOT NULL,
    signature text, UNIQUE (plan_hash, actor, decision, at));
CREATE TABLE modeltui_leases (
    model text NOT NULL, environment text NOT NULL, holder text NOT NULL, plan_id text NOT NULL, kind text NOT NULL,
    fence bigint NOT NULL, taken_at double precision NOT NULL, expires_at double precision NOT NULL,
    says text NOT NULL, PRIMARY KEY (model, environment));
CREATE TABLE modeltui_fences (
    model text NOT NULL, environment text NOT NULL, fence bigint NOT NULL, PRIMARY KEY (model, environment));
CREATE FUNCTION modeltui_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'what is written here stays: % is refused', TG_OP; END $$;
CREATE TRIGGER modeltui_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON modeltui_journal
    FOR EACH STATEMENT EXECUTE FUNCTION modeltui_append_only();
CREATE TRIGGER modeltui_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON modeltui_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION modeltui_append_only();
CREATE TRIGGER modeltui_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON modeltui_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION modeltui_append_only();
CREATE TABLE modeltui_schema (format integer NOT NULL);
INSERT INTO modeltui_schema VALUES (1);
"""
# The trigger stops mistakes, not an owner of the table: that is what the chain and its anchors are for.


def ensure_schema(connection: Any, *, may_make: bool) -> None:
    """Make the tables where there are none; raise `JournalUnavailable` for those of another version."""
    if not _exists(connection):
        if not may_make:
            raise unavailable("has no journal yet", "Its tables are made by the first who acts here.")
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
            if not _exists(connection):  # somebody else was quicker
                connection.execute(_TABLES)
    found = connection.execute("SELECT format FROM modeltui_schema").fetchall()
    if found != [(FORMAT,)]:
        raise unavailable(
            f"has tables of another version than {FORMAT}", "Use one version of the program for everybody."
        )


_LOOK: Final = (
    "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c"
    " WHERE c.relname = 'modeltui_schema' AND c.relkind = 'r' AND pg_catalog.pg_table_is_visible(c.oid))"
)


def _exists(connection: Any) -> bool:
    # Not `to_regclass`: inside one transaction it answers from a cache that does not see what others have just made.
    return bool(connection.execute(_LOOK).fetchone()[0])
