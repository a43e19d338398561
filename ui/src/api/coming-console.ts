// What the server's OpenAPI document will describe of the console's screens. It has the names and the shape of what is
// made of that document, and goes once schema.ts has them.
import type { BalanceDetails, ComingPaths, NoticeLevel, OfferedPrice, Page, Request, RequestDetails, RequestFilter, Transfer, UsageSums } from "./coming";
import type { Adjustment, Permission, Time, Usd } from "./schema";

export type ConsolePermission = Permission | "stats.read" | "revenue.read";

export type ChannelFormat = "openai" | "demo";
export type OnDisconnect = "drain" | "cancel";
export type OutputCapParameter = "max_completion_tokens" | "max_tokens";
export type ChannelPreset = {
  name: string;
  title: string;
  title_zh: string;
  format: ChannelFormat;
  base_url?: string | null;
  docs_url?: string | null;
  keys_url?: string | null;
  needs_credential: boolean;
  allow_private_network: boolean;
  models: string[];
};
export type ServedName = { name: string; upstream: string };
export type Credential = { id: string; preview: string; active: boolean; created_at: Time };
export type LastTest = { at: Time; ok: boolean; code?: string | null; model: string; first_byte_ms?: number | null; latency_ms: number };
export type Channel = {
  id: string;
  name: string;
  format: ChannelFormat;
  base_url: string;
  active: boolean;
  allow_private_network: boolean;
  on_disconnect: OnDisconnect;
  priority: number;
  weight: number;
  models: ServedName[];
  credentials: Credential[];
  last_test?: LastTest | null;
  created_at: Time;
  updated_at: Time;
};
export type ChannelCreate = {
  name: string;
  format: ChannelFormat;
  base_url?: string | null;
  models: (string | ServedName)[];
  credentials?: string[];
  active?: boolean;
  allow_private_network?: boolean;
  on_disconnect?: OnDisconnect;
  priority?: number;
  weight?: number;
};
export type ChannelUpdate = Partial<Omit<ChannelCreate, "credentials" | "format">>;
export type ChannelDraft = { format: ChannelFormat; base_url: string | null; allow_private_network: boolean; credential?: string };
export type TestOutcome = {
  ok: boolean;
  status?: number | null;
  code?: string | null;
  message?: string | null;
  first_byte_ms?: number | null;
  latency_ms: number;
};
export type ChannelTest = TestOutcome & { credential_id?: string | null; model: string };
export type ChannelTests = { results: ChannelTest[]; channel: Channel };
type ModelsAnswer = { ok: boolean; status?: number | null; code?: string | null; message?: string | null; latency_ms: number; is_truncated: boolean };
export type UpstreamModel = { upstream: string; is_known: boolean };
export type FetchedModels = ModelsAnswer & { models: UpstreamModel[] };
export type ModelsSync = ModelsAnswer & {
  new: UpstreamModel[];
  gone: ServedName[];
  known: ServedName[];
  added: string[];
  removed: string[];
  channel: Channel;
};

export type Model = {
  id: string;
  name: string;
  display_name: string;
  active: boolean;
  capabilities: string[];
  context_length?: number | null;
  max_output_tokens?: number | null;
  default_output_tokens: number;
  first_byte_ms?: number | null;
  output_cap_parameter: OutputCapParameter;
  created_at: Time;
  updated_at: Time;
};
export type ModelCreate = Partial<Omit<Model, "id" | "name" | "created_at" | "updated_at">> & { name: string };
export type ModelUpdate = Partial<ModelCreate>;
export type PriceChange = { field: string; before?: string | null; after?: string | null };
export type PriceVersion = OfferedPrice & {
  id: string;
  model_id: string;
  created_at: Time;
  created_by?: string | null;
  created_by_email?: string | null;
  effective_until?: Time | null;
  is_current?: boolean;
  changes?: PriceChange[];
};
export type RateName = Exclude<keyof OfferedPrice, "effective_at">;
export type PriceCreate = { [Name in RateName]?: string | null } & { effective_at?: Time | null };
export type ModelGroup = { id: string; name: string; note: string; models: { id: string; name: string }[]; created_at: Time; updated_at: Time };
export type ModelGroupChange = { name: string; note: string; models: string[] };

export type ReasonCode = Adjustment["reason_code"];
export type AdjustmentCreate = { direction: "credit" | "debit"; account: "cash" | "gift"; amount: string; reason_code: ReasonCode; note: string };

