// The user's own screens, for pictures. See pictures.mjs.
const press = (name) => (page) => page.getByRole("button", { name }).first().click();
const inDialog = (page, name) => page.locator("dialog").getByRole("button", { name }).first().click();
const SEND = /^(Send|发送)$/;
const openMenu = async (page, name) => {
  await page.getByRole("button", { name }).first().click();
};
const makeKey = async (page) => {
  await press(/^(Create key|创建密钥)$/)(page);
  await page.fill("dialog input[name=name]", "Notebook");
  await page.locator("dialog button[type=submit]").click();
  await page.locator("dialog code, dialog pre").first().waitFor();
};
const play = async (page, message) => {
  await press(/^(Make a key for this|为此创建一个密钥)$/)(page);
  await page.getByText(/^(In use|正在使用)/).waitFor();
  await page.getByLabel(/^(Message|消息)$/).fill(message);
  await press(SEND)(page);
};
const me = { signedIn: "research" };
const failed = "req_06ft3r5yx1v2k4m7q9s0t30896";
const whole = "req_06ft3r5yx1v2k4m7q9s0t30898";

export const PORTAL_SCREENS = [
  { name: "home", path: "/", stub: { signedIn: null } },
  { name: "home-no-models", path: "/", stub: { signedIn: null, hidesModels: true } },
  { name: "models", path: "/models", stub: { signedIn: null } },
  { name: "models-none-found", path: "/models?q=nothing-like-it", stub: { signedIn: null } },
  { name: "models-hidden", path: "/models", stub: { signedIn: null, hidesModels: true } },
  { name: "models-failed", path: "/models", stub: { signedIn: null, fail: { "/api/models": "unavailable" } } },
  { name: "model", path: "/models?model=demo-large", stub: { signedIn: null }, act: () => undefined },
  { name: "docs", path: "/docs", stub: { signedIn: null } },
  { name: "docs-claude-code", path: "/docs?client=claudeCode", stub: { signedIn: null } },
  { name: "docs-cherry-studio", path: "/docs?client=cherryStudio", stub: { signedIn: null } },
  { name: "own-overview", path: "/app", stub: me },
  { name: "own-overview-low", path: "/app", stub: { signedIn: "translation-pipeline-for-the-documentation-portal", empty: true } },
  { name: "own-overview-failed", path: "/app", stub: { ...me, fail: { "/api/me/usage/summary": "unavailable", "/api/me/notices": "internal_error" } } },
  { name: "own-first-key", path: "/app", stub: me, act: async (page) => {
    await press(/^(Create key & test|创建密钥并测试)$/)(page);
    await page.locator("dialog pre").waitFor();
  } },
  { name: "own-first-call", path: "/app", stub: me, act: async (page) => {
    await press(/^(Create key & test|创建密钥并测试)$/)(page);
    await inDialog(page, /^(Run test call|运行测试调用)$/);
    await page.getByText(/^(It works|调用成功)$/).waitFor();
    await page.waitForTimeout(300);
  } },
  { name: "more", path: "/app/docs", stub: me, touched: true, act: press(/^(More|更多)$/) },
  { name: "keys", path: "/app/keys", stub: me },
  { name: "keys-empty", path: "/app/keys", stub: { ...me, empty: true } },
  { name: "keys-failed", path: "/app/keys", stub: { ...me, fail: { "/api/me/keys": "internal_error" } } },
  { name: "keys-menu", path: "/app/keys", stub: me, act: (page) => openMenu(page, /^(Actions for|“Laptop”的操作)/) },
  { name: "key-new", path: "/app/keys", stub: me, act: press(/^(Create key|创建密钥)$/) },
  { name: "key-limits", path: "/app/keys", stub: me, act: async (page) => {
    await press(/^(Create key|创建密钥)$/)(page);
    await page.locator("dialog summary").click();
    await page.selectOption("dialog select[name=expiry]", "day");
    await page.fill("dialog input[name=day]", "lots");
    await page.locator("dialog button[type=submit]").click();
  } },
  { name: "key-secret", path: "/app/keys", stub: me, act: makeKey },
  { name: "key-rotate", path: "/app/keys", stub: me, act: async (page) => {
    await openMenu(page, /^(Actions for|“Laptop”的操作)/);
    await page.getByRole("menuitem", { name: /^(Rotate|轮换)$/ }).click();
  } },
  { name: "key-revoke", path: "/app/keys", stub: me, act: async (page) => {
    await openMenu(page, /^(Actions for|“Laptop”的操作)/);
    await page.getByRole("menuitem", { name: /^(Revoke|吊销)$/ }).click();
  } },
  { name: "usage", path: "/app/usage", settle: 900, stub: me },
  { name: "usage-by-model", path: "/app/usage?group=model&range=7d", settle: 900, stub: me },
  { name: "usage-hours", path: "/app/usage?range=24h&group=key&model=demo-small", settle: 900, stub: me },
  { name: "usage-table", path: "/app/usage", settle: 900, stub: me, act: (page) => page.locator("summary").first().click() },
  { name: "usage-empty", path: "/app/usage", settle: 900, stub: { ...me, empty: true } },
  { name: "usage-failed", path: "/app/usage", settle: 900, stub: { ...me, fail: { "/api/me/usage/series": "unavailable", "/api/me/usage/summary": "forbidden" } } },
  { name: "usage-too-large", path: "/app/usage?model=demo-large", settle: 900, stub: me, act: press(/^(Export as CSV|导出为 CSV)$/) },
  { name: "requests", path: "/app/requests", stub: me },
  { name: "requests-filtered", path: "/app/requests?outcome=error&model=demo-small&range=30d", stub: me },
  { name: "requests-none-found", path: "/app/requests?model=no-such-model", stub: me },
  { name: "requests-empty", path: "/app/requests", stub: { ...me, empty: true } },
  { name: "requests-failed", path: "/app/requests", stub: { ...me, fail: { "/api/me/requests": "forbidden" } } },
  { name: "request", path: `/app/requests/${whole}`, stub: me, act: () => undefined },
  { name: "request-failed", path: `/app/requests/${failed}`, stub: me, act: () => undefined },
  { name: "request-missing", path: "/app/requests/req_nowhere", stub: me, act: () => undefined },
  { name: "ledger", path: "/app/ledger", stub: me },
  { name: "ledger-empty", path: "/app/ledger", stub: { ...me, empty: true } },
  { name: "playground", path: "/app/playground", stub: me },
  { name: "playground-answer", path: "/app/playground?model=demo-small", stub: me, act: async (page) => {
    await play(page, "Is anybody there?");
    await page.getByText(/safely/).waitFor();
    await page.waitForTimeout(700);
  } },
  { name: "playground-refused", path: "/app/playground", stub: me, act: async (page) => {
    await play(page, "refuse this, please");
    await page.getByText(/insufficient_balance/).waitFor();
  } },
  { name: "own-models", path: "/app/models", stub: me },
  { name: "own-docs", path: "/app/docs?client=python", stub: me },
  { name: "appearance", path: "/app/appearance", stub: me },
];
