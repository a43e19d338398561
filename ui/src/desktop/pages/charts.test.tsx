import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, describe, expect, it } from "vitest";

import { PRODUCTION, STAGING } from "../fake-desk";
import type { Chart } from "../shell-types";
import { given, openWindow, press, siteOf, startEnglish } from "../test-window";

beforeAll(startEnglish);

const charts = (window: ReturnType<typeof openWindow>) => given(window.shell, "drawChart").map(([chart]) => chart as Chart);

describe("a chart", () => {
  it("is a picture that says what it shows, with the way to its figures as a table", async () => {
    const window = openWindow("/console/charts?range=7d", { chart: '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>' });
    const picture = await screen.findByRole<HTMLImageElement>("img", { name: /^Chart: Revenue by day, / });
    expect(picture.src).toMatch(/^data:image\/svg\+xml/);
    expect(document.querySelector("main svg script")).toBeNull();
    expect(screen.getByRole("link", { name: "Show these figures as a table" }).getAttribute("href")).toContain("/console/revenue?range=7d");
    expect(charts(window)[0]).toMatchObject({ connection: PRODUCTION.id, kind: "revenue_by_day", theme: "light" });
    expect(charts(window)[0]?.start_date).toBeDefined();
  });

  it("is drawn anew when the theme changes", async () => {
    const window = openWindow("/console/charts");
    await screen.findByRole("img", { name: /^Chart/ });
    document.documentElement.classList.add("dark");
    await waitFor(() => expect(charts(window).at(-1)?.theme).toBe("dark"));
    document.documentElement.classList.remove("dark");
  });

  it("by month is of the site’s own span, and kept in the address", async () => {
    const window = openWindow("/console/charts");
    await userEvent.click(await screen.findByRole("radio", { name: "Margin by month" }));
    await screen.findByRole("img", { name: "Chart: Margin by month, the last twelve months. The figures are in the table that is linked below it." });
    expect(charts(window).at(-1)).toMatchObject({ kind: "margin_by_month" });
    expect(charts(window).at(-1)?.start_date).toBeUndefined();
    expect(screen.getByRole("link", { name: "Show these figures as a table" }).getAttribute("href")).toContain("by=month");
  });

  it("of revenue is not offered to who may not see it", async () => {
    const window = openWindow("/console/charts", { sites: { [PRODUCTION.id]: siteOf({}, ["stats.read"]) } });
    await screen.findByRole("img", { name: /^Chart: Own usage by model/ });
    expect(screen.queryByRole("radio", { name: "Revenue by day" })).toBeNull();
    await press("Show these figures as a table in the browser");
    await waitFor(() => expect(window.shell.desk.opened).toEqual(["https://ai.example.com/app/usage"]));
  });

  it("that cannot be had says why, and is asked for again", async () => {
    const window = openWindow("/console/charts", { selected: STAGING.id });
    window.shell.failNext("drawChart", "refused", "Your role doesn’t allow this.");
    await screen.findByText("The site didn’t give the figures: Your role doesn’t allow this.");
    await press("Try again");
    await screen.findByRole("img", { name: /^Chart/ });
  });

  it("is saved as a file, and the page says where", async () => {
    const window = openWindow("/console/charts", { savesTo: "/srv/desk/Revenue.png" });
    await screen.findByRole("img", { name: /^Chart/ });
    await press("Save as PNG");
    await screen.findByText("Saved to /srv/desk/Revenue.png");
    expect(given(window.shell, "saveChart")[0]?.[1]).toBe("png");
  });
});
