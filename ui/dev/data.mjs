// What the stub server knows when it starts. Times are fixed, so that pictures stay comparable.
export const NOW = Date.parse("2026-11-21T04:00:00.000Z");
const ago = (hours) => new Date(NOW - hours * 3_600_000).toISOString();
const ahead = (hours) => ago(-hours);
const id = (prefix, number) => `${prefix}_06ft3r5yx1v2k4m7q9s0t2${String(number).padStart(4, "0")}`;

const ALL = [
  "users.read", "users.write", "keys.read", "keys.write", "ledger.read", "ledger.write", "models.read", "models.write",
  "channels.read", "channels.write", "requests.read", "audit.read", "settings.read", "settings.write", "stats.read", "revenue.read",
];
export const PERMISSIONS = {
  owner: ALL,
  admin: ALL,
  operator: ["users.read", "keys.read", "models.read", "models.write", "channels.read", "channels.write", "requests.read", "stats.read"],
  finance: ["users.read", "ledger.read", "ledger.write", "models.read", "requests.read", "stats.read", "revenue.read"],
  auditor: ALL.filter((name) => name.endsWith(".read")),
  user: [],
};

const NAMES = [
  ["owner", "Site owner", "owner", "1250.5"],
  ["operations", "Operations desk", "admin", "80"],
  ["channels", "Channel duty", "operator", "0"],
  ["billing", "Billing desk", "finance", "12.00215"],
  ["audit", "External audit", "auditor", "0"],
  ["research", "Research group", "user", "318.420000001"],
  ["support-bot", "Support bot", "user", "4.75"],
  ["translation-pipeline-for-the-documentation-portal", "Translation pipeline for the documentation portal", "user", "0.000000021"],
  ["classroom", "第三教学楼机房", "user", "66.6"],
  ["build", "Build farm", "user", "0"],
  ["night-batch", "Night batch", "user", "902.1"],
  ["mobile-app", "移动端应用", "user", "23.4"],
];

export function people() {
  const named = NAMES.map(([local, display_name, role, available], place) => ({
    id: id("usr", place),
    email: `${local}@example.org`,
    username: place % 3 === 0 ? local.slice(0, 20) : null,
    display_name,
    role,
    status: local === "build" ? "disabled" : "active",
    channel_group: local === "research" ? "premium" : null,
    locale: place % 2 === 0 ? null : "zh-CN",
    email_verified_at: local === "night-batch" ? null : ago(900 - place),
    created_at: ago(1_000 - place * 61),
    balance: { available, pending: place === 5 ? "0.0021" : "0", currency: "USD" },
  }));
  const more = Array.from({ length: 40 }, (_, place) => ({
    ...named[6],
    id: id("usr", 100 + place),
    email: `client-${place + 1}@example.org`,
    display_name: `Client ${place + 1}`,
    created_at: ago(200 - place),
  }));
  return [...named, ...more];
}

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1";

export function sessions() {
  const row = (number, kind, name, user_agent, client_ip, used) => ({
    id: id("ses", number), kind, name, client_ip, user_agent, proved_by: "password",
    created_at: ago(used + 40), last_used_at: ago(used), expires_at: ahead(300), is_current: number === 1,
  });
  return [
    row(1, "browser", null, CHROME, "203.0.113.5", 0),
    row(2, "browser", null, SAFARI, "2001:db8:85a3::8a2e:370:7334", 5),
    row(3, "device", "Work laptop", "Waystation/0.1", "203.0.113.9", 30),
    row(4, "cli", null, null, null, 200),
  ];
}

export const passkeys = () => [
  { id: id("pky", 1), name: "Chrome · Windows", backed_up: true, created_at: ago(700), last_used_at: ago(20) },
  { id: id("pky", 2), name: "Security key in the safe", backed_up: false, created_at: ago(690), last_used_at: null },
];

export const options = () => ({
  registration: "open",
  requires_verification: true,
  allowed_domains: [],
  is_mail_sent: true,
  password_length_min: 10,
  providers: [
    { name: "github", title: "GitHub", preset: "github" },
    { name: "google", title: "Google", preset: "google" },
    { name: "linuxdo", title: "LINUX DO", preset: "linuxdo" },
    { name: "company", title: "Company SSO", preset: "oidc" },
  ],
  has_passkeys: true,
  is_signed_in: true,
});

export function keys() {
  const row = (number, name, preview, status, created, rest = {}) => ({
    id: id("key", number), name, preview, status, expires_at: null, allowed_models: null, allowed_ips: null, budgets: {}, output_cap: null,
    show_cost: false, created_at: ago(created), ...rest,
  });
  return [
    row(4, "Nightly evaluation of the translation models", "sk-Qr55…8hTz", "active", 30, { expires_at: ahead(400), budgets: { day: "5" } }),
    row(1, "Default", "sk-Ab12…wxyz", "active", 900),
    row(2, "Notebook", "sk-Yt31…kk0P", "disabled", 700),
    row(3, "Old laptop", "sk-Mm90…Lw2c", "revoked", 800),
    row(5, "Conference demo", "sk-Ef77…a01B", "active", 650, { expires_at: ago(40) }),
  ];
}

