-- Format 1 of the embedded store. Every later change is a migration of its own; yesterday's data open today.
-- Moments are milliseconds since 1970. Ids are 64-bit numbers, events' ids the 16 bytes of their hash.

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;

-- Names of sources, events and namespaces, so that rows carry a small number.
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE identifiers (
    namespace INTEGER NOT NULL,
    value     TEXT NOT NULL,
    profile   INTEGER NOT NULL,
    PRIMARY KEY (namespace, value)
) WITHOUT ROWID, STRICT;

-- Who goes by an identifier beside whose it is. Which ones somebody shares says their document, too.
CREATE TABLE sharers (
    namespace INTEGER NOT NULL,
    value     TEXT NOT NULL,
    profile   INTEGER NOT NULL,
    PRIMARY KEY (namespace, value, profile)
) WITHOUT ROWID, STRICT;

-- doc: one byte of format, then the profile as MessagePack, its fields by position.
CREATE TABLE people (id INTEGER PRIMARY KEY, doc BLOB NOT NULL) STRICT;

CREATE TABLE redirects (absorbed INTEGER PRIMARY KEY, survivor INTEGER NOT NULL, time INTEGER NOT NULL) STRICT;
CREATE INDEX redirects_by_survivor ON redirects (survivor);

CREATE TABLE households (
    household INTEGER NOT NULL,
    profile   INTEGER NOT NULL,
    PRIMARY KEY (household, profile)
) WITHOUT ROWID, STRICT;
CREATE INDEX households_by_profile ON households (profile);

-- Who lived in which household that was found, since when and until when: only added to, and ended. reason: by what it was
-- found. ended: why it is over.
CREATE TABLE homes (
    seq       INTEGER PRIMARY KEY,
    household INTEGER NOT NULL,
    profile   INTEGER NOT NULL,
    since     INTEGER NOT NULL,
    until     INTEGER,
    reason    TEXT NOT NULL,
    ended     TEXT
) STRICT;
CREATE UNIQUE INDEX homes_now ON homes (profile) WHERE until IS NULL;
CREATE INDEX homes_by_profile ON homes (profile);
CREATE INDEX homes_by_household ON homes (household);

