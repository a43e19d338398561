// What the server's OpenAPI document will describe of the screens of keys, calls, usage, prices and the books. It has the
// names and the shape of what is made of that document, and goes once schema.ts has them.
import type { Time, Usd } from "./schema";

export type Page<Item> = { items: Item[]; next_cursor?: string | null };

export type KeyStatus = "active" | "disabled" | "revoked";
export type KeyBudgets = { day?: Usd | null; month?: Usd | null; total?: Usd | null };
export type Key = {
  id: string;
  name: string;
  preview: string;
  status: KeyStatus;
  created_at: Time;
  expires_at?: Time | null;
  allowed_models?: string[] | null;
  allowed_ips?: string[] | null;
  budgets: KeyBudgets;
  output_cap?: number | null;
  show_cost: boolean;
};
export type KeyCreate = {
  name: string;
  expires_at?: Time | null;
  allowed_models?: string[] | null;
  allowed_ips?: string[] | null;
  budgets?: KeyBudgets | null;
  output_cap?: number | null;
  show_cost?: boolean;
};
export type KeyUpdate = Partial<KeyCreate> & { status?: "active" | "disabled" };
export type KeyRotate = { grace_seconds?: number };
export type KeyCreated = { key: Key; secret: string };

export type Unit = "usd" | "tokens" | "calls";
export type Account = {
  id: string;
  kind: string;
  unit: Unit;
  available: string;
  pending: string;
  posted: string;
  expired: boolean;
  expires_at?: Time | null;
  models?: string[] | null;
  tokens_per_call?: number | null;
  weight_ppm: number;
  when_used: string;
};
export type BalanceDetails = { available: Usd; pending: Usd; currency: string; accounts: Account[] };

export type TransferDirection = "credit" | "debit" | "none";
export type Transfer = {
  id: string;
  created_at: Time;
  kind: string;
  direction: TransferDirection;
  unit: Unit;
  amount: string;
  counterpart: string;
  account_id?: string | null;
  cause?: string | null;
  reverses?: string | null;
};

export type RequestStatus = "ok" | "failed" | "interrupted" | "cancelled" | "lost";
export type RequestUsage = { input_tokens: number; output_tokens: number; tokens: Record<string, number>; source: string };
export type Request = {
  id: string;
  user_id: string;
  key_id: string;
  model: string;
  model_served: string;
  route: string;
  stream: boolean;
  status: RequestStatus;
  status_code: number;
  error_code?: string | null;
  cause?: string | null;
  usage: RequestUsage;
  cost: Usd;
  charged: Usd;
  price_version_id: string;
  multiplier_ppm: number;
  output_cap: number;
  attempt_count: number;
  first_byte_ms?: number | null;
  duration_ms: number;
  client_ip: string;
  user_agent: string;
  started_at: Time;
  ended_at: Time;
  operator_loss?: Usd | null;
  channel_id?: string | null;
  channel_name?: string | null;
  user_email?: string | null;
};
export type RequestSource = { account_id: string; unit: Unit; amount: string; list_value: Usd };
export type Attempt = {
  id: string;
  number: number;
  channel_id: string;
  channel_name?: string | null;
  credential_id?: string | null;
  upstream_model: string;
  started_at: Time;
  duration_ms: number;
  first_byte_ms?: number | null;
  status_code?: number | null;
  error_code?: string | null;
  error_text?: string | null;
};
export type PriceLine = { kind: string; tokens?: number | null; per_million?: string | null; amount: Usd };
export type RequestTimeline = {
  queue_ms?: number | null;
  retries_ms?: number | null;
  first_byte_ms?: number | null;
  stream_ms?: number | null;
  total_ms?: number | null;
};
export type RequestDetails = Request & {
  sources: RequestSource[];
  attempts?: Attempt[] | null;
  price_lines: PriceLine[];
  is_priced_by_lines: boolean;
  timeline: RequestTimeline;
};
export type RequestFilter = {
  id?: string;
  key_id?: string;
  model?: string;
  status?: RequestStatus | "error";
  status_class?: "2xx" | "4xx" | "5xx";
  status_code?: number;
  error_code?: string;
  start_date?: string;
  end_date?: string;
};

export type UsageSums = {
  requests: number;
  errors: number;
  input_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  cost: Usd;
  charged: Usd;
};
export type SeriesMark = { at: Time; date: string };
export type UsagePoint = SeriesMark & UsageSums & { model?: string; key_id?: string };
export type SeriesGroup = "none" | "model" | "key";
export type UsageSeries = {
  from: Time;
  until: Time;
  time_zone: string;
  by: "day" | "hour";
  group_by: SeriesGroup;
  steps: SeriesMark[];
  points: UsagePoint[];
  total: UsageSums;
};
export type UsageTotals = {
  from: Time;
  until: Time;
  time_zone: string;
  total_cost: Usd;
  total_charged: Usd;
  total_tokens: number;
  total_requests: number;
  total_errors: number;
  total: UsageSums;
  models: (UsageSums & { model: string })[];
  keys: (UsageSums & { key_id: string; name?: string | null; preview?: string | null })[];
};
type UsageFilter = { start_date?: string; end_date?: string; time_zone?: string; model?: string; key_id?: string };

