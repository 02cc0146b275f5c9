CREATE TABLE `batch_results` (
	`message_id` text PRIMARY KEY NOT NULL,
	`call_id` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `batch_results_call` ON `batch_results` (`call_id`);--> statement-breakpoint
CREATE TABLE `bodies` (
	`call_id` text NOT NULL,
	`part` text NOT NULL,
	`segment` integer DEFAULT 0 NOT NULL,
	`packing` text NOT NULL,
	`bytes` blob NOT NULL,
	`kept_bytes` integer NOT NULL,
	`marks` blob,
	`digest` blob,
	PRIMARY KEY(`call_id`, `part`, `segment`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `call_details` (
	`call_id` text PRIMARY KEY NOT NULL,
	`request_headers` text NOT NULL,
	`response_headers` text,
	`status_message` text,
	`usage` text,
	`cost_lines` text,
	`request_facts` text,
	`notes` text,
	`fingerprint` text,
	`saved_seq` integer,
	`writer` text,
	`chain` integer
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `calls` (
	`id` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`error_kind` text,
	`message_state` text,
	`method` text NOT NULL,
	`path` text NOT NULL,
	`query` text,
	`status` integer,
	`started_ms` integer NOT NULL,
	`ended_ms` integer,
	`ttfb_us` integer,
	`ttft_us` integer,
	`duration_us` integer,
	`stream` integer,
	`requested_model` text,
	`model` text,
	`stop_reason` text,
	`input_tokens` integer,
	`output_tokens` integer,
	`thinking_tokens` integer,
	`cache_read_tokens` integer,
	`cache_write_5m_tokens` integer,
	`cache_write_1h_tokens` integer,
	`web_search_requests` integer,
	`usage_complete` integer,
	`service_tier` text,
	`inference_geo` text,
	`speed` text,
	`cost_nano_usd` integer,
	`cost_source` text,
	`reported_cost_nano_usd` integer,
	`computed_cost_nano_usd` integer,
	`cache_saved_nano_usd` integer,
	`cost_input_nano_usd` integer,
	`cost_output_nano_usd` integer,
	`cost_cache_read_nano_usd` integer,
	`cost_cache_write_5m_nano_usd` integer,
	`cost_cache_write_1h_nano_usd` integer,
	`cost_tools_nano_usd` integer,
	`cache_miss_cause` text,
	`cache_miss_at` text,
	`cache_lost_tokens` integer,
	`cache_lost_nano_usd` integer,
	`user_id` text,
	`team` text,
	`session_id` text,
	`agent_id` text,
	`parent_agent_id` text,
	`key_id` text,
	`key_hint` text,
	`client` text,
	`tags` text,
	`upstream` text,
	`upstream_request_id` text,
	`request_bytes` integer,
	`request_sha256` text,
	`response_bytes` integer,
	`response_sha256` text,
	`bodies` text NOT NULL,
	`attempt_of` text,
	`replay_of` text,
	`demo` integer DEFAULT 0 NOT NULL,
	`kind` text,
	`preview` text
);
--> statement-breakpoint
CREATE INDEX `calls_started` ON `calls` (`started_ms`,`id`);--> statement-breakpoint
CREATE INDEX `calls_session` ON `calls` (`session_id`,`started_ms`,`id`);--> statement-breakpoint
CREATE INDEX `calls_replays` ON `calls` (`replay_of`,`started_ms`,`id`) WHERE replay_of IS NOT NULL;--> statement-breakpoint
CREATE INDEX `calls_kept` ON `calls` (`started_ms`) WHERE bodies IN ('full', 'truncated');--> statement-breakpoint
CREATE INDEX `calls_open` ON `calls` (`started_ms`,`id`) WHERE state = 'open';--> statement-breakpoint
CREATE TABLE `chain` (
	`id` integer PRIMARY KEY NOT NULL,
	`kind` integer NOT NULL,
	`call` blob,
	`hash` blob NOT NULL,
	`link` blob NOT NULL,
	`note` blob
);
--> statement-breakpoint
CREATE TABLE `chain_writers` (
	`number` integer PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`begun_ms` integer NOT NULL,
	`last` integer NOT NULL,
	`link` blob NOT NULL,
	`seal` blob
);
--> statement-breakpoint
CREATE UNIQUE INDEX `chain_writers_name_unique` ON `chain_writers` (`name`);--> statement-breakpoint
CREATE TABLE `cost_revisions` (
	`call_id` text NOT NULL,
	`revision` integer NOT NULL,
	`created_ms` integer NOT NULL,
	`cost_nano_usd` integer,
	`cost_source` text,
	`computed_cost_nano_usd` integer,
	`cache_saved_nano_usd` integer,
	`cost_lines` text NOT NULL,
	`notes` text,
	`book_version` text,
	`reason` text NOT NULL,
	`chain` integer,
	PRIMARY KEY(`call_id`, `revision`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `packs` (
	`id` integer PRIMARY KEY NOT NULL,
	`packing` text NOT NULL,
	`bytes` blob NOT NULL,
	`raw_bytes` integer NOT NULL,
	`base` integer,
	`depth` integer NOT NULL,
	`parts` integer
);
--> statement-breakpoint
CREATE TABLE `pieces` (
	`key` integer PRIMARY KEY NOT NULL,
	`pack` integer NOT NULL,
	`offset` integer NOT NULL,
	`length` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `rollup_keys` (
	`id` integer PRIMARY KEY NOT NULL,
	`text` text NOT NULL,
	`model` text,
	`requested_model` text,
	`status` integer,
	`state` text,
	`error_kind` text,
	`message_state` text,
	`stop_reason` text,
	`stream` integer,
	`service_tier` text,
	`user_id` text,
	`team` text,
	`key_id` text,
	`cache_miss_cause` text,
	`replay_of` text,
	`demo` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `rollup_keys_text_unique` ON `rollup_keys` (`text`);--> statement-breakpoint
CREATE TABLE `rollup_latencies` (
	`rollup` integer NOT NULL,
	`bucket` integer NOT NULL,
	`calls` integer NOT NULL,
	PRIMARY KEY(`rollup`, `bucket`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `rollups` (
	`id` integer PRIMARY KEY NOT NULL,
	`key` integer NOT NULL,
	`hour_ms` integer NOT NULL,
	`calls` integer DEFAULT 0 NOT NULL,
	`errors` integer DEFAULT 0 NOT NULL,
	`unpriced_calls` integer DEFAULT 0 NOT NULL,
	`cache_missed_calls` integer DEFAULT 0 NOT NULL,
	`measured_output_tokens` integer DEFAULT 0 NOT NULL,
	`measured_us` integer DEFAULT 0 NOT NULL,
	`input_tokens` integer DEFAULT 0 NOT NULL,
	`input_tokens_known` integer DEFAULT 0 NOT NULL,
	`output_tokens` integer DEFAULT 0 NOT NULL,
	`output_tokens_known` integer DEFAULT 0 NOT NULL,
	`thinking_tokens` integer DEFAULT 0 NOT NULL,
	`thinking_tokens_known` integer DEFAULT 0 NOT NULL,
	`cache_read_tokens` integer DEFAULT 0 NOT NULL,
	`cache_read_tokens_known` integer DEFAULT 0 NOT NULL,
	`cache_write_5m_tokens` integer DEFAULT 0 NOT NULL,
	`cache_write_5m_tokens_known` integer DEFAULT 0 NOT NULL,
	`cache_write_1h_tokens` integer DEFAULT 0 NOT NULL,
	`cache_write_1h_tokens_known` integer DEFAULT 0 NOT NULL,
	`total_tokens` integer DEFAULT 0 NOT NULL,
	`total_tokens_known` integer DEFAULT 0 NOT NULL,
	`web_search_requests` integer DEFAULT 0 NOT NULL,
	`web_search_requests_known` integer DEFAULT 0 NOT NULL,
	`cost_nano_usd` integer DEFAULT 0 NOT NULL,
	`cost_nano_usd_known` integer DEFAULT 0 NOT NULL,
	`reported_cost_nano_usd` integer DEFAULT 0 NOT NULL,
	`reported_cost_nano_usd_known` integer DEFAULT 0 NOT NULL,
	`computed_cost_nano_usd` integer DEFAULT 0 NOT NULL,
	`computed_cost_nano_usd_known` integer DEFAULT 0 NOT NULL,
	`cost_difference_nano_usd` integer DEFAULT 0 NOT NULL,
	`cost_difference_nano_usd_known` integer DEFAULT 0 NOT NULL,
	`estimated_cost_nano_usd` integer DEFAULT 0 NOT NULL,
	`estimated_cost_nano_usd_known` integer DEFAULT 0 NOT NULL,
	`cache_saved_nano_usd` integer DEFAULT 0 NOT NULL,
	`cache_saved_nano_usd_known` integer DEFAULT 0 NOT NULL,
	`cost_input_nano_usd` integer DEFAULT 0 NOT NULL,
	`cost_input_nano_usd_known` integer DEFAULT 0 NOT NULL,
	`cost_output_nano_usd` integer DEFAULT 0 NOT NULL,
	`cost_output_nano_usd_known` integer DEFAULT 0 NOT NULL,
	`cost_cache_read_nano_usd` integer DEFAULT 0 NOT NULL,
	`cost_cache_read_nano_usd_known` integer DEFAULT 0 NOT NULL,
	`cost_cache_write_5m_nano_usd` integer DEFAULT 0 NOT NULL,
	`cost_cache_write_5m_nano_usd_known` integer DEFAULT 0 NOT NULL,
	`cost_cache_write_1h_nano_usd` integer DEFAULT 0 NOT NULL,
	`cost_cache_write_1h_nano_usd_known` integer DEFAULT 0 NOT NULL,
	`cost_tools_nano_usd` integer DEFAULT 0 NOT NULL,
	`cost_tools_nano_usd_known` integer DEFAULT 0 NOT NULL,
	`cache_lost_tokens` integer DEFAULT 0 NOT NULL,
	`cache_lost_tokens_known` integer DEFAULT 0 NOT NULL,
	`cache_lost_nano_usd` integer DEFAULT 0 NOT NULL,
	`cache_lost_nano_usd_known` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE VIEW `calls_v1` AS select "id", "state", "error_kind", "message_state", "method", "path", "query", "status", "started_ms", "ended_ms", "ttfb_us", "ttft_us", "duration_us", "stream", "requested_model", "model", "stop_reason", "input_tokens", "output_tokens", "thinking_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "web_search_requests", "usage_complete", "service_tier", "inference_geo", "speed", "cost_nano_usd", "cost_source", "reported_cost_nano_usd", "user_id", "team", "session_id", "agent_id", "parent_agent_id", "key_id", "key_hint", "client", "tags", "upstream", "upstream_request_id", "request_bytes", CASE typeof("request_sha256") WHEN 'blob' THEN lower(hex("request_sha256")) ELSE "request_sha256" END as "request_sha256", "response_bytes", CASE typeof("response_sha256") WHEN 'blob' THEN lower(hex("response_sha256")) ELSE "response_sha256" END as "response_sha256", "bodies", "attempt_of", "replay_of", "demo" from "calls";