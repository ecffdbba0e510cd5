-- Service levels and timelines ask for a span of time, of one subject or of all.
CREATE INDEX transition_at ON transition (at);