-- Which events are here. id: the first half of the event's id; should that be taken by another event, the next free
-- number after it. Half of it, as a number, makes this half as long as an index of whole ids and quicker to search.
CREATE TABLE event_ids (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;

-- body: one byte of format, then JSON.
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
CREATE INDEX events_by_profile ON events (profile, time, name);

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
CREATE INDEX ledger_by_profile ON ledger (profile);

-- Who was decided to be one person (same) or not to be, and by which identifiers they go. withdrawn: since when it does not
-- count any more.
-- one, other: who they were then. model, bits: the version of the model by which they are alike, and how much; null
-- where people of the house decided.
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
CREATE INDEX decisions_by_one ON decisions (one);
CREATE INDEX decisions_by_other ON decisions (other);
CREATE INDEX decisions_apart ON decisions (id) WHERE same = 0 AND withdrawn IS NULL;
CREATE INDEX decisions_by_people ON decisions (id) WHERE model IS NULL AND withdrawn IS NULL;
CREATE TABLE decision_sides (
    decision  INTEGER NOT NULL,
    side      INTEGER NOT NULL,
    namespace INTEGER NOT NULL,
    value     TEXT NOT NULL,
    PRIMARY KEY (decision, side, namespace, value)
) WITHOUT ROWID, STRICT;

-- Who has to be compared with the others. stamp: of the last change.
CREATE TABLE match_queue (profile INTEGER PRIMARY KEY, stamp INTEGER NOT NULL) STRICT;

-- By what people were compared before they were merged with others. profile: whose it is now. origin: who they were then.
-- doc: JSON, values by field.
CREATE TABLE match_records (
    id      INTEGER PRIMARY KEY,
    profile INTEGER NOT NULL,
    origin  INTEGER NOT NULL,
    doc     TEXT NOT NULL
) STRICT;
CREATE INDEX match_records_by_profile ON match_records (profile);

-- What was learned of likeness. doc: JSON; homes: what was learned of households, JSON; of earlier versions both are null.
CREATE TABLE match_models (
    version TEXT PRIMARY KEY,
    learned INTEGER NOT NULL,
    people  INTEGER NOT NULL,
    meaning TEXT NOT NULL, -- the settings that it is for
    doc     TEXT,
    homes   TEXT
) WITHOUT ROWID, STRICT;
CREATE INDEX match_models_latest ON match_models (learned) WHERE doc IS NOT NULL;

-- Whether two are one person, for people of the house to decide. value: of deciding it. put_off: since when it is.
-- evidence: JSON. obstacle: what stands against making them one, though they are alike enough.
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
CREATE INDEX match_questions_by_other ON match_questions (other);
CREATE INDEX match_questions_by_value ON match_questions (value DESC, id) WHERE put_off IS NULL;
CREATE INDEX match_questions_put_off ON match_questions (value DESC, id) WHERE put_off IS NOT NULL;

-- Which id leads to whom, as others are told of it: only added to, and kept when the ledger is derived anew.
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
CREATE INDEX identity_changes_of ON identity_changes (absorbed);

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
CREATE INDEX runs_by_state ON runs (program, state);

-- What began a run and is no event of the person's: a request, or the change of a thing. occasion: as what they were let in, which the
-- program may name otherwise. properties: what it came with, as JSON.
CREATE TABLE requests (
    run        INTEGER PRIMARY KEY,
    occasion   TEXT NOT NULL,
    properties TEXT NOT NULL
) STRICT;

-- Who was skipped by programs, and why: most of what programs have to say, so what one occasion of a person has of it is one
-- row. skips: one byte of format, then MessagePack, fields by position: for each program the number of its name, its
-- version, the id of the record, the event, when it happened, when it was recorded, and the reason: words, or the number
-- of words that are said of many.
CREATE TABLE skips (
    profile  INTEGER NOT NULL,
    occasion TEXT NOT NULL,
    skips    BLOB NOT NULL,
    PRIMARY KEY (profile, occasion)
) WITHOUT ROWID, STRICT;

-- Whom each program skipped, by the ids of the records.
CREATE TABLE skip_places (
    program INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    profile INTEGER NOT NULL,
    PRIMARY KEY (program, id)
) WITHOUT ROWID, STRICT;

-- Who is in which segment. segment: the number of its name. Which segments a person is in says the person's document.
CREATE TABLE memberships (
    segment INTEGER NOT NULL,
    profile INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    PRIMARY KEY (segment, profile)
) WITHOUT ROWID, STRICT;

-- Who entered and left which segment. What changed of one person at one moment by one event is one row, and a segment is in
-- it once. changes: one byte of format, then MessagePack: for each, the number of the segment, whether it was entered, and
-- why.
CREATE TABLE segment_log (
    seq     INTEGER PRIMARY KEY,
    profile INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    event   BLOB,
    changes BLOB NOT NULL
) STRICT;
CREATE INDEX segment_log_by_profile ON segment_log (profile);

-- In which rows of the log a segment is.
CREATE TABLE segment_log_places (
    segment INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (segment, seq)
) WITHOUT ROWID, STRICT;

-- When time alone may next change something about a person.
CREATE TABLE looks (profile INTEGER PRIMARY KEY, due INTEGER NOT NULL) STRICT;
CREATE INDEX looks_by_due ON looks (due);

-- What is derived from recorded events, and whether it is complete.
CREATE TABLE builds (
    kind     TEXT NOT NULL,
    name     TEXT NOT NULL,
    meaning  TEXT NOT NULL,
    started  INTEGER NOT NULL,
    finished INTEGER,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID, STRICT;

-- Items of catalogues. fields: JSON. time: when they were true. listed, missing: the latest moments of which it is known that
-- the item was there, and gone; gone: which of the two counts.
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
CREATE INDEX items_there ON items (catalogue, listed) WHERE gone = 0;

-- The latest moment of which all items of a catalogue were listed.
CREATE TABLE item_lists (catalogue TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID, STRICT;

-- Changes of items of which programs have still to tell those who watch them. due: when; nothing while it is not known
-- yet who watches. seen: JSON, the item as it is and was. after: the last person who was told.
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
CREATE INDEX item_changes_due ON item_changes (due) WHERE due IS NOT NULL;
CREATE INDEX item_changes_parked ON item_changes (seq) WHERE due IS NULL;

-- What of people came while programs waited until what they ask about was built, and is still to be decided about. cause: JSON.
CREATE TABLE pending (
    seq      INTEGER PRIMARY KEY,
    profile  INTEGER NOT NULL,
    program  TEXT NOT NULL,
    occasion TEXT NOT NULL,
    cause    TEXT NOT NULL
) STRICT;
CREATE INDEX pending_by_profile ON pending (profile);
CREATE UNIQUE INDEX pending_once ON pending (profile, program, occasion);

-- Who watches which item, by interest, and when they last said so.
CREATE TABLE watchers (
    interest INTEGER NOT NULL,
    key      TEXT NOT NULL,
    profile  INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    PRIMARY KEY (interest, key, profile)
) WITHOUT ROWID, STRICT;
CREATE INDEX watchers_by_profile ON watchers (profile);

-- Which steps a run has taken, and what came of each.
CREATE TABLE run_log (
    seq     INTEGER PRIMARY KEY,
    run     INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    step    TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;
CREATE INDEX run_log_by_run ON run_log (run);

-- parked: the program that stands still, for which the timer waits before it counts again.
CREATE TABLE timers (
    run     INTEGER PRIMARY KEY,
    due     INTEGER NOT NULL,
    profile INTEGER NOT NULL,
    parked  TEXT
) STRICT;
CREATE INDEX timers_by_due ON timers (due) WHERE parked IS NULL;
CREATE INDEX timers_parked ON timers (parked) WHERE parked IS NOT NULL;

-- What programs ask people of the house to do. call: the delivery of which it is a try, if it is a call. day: the day on whose
-- list it came, as 2026-11-23.
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
CREATE UNIQUE INDEX tasks_once ON tasks (run, step) WHERE call IS NULL;
CREATE UNIQUE INDEX tasks_of_call ON tasks (call, attempt) WHERE call IS NOT NULL;
CREATE INDEX tasks_queued ON tasks (team, due) WHERE state = 'queued';
CREATE INDEX tasks_due ON tasks (due) WHERE state = 'queued' AND call IS NULL;
CREATE INDEX tasks_open ON tasks (team, day) WHERE state = 'open';
CREATE INDEX tasks_done ON tasks (team, ended) WHERE state = 'done';
CREATE INDEX tasks_by_profile ON tasks (profile);

-- The teams whose lists somebody has left in another way than by being done, which is when there is room again. Kept by the store
-- itself, so that no way of ending a call can forget those who wait.
CREATE TABLE lists_left (team TEXT PRIMARY KEY, time INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TRIGGER lists_are_left AFTER UPDATE OF state ON tasks WHEN old.state = 'open' AND new.state = 'withdrawn' BEGIN
    INSERT OR IGNORE INTO lists_left (team, time) VALUES (new.team, ifnull(new.ended, 0));
END;

-- handed_over: when the intent of the latest attempt was written; it counts while the state says that the message was
-- handed over or may have been. Kept by the store itself, so that no way of sending one can forget it.
-- line: whose queue it waits in, as `Line::of` of the model says.
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
CREATE INDEX deliveries_due ON deliveries (line, due) WHERE state = 'queued';
CREATE INDEX deliveries_expiring ON deliveries (expires)
    WHERE (state IN ('queued', 'held') OR state = 'sending' AND channel = 'phone') AND expires IS NOT NULL;
CREATE INDEX deliveries_calls ON deliveries (contact) WHERE channel = 'phone' AND state IN ('queued', 'held', 'sending');
CREATE INDEX deliveries_letters ON deliveries (due, id) WHERE state = 'queued' AND channel = 'letter';
CREATE INDEX deliveries_of_hook ON deliveries (contact, state, id) WHERE channel = 'webhook';
CREATE INDEX deliveries_sending ON deliveries (id) WHERE state = 'sending';
CREATE INDEX deliveries_by_state ON deliveries (program, state);
-- Copies for the house's own addresses, which no number has. seed: LIST/NAME; their profile is 0.
CREATE INDEX deliveries_of_seeds ON deliveries (program, state) WHERE seed IS NOT NULL;
CREATE INDEX deliveries_by_profile ON deliveries (profile);
CREATE INDEX deliveries_waiting ON deliveries (profile, due) WHERE state = 'queued';
CREATE INDEX deliveries_handed_over ON deliveries (profile, handed_over) WHERE state IN ('sending', 'sent', 'unknown');
CREATE INDEX deliveries_texted ON deliveries (contact, handed_over) WHERE channel = 'sms' AND state IN ('sending', 'sent', 'unknown');
CREATE INDEX deliveries_by_run ON deliveries (run) WHERE run IS NOT NULL;
-- Whether a broadcast goes to a contact point already.
CREATE INDEX deliveries_of_broadcasts ON deliveries (program, contact) WHERE run IS NULL AND channel <> 'webhook';

-- Letters that were printed together, or are being printed. finished: when they were settled; letters: how many the files have.
CREATE TABLE print_runs (
    id       INTEGER PRIMARY KEY,
    started  INTEGER NOT NULL,
    finished INTEGER,
    program  TEXT,
    letters  INTEGER NOT NULL
) STRICT;
CREATE INDEX print_runs_open ON print_runs (id) WHERE finished IS NULL;

-- Of which print run a letter is, and to which household it goes.
CREATE TABLE printed (delivery INTEGER PRIMARY KEY, run INTEGER NOT NULL, household INTEGER) STRICT;
CREATE INDEX printed_by_run ON printed (run, delivery);
CREATE INDEX printed_by_household ON printed (household) WHERE household IS NOT NULL;

-- The next turns at domains to which mail is paced, in microseconds: of broadcasts, and of everything else.
CREATE TABLE turns (
    pace       TEXT PRIMARY KEY,
    broadcasts INTEGER NOT NULL,
    others     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The life of each delivery, entry by entry, written by the store itself so that no way of changing one can forget it.
CREATE TABLE delivery_log (
    seq      INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    state    TEXT NOT NULL,
    reason   TEXT
) STRICT;
CREATE INDEX delivery_log_by_delivery ON delivery_log (delivery);
CREATE TRIGGER deliveries_begin AFTER INSERT ON deliveries BEGIN
    INSERT INTO delivery_log (delivery, time, state, reason) VALUES (new.id, new.updated, new.state, new.reason);
END;
CREATE TRIGGER deliveries_go_on AFTER UPDATE OF state, reason ON deliveries
WHEN old.state IS NOT new.state OR old.reason IS NOT new.reason BEGIN
    INSERT INTO delivery_log (delivery, time, state, reason) VALUES (new.id, new.updated, new.state, new.reason);
END;

-- What each delivery costs that was handed over or is, and the day on which that is counted. micros: millionths of a unit.
CREATE TABLE costs (
    delivery INTEGER PRIMARY KEY,
    day      TEXT NOT NULL,
    currency TEXT NOT NULL,
    micros   INTEGER NOT NULL
) STRICT;

-- The same summed, so that totals need not read all deliveries.
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

-- A call's tasks follow it, however it is changed: nobody is called for what has no point or no consent any more.
CREATE TRIGGER calls_are_followed AFTER UPDATE OF state, reason, due ON deliveries WHEN new.channel = 'phone' BEGIN
    -- One that was called off and is not after all is asked again as it was.
    UPDATE tasks SET state = 'queued', ended = NULL, day = NULL
    WHERE call = new.id AND state = 'withdrawn' AND old.state = 'cancelled' AND new.state = 'queued';
    UPDATE tasks SET due = new.due, reason = new.reason WHERE call = new.id AND state = 'queued';
    UPDATE tasks SET state = 'withdrawn', ended = new.updated, reason = new.reason
    WHERE call = new.id AND state IN ('queued', 'open') AND new.state NOT IN ('queued', 'held', 'sending');
END;

-- What came back on each delivery after it was handed over.
CREATE TABLE feedback (
    delivery INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    program  TEXT NOT NULL,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    times    INTEGER NOT NULL,
    PRIMARY KEY (delivery, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX feedback_by_program ON feedback (program, kind, first);

-- Contact points from which messages came back for a reason that may pass, since the last sign of life.
CREATE TABLE soft_bounces (
    channel TEXT NOT NULL,
    contact TEXT NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    times   INTEGER NOT NULL,
    PRIMARY KEY (channel, contact)
) STRICT, WITHOUT ROWID;

-- Who texted that they want nothing more. confirmed: when that was answered last. took: JSON, what had been agreed to until then.
CREATE TABLE stopped (
    number    TEXT PRIMARY KEY,
    confirmed INTEGER NOT NULL,
    took      TEXT NOT NULL
) WITHOUT ROWID, STRICT;
-- What was counted on each channel, by hours since 1970: messages, complaints, bounces.
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
CREATE INDEX quarantine_by_state ON quarantine (state, source);
-- The same bytes that are rejected again for the same reason at the same place are the same thing.
CREATE UNIQUE INDEX quarantine_once ON quarantine (source, ifnull(feed, ''), place, code, digest);

CREATE TABLE watermarks (
    source         TEXT PRIMARY KEY,
    complete_until INTEGER NOT NULL,
    updated        INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- reason: why Crowsnest itself threw it; null where people of the house did.
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

-- until: whoever has a greater id came after the launch. after: everybody up to this one was looked at, and what was decided
-- about them is in the same commits as this. identity: the changes of who is who after this one are still to be heeded.
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
