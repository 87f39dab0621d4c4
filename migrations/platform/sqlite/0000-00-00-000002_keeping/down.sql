DROP INDEX notices_at_idx;
DROP TABLE outbox_consumers;
