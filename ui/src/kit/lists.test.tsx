import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";

import { CHART_SERIES_MAX, lookAt, looksOf } from "./chart-look";
import { SuggestionInput } from "./suggestion-input";
import { CopyId } from "./copy-id";
import { DateRange, type DateRangeValue } from "./date-range";
import { Field } from "./field";
import { FilterChips } from "./filter-chips";
import { LineChart } from "./line-chart";
import { Segments } from "./segments";
import { Sheet } from "./sheet";
import { TextArea } from "./text-area";
import { TokenList } from "./token-list";
import { Tooltip } from "./tooltip";
import { VirtualTable } from "./virtual-table";

describe("an input with suggestions", () => {
  const OPTIONS = ["demo-large", "demo-small", "paper-crane"];
  function Model({ onChange, free = false }: { onChange: (value: string) => void; free?: boolean }) {
    const [value, setValue] = useState("");
    return (
      <Field label="Model">
        <SuggestionInput
          value={value}
          options={OPTIONS}
          noneText="No matches"
          free={free}
          onChange={(chosen) => {
            setValue(chosen);
            onChange(chosen);
          }}
        />
      </Field>
    );
  }

  it("is narrowed by writing and chosen from by the keyboard alone", async () => {
    const change = vi.fn();
    render(<Model onChange={change} />);
    const input = screen.getByRole("combobox", { name: "Model" });
    await userEvent.type(input, "DEMO");
    expect(screen.getAllByRole("option").map(({ textContent }) => textContent)).toEqual(["demo-large", "demo-small"]);
    await userEvent.keyboard("{ArrowDown}");
    expect(document.getElementById(input.getAttribute("aria-activedescendant") ?? "")?.textContent).toBe("demo-small");
    await userEvent.keyboard("{Enter}");
    expect(change).toHaveBeenLastCalledWith("demo-small");
    expect(input.getAttribute("aria-expanded")).toBe("false");
  });

  it("goes back to what it had when what is written is nothing it knows", async () => {
    const change = vi.fn();
    render(<Model onChange={change} />);
    const input = screen.getByRole("combobox", { name: "Model" });
    await userEvent.type(input, "other");
    expect(screen.getByText("No matches")).toBeTruthy();
    await userEvent.tab();
    expect(change).not.toHaveBeenCalled();
    expect((input as HTMLInputElement).value).toBe("");
  });

  it("takes what it does not know where it may", async () => {
    const change = vi.fn();
    render(<Model onChange={change} free />);
    await userEvent.type(screen.getByRole("combobox", { name: "Model" }), "brand-new{Enter}");
    expect(change).toHaveBeenLastCalledWith("brand-new");
  });
});

