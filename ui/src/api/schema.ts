// The management API as the server describes it, written by hand for the routes that the screens call. It has the
// shape of what openapi-typescript makes of the server's OpenAPI document, and gives way to it.

export type Time = string;
/** An amount in USD, as a decimal string. */
export type Usd = string;

export type Role = "user" | "auditor" | "finance" | "operator" | "admin" | "owner";
export type UserStatus = "active" | "disabled";
export type Locale = "en" | "zh-CN";
export type Permission =
  | "users.read" | "users.write" | "keys.read" | "keys.write" | "ledger.read" | "ledger.write" | "models.read" | "models.write"
  | "channels.read" | "channels.write" | "requests.read" | "audit.read" | "settings.read" | "settings.write";

export type ErrorCode =
  | "invalid_request" | "export_too_large" | "invalid_token" | "insufficient_balance" | "forbidden" | "not_found" | "unknown_url"
  | "method_not_allowed" | "already_exists" | "conflict" | "in_progress" | "request_too_large" | "unsupported_media_type"
  | "idempotency_mismatch" | "invalid_credentials" | "proof_required" | "email_unverified" | "registration_closed" | "invalid_link"
  | "misdirected_request" | "too_many_attempts" | "internal_error" | "unavailable" | "setup_required" | "shutting_down";

export type ErrorReply = {
  error: { code: ErrorCode; message: string; fields?: { field: string; message: string }[]; request_id: string };
};

export type Page<Item> = { items: Item[]; next_cursor: string | null };

export type User = {
  id: string;
  email: string;
  username: string | null;
  display_name: string;
  role: Role;
  status: UserStatus;
  channel_group: string | null;
  locale: Locale | null;
  email_verified_at: Time | null;
  created_at: Time;
  balance: { available: Usd; pending: Usd; currency: string };
};
export type Me = User & { permissions: Permission[] };
export type MeUpdate = { display_name?: string; username?: string | null; locale?: Locale | null };
export type UserCreate = { email: string; username?: string; role?: Role; display_name?: string; password?: string; invite?: boolean };
export type PasswordLink = { url: string; expires_at: Time };
export type UserCreated = User & { password_link?: PasswordLink };
export type UserUpdate = { display_name?: string; status?: UserStatus; role?: Role; channel_group?: string | null };
export type PasswordWithdrawn = { is_mailed: boolean; password_link?: PasswordLink };

export type Key = { id: string; name: string; preview: string };
export type KeyCreated = { key: Key; secret: string };

export type Reception = "cookie" | "tokens";
export type SecondFactor = "totp" | "passkey" | "recovery_code";
export type SignedIn = {
  user: User;
  session: string;
  expires_at: Time;
  must_set_up_second_factor?: boolean;
  first_key?: KeyCreated;
};
export type SecondFactorChallenge = { challenge: string; methods: SecondFactor[]; passkey?: PasskeyUseOptions };
export type SignInReply = ({ status: "signed_in" } & SignedIn) | ({ status: "second_factor_required" } & SecondFactorChallenge);

export type ProofMethod = "password" | "totp" | "passkey" | "recovery_code";
export type ProofStarted = { methods: ProofMethod[]; passkey?: PasskeyUseStarted };
export type ProofCreate = {
  password?: string;
  totp?: string;
  recovery_code?: string;
  passkey?: { challenge: string; credential: UsedCredential };
};

export type CredentialDescriptor = { type: string; id: string; transports?: string[] };
export type PasskeyCreationOptions = {
  rp: { id: string; name: string };
  user: { id: string; name: string; displayName: string };
  challenge: string;
  pubKeyCredParams: { type: string; alg: number }[];
  timeout: number;
  excludeCredentials: CredentialDescriptor[];
  authenticatorSelection: { residentKey: string; requireResidentKey: boolean; userVerification: string };
  attestation: string;
};
export type PasskeyUseOptions = {
  challenge: string;
  timeout: number;
  rpId: string;
  allowCredentials: CredentialDescriptor[];
  userVerification: string;
};
export type PasskeyUseStarted = { challenge: string; options: PasskeyUseOptions };
export type NewCredential = {
  rawId: string;
  type: string;
  response: { clientDataJSON: string; attestationObject: string; transports: string[] };
};
export type UsedCredential = {
  rawId: string;
  type: string;
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string };
};
export type Passkey = { id: string; name: string; backed_up: boolean; created_at: Time; last_used_at: Time | null };

