// The console's screens, for pictures. See pictures.mjs.
const press = (name) => (page) => page.getByRole("button", { name }).first().click();
const ADD = /^(Add channel|添加渠道)$/;
const channel = "/console/channels/chn_06ft3r5yx1v2k4m7q9s0t50001";
const model = "/console/models/mdl_06ft3r5yx1v2k4m7q9s0t50000";
const person = "/console/people/usr_06ft3r5yx1v2k4m7q9s0t20005";
const draft = async (page, key) => {
  await press(ADD)(page);
  await page.locator("dialog label", { hasText: "DeepSeek" }).click();
  await page.fill("dialog input[name=credential]", key);
  await page.locator("dialog input[name=credential]").blur();
  await page.locator("dialog .bg-success-soft, dialog .bg-warning-soft").first().waitFor();
};

export const CONSOLE_SCREENS = [
  { name: "console-overview", path: "/console", stub: {} },
  { name: "console-overview-quiet", path: "/console", stub: { empty: true } },
  { name: "console-requests", path: "/console/requests", stub: {} },
  { name: "console-requests-filtered", path: "/console/requests?outcome=error&model=demo-large&range=30d", stub: {} },
  { name: "console-request", path: "/console/requests/req_06ft3r5yx1v2k4m7q9s0t30896", stub: {}, act: () => undefined },
  { name: "console-errors", path: "/console/errors", stub: {} },
  { name: "console-errors-none", path: "/console/errors", stub: { empty: true } },
  { name: "channels", path: "/console/channels", stub: {} },
  { name: "channels-empty", path: "/console/channels", stub: { empty: true } },
  { name: "channels-failed", path: "/console/channels", stub: { fail: { "/api/admin/channels": "internal_error" } } },
  { name: "channel-new", path: "/console/channels", stub: { proof: false }, act: (page) => draft(page, "sk-right") },
  { name: "channel-new-wrong", path: "/console/channels", stub: { proof: false }, act: (page) => draft(page, "sk-wrong") },
  { name: "channel", path: channel, stub: {} },
  { name: "channel-read-only", path: channel, stub: { signedIn: "auditor" } },
  { name: "channel-tested", path: channel, stub: {}, act: press(/^(Run test|运行测试)$/) },
  { name: "channel-sync", path: channel, stub: {}, act: press(/^(Compare with provider|与供应商比对)$/) },
  { name: "catalog", path: "/console/models", stub: {} },
  { name: "catalog-unpriced", path: "/console/models?unpriced=1", stub: {}, act: () => undefined },
  { name: "catalog-model", path: model, stub: {}, act: () => undefined },
  { name: "catalog-price", path: `${model}?tab=price`, stub: {}, act: () => undefined },
  { name: "catalog-history", path: `${model}?tab=history`, stub: {}, act: () => undefined },
  { name: "adjustment", path: person, stub: {}, act: async (page) => {
    await press(/^(Adjust|调整)$/)(page);
    await page.fill("dialog input[name=amount]", "50");
  } },
  { name: "adjustment-done", path: person, stub: {}, act: async (page) => {
    await press(/^(Adjust|调整)$/)(page);
    await page.fill("dialog input[name=amount]", "50");
    await page.fill("dialog textarea[name=note]", "For the outage");
    await page.locator("dialog button[type=submit]").click();
  } },
  { name: "settings", path: "/console/settings", stub: {} },
  { name: "settings-read-only", path: "/console/settings", stub: { signedIn: "auditor" } },
  { name: "groups", path: "/console/model-groups", stub: {} },
  { name: "group-new", path: "/console/model-groups", stub: {}, act: press(/^(Add group|添加分组)$/) },
  { name: "notices", path: "/console/notices", stub: {} },
  { name: "notices-empty", path: "/console/notices", stub: { empty: true } },
  { name: "notice-new", path: "/console/notices", stub: {}, act: press(/^(New notice|新建公告)$/) },
  { name: "palette", path: "/console/channels", stub: {}, act: (page) => page.keyboard.press("Control+K") },
  { name: "shortcuts", path: "/console/channels", stub: {}, act: (page) => page.keyboard.press("?") },
  { name: "channel-model", path: channel, stub: {}, act: async (page) => {
    await page.getByRole("button", { name: /^(Actions for demo-large|demo-large 的操作)$/ }).click();
    await page.getByRole("menuitem").first().click();
  } },
  { name: "billing", path: "/console/billing", stub: {} },
  { name: "billing-empty", path: "/console/billing", stub: { empty: true } },
  { name: "roles", path: "/console/roles", stub: {} },
  { name: "revenue", path: "/console/revenue", stub: {}, settle: 500 },
  { name: "revenue-by-channel", path: "/console/revenue?parts=channel", stub: {}, settle: 500 },
  { name: "revenue-month", path: "/console/revenue?by=month", stub: {}, settle: 500 },
  { name: "revenue-none", path: "/console/revenue", stub: { empty: true } },
];