export type AdminRequestFilter = RequestFilter & { user_id?: string; channel_id?: string };
export type ErrorGroup = {
  error_code?: string | null;
  cause?: string | null;
  status: Request["status"];
  status_code: number;
  model: string;
  channel_id?: string | null;
  channel_name?: string | null;
  count: number;
  users: number;
  first_seen_at: Time;
  last_seen_at: Time;
  example_request_id: string;
};
export type ErrorFilter = { start_date?: string; end_date?: string; model?: string; channel_id?: string; error_code?: string; user_id?: string };
export type ErrorGroups = { from: Time; until: Time; items: ErrorGroup[]; is_truncated: boolean; next_cursor?: string | null };

export type StatsWindow = {
  from: Time;
  until: Time;
  requests: number;
  succeeded: number;
  errors: number;
  cancelled: number;
  success_ppm?: number | null;
  input_tokens: number;
  output_tokens: number;
  active_users: number;
  first_byte_ms: { p50?: number | null; p95?: number | null; sampled: number };
  charged?: Usd | null;
  list_cost?: Usd | null;
};
export type FailingChannel = {
  channel_id: string;
  name?: string | null;
  attempts: number;
  failures: number;
  last_error_code?: string | null;
  last_status_code?: number | null;
  last_failed_at: Time;
};
export type StatsOverview = { now: StatsWindow; before: StatsWindow; failing_channels: FailingChannel[]; low_balance: { threshold: Usd; users: number } };
export type PersonStats = {
  user_id: string;
  last_request_at?: Time | null;
  day: UsageSums;
  month: UsageSums;
  models: (UsageSums & { model: string })[];
  errors: { error_code?: string | null; requests: number }[];
};
export type RevenueSums = {
  requests: number;
  errors: number;
  input_tokens: number;
  output_tokens: number;
  charged: Usd;
  gift_paid: Usd;
  list_cost: Usd;
  granted: Usd;
  operator_loss: Usd;
  upstream_cost?: Usd | null;
  margin?: Usd | null;
};
export type RevenueBy = "day" | "month";
export type RevenuePeriod = RevenueSums & { at: Time; period: string };
export type Revenue = { from: Time; until: Time; time_zone: string; by: RevenueBy; currency: string; items: RevenuePeriod[]; total: RevenueSums };
export type RevenueFilter = { by?: RevenueBy; start_date?: string; end_date?: string; time_zone?: string };

export type NoticeTexts = { en?: string | null; "zh-CN"?: string | null };
export type Notice = {
  id: string;
  title: NoticeTexts;
  text: NoticeTexts;
  level: NoticeLevel;
  starts_at?: Time | null;
  ends_at?: Time | null;
  audience: "all" | "admins";
  created_at: Time;
  updated_at: Time;
};
export type NoticeChange = { title: NoticeTexts; text: NoticeTexts; level: NoticeLevel; starts_at: Time | null; ends_at: Time | null; audience: "all" | "admins" };

export type SettingOrigin = "default" | "database" | "file" | "environment" | "flag";
export type Setting = {
  name: string;
  value?: string | null;
  is_set: boolean;
  is_secret: boolean;
  default?: string | null;
  origin: SettingOrigin;
  origin_detail?: string | null;
  kind: "text" | "number" | "boolean" | "choice" | "list" | "amount";
  choices?: string[] | null;
  description: string;
  is_editable: boolean;
  locked_by?: "file" | "environment" | "flag" | null;
  updated_at?: Time | null;
};

type Nothing = { query?: never; header?: never; path?: never; cookie?: never };
type Query<Filter> = { query?: Filter; header?: never; path?: never; cookie?: never };
type In<Path> = { query?: never; header?: never; path: Path; cookie?: never };
type InWith<Path, Filter> = { query?: Filter; header?: never; path: Path; cookie?: never };
type Answer<Body> = { 200: { headers: Record<string, unknown>; content: { "application/json": Body } } };
type Made<Body> = { 201: { headers: Record<string, unknown>; content: { "application/json": Body } } };
type Done = { 204: { headers: Record<string, unknown>; content?: never } };
type Sent<Body> = { content: { "application/json": Body } };
type Listed = { limit?: number; cursor?: string };
type Id = { id: string };

type Get<Parameters, Body> = { parameters: Parameters; requestBody?: never; responses: Answer<Body> };
type Post<Parameters, Body, Given> = { parameters: Parameters; requestBody: Sent<Body>; responses: Made<Given> };
type Patch<Parameters, Body, Given> = { parameters: Parameters; requestBody: Sent<Body>; responses: Answer<Given> };
type Delete<Parameters> = { parameters: Parameters; requestBody?: never; responses: Done };