export type Session = {
  id: string;
  kind: "cli" | "browser" | "device";
  name: string | null;
  client_ip: string | null;
  user_agent: string | null;
  proved_by: string | null;
  created_at: Time;
  last_used_at: Time | null;
  expires_at: Time;
  is_current: boolean;
};
export type Identity = { id: string; provider: string; email: string | null; created_at: Time; last_used_at: Time | null };
export type OauthProvider = { name: string; display_name: string; kind: string };
export type Pairing = { uri: string; code: string; expires_at: Time };

export type InviteStatus = "open" | "used" | "revoked" | "expired";
export type Invite = {
  id: string;
  email: string | null;
  status: InviteStatus;
  created_by: string;
  created_at: Time;
  expires_at: Time;
  used_by: string | null;
  used_at: Time | null;
  revoked_at: Time | null;
};

export type AuditLogRow = {
  sequence: number;
  at: Time;
  actor: { kind: string; id: string | null; role: Role | null };
  client_ip: string | null;
  action: string;
  target: { kind: string; id: string } | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  request_id: string | null;
  hash: string;
};
export type AuditLogQuery = {
  actor?: string | undefined;
  action?: string | undefined;
  target?: string | undefined;
  start_date?: string | undefined;
  end_date?: string | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
};
export type UserQuery = { q?: string | undefined; role?: Role | undefined; status?: UserStatus | undefined; limit?: number; cursor?: string | undefined };

type Nothing = undefined;
type Failure = { headers: Record<string, unknown>; content: { "application/json": ErrorReply } };
type Answer<Reply> = {
  200: Reply extends Nothing ? { headers: Record<string, unknown>; content?: never } : { headers: Record<string, unknown>; content: { "application/json": Reply } };
  default: Failure;
};
type Ask = { path?: Record<string, string>; query?: object };
type NoAsk = Record<never, never>;
type Parameters<Asked extends Ask> = {
  path?: never;
  query?: never;
  header?: never;
  cookie?: never;
} extends infer Base
  ? Omit<Base, keyof Asked> & Asked
  : never;
type Read<Reply, Asked extends Ask = NoAsk> = { parameters: Parameters<Asked>; requestBody?: never; responses: Answer<Reply> };
type Write<Body, Reply, Asked extends Ask = NoAsk> = {
  parameters: Parameters<Asked>;
  requestBody: { content: { "application/json": Body } };
  responses: Answer<Reply>;
};
type Id = { path: { id: string } };
type PageAsk = { query?: { limit?: number; cursor?: string | undefined } };