type Rate =
  | "reasoning_per_million" | "cache_read_per_million" | "cache_write_5m_per_million" | "cache_write_30m_per_million" | "cache_write_1h_per_million"
  | "cache_write_12h_per_million" | "audio_input_per_million" | "audio_output_per_million" | "image_input_per_million" | "image_output_per_million";
export type OfferedPrice = { [Name in Rate]?: string | null } & {
  input_per_million: string;
  output_per_million: string;
  per_request: Usd;
  effective_at: Time;
};
export type OfferedModel = {
  name: string;
  display_name: string;
  context_length?: number | null;
  max_output_tokens?: number | null;
  capabilities: string[];
  is_served: boolean;
  price: OfferedPrice;
  next_price?: OfferedPrice | null;
};

export type NoticeLevel = "info" | "warning" | "critical";
export type CurrentNotice = {
  id: string;
  title: { en?: string | null; "zh-CN"?: string | null };
  text: { en?: string | null; "zh-CN"?: string | null };
  level: NoticeLevel;
  starts_at?: Time | null;
  ends_at?: Time | null;
  updated_at: Time;
};

export type Site = {
  name: string;
  base_url?: string | null;
  version: string;
  languages: string[];
  locale: string;
  currency: string;
  time_zone: string;
  demo: boolean;
  has_public_models: boolean;
  low_balance: Usd;
};

type Nothing = { query?: never; header?: never; path?: never; cookie?: never };
type Query<Filter> = { query?: Filter; header?: never; path?: never; cookie?: never };
type In<Path> = { query?: never; header?: never; path: Path; cookie?: never };
type Answer<Body> = { 200: { headers: Record<string, unknown>; content: { "application/json": Body } } };
type Made<Body> = { 201: { headers: Record<string, unknown>; content: { "application/json": Body } } };
type Sent<Body> = { content: { "application/json": Body } };
type Listed = { limit?: number; cursor?: string };

export interface ComingPaths {
  "/api/site": { parameters: Nothing; get: { parameters: Nothing; requestBody?: never; responses: Answer<Site> } };
  "/api/models": { parameters: Nothing; get: { parameters: Nothing; requestBody?: never; responses: Answer<Page<OfferedModel>> } };
  "/api/me/notices": { parameters: Nothing; get: { parameters: Nothing; requestBody?: never; responses: Answer<Page<CurrentNotice>> } };
  "/api/me/balance": { parameters: Nothing; get: { parameters: Nothing; requestBody?: never; responses: Answer<BalanceDetails> } };
  "/api/me/keys": {
    parameters: Nothing;
    get: { parameters: Query<Listed>; requestBody?: never; responses: Answer<Page<Key>> };
    post: { parameters: Nothing; requestBody: Sent<KeyCreate>; responses: Made<KeyCreated> };
  };
  "/api/me/keys/{key}": {
    parameters: Nothing;
    get: { parameters: In<{ key: string }>; requestBody?: never; responses: Answer<Key> };
    patch: { parameters: In<{ key: string }>; requestBody: Sent<KeyUpdate>; responses: Answer<Key> };
    delete: { parameters: In<{ key: string }>; requestBody?: never; responses: Answer<Key> };
  };
  "/api/me/keys/{key}/rotate": {
    parameters: Nothing;
    post: { parameters: In<{ key: string }>; requestBody: Sent<KeyRotate>; responses: Made<KeyCreated> };
  };
  "/api/me/ledger": { parameters: Nothing; get: { parameters: Query<Listed>; requestBody?: never; responses: Answer<Page<Transfer>> } };
  "/api/me/requests": { parameters: Nothing; get: { parameters: Query<Listed & RequestFilter>; requestBody?: never; responses: Answer<Page<Request>> } };
  "/api/me/requests/{id}": { parameters: Nothing; get: { parameters: In<{ id: string }>; requestBody?: never; responses: Answer<RequestDetails> } };
  "/api/me/usage/series": {
    parameters: Nothing;
    get: { parameters: Query<UsageFilter & { by?: "day" | "hour"; group_by?: SeriesGroup }>; requestBody?: never; responses: Answer<UsageSeries> };
  };
  "/api/me/usage/summary": { parameters: Nothing; get: { parameters: Query<UsageFilter>; requestBody?: never; responses: Answer<UsageTotals> } };
  "/api/me/usage/export.csv": { parameters: Nothing; get: { parameters: Query<RequestFilter>; requestBody?: never; responses: Answer<Blob> } };
  "/api/me/usage/export.json": { parameters: Nothing; get: { parameters: Query<RequestFilter>; requestBody?: never; responses: Answer<Blob> } };
}