export const identities = () => [{ id: id("idn", 1), provider: "github", email: "owner@example.org", created_at: ago(800), last_used_at: ago(90) }];

export const invites = () => [
  { id: id("inv", 1), email: "new-team@example.org", status: "open", created_by: id("usr", 0), created_at: ago(3), expires_at: ahead(165), used_by: null, used_at: null, revoked_at: null },
  { id: id("inv", 2), email: null, status: "open", created_by: id("usr", 0), created_at: ago(30), expires_at: ahead(20), used_by: null, used_at: null, revoked_at: null },
  { id: id("inv", 3), email: "research@example.org", status: "used", created_by: id("usr", 1), created_at: ago(900), expires_at: ago(700), used_by: id("usr", 5), used_at: ago(870), revoked_at: null },
  { id: id("inv", 4), email: "wrong-address@example.org", status: "revoked", created_by: id("usr", 1), created_at: ago(500), expires_at: ago(332), used_by: null, used_at: null, revoked_at: ago(499) },
  { id: id("inv", 5), email: null, status: "expired", created_by: id("usr", 1), created_at: ago(700), expires_at: ago(532), used_by: null, used_at: null, revoked_at: null },
];

export function auditLog() {
  const hash = (number) => Array.from({ length: 64 }, (_, place) => "0123456789abcdef"[(number * 7 + place * 11 + ((place * number) % 5)) % 16]).join("");
  const row = (sequence, hours, actor, action, target, before, after) => ({
    sequence, at: ago(hours), actor, client_ip: actor.kind === "command" || actor.kind === "server" ? null : "203.0.113.5", action, target, before, after,
    request_id: `req_06ft3r5yx1v2k4m7q9s0${sequence}`, hash: hash(sequence),
  });
  const owner = { kind: "cookie", id: id("usr", 0), role: "owner" };
  const admin = { kind: "cookie", id: id("usr", 1), role: "admin" };
  const base = [
    row(412, 0.2, owner, "user.update", { kind: "user", id: id("usr", 3) }, { role: "user", status: "active", channel_group: null }, { role: "finance", status: "active", channel_group: "premium" }),
    row(411, 1, { kind: "stranger", id: null, role: null }, "sign_in.failed", { kind: "user", id: id("usr", 1) }, null, { proved_by: "password" }),
    row(410, 2, admin, "channel.credential.create", { kind: "channel", id: "chn_06ft3r5yx1v2k4m7q9s0t2w6z0" }, null, { name: "main", preview: "sk-…9f2a" }),
    row(409, 3, admin, "adjustment.create", { kind: "user", id: id("usr", 5) }, { available: "268.42" }, { available: "318.42", reason: "goodwill" }),
    row(408, 7, { kind: "command", id: null, role: null }, "user.reset_password", { kind: "user", id: id("usr", 6) }, null, null),
    row(407, 9, owner, "session.revoke", { kind: "session", id: id("ses", 9) }, null, null),
    row(406, 20, owner, "price.create", { kind: "model", id: "demo-small" }, { input: "0.5", output: "1.5" }, { input: "0.4", output: "1.2" }),
    row(405, 26, { kind: "server", id: null, role: null }, "plan.expire", { kind: "subscription", id: "sub_06ft3r5yx1v2k4m7q9s0t2w6z0" }, { status: "active" }, { status: "expired" }),
    row(404, 30, admin, "key.revoke", { kind: "key", id: "key_06ft3r5yx1v2k4m7q9s0t2w6z0" }, { status: "active" }, { status: "revoked" }),
  ];
  const more = Array.from({ length: 60 }, (_, place) => row(403 - place, 40 + place, owner, "sign_in.succeeded", { kind: "user", id: id("usr", 0) }, null, { proved_by: "password" }));
  return [...base, ...more];
}

export const TOTP = {
  secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
  uri: "otpauth://totp/Waystation:owner%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Waystation",
};
export const CODES = ["7f3k-9q2m-x4tb-1c8d", "m2vd-0s7h-5wxe-k93r", "q8nz-4jtc-b1yg-70ef", "a5rp-c6u2-9dwk-h3xs", "0ytm-e8vf-2kzq-6n4j", "x1hg-7b5w-s9ca-t8rd", "k4ce-3mzu-f7pn-v02y", "w9sd-6qxj-1hbt-5g8a", "e3fy-r2ka-8vmc-d7nz", "t6pb-u4gw-0xqs-9j1h"];
export const KEY = { key: { id: id("key", 1), name: "Default", preview: "sk-Ab12…wxyz" }, secret: "sk-Ab12q9Zt7LmXv3KdPw8RsY5nBc4JhUwxyz" };
