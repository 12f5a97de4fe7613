-- The ledger. Attempts and their endings are only ever added, but for an ending that was only assumed, which gives way
-- to the true one; a delivery's state sums them up.

CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL);

-- Where documents go: never the address, only its masked form and a keyed hash of it.
CREATE TABLE channel (
    fingerprint TEXT PRIMARY KEY,
    masked TEXT NOT NULL,
    named TEXT,               -- how it was given: a name of the config, env:VAR, file:PATH
    closed_until REAL         -- the channel asked to be left alone until then: seconds since 1970, UTC
);

-- Who sends: the name of the lock that is held for as long as the sender lives.
CREATE TABLE sender (name TEXT PRIMARY KEY, started_at TEXT NOT NULL, is_gone INTEGER NOT NULL DEFAULT 0);

-- One document that must get through one channel.
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL REFERENCES channel,
    supplier TEXT NOT NULL,
    sale_type TEXT NOT NULL,
    reference TEXT NOT NULL,
    document_ref TEXT,        -- as it was written
    origin TEXT,              -- where it was read: march.json[3]
    is_finished INTEGER NOT NULL,  -- the document was read as it is, not made from a record
    sha256 TEXT NOT NULL,     -- of the document
    read_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'pending', 'sending', 'delivered', 'deferred', 'rejected', 'in_doubt', 'superseded')),
    sender TEXT REFERENCES sender  -- while state is 'sending'
);
CREATE INDEX delivery_by_key ON delivery (fingerprint, supplier, sale_type, reference);
CREATE INDEX delivery_by_state ON delivery (state);
CREATE INDEX delivery_by_document_ref ON delivery (document_ref);

-- What a delivery is about, apart from it since it is long and never changes.
CREATE TABLE matter (
    delivery INTEGER PRIMARY KEY REFERENCES delivery,
    record TEXT NOT NULL,     -- JSON, digits as they were given
    document BLOB NOT NULL    -- the exact bytes
);

-- One POST of a delivery: written before its first byte leaves.
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL REFERENCES delivery,
    sender TEXT NOT NULL REFERENCES sender,
    began_at TEXT NOT NULL,
    is_resend INTEGER NOT NULL
);
CREATE INDEX attempt_by_delivery ON attempt (delivery);

-- How an attempt ended; one without an ending is under way, or its sender is gone.
CREATE TABLE ending (
    attempt INTEGER PRIMARY KEY REFERENCES attempt,
    ended_at TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('delivered', 'deferred', 'rejected', 'in_doubt')),
    message TEXT NOT NULL,
    status INTEGER,
    headers TEXT NOT NULL,    -- JSON, an array of [name, value]
    body BLOB NOT NULL,       -- at most 64 KiB
    elapsed_ms REAL           -- none when it was only assumed, since nobody was there any more to write it down
);

-- What a person found out about a doubt.
CREATE TABLE resolution (
    id INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL REFERENCES delivery,
    attempt INTEGER,          -- the last one there was: later doubts are not resolved by it
    is_received INTEGER NOT NULL,
    note TEXT NOT NULL,
    who TEXT NOT NULL,
    resolved_at TEXT NOT NULL
);
CREATE INDEX resolution_by_delivery ON resolution (delivery);
