DROP TABLE notices;
DROP TABLE notice_heads;
DROP TABLE idempotency_keys;
DROP TABLE audit_events;
DROP TABLE jobs;
DROP TABLE inbox_parked;
DROP TABLE inbox_cursors;
DROP TABLE outbox_events;
