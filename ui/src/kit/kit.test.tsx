import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";

import { Alert } from "./alert";
import { Avatar } from "./avatar";
import { Badge } from "./badge";
import { Button } from "./button";
import { Checkbox } from "./checkbox";
import { CodeBlock } from "./code-block";
import { ConfirmDialog } from "./confirm-dialog";
import { CopyButton } from "./copy-button";
import { Dialog } from "./dialog";
import { EmptyState } from "./empty-state";
import { Field } from "./field";
import { IconButton } from "./icon-button";
import { Menu, MenuChoice, MenuItem } from "./menu";
import { PageHeader } from "./page-header";
import { Pager } from "./pager";
import { PasswordInput } from "./password-input";
import { SecretOnce } from "./secret-once";
import { Select } from "./select";
import { SkeletonRows } from "./skeleton";
import { Switch } from "./switch";
import { Table } from "./table";
import { Tabs } from "./tabs";
import { TextInput } from "./text-input";
import { ToastProvider, useToast } from "./toast";

describe("a button", () => {
  it("takes no press while it is pending or blocked, and says why", async () => {
    const press = vi.fn();
    render(
      <>
        <Button pending onClick={press}>Save</Button>
        <Button blockedBy="Nothing has changed." onClick={press}>Send</Button>
      </>,
    );
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await userEvent.click(screen.getByRole("button", { name: "Send" }));
    expect(press).not.toHaveBeenCalled();
    expect(screen.getByRole("button", { name: "Save" }).getAttribute("aria-busy")).toBe("true");
    expect(screen.getByTitle("Nothing has changed.").getAttribute("aria-disabled")).toBe("true");
  });

  it("of an icon has a name", () => {
    render(<IconButton label="Close" icon={<svg />} />);
    expect(screen.getByRole("button", { name: "Close" })).toBeTruthy();
  });
});

describe("a field", () => {
  it("ties its label, hint and error to the control", () => {
    render(
      <Field label="E-mail" hint="We write rarely." error="Required">
        <TextInput />
      </Field>,
    );
    const input = screen.getByLabelText("E-mail");
    const describedBy = (input.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent);
    expect(describedBy).toEqual(["We write rarely.", "Required"]);
    expect(input.getAttribute("aria-invalid")).toBe("true");
  });

  it("names a list of choices", () => {
    render(
      <Field label="Role">
        <Select>
          <option>User</option>
        </Select>
      </Field>,
    );
    expect(screen.getByRole("combobox", { name: "Role" })).toBeTruthy();
  });

  it("of a password shows it for as long as asked", async () => {
    render(
      <Field label="Password">
        <PasswordInput />
      </Field>,
    );
    const input = screen.getByLabelText("Password");
    expect(input.getAttribute("type")).toBe("password");
    await userEvent.click(screen.getByRole("button", { name: "Show password" }));
    expect(input.getAttribute("type")).toBe("text");
    await userEvent.click(screen.getByRole("button", { name: "Hide password" }));
    expect(input.getAttribute("type")).toBe("password");
  });
});

it("a checkbox and a switch are named by their labels and described by their hints", async () => {
  render(
    <>
      <Checkbox label="Forfeit" hint="For good." />
      <Switch label="Notify me" />
    </>,
  );
  const box = screen.getByRole("checkbox", { name: "Forfeit" }) as HTMLInputElement;
  await userEvent.click(screen.getByText("Forfeit"));
  expect(box.checked).toBe(true);
  expect(document.getElementById(box.getAttribute("aria-describedby") ?? "")?.textContent).toBe("For good.");
  expect(screen.getByRole("switch", { name: "Notify me" })).toBeTruthy();
});

describe("a dialog", () => {
  function Opened({ dismissable }: { dismissable?: boolean }) {
    const [open, setOpen] = useState(false);
    return (
      <>
        <button type="button" onClick={() => setOpen(true)}>Open</button>
        <Dialog open={open} onClose={() => setOpen(false)} title="Rename" description="Only you see it." dismissable={dismissable}>
          <TextInput aria-label="Name" />
        </Dialog>
      </>
    );
  }

  it("is named, focuses its first control, closes on Escape and gives the focus back", async () => {
    render(<Opened />);
    await userEvent.click(screen.getByRole("button", { name: "Open" }));
    const dialog = screen.getByRole("dialog", { name: "Rename" });
    expect(document.activeElement).toBe(screen.getByLabelText("Name"));
    fireEvent(dialog, new Event("cancel", { cancelable: true }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "Open" }));
  });

  it("closes by its backdrop, but not when the press began inside", async () => {
    render(<Opened />);
    await userEvent.click(screen.getByRole("button", { name: "Open" }));
    const dialog = screen.getByRole("dialog");
    fireEvent.mouseDown(screen.getByLabelText("Name"));
    fireEvent.click(dialog);
    expect(screen.queryByRole("dialog")).not.toBeNull();
    fireEvent.mouseDown(dialog);
    fireEvent.click(dialog);
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("that asks names the consequence, and the verb is on the button", async () => {
    const confirm = vi.fn();
    render(<ConfirmDialog open title="Delete?" consequence="It is gone for good." action="Delete" cancel="Cancel" onConfirm={confirm} onCancel={() => undefined} />);
    const dialog = screen.getByRole("alertdialog", { name: "Delete?" });
    expect(within(dialog).getByText("It is gone for good.")).toBeTruthy();
    expect(document.activeElement).toBe(within(dialog).getByRole("button", { name: "Cancel" }));
    await userEvent.click(within(dialog).getByRole("button", { name: "Delete" }));
    expect(confirm).toHaveBeenCalledOnce();
  });

  it("with a secret closes by its one button only", async () => {
    const saved = vi.fn();
    render(<SecretOnce title="Key" explanation="Shown once." label="API key" secret="sk-1" onSaved={saved} />);
    const dialog = screen.getByRole("dialog");
    fireEvent.mouseDown(dialog);
    fireEvent.click(dialog);
    fireEvent(dialog, new Event("cancel", { cancelable: true }));
    expect(saved).not.toHaveBeenCalled();
    expect(within(dialog).queryByRole("button", { name: "Close" })).toBeNull();
    await userEvent.click(within(dialog).getByRole("button", { name: "I have saved it" }));
    expect(saved).toHaveBeenCalledOnce();
  });
});

it("what is copied goes to the clipboard, and it is said", async () => {
  const user = userEvent.setup();
  render(<CodeBlock label="Command" text="waystation setup-token" />);
  await user.click(screen.getByRole("button", { name: "Copy" }));
  expect(await navigator.clipboard.readText()).toBe("waystation setup-token");
  expect(screen.getByRole("status").textContent).toBe("Copied");
});

it("a copy that the browser refuses is said too", async () => {
  const user = userEvent.setup();
  vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new Error("not allowed"));
  render(<CopyButton value="a" look="button" />);
  await user.click(screen.getByRole("button", { name: "Copy" }));
  expect(screen.getByRole("status").textContent).toContain("by hand");
});