describe("a sheet", () => {
  it("names itself, hears Escape and gives the focus back", async () => {
    function Page() {
      const [isOpen, setIsOpen] = useState(false);
      return (
        <>
          <button type="button" onClick={() => setIsOpen(true)}>
            Open
          </button>
          {isOpen && (
            <Sheet title="Request" onClose={() => setIsOpen(false)}>
              Details
            </Sheet>
          )}
        </>
      );
    }
    render(<Page />);
    await userEvent.click(screen.getByRole("button", { name: "Open" }));
    const sheet = screen.getByRole("dialog", { name: "Request" });
    expect(within(sheet).getByText("Details")).toBeTruthy();
    await userEvent.click(within(sheet).getByRole("button", { name: "Close" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(document.activeElement?.textContent).toBe("Open");
  });
});

describe("a span of time", () => {
  const PRESETS = [
    { value: "7d", label: "7 days" },
    { value: "30d", label: "30 days" },
  ] as const;
  function Span({ onChange }: { onChange: (value: DateRangeValue<"7d" | "30d">) => void }) {
    return (
      <DateRange
        label="Period" presets={PRESETS} value={{ preset: "7d" }} onChange={onChange} from="2026-11-15" until="2026-11-21" lastDay="2026-11-21"
        fromLabel="From" untilLabel="Until" zone="Times in Asia/Shanghai"
      />
    );
  }

  it("is chosen by its name or from a day to a day, and its zone is in sight", async () => {
    const change = vi.fn();
    render(<Span onChange={change} />);
    expect(screen.getByText("Times in Asia/Shanghai")).toBeTruthy();
    expect((screen.getByRole("radio", { name: "7 days" }) as HTMLInputElement).checked).toBe(true);
    await userEvent.click(screen.getByRole("radio", { name: "30 days" }));
    expect(change).toHaveBeenLastCalledWith({ preset: "30d" });
    fireEvent.change(screen.getByLabelText("From"), { target: { value: "" } });
    expect(change).toHaveBeenCalledTimes(1);
    fireEvent.change(screen.getByLabelText("From"), { target: { value: "2026-11-30" } });
    expect(change).toHaveBeenLastCalledWith({ from: "2026-11-21", until: "2026-11-30" });
  });
});

it("segments are radio buttons of which one is chosen", async () => {
  const change = vi.fn();
  render(<Segments label="Group by" value="model" options={[{ value: "model", label: "Model" }, { value: "key", label: "Key" }]} onChange={change} />);
  expect(screen.getByRole("group", { name: "Group by" })).toBeTruthy();
  await userEvent.click(screen.getByRole("radio", { name: "Key" }));
  expect(change).toHaveBeenCalledWith("key");
});

it("each filter can be taken away by its name, or all at once", async () => {
  const remove = vi.fn();
  const clear = vi.fn();
  const words = { label: "Filters", removeLabel: (name: string) => `Remove filter ${name}`, clearLabel: "Clear all", onClear: clear };
  const { rerender } = render(<FilterChips {...words} chips={[{ id: "m", name: "Model", value: "demo", onRemove: remove }]} />);
  await userEvent.click(screen.getByRole("button", { name: "Remove filter Model" }));
  await userEvent.click(screen.getByRole("button", { name: "Clear all" }));
  expect(remove).toHaveBeenCalledOnce();
  expect(clear).toHaveBeenCalledOnce();
  rerender(<FilterChips {...words} chips={[]} />);
  expect(screen.queryByRole("list")).toBeNull();
});

it("each value of a list can be taken away by its name", async () => {
  const remove = vi.fn();
  render(<TokenList label="Models" values={["a", "b"]} removeLabel={(value) => `Remove ${value}`} onRemove={remove} />);
  await userEvent.click(screen.getByRole("button", { name: "Remove b" }));
  expect(remove).toHaveBeenCalledWith("b");
});

it("an id is shown short and copied whole", async () => {
  const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
  render(<CopyId id="req_06ft3r5yx1v2k4m7q9s0t2w6z0" shown="req_…t2w6z0" label="Copy request ID" />);
  expect(screen.getByTitle("req_06ft3r5yx1v2k4m7q9s0t2w6z0").textContent).toBe("req_…t2w6z0");
  screen.getByRole("button", { name: "Copy request ID" }).click();
  await waitFor(() => expect(write).toHaveBeenCalledWith("req_06ft3r5yx1v2k4m7q9s0t2w6z0"));
});

it("a tooltip describes what has the focus", async () => {
  render(
    <Tooltip text="Rounded up">
      <button type="button">Cost</button>
    </Tooltip>,
  );
  await userEvent.tab();
  expect((await screen.findByRole("tooltip")).textContent).toBe("Rounded up");
});

it("a field names a text of many lines", () => {
  render(
    <Field label="Message">
      <TextArea />
    </Field>,
  );
  expect(screen.getByLabelText("Message").tagName).toBe("TEXTAREA");
});

describe("a line chart", () => {
  it("has a caption, a legend with sums, and its numbers in a table to the last digit", () => {
    const values = [{ number: 0.1, text: "$0.100000001" }, { number: 0, text: "$0.00" }];
    render(
      <LineChart
        caption="Cost by day" stepName="Day" tableLabel="Show as table" writeTick={String}
        steps={[{ id: "1", short: "11/20", full: "Nov 20" }, { id: "2", short: "11/21", full: "Nov 21" }]}
        series={[{ id: "demo", name: "demo", total: "$0.100000001", look: lookAt(0), values }]}
      />,
    );
    expect(screen.getByRole("figure", { name: "Cost by day" })).toBeTruthy();
    const table = screen.getByRole("table", { name: "Cost by day", hidden: true });
    const rows = within(table).getAllByRole("row", { hidden: true }).map(({ textContent }) => textContent);
    expect(rows).toEqual(["Daydemo", "Nov 20$0.100000001", "Nov 21$0.00"]);
  });

  it("tells its lines apart by colour and by pattern", () => {
    const names = ["a", "b", "c", "d", "e"];
    const looks = [...looksOf(names).values()];
    expect(names).toHaveLength(CHART_SERIES_MAX);
    expect(new Set(looks.map(({ colour }) => colour)).size).toBe(names.length);
    expect(new Set(looks.map(({ dash }) => dash)).size).toBe(names.length);
  });

  it("draws a name in the same way in every chart", () => {
    expect(looksOf(["demo-small"]).get("demo-small")).toEqual(looksOf(["demo-small", "x"]).get("demo-small"));
  });
});

it("a table of very many rows has only those in sight in the page, and says how many there are", () => {
  const rows = Array.from({ length: 10_000 }, (_, number) => ({ id: `req_${number}` }));
  render(<VirtualTable caption="Requests" columns={[{ id: "id", header: "ID", track: "1fr", cell: ({ id }) => id }]} rows={rows} rowKey={({ id }) => id} />);
  expect(screen.getByRole("table", { name: "Requests" }).getAttribute("aria-rowcount")).toBe("10001");
  expect(screen.getAllByRole("row").length).toBeLessThan(100);
});
