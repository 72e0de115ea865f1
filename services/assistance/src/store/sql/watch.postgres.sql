-- the watch list: how each person's year that ever was on it stands. The database itself refuses one at or below its line.
CREATE TABLE watch_entry (
    entry_id TEXT PRIMARY KEY CHECK (entry_id <> ''),
    person_id TEXT NOT NULL REFERENCES person (person_id),
    year BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('listed', 'line_unknown', 'confirmed', 'rejected', 'left')),
    division TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    scheme TEXT NOT NULL,
    rules_date TEXT NOT NULL,
    categories TEXT NOT NULL,
    burden_fen BIGINT NOT NULL CHECK (burden_fen >= 0),
    line_fen BIGINT CHECK (line_fen >= 0),
    -- whether the policy was asked for the line: where it could not be had, it is asked later
    is_asked BIGINT NOT NULL CHECK (is_asked IN (0, 1)),
    -- the last of the person's Changes that counts
    sequence BIGINT NOT NULL CHECK (sequence >= 0),
    steps BIGINT NOT NULL CHECK (steps > 0),
    -- the step of the answer that holds; none where nobody has answered since it was listed
    answered BIGINT CHECK (answered <= steps),
    listed_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    UNIQUE (person_id, year),
    CHECK (state <> 'listed' OR line_fen IS NOT NULL),
    CHECK (state <> 'line_unknown' OR line_fen IS NULL),
    CHECK (line_fen IS NULL OR (state <> 'left') = (burden_fen > line_fen)),
    CHECK (state = 'left' OR burden_fen > 0)
);
CREATE INDEX watch_entry_listed ON watch_entry (listed_at, entry_id);
CREATE INDEX watch_entry_place ON watch_entry (year, division);
CREATE INDEX watch_entry_to_ask ON watch_entry (entry_id) WHERE is_asked = 0;
-- every step of an entry: of those up to a Change, the last says how the list was after it
CREATE TABLE watch_step (
    entry_id TEXT NOT NULL REFERENCES watch_entry (entry_id),
    number BIGINT NOT NULL CHECK (number > 0),
    state TEXT NOT NULL,
    burden_fen BIGINT NOT NULL CHECK (burden_fen >= 0),
    line_fen BIGINT,
    sequence BIGINT NOT NULL,
    about TEXT NOT NULL,
    done_at BIGINT NOT NULL,
    PRIMARY KEY (entry_id, number)
);
-- what departments answered, as they said it
CREATE TABLE watch_answer (
    entry_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    office TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('confirmed', 'rejected')),
    answer BYTEA NOT NULL,
    application_id TEXT UNIQUE,
    answered_at BIGINT NOT NULL,
    PRIMARY KEY (entry_id, number),
    FOREIGN KEY (entry_id, number) REFERENCES watch_step (entry_id, number),
    CHECK ((verdict = 'confirmed') = (application_id IS NOT NULL))
);
-- applications that answers open, each under the id it will have: whoever keeps applications takes those it has none of
CREATE TABLE application_wanted (
    application_id TEXT PRIMARY KEY REFERENCES watch_answer (application_id),
    entry_id TEXT NOT NULL REFERENCES watch_entry (entry_id),
    person_id TEXT NOT NULL REFERENCES person (person_id),
    year BIGINT NOT NULL,
    division TEXT NOT NULL,
    -- yibao.assistance.v1.CategoryTerms
    terms BYTEA NOT NULL,
    operator_id TEXT NOT NULL,
    wanted_at BIGINT NOT NULL
);
CREATE INDEX application_wanted_time ON application_wanted (wanted_at, application_id);
-- comparisons that are done, and what they found
CREATE TABLE comparison (
    comparison_id TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    division TEXT NOT NULL,
    month TEXT NOT NULL,
    people_compared BIGINT NOT NULL CHECK (people_compared >= 0),
    people_listed BIGINT NOT NULL CHECK (people_listed >= 0),
    differences BIGINT NOT NULL CHECK (differences >= 0),
    begun_at BIGINT NOT NULL,
    done_at BIGINT NOT NULL
);
CREATE INDEX comparison_place ON comparison (division, done_at);
CREATE TABLE comparison_difference (
    comparison_id TEXT NOT NULL REFERENCES comparison (comparison_id),
    number BIGINT NOT NULL CHECK (number > 0),
    kind TEXT NOT NULL CHECK (kind IN ('missing', 'too_many', 'amount')),
    person_id TEXT NOT NULL,
    year BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    kept_burden_fen BIGINT,
    computed_burden_fen BIGINT NOT NULL,
    line_fen BIGINT,
    PRIMARY KEY (comparison_id, number)
);
-- nothing recorded is changed or removed
CREATE TRIGGER watch_step_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON watch_step
    FOR EACH STATEMENT EXECUTE FUNCTION assistance_append_only();
CREATE TRIGGER watch_answer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON watch_answer
    FOR EACH STATEMENT EXECUTE FUNCTION assistance_append_only();
CREATE TRIGGER application_wanted_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON application_wanted
    FOR EACH STATEMENT EXECUTE FUNCTION assistance_append_only();
CREATE TRIGGER comparison_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON comparison
    FOR EACH STATEMENT EXECUTE FUNCTION assistance_append_only();
CREATE TRIGGER comparison_difference_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON comparison_difference
    FOR EACH STATEMENT EXECUTE FUNCTION assistance_append_only();
CREATE TRIGGER watch_entry_stays BEFORE DELETE OR TRUNCATE ON watch_entry
    FOR EACH STATEMENT EXECUTE FUNCTION assistance_append_only();
-- an entry goes on: its Changes and steps are never counted back
CREATE FUNCTION assistance_watch_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sequence < OLD.sequence OR NEW.steps < OLD.steps OR NEW.listed_at <> OLD.listed_at THEN
        RAISE EXCEPTION 'an entry of the watch list goes back';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER watch_entry_goes_on BEFORE UPDATE ON watch_entry FOR EACH ROW EXECUTE FUNCTION assistance_watch_goes_on();