export interface ConsolePaths extends ComingPaths {
  "/api/admin/channel-presets": { parameters: Nothing; get: Get<Nothing, Page<ChannelPreset>> };
  "/api/admin/channels": { parameters: Nothing; get: Get<Query<Listed>, Page<Channel>>; post: Post<Nothing, ChannelCreate, Channel> };
  "/api/admin/channels/{id}": { parameters: Nothing; get: Get<In<Id>, Channel>; patch: Patch<In<Id>, ChannelUpdate, Channel>; delete: Delete<In<Id>> };
  "/api/admin/channels/{id}/credentials": { parameters: Nothing; post: Post<In<Id>, { secret: string }, Credential> };
  "/api/admin/channels/{id}/credentials/{credential}": { parameters: Nothing; delete: Delete<In<Id & { credential: string }>> };
  "/api/admin/channels/test": { parameters: Nothing; post: Patch<Nothing, ChannelDraft & { model: string }, TestOutcome> };
  "/api/admin/channels/{id}/test": { parameters: Nothing; post: Patch<In<Id>, { model?: string; credential_id?: string }, ChannelTests> };
  "/api/admin/channels/fetch-models": { parameters: Nothing; post: Patch<Nothing, ChannelDraft, FetchedModels> };
  "/api/admin/channels/{id}/sync-models": { parameters: Nothing; post: Patch<In<Id>, { add?: (string | ServedName)[]; remove?: string[] }, ModelsSync> };
  "/api/admin/models": { parameters: Nothing; get: Get<Query<Listed>, Page<Model>>; post: Post<Nothing, ModelCreate, Model> };
  "/api/admin/models/{id}": { parameters: Nothing; get: Get<In<Id>, Model>; patch: Patch<In<Id>, ModelUpdate, Model> };
  "/api/admin/models/{id}/prices": { parameters: Nothing; get: Get<InWith<Id, Listed>, Page<PriceVersion>>; post: Post<In<Id>, PriceCreate, PriceVersion> };
  "/api/admin/model-groups": { parameters: Nothing; get: Get<Query<Listed>, Page<ModelGroup>>; post: Post<Nothing, ModelGroupChange, ModelGroup> };
  "/api/admin/model-groups/{id}": { parameters: Nothing; patch: Patch<In<Id>, Partial<ModelGroupChange>, ModelGroup>; delete: Delete<In<Id>> };
  "/api/admin/users/{id}/balance": { parameters: Nothing; get: Get<In<Id>, BalanceDetails> };
  "/api/admin/users/{id}/ledger": { parameters: Nothing; get: Get<InWith<Id, Listed>, Page<Transfer>> };
  "/api/admin/users/{id}/adjustments": {
    parameters: Nothing;
    post: { parameters: { query?: never; header: { "Idempotency-Key": string }; path: Id; cookie?: never }; requestBody: Sent<AdjustmentCreate>; responses: Made<Adjustment> };
  };
  "/api/admin/requests": { parameters: Nothing; get: Get<Query<Listed & AdminRequestFilter>, Page<Request>> };
  "/api/admin/requests/{id}": { parameters: Nothing; get: Get<In<Id>, RequestDetails> };
  "/api/admin/errors": { parameters: Nothing; get: Get<Query<ErrorFilter & { time_zone?: string }>, ErrorGroups> };
  "/api/admin/stats/overview": { parameters: Nothing; get: Get<Query<{ low_balance?: string }>, StatsOverview> };
  "/api/admin/stats/users/{id}": { parameters: Nothing; get: Get<In<Id>, PersonStats> };
  "/api/admin/revenue": { parameters: Nothing; get: Get<Query<RevenueFilter>, Revenue> };
  "/api/admin/revenue/export.csv": { parameters: Nothing; get: Get<Query<RevenueFilter>, Blob> };
  "/api/admin/notices": { parameters: Nothing; get: Get<Query<Listed>, Page<Notice>>; post: Post<Nothing, NoticeChange, Notice> };
  "/api/admin/notices/{id}": { parameters: Nothing; patch: Patch<In<Id>, Partial<NoticeChange>, Notice>; delete: Delete<In<Id>> };
  "/api/admin/settings": { parameters: Nothing; get: Get<Nothing, Page<Setting>>; patch: Patch<Nothing, { values: Record<string, string | null> }, Page<Setting>> };
}