export interface paths {
  "/api/setup": {
    get: Read<{ required: boolean }>;
    post: Write<{ token: string; email: string; username?: string; password: string; display_name?: string }, SignInReply>;
  };
  "/api/auth/login": { post: Write<{ login: string; password: string }, SignInReply> };
  "/api/auth/logout": { post: Read<Nothing> };
  "/api/auth/register": {
    post: Write<
      { email: string; username?: string; password: string; display_name?: string; invite?: string; locale?: Locale },
      { next: "open_mail" | "sign_in" }
    >;
  };
  "/api/auth/verify-email": { post: Write<{ token: string }, Nothing> };
  "/api/auth/resend-verification": { post: Write<{ email: string }, { next: "open_mail" | "sign_in" }> };
  "/api/auth/password-reset": { post: Write<{ email: string }, { next: "open_mail" | "sign_in" }> };
  "/api/auth/password-reset/confirm": { post: Write<{ token: string; password: string }, Nothing> };
  "/api/auth/second-factor": {
    post: Write<{ challenge: string; totp?: string; recovery_code?: string; passkey?: UsedCredential }, SignInReply>;
  };
  "/api/auth/second-factor/methods": { post: Write<{ challenge: string }, SecondFactorChallenge> };
  "/api/auth/passkeys/start": { post: Read<PasskeyUseStarted> };
  "/api/auth/passkeys/finish": { post: Write<{ challenge: string; credential: UsedCredential }, SignInReply> };
  "/api/auth/proof/start": { post: Read<ProofStarted> };
  "/api/auth/proof": { post: Write<ProofCreate, { proof: string; expires_at: Time }> };
  "/api/auth/oauth": { get: Read<{ items: OauthProvider[] }> };
  "/api/auth/oauth/{provider}/start": {
    post: Write<
      { purpose?: "sign_in" | "link"; return_path?: string; invite?: string },
      { authorize_url: string },
      { path: { provider: string } }
    >;
  };
  "/api/me": { get: Read<Me>; patch: Write<MeUpdate, Me> };
  "/api/me/password": { post: Write<{ current_password: string; new_password: string }, Nothing> };
  "/api/me/totp": {
    get: Read<{ enabled: boolean; enabled_at: Time | null }>;
    post: Read<{ secret: string; uri: string }>;
    delete: Read<Nothing>;
  };
  "/api/me/totp/confirm": { post: Write<{ code: string }, { codes: string[] }> };
  "/api/me/recovery-codes": { get: Read<{ left: number; total: number }>; post: Read<{ codes: string[] }> };
  "/api/me/passkeys": { get: Read<Page<Passkey>, PageAsk> };
  "/api/me/passkeys/start": { post: Read<{ challenge: string; options: PasskeyCreationOptions }> };
  "/api/me/passkeys/finish": {
    post: Write<{ challenge: string; name: string; credential: NewCredential }, { passkey: Passkey; recovery_codes?: string[] }>;
  };
  "/api/me/passkeys/{id}": { patch: Write<{ name: string }, Passkey, Id>; delete: Read<Nothing, Id> };
  "/api/me/sessions": { get: Read<Page<Session>, PageAsk> };
  "/api/me/sessions/{session}": { delete: Read<Nothing, { path: { session: string } }> };
  "/api/me/sessions/revoke-others": { post: Read<{ revoked: number }> };
  "/api/me/identities": { get: Read<{ items: Identity[] }> };
  "/api/me/identities/{identity}": { delete: Read<Nothing, { path: { identity: string } }> };
  "/api/me/devices/pairing": { post: Write<{ name: string }, Pairing> };
  "/api/admin/users": { get: Read<Page<User>, { query?: UserQuery }>; post: Write<UserCreate, UserCreated> };
  "/api/admin/users/{id}": {
    get: Read<User, Id>;
    patch: Write<UserUpdate, User, Id>;
    delete: Read<Nothing, Id & { query?: { forfeit?: boolean } }>;
  };
  "/api/admin/users/{id}/reset-password": { post: Read<PasswordWithdrawn, Id> };
  "/api/admin/users/{id}/reset-second-factor": { post: Read<Nothing, Id> };
  "/api/admin/users/{id}/sessions": { get: Read<Page<Session>, Id & PageAsk>; delete: Read<{ revoked: number }, Id> };
  "/api/admin/users/{id}/sessions/{session}": { delete: Read<Nothing, { path: { id: string; session: string } }> };
  "/api/admin/invites": {
    get: Read<Page<Invite>, PageAsk>;
    post: Write<{ email?: string; expires_in_days?: number; locale?: Locale }, { invite: Invite; link: string; is_mailed: boolean }>;
  };
  "/api/admin/invites/{id}": { delete: Read<Nothing, Id> };
  "/api/admin/audit-logs": { get: Read<Page<AuditLogRow>, { query?: AuditLogQuery }> };
  "/api/admin/audit-logs/export.csv": { get: Read<Blob, { query?: AuditLogQuery }> };
}
