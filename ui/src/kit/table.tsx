import type { MouseEvent, ReactNode } from "react";

import { classes } from "./classes";

export type Column<Row> = {
  id: string;
  header: string;
  cell: (row: Row) => ReactNode;
  align?: "end";
  /** The row's name: it heads the card that a row becomes on a narrow screen. */
  lead?: boolean;
  /** The header is for readers of the page's structure only, as over a column of menus. */
  hideHeader?: boolean;
  className?: string;
};

type TableProps<Row> = {
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string;
  /** What a press anywhere on a row does. A link or a button in the row does the same for the keyboard. */
  onOpen?: (row: Row) => void;
};

/** A table; on narrow screens a card for each row. It says the same to a screen reader in both shapes. */
export function Table<Row>({ caption, columns, rows, rowKey, onOpen }: TableProps<Row>) {
  return (
    // The roles are said because a row shown as a card would lose them. What is hidden but read out is placed by the
    // nearest placed element: without one of its own it would widen the page.
    <div className="table-room relative overflow-x-auto">
      <table role="table" className="table-cards w-full border-collapse text-start">
        <caption className="sr-only">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row" className="border-b border-line">
            {columns.map((column) => (
              <th
                key={column.id}
                role="columnheader"
                scope="col"
                className={classes("h-9 px-3 first:ps-4 last:pe-4 sm:first:ps-5 sm:last:pe-5 text-start text-xs font-medium whitespace-nowrap text-muted", column.align === "end" && "text-end")}
              >
                <span className={column.hideHeader === true ? "sr-only" : undefined}>{column.header}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup" className="divide-y divide-line">
          {rows.map((row) => (
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- Only a wider target for what the row has a link or a button for.
            <tr
              key={rowKey(row)}
              role="row"
              className={classes("hover:bg-hover/60", onOpen !== undefined && "cursor-pointer")}
              onClick={onOpen && ((event) => isOnRowItself(event) && onOpen(row))}
            >
              {columns.map((column) => (
                <td
                  key={column.id}
                  role="cell"
                  data-label={column.hideHeader === true || column.lead === true ? undefined : column.header}
                  data-lead={column.lead === true ? "" : undefined}
                  className={classes("h-11 px-3 py-2 align-middle first:ps-4 last:pe-4 sm:first:ps-5 sm:last:pe-5", column.align === "end" && "text-end tabular-nums", column.className)}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Not on what does something of its own, and not the end of selecting text. */
function isOnRowItself({ target }: MouseEvent): boolean {
  const isOwn = target instanceof Element && target.closest("a, button, input, select, label") !== null;
  return !isOwn && getSelection()?.isCollapsed !== false;
}