it("a menu is worked by keyboard", async () => {
  const rename = vi.fn();
  const choose = vi.fn();
  render(
    <Menu trigger={<button type="button">Actions</button>}>
      <MenuItem onSelect={rename}>Rename</MenuItem>
      <MenuChoice label="Language" value="en" onChange={choose} options={[{ value: "en", label: "English" }, { value: "zh-CN", label: "简体中文" }]} />
    </Menu>,
  );
  screen.getByRole("button", { name: "Actions" }).focus();
  await userEvent.keyboard("{Enter}");
  expect(screen.getByRole("menuitemradio", { name: "English" }).getAttribute("aria-checked")).toBe("true");
  await userEvent.keyboard("{Enter}");
  expect(rename).toHaveBeenCalledOnce();
  expect(screen.queryByRole("menu")).toBeNull();
});

it("tabs show the panel of the chosen one", async () => {
  const choose = vi.fn();
  render(<Tabs label="Person" value="keys" onChange={choose} tabs={[{ value: "keys", label: "Keys", content: "All keys" }, { value: "audit", label: "Audit", content: "All deeds" }]} />);
  expect(screen.getByRole("tabpanel").textContent).toBe("All keys");
  await userEvent.click(screen.getByRole("tab", { name: "Audit" }));
  expect(choose).toHaveBeenCalledWith("audit");
});

it("a table keeps its structure in both of its shapes", () => {
  const columns = [
    { id: "name", header: "Name", lead: true, cell: (row: { name: string }) => row.name },
    { id: "size", header: "Size", cell: () => "1" },
    { id: "menu", header: "Actions", hideHeader: true, cell: () => "…" },
  ];
  render(<Table caption="Things" columns={columns} rows={[{ name: "a" }, { name: "b" }]} rowKey={(row) => row.name} />);
  const table = screen.getByRole("table", { name: "Things" });
  expect(within(table).getAllByRole("row")).toHaveLength(3);
  expect(within(table).getAllByRole("columnheader").map((header) => header.textContent)).toEqual(["Name", "Size", "Actions"]);
  expect(within(table).getAllByRole("cell").map((cell) => cell.dataset.label)).toEqual([undefined, "Size", undefined, undefined, "Size", undefined]);
});

it("a pager shows only the ways there are", () => {
  const { container, rerender } = render(<Pager label="Pages" page={1} />);
  expect(container.textContent).toBe("");
  rerender(<Pager label="Pages" page={2} onPrevious={() => undefined} />);
  expect(screen.getAllByRole("button").map((button) => button.textContent)).toEqual(["Previous"]);
});

it("a live alert is read out, and a word or a picture alone says nothing twice", () => {
  render(
    <>
      <Alert tone="danger" live title="Failed">Try again.</Alert>
      <Avatar name="Ann" />
      <Badge tone="success">Active</Badge>
      <PageHeader title="People" />
      <EmptyState title="No people yet">Add one.</EmptyState>
      <SkeletonRows rows={2} />
    </>,
  );
  expect(screen.getByRole("alert").textContent).toContain("Failed");
  expect(screen.getByText("A").getAttribute("aria-hidden")).toBe("true");
  expect(screen.getByRole("heading", { level: 1, name: "People" })).toBeTruthy();
  expect(screen.getByRole("status", { name: "Loading…" })).toBeTruthy();
});

it("a toast is announced, offers its action and goes by itself", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const undo = vi.fn();
  function Page() {
    const toast = useToast();
    return <button type="button" onClick={() => toast({ text: "Archived", action: { label: "Undo", run: undo } })}>Archive</button>;
  }
  render(<ToastProvider><Page /></ToastProvider>);
  fireEvent.click(screen.getByRole("button", { name: "Archive" }));
  expect(screen.getByRole("status").textContent).toContain("Archived");
  fireEvent.click(screen.getByRole("button", { name: "Undo" }));
  expect(undo).toHaveBeenCalledOnce();
  fireEvent.click(screen.getByRole("button", { name: "Archive" }));
  await act(() => vi.advanceTimersByTimeAsync(9_000));
  expect(screen.getByRole("status").textContent).toBe("");
  vi.useRealTimers();
});
