PRAGMA page_size = 8192;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE identifiers (
    namespace INTEGER NOT NULL,
    value     TEXT NOT NULL,
    profile   INTEGER NOT NULL,
    PRIMARY KEY (namespace, value)
) WITHOUT ROWID, STRICT;
CREATE TABLE sharers (
    namespace INTEGER NOT NULL,
    value     TEXT NOT NULL,
    profile   INTEGER NOT NULL,
    PRIMARY KEY (namespace, value, profile)
) WITHOUT ROWID, STRICT;
CREATE TABLE people (id INTEGER PRIMARY KEY, doc BLOB NOT NULL) STRICT;
CREATE TABLE redirects (absorbed INTEGER PRIMARY KEY, survivor INTEGER NOT NULL, time INTEGER NOT NULL) STRICT;
CREATE TABLE households (
    household INTEGER NOT NULL,
    profile   INTEGER NOT NULL,
    PRIMARY KEY (household, profile)
) WITHOUT ROWID, STRICT;
CREATE TABLE homes (
    seq       INTEGER PRIMARY KEY,
    household INTEGER NOT NULL,
    profile   INTEGER NOT NULL,
    since     INTEGER NOT NULL,
    until     INTEGER,
    reason    TEXT NOT NULL,
    ended     TEXT
) STRICT;
CREATE TABLE event_ids (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
CREATE TABLE events (
    seq        INTEGER PRIMARY KEY,
    id         BLOB NOT NULL,
    profile    INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    received   INTEGER NOT NULL,
    source     INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    name       INTEGER,
    historical INTEGER NOT NULL,
    body       BLOB NOT NULL
) STRICT;
CREATE TABLE ledger (
    seq       INTEGER PRIMARY KEY,
    time      INTEGER NOT NULL,
    event     BLOB NOT NULL,
    kind      INTEGER NOT NULL,
    profile   INTEGER NOT NULL,
    other     INTEGER,
    namespace INTEGER,
    value     TEXT,
    reason    TEXT NOT NULL
) STRICT;
CREATE TABLE decisions (
    id        INTEGER PRIMARY KEY,
    time      INTEGER NOT NULL,
    same      INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    withdrawn INTEGER,
    one       INTEGER NOT NULL,
    other     INTEGER NOT NULL,
    model     TEXT,
    bits      REAL
) STRICT;
CREATE TABLE decision_sides (
    decision  INTEGER NOT NULL,
    side      INTEGER NOT NULL,
    namespace INTEGER NOT NULL,
    value     TEXT NOT NULL,
    PRIMARY KEY (decision, side, namespace, value)
) WITHOUT ROWID, STRICT;
CREATE TABLE match_queue (profile INTEGER PRIMARY KEY, stamp INTEGER NOT NULL) STRICT;
CREATE TABLE match_records (
    id      INTEGER PRIMARY KEY,
    profile INTEGER NOT NULL,
    origin  INTEGER NOT NULL,
    doc     TEXT NOT NULL
) STRICT;
CREATE TABLE match_models (
    version TEXT PRIMARY KEY,
    learned INTEGER NOT NULL,
    people  INTEGER NOT NULL,
    meaning TEXT NOT NULL, -- the settings that it is for
    doc     TEXT,
    homes   TEXT
) WITHOUT ROWID, STRICT;
CREATE TABLE match_questions (
    id       INTEGER PRIMARY KEY,
    asked    INTEGER NOT NULL,
    one      INTEGER NOT NULL,
    other    INTEGER NOT NULL,
    bits     REAL NOT NULL,
    pairs    INTEGER NOT NULL,
    value    REAL NOT NULL,
    model    TEXT NOT NULL,
    obstacle TEXT,
    evidence TEXT NOT NULL,
    put_off  INTEGER,
    UNIQUE (one, other)
) STRICT;
CREATE TABLE identity_changes (
    seq       INTEGER PRIMARY KEY,
    time      INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    survivor  INTEGER NOT NULL,
    absorbed  INTEGER NOT NULL,
    event     BLOB,
    decision  INTEGER,
    anonymous INTEGER NOT NULL,
    reason    TEXT NOT NULL
) STRICT;
CREATE TABLE consents (
    channel  TEXT NOT NULL,
    contact  TEXT NOT NULL,
    topic    TEXT NOT NULL,
    status   TEXT NOT NULL,
    time     INTEGER NOT NULL,
    source   TEXT NOT NULL,
    evidence TEXT,
    PRIMARY KEY (channel, contact, topic)
) WITHOUT ROWID, STRICT;
CREATE TABLE suppressions (
    channel TEXT NOT NULL,
    contact TEXT NOT NULL,
    reason  TEXT NOT NULL,
    time    INTEGER NOT NULL,
    PRIMARY KEY (channel, contact)
) WITHOUT ROWID, STRICT;
CREATE TABLE runs (
    id        INTEGER PRIMARY KEY,
    program   TEXT NOT NULL,
    version   INTEGER NOT NULL,
    profile   INTEGER NOT NULL,
    occasion  TEXT NOT NULL,
    event     BLOB NOT NULL,
    triggered INTEGER NOT NULL,
    started   INTEGER NOT NULL,
    ended     INTEGER,
    state     TEXT NOT NULL,
    reason    TEXT,
    value     REAL,
    goal      INTEGER, -- when what it is for happened, also to those who were held out or called off
    UNIQUE (profile, program, occasion) -- one person's lie together
) STRICT;
CREATE TABLE requests (
    run        INTEGER PRIMARY KEY,
    occasion   TEXT NOT NULL,
    properties TEXT NOT NULL
) STRICT;
CREATE TABLE skips (
    profile  INTEGER NOT NULL,
    occasion TEXT NOT NULL,
    skips    BLOB NOT NULL,
    PRIMARY KEY (profile, occasion)
) WITHOUT ROWID, STRICT;
CREATE TABLE skip_places (
    program INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    profile INTEGER NOT NULL,
    PRIMARY KEY (program, id)
) WITHOUT ROWID, STRICT;
CREATE TABLE memberships (
    segment INTEGER NOT NULL,
    profile INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    PRIMARY KEY (segment, profile)
) WITHOUT ROWID, STRICT;
CREATE TABLE segment_log (
    seq     INTEGER PRIMARY KEY,
    profile INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    event   BLOB,
    changes BLOB NOT NULL
) STRICT;
CREATE TABLE segment_log_places (
    segment INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (segment, seq)
) WITHOUT ROWID, STRICT;
CREATE TABLE looks (profile INTEGER PRIMARY KEY, due INTEGER NOT NULL) STRICT;
CREATE TABLE builds (
    kind     TEXT NOT NULL,
    name     TEXT NOT NULL,
    meaning  TEXT NOT NULL,
    started  INTEGER NOT NULL,
    finished INTEGER,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID, STRICT;
CREATE TABLE items (
    catalogue TEXT NOT NULL,
    key       TEXT NOT NULL,
    fields    TEXT NOT NULL,
    time      INTEGER,
    source    TEXT NOT NULL,
    listed    INTEGER,
    missing   INTEGER,
    gone      INTEGER NOT NULL,
    PRIMARY KEY (catalogue, key)
) WITHOUT ROWID, STRICT;
CREATE TABLE item_lists (catalogue TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE item_changes (
    seq       INTEGER PRIMARY KEY,
    program   TEXT NOT NULL,
    catalogue TEXT NOT NULL,
    key       TEXT NOT NULL,
    time      INTEGER NOT NULL,
    seen      TEXT NOT NULL,
    due       INTEGER,
    after     INTEGER
) STRICT;
CREATE TABLE pending (
    seq      INTEGER PRIMARY KEY,
    profile  INTEGER NOT NULL,
    program  TEXT NOT NULL,
    occasion TEXT NOT NULL,
    cause    TEXT NOT NULL
) STRICT;
CREATE TABLE watchers (
    interest INTEGER NOT NULL,
    key      TEXT NOT NULL,
    profile  INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    PRIMARY KEY (interest, key, profile)
) WITHOUT ROWID, STRICT;
CREATE TABLE run_log (
    seq     INTEGER PRIMARY KEY,
    run     INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    step    TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;
CREATE TABLE timers (
    run     INTEGER PRIMARY KEY,
    due     INTEGER NOT NULL,
    profile INTEGER NOT NULL,
    parked  TEXT
) STRICT;
CREATE TABLE tasks (
    id       INTEGER PRIMARY KEY,
    created  INTEGER NOT NULL,
    program  TEXT NOT NULL,
    run      INTEGER NOT NULL,
    step     TEXT NOT NULL,
    profile  INTEGER NOT NULL,
    title    TEXT NOT NULL,
    team     TEXT NOT NULL,
    note     TEXT,
    priority INTEGER NOT NULL,
    call     INTEGER,
    attempt  INTEGER NOT NULL,
    state    TEXT NOT NULL,
    reason   TEXT,
    due      INTEGER NOT NULL,
    expires  INTEGER,
    day      TEXT,
    ended    INTEGER,
    outcome  TEXT,
    remark   TEXT
) STRICT;
CREATE TABLE lists_left (team TEXT PRIMARY KEY, time INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
    id        INTEGER PRIMARY KEY,
    program   TEXT NOT NULL,
    version   INTEGER NOT NULL,
    run       INTEGER,
    occasion  TEXT NOT NULL,
    profile   INTEGER NOT NULL,
    household INTEGER,
    channel   TEXT NOT NULL,
    contact   TEXT NOT NULL,
    template  TEXT NOT NULL,
    topic     TEXT NOT NULL,
    state     TEXT NOT NULL,
    reason    TEXT,
    due       INTEGER NOT NULL,
    expires   INTEGER,
    attempts  INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    updated   INTEGER NOT NULL,
    event     TEXT NOT NULL,
    handed_over INTEGER,
    turn      INTEGER,
    seed      TEXT,
    first_due INTEGER,
    line      TEXT GENERATED ALWAYS AS (CASE channel WHEN 'webhook' THEN 'webhook:' || contact ELSE channel END) VIRTUAL,
    UNIQUE (program, profile, occasion)
) STRICT;
CREATE TABLE print_runs (
    id       INTEGER PRIMARY KEY,
    started  INTEGER NOT NULL,
    finished INTEGER,
    program  TEXT,
    letters  INTEGER NOT NULL
) STRICT;
CREATE TABLE printed (delivery INTEGER PRIMARY KEY, run INTEGER NOT NULL, household INTEGER) STRICT;
CREATE TABLE turns (
    pace       TEXT PRIMARY KEY,
    broadcasts INTEGER NOT NULL,
    others     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE delivery_log (
    seq      INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    state    TEXT NOT NULL,
    reason   TEXT
) STRICT;
CREATE TABLE costs (
    delivery INTEGER PRIMARY KEY,
    day      TEXT NOT NULL,
    currency TEXT NOT NULL,
    micros   INTEGER NOT NULL
) STRICT;
CREATE TABLE spending (
    day      TEXT NOT NULL,
    channel  TEXT NOT NULL,
    program  TEXT NOT NULL,
    topic    TEXT NOT NULL,
    currency TEXT NOT NULL,
    micros   INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    PRIMARY KEY (day, channel, program, topic, currency)
) WITHOUT ROWID, STRICT;
CREATE TABLE feedback (
    delivery INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    program  TEXT NOT NULL,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    times    INTEGER NOT NULL,
    PRIMARY KEY (delivery, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE soft_bounces (
    channel TEXT NOT NULL,
    contact TEXT NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    times   INTEGER NOT NULL,
    PRIMARY KEY (channel, contact)
) STRICT, WITHOUT ROWID;
CREATE TABLE stopped (
    number    TEXT PRIMARY KEY,
    confirmed INTEGER NOT NULL,
    took      TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE sending_counts (
    channel TEXT NOT NULL,
    hour    INTEGER NOT NULL,
    what    TEXT NOT NULL,
    times   INTEGER NOT NULL,
    PRIMARY KEY (channel, hour, what)
) STRICT, WITHOUT ROWID;
CREATE TABLE quarantine (
    id       INTEGER PRIMARY KEY,
    received INTEGER NOT NULL,
    state    TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    source   TEXT NOT NULL,
    feed     TEXT,
    place    TEXT NOT NULL,
    code     TEXT NOT NULL,
    reason   TEXT NOT NULL,
    raw      BLOB NOT NULL,
    digest   BLOB NOT NULL, -- the first 16 bytes of the SHA-256 of raw
    header   TEXT
) STRICT;
CREATE TABLE watermarks (
    source         TEXT PRIMARY KEY,
    complete_until INTEGER NOT NULL,
    updated        INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE switches (scope TEXT PRIMARY KEY, since INTEGER NOT NULL, reason TEXT) WITHOUT ROWID, STRICT;
CREATE TABLE imports (
    id             INTEGER PRIMARY KEY,
    time           INTEGER NOT NULL,
    source         TEXT NOT NULL,
    feed           TEXT NOT NULL,
    file           TEXT NOT NULL,
    rows           INTEGER NOT NULL,
    accepted       INTEGER NOT NULL,
    duplicates     INTEGER NOT NULL,
    quarantined    INTEGER NOT NULL,
    complete_until INTEGER
) STRICT;
CREATE TABLE launches (
    broadcast TEXT PRIMARY KEY,
    version   INTEGER NOT NULL,
    launched  INTEGER NOT NULL,
    queued    INTEGER,
    until     INTEGER NOT NULL,
    after     INTEGER,
    identity  INTEGER NOT NULL,
    counts    TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE documents (
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,
    path     TEXT NOT NULL,
    line     INTEGER NOT NULL,
    text     TEXT NOT NULL,
    compiled TEXT NOT NULL,
    live     INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    retired INTEGER,
    PRIMARY KEY (kind, name, version)
) WITHOUT ROWID, STRICT;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE source_counts (
    source      TEXT PRIMARY KEY,
    events      INTEGER NOT NULL,
    duplicates  INTEGER NOT NULL,
    quarantined INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
INSERT INTO settings VALUES ('highest_id', '7009');
INSERT INTO names VALUES (1, 'email');
INSERT INTO names VALUES (2, 'user_id');
INSERT INTO names VALUES (3, 'phone');
INSERT INTO names VALUES (4, 'web');
INSERT INTO names VALUES (5, 'Cart Updated');
INSERT INTO identifiers VALUES (1, 'ann@example.org', 7001);
INSERT INTO identifiers VALUES (2, 'u-1', 7001);
INSERT INTO sharers VALUES (3, '+13125550142', 7001);
INSERT INTO people VALUES (7001, X'019FCD1B59CD03E8CD2328029294A5656D61696CAF616E6E406578616D706C652E6F7267CD03E8CD232894A7757365725F6964A3752D31CD03E8CD23289194A76163636F756E74A7484D2D31303031CD03E8CD232882AA66697273745F6E616D6595A4C3846E6ECD03E8A3776562C410939F9F945800E1295AA9CF46D97B0BF5C2A6696E636F6D65959401CB4004000000000000C381A573696E6365A432303139CD03E8A3776562C410939F9F945800E1295AA9CF46D97B0BF5C3919DCD1B5AA46361727403A3632D31CD232801CD2EE0C2AC43617274205570646174656482A7636172745F6964A3632D31A576616C7565CB4054100000000000A3776562CD251CC4102ABB9B2399BFFF34678AB4C7009759F68080C0909294AB63616C6C2D63656E747265CD03E8CD23280194A3776562CD03E8CD03E801CD1B639194A570686F6E65AC2B3133313235353530313432CD03E8CD2328');
INSERT INTO redirects VALUES (7009, 7001, 9500);
INSERT INTO households VALUES (650109943240546052, 7001);
INSERT INTO households VALUES (7011, 7001);
INSERT INTO homes VALUES (1, 7010, 7001, 8000, 8500, 'same phone', 'lives with others now');
INSERT INTO homes VALUES (2, 7011, 7001, 8500, NULL, 'same address', NULL);
INSERT INTO event_ids VALUES (-7809347769356721879, 1);
INSERT INTO event_ids VALUES (3079225347443523380, 2);
INSERT INTO events VALUES (1, X'939F9F945800E1295AA9CF46D97B0BF5', 7001, 1000, 1005, 4, 1, NULL, 0, X'017B226D6573736167654964223A226D2D31222C226964656E74696669657273223A5B7B226E616D657370616365223A22656D61696C222C2276616C7565223A22416E6E404578616D706C652E6F7267227D5D2C2270726F70657274696573223A7B2276616C7565223A35302E352C2263757272656E6379223A22555344227D7D');
INSERT INTO events VALUES (2, X'2ABB9B2399BFFF34678AB4C7009759F6', 7001, 9000, 9005, 4, 0, 5, 0, X'017B226D6573736167654964223A226D2D32222C226964656E74696669657273223A5B7B226E616D657370616365223A22656D61696C222C2276616C7565223A22416E6E404578616D706C652E6F7267227D5D2C2270726F70657274696573223A7B2276616C7565223A35302E352C2263757272656E6379223A22555344227D7D');
INSERT INTO ledger VALUES (1, 9500, X'2ABB9B2399BFFF34678AB4C7009759F6', 1, 7001, 7009, 1, 'ann@example.org', 'named together');
INSERT INTO identity_changes VALUES (1, 9500, 0, 7001, 7009, X'2ABB9B2399BFFF34678AB4C7009759F6', NULL, 1, 'named together');
INSERT INTO consents VALUES ('email', 'ann@example.org', '*', 'withdrawn', 2000, 'web', 'the form');
INSERT INTO consents VALUES ('email', 'ann@example.org', 'offers', 'granted', 1000, 'web', 'the form');
INSERT INTO suppressions VALUES ('email', 'gone@example.org', 'it bounced', 3);
INSERT INTO runs VALUES (7002, 'cart', 2, 7001, 'c-1', X'779391328C5D2ABC04E393E1A2845BD5', 10, 20, NULL, 'active', NULL, NULL, NULL);
INSERT INTO runs VALUES (7005, 'welcome', 2, 7001, 'w-1', X'61EC4F2989D04D87253E5F73F48C2D00', 10, 20, 30, 'held_out', 'reached', 7.5, 11);
INSERT INTO items VALUES ('cars', 'HM-7', '{"price":18900.5}', 7000, 'inventory', 8000, 6000, 0);
INSERT INTO item_lists VALUES ('cars', 8000);
INSERT INTO item_changes VALUES (1, 'price-drop', 'cars', 'HM-7', 7000, '{"item":{"price":18900.5,"key":"HM-7","gone":false}}', 8001, 7000);
INSERT INTO pending VALUES (1, 7001, 'welcome', 'e-1', '{}');
INSERT INTO watchers VALUES (-2, 'HM-7', 7001, 6500);
INSERT INTO run_log VALUES (1, 7002, 9100, '0', 'waits 45 minutes');
INSERT INTO timers VALUES (7002, 12000, 7001, NULL);
INSERT INTO timers VALUES (7006, 13000, 7001, 'welcome');
INSERT INTO tasks VALUES (7007, 9100, 'cart', 7002, '1', 7001, 'Call her', 'sales', 'before noon', 3, 7003, 2, 'open', 'waited for room', 9200, 99000, '1970-01-02', NULL, NULL, NULL);
INSERT INTO deliveries VALUES (7003, 'cart', 1, 7002, 'c-1#1', 7001, 7011, 'email', 'p7001@example.org', 'letter', 'offers', 'held', 'calls is stale', 7103, 99000, 0, 1, 1, '{"name":"Cart Updated"}', NULL, NULL, NULL, NULL);
INSERT INTO deliveries VALUES (7005, 'offer', 1, NULL, 'launch', 7001, NULL, 'email', 'p7001@example.org', 'letter', 'offers', 'sent', NULL, 7105, NULL, 0, 1, 1, '{"name":"Cart Updated"}', 1, NULL, NULL, NULL);
INSERT INTO delivery_log VALUES (1, 7003, 1, 'held', 'calls is stale');
INSERT INTO delivery_log VALUES (2, 7005, 1, 'sent', NULL);
INSERT INTO sending_counts VALUES ('email', 2, 'complaint', 3);
INSERT INTO quarantine VALUES (7004, 7, 'open', 0, 'till', NULL, 'line 17, column 3', 'invalid-json', 'it is not JSON', X'613B62FF3B63', X'EE7B40D25B12458EC8AE7740A504894B', NULL);
INSERT INTO watermarks VALUES ('till', 8000, 8001);
INSERT INTO switches VALUES ('cart', 5, 'too many');
INSERT INTO imports VALUES (1, 3, 'till', 'sales', 'sales.csv', 10, 7, 2, 1, 8000);
INSERT INTO launches VALUES ('offer', 1, 4, 5, 9000, 8000, 0, '{"recipients":3}');
INSERT INTO documents VALUES ('program', 'cart', 1, 'programs/one.yaml', 1, 'program: cart', '{"program":"cart"}', 0, 9, 9);
INSERT INTO documents VALUES ('program', 'cart', 2, 'programs/one.yaml', 1, 'program: cart # two', '{"program":"cart","two":2}', 1, 9, NULL);
INSERT INTO counters VALUES ('events', 2);
INSERT INTO counters VALUES ('people', 1);
INSERT INTO source_counts VALUES ('web', 2, 1, 0);
CREATE INDEX redirects_by_survivor ON redirects (survivor);
CREATE INDEX households_by_profile ON households (profile);
CREATE UNIQUE INDEX homes_now ON homes (profile) WHERE until IS NULL;
CREATE INDEX homes_by_profile ON homes (profile);
CREATE INDEX homes_by_household ON homes (household);
CREATE INDEX events_by_profile ON events (profile, time, name);
CREATE INDEX ledger_by_profile ON ledger (profile);
CREATE INDEX decisions_by_one ON decisions (one);
CREATE INDEX decisions_by_other ON decisions (other);
CREATE INDEX decisions_apart ON decisions (id) WHERE same = 0 AND withdrawn IS NULL;
CREATE INDEX decisions_by_people ON decisions (id) WHERE model IS NULL AND withdrawn IS NULL;
CREATE INDEX match_records_by_profile ON match_records (profile);
CREATE INDEX match_models_latest ON match_models (learned) WHERE doc IS NOT NULL;
CREATE INDEX match_questions_by_other ON match_questions (other);
CREATE INDEX match_questions_by_value ON match_questions (value DESC, id) WHERE put_off IS NULL;
CREATE INDEX match_questions_put_off ON match_questions (value DESC, id) WHERE put_off IS NOT NULL;
CREATE INDEX identity_changes_of ON identity_changes (absorbed);
CREATE INDEX runs_by_state ON runs (program, state);
CREATE INDEX segment_log_by_profile ON segment_log (profile);
CREATE INDEX looks_by_due ON looks (due);
CREATE INDEX items_there ON items (catalogue, listed) WHERE gone = 0;
CREATE INDEX item_changes_due ON item_changes (due) WHERE due IS NOT NULL;
CREATE INDEX item_changes_parked ON item_changes (seq) WHERE due IS NULL;
CREATE INDEX pending_by_profile ON pending (profile);
CREATE UNIQUE INDEX pending_once ON pending (profile, program, occasion);
CREATE INDEX watchers_by_profile ON watchers (profile);
CREATE INDEX run_log_by_run ON run_log (run);
CREATE INDEX timers_by_due ON timers (due) WHERE parked IS NULL;
CREATE INDEX timers_parked ON timers (parked) WHERE parked IS NOT NULL;
CREATE UNIQUE INDEX tasks_once ON tasks (run, step) WHERE call IS NULL;
CREATE UNIQUE INDEX tasks_of_call ON tasks (call, attempt) WHERE call IS NOT NULL;
CREATE INDEX tasks_queued ON tasks (team, due) WHERE state = 'queued';
CREATE INDEX tasks_due ON tasks (due) WHERE state = 'queued' AND call IS NULL;
CREATE INDEX tasks_open ON tasks (team, day) WHERE state = 'open';
CREATE INDEX tasks_done ON tasks (team, ended) WHERE state = 'done';
CREATE INDEX tasks_by_profile ON tasks (profile);
CREATE TRIGGER lists_are_left AFTER UPDATE OF state ON tasks WHEN old.state = 'open' AND new.state = 'withdrawn' BEGIN
    INSERT OR IGNORE INTO lists_left (team, time) VALUES (new.team, ifnull(new.ended, 0));
END;
CREATE INDEX deliveries_due ON deliveries (line, due) WHERE state = 'queued';
CREATE INDEX deliveries_expiring ON deliveries (expires)
    WHERE (state IN ('queued', 'held') OR state = 'sending' AND channel = 'phone') AND expires IS NOT NULL;
CREATE INDEX deliveries_calls ON deliveries (contact) WHERE channel = 'phone' AND state IN ('queued', 'held', 'sending');
CREATE INDEX deliveries_letters ON deliveries (due, id) WHERE state = 'queued' AND channel = 'letter';
CREATE INDEX deliveries_of_hook ON deliveries (contact, state, id) WHERE channel = 'webhook';
CREATE INDEX deliveries_sending ON deliveries (id) WHERE state = 'sending';
CREATE INDEX deliveries_by_state ON deliveries (program, state);
CREATE INDEX deliveries_of_seeds ON deliveries (program, state) WHERE seed IS NOT NULL;
CREATE INDEX deliveries_by_profile ON deliveries (profile);
CREATE INDEX deliveries_waiting ON deliveries (profile, due) WHERE state = 'queued';
CREATE INDEX deliveries_handed_over ON deliveries (profile, handed_over) WHERE state IN ('sending', 'sent', 'unknown');
CREATE INDEX deliveries_texted ON deliveries (contact, handed_over) WHERE channel = 'sms' AND state IN ('sending', 'sent', 'unknown');
CREATE INDEX deliveries_by_run ON deliveries (run) WHERE run IS NOT NULL;
CREATE INDEX deliveries_of_broadcasts ON deliveries (program, contact) WHERE run IS NULL AND channel <> 'webhook';
CREATE INDEX print_runs_open ON print_runs (id) WHERE finished IS NULL;
CREATE INDEX printed_by_run ON printed (run, delivery);
CREATE INDEX printed_by_household ON printed (household) WHERE household IS NOT NULL;
CREATE INDEX delivery_log_by_delivery ON delivery_log (delivery);
CREATE TRIGGER deliveries_begin AFTER INSERT ON deliveries BEGIN
    INSERT INTO delivery_log (delivery, time, state, reason) VALUES (new.id, new.updated, new.state, new.reason);
END;
CREATE TRIGGER deliveries_go_on AFTER UPDATE OF state, reason ON deliveries
WHEN old.state IS NOT new.state OR old.reason IS NOT new.reason BEGIN
    INSERT INTO delivery_log (delivery, time, state, reason) VALUES (new.id, new.updated, new.state, new.reason);
END;
CREATE TRIGGER calls_are_followed AFTER UPDATE OF state, reason, due ON deliveries WHEN new.channel = 'phone' BEGIN
    -- One that was called off and is not after all is asked again as it was.
    UPDATE tasks SET state = 'queued', ended = NULL, day = NULL
    WHERE call = new.id AND state = 'withdrawn' AND old.state = 'cancelled' AND new.state = 'queued';
    UPDATE tasks SET due = new.due, reason = new.reason WHERE call = new.id AND state = 'queued';
    UPDATE tasks SET state = 'withdrawn', ended = new.updated, reason = new.reason
    WHERE call = new.id AND state IN ('queued', 'open') AND new.state NOT IN ('queued', 'held', 'sending');
END;
CREATE INDEX feedback_by_program ON feedback (program, kind, first);
CREATE INDEX quarantine_by_state ON quarantine (state, source);
CREATE UNIQUE INDEX quarantine_once ON quarantine (source, ifnull(feed, ''), place, code, digest);
PRAGMA user_version = 1;
