-- Sessions that are carried on by refresh tokens, and that their owner can see and end.

ALTER TABLE sessions ADD COLUMN user_agent TEXT COLLATE "C";
-- When it was begun or last carried on. Null: by a control plane from before, as are the other columns.
ALTER TABLE sessions ADD COLUMN last_used_at BIGINT;
-- Over at this time unless it is carried on before; `expires_at` is its end in any case.
ALTER TABLE sessions ADD COLUMN idle_ends_at BIGINT;
-- What the person has shown, JSON.
ALTER TABLE sessions ADD COLUMN factors TEXT COLLATE "C" NOT NULL DEFAULT '["password"]';
CREATE INDEX sessions_idle ON sessions (idle_ends_at) WHERE idle_ends_at IS NOT NULL;

CREATE TABLE refresh_tokens (
    token_hash BYTEA PRIMARY KEY,
    -- All tokens of a session are one family.
    session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    -- Since then there is another one in its place.
    spent_at BIGINT,
    -- Hash of the address and user agent that spent it.
    spent_by BYTEA
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
