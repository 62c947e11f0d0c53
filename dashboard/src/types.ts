// What the API answers with (docs/api.md), as far as the page shows it.

export interface SystemInfo {
  cpu_usage: number;
  memory_usage: number;
  disk_usage: number;
  last_heartbeat: string;
  heartbeat_seconds_ago: number;
}

export interface Client {
  client_id: string;
  system_info: SystemInfo | null;
  connected_at: string;
  user: string;
  address: string;
  computer_name: string | null;
  inflight: number;
  max_inflight: number | null;
  weight: number;
  draining: boolean;
  set_aside: boolean;
  requests: number;
  models: string[];
}

export interface Sample {
  at: string;
  requests: number;
  errors: number;
  bytes_in: number;
  bytes_out: number;
  p50_ms: number | null;
  p99_ms: number | null;
  inflight: number;
  active_clients: number;
}

export interface Traffic {
  interval_seconds: number;
  samples: Sample[];
}

export interface Stats {
  active_clients: number;
  pending_connections: number;
  total_connections: number;
  waiting_requests: number;
  uptime_seconds: number;
}

export interface Part {
  state: 'up' | 'down' | 'none';
  since: string;
}

export interface Health {
  status: 'healthy' | 'degraded';
  uptime_seconds: number;
  database: Part;
  cache: Part;
  clients: Part;
}

export interface Ports {
  control_port: number;
  proxy_port: number;
  public_port: number;
  api_port: number;
}

export interface Service {
  name: string;
  account: string;
  kind: 'tcp' | 'udp' | 'http';
  /** 0 for what the public port serves. */
  outer_port: number;
  clients: string[];
  group: string | null;
  visitors: number;
  bytes_in: number;
  bytes_out: number;
  opened_at: string;
}

export interface Lease {
  name: string;
  kind: string;
  outer_port: number;
  since: string;
  last_used: string | null;
}

export interface Limits {
  rpm: number | null;
  max_inflight: number | null;
  models: string[] | null;
  clients: string[] | null;
}

export interface Key {
  id: string;
  name: string;
  owner: string | null;
  status: 'active' | 'expired' | 'revoked';
  created: string;
  expires: string | null;
  last_used: string | null;
  limits: Limits;
}

export interface Usage {
  requests: number;
  errors: number;
  bytes_in: number;
  bytes_out: number;
  prompt_tokens: number;
  completion_tokens: number;
}

export type KeyUsage = Usage & { key_id: string; key_name: string };
export type ModelUsage = Usage & { model: string };

export const ROLES = ['client', 'viewer', 'admin'] as const;

export interface User {
  id: string;
  email: string;
  role: (typeof ROLES)[number];
  /** `any`, or ranges. */
  ports: string;
  created: string;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'off'] as const;

/** What came of reading the configuration anew: names of options. */
export interface Reloaded {
  applied: string[];
  needs_restart: string[];
}

/** Who changed what, as the audit log has it. */
export interface Change {
  id: number;
  at: string;
  who: string;
  from: string;
  action: string;
  what: string;
  outcome: string;
}

export interface Session {
  role: 'admin' | 'viewer';
  email: string | null;
  how: 'loopback' | 'api-token' | 'login';
}

/** One event of GET /api/events; what else it holds depends on its type. */
export interface ServerEvent {
  id: number;
  at: string;
  type: string;
  fields: Record<string, unknown>;
}
