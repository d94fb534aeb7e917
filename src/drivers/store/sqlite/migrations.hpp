#pragma once
#include <array>

namespace slipway::sqlite {

// Migration n brings a ledger from schema version n to n + 1. They are only ever added to, never changed: a ledger out
// there has run them.
//
// Statuses are stored by name. What is looked up has a column; everything else of a tenant is in `doc`, its document.
// Each partial index holds only the rows that its one question is about.
constexpr std::array migrations = {
    R"sql(
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE tenants (
  id          TEXT PRIMARY KEY,
  user_id     TEXT NOT NULL,
  slug        TEXT NOT NULL,
  status      TEXT NOT NULL,
  due_at      INTEGER,           -- this and all other times: milliseconds since 1970, UTC
  lease_owner TEXT,
  lease_until INTEGER,
  version     INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  doc         TEXT NOT NULL
);
CREATE UNIQUE INDEX tenants_live_user ON tenants (user_id) WHERE status <> 'deleted';
CREATE UNIQUE INDEX tenants_live_slug ON tenants (slug) WHERE status <> 'deleted';
CREATE INDEX tenants_user ON tenants (user_id);
CREATE INDEX tenants_status ON tenants (status, id);
CREATE INDEX tenants_due ON tenants (due_at, id, lease_until) WHERE due_at IS NOT NULL;
CREATE INDEX tenants_leased ON tenants (lease_until, due_at) WHERE lease_until IS NOT NULL;

CREATE TABLE idempotency_keys (
  key        TEXT PRIMARY KEY,
  body_hash  TEXT NOT NULL,
  tenant_id  TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE ports (
  port       INTEGER PRIMARY KEY,
  status     TEXT NOT NULL DEFAULT 'free',  -- free, leased, held
  tenant_id  TEXT,
  user_id    TEXT,
  released   INTEGER NOT NULL DEFAULT 0,    -- position in the order of releases; the clock has no say in it
  held_until INTEGER
);
CREATE INDEX ports_free ON ports (released, port) WHERE status = 'free';
CREATE INDEX ports_used ON ports (port) WHERE status <> 'free';
CREATE INDEX ports_held ON ports (held_until) WHERE status = 'held';
CREATE INDEX ports_tenant ON ports (tenant_id) WHERE tenant_id IS NOT NULL;

CREATE TABLE events (
  seq       INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_id TEXT NOT NULL,
  at        INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  step      TEXT NOT NULL,
  message   TEXT NOT NULL,
  duration  INTEGER
);
CREATE INDEX events_tenant ON events (tenant_id, seq);
)sql",
    R"sql(
CREATE TABLE api_keys (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  scope      TEXT NOT NULL,
  hash       TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) WITHOUT ROWID;

CREATE TABLE audit (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  at         INTEGER NOT NULL,
  actor      TEXT NOT NULL,
  action     TEXT NOT NULL,
  target     TEXT NOT NULL,
  origin     TEXT NOT NULL,
  request_id TEXT NOT NULL
);
CREATE INDEX audit_target ON audit (target, seq);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
)sql",
    R"sql(
ALTER TABLE tenants ADD COLUMN ready_at INTEGER;         -- first_ready_at of the document
ALTER TABLE tenants ADD COLUMN mail_owed_since INTEGER;  -- the first try of the oldest mail still to be sent
UPDATE tenants SET ready_at = json_extract(doc, '$.first_ready_at');
CREATE INDEX tenants_ready ON tenants (ready_at, created_at) WHERE ready_at IS NOT NULL;
CREATE INDEX tenants_mail_owed ON tenants (mail_owed_since) WHERE mail_owed_since IS NOT NULL;
)sql",
    R"sql(
CREATE TABLE learnt_ports (  -- outside the range: a runtime chose them
  port      INTEGER NOT NULL,
  host      TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  user_id   TEXT NOT NULL,
  PRIMARY KEY (port, host)
) WITHOUT ROWID;
CREATE INDEX learnt_ports_tenant ON learnt_ports (tenant_id);
)sql",
    R"sql(
CREATE TABLE objects (  -- what is no tenant: contracts/objects.hpp
  kind    TEXT NOT NULL,
  id      TEXT NOT NULL,
  version INTEGER NOT NULL,
  doc     TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
)sql",
    R"sql(
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
)sql",
};

}  // namespace slipway::sqlite
