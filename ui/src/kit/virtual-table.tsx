import { useVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, type ReactNode } from "react";

import { classes } from "./classes";

export type VirtualColumn<Row> = {
  id: string;
  header: string;
  cell: (row: Row) => ReactNode;
  align?: "end";
  /** The width as a track of a grid, such as `12rem` or `minmax(10rem, 1fr)`. */
  track: string;
};

type VirtualTableProps<Row> = {
  caption: string;
  columns: VirtualColumn<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  onOpen?: (row: Row) => void;
  className?: string;
};

const ROW_PX = 36;

/**
 * A table of any length: only the rows in sight are in the page. Every row has one line of the same height, so that
 * nothing is measured while it scrolls. Places and heights are set on the elements, which the pages' policy allows.
 */
export function VirtualTable<Row>({ caption, columns, rows, rowKey, onOpen, className }: VirtualTableProps<Row>) {
  const box = useRef<HTMLDivElement>(null);
  // oxlint-disable-next-line react/incompatible-library -- Nothing of it is handed on to what is memoised.
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW_PX, overscan: 12 });
  const shown = virtual.getVirtualItems();
  const tracks = columns.map(({ track }) => track).join(" ");
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- What scrolls must be reachable by keyboard.
    <div ref={box} tabIndex={0} role="region" aria-label={caption} className={classes("h-[32rem] overflow-auto", className)}>
      <div role="table" aria-label={caption} aria-rowcount={rows.length + 1} className="min-w-max">
        <div role="rowgroup" className="sticky top-0 z-10 border-b border-line bg-surface">
          <Row tracks={tracks} index={1}>
            {columns.map((column) => (
              <div key={column.id} role="columnheader" className={classes("truncate px-4 text-xs font-medium text-muted", column.align === "end" && "text-end")}>
                {column.header}
              </div>
            ))}
          </Row>
        </div>
        <Height px={virtual.getTotalSize()}>
          {shown.map(({ index, start }) => {
            const row = rows[index];
            return (
              row !== undefined && (
                <Row key={rowKey(row)} tracks={tracks} index={index + 2} top={start} onOpen={onOpen === undefined ? undefined : () => onOpen(row)}>
                  {columns.map((column) => (
                    <div key={column.id} role="cell" className={classes("truncate px-4", column.align === "end" && "text-end tabular-nums")}>
                      {column.cell(row)}
                    </div>
                  ))}
                </Row>
              )
            );
          })}
        </Height>
      </div>
    </div>
  );
}

function Height({ px, children }: { px: number; children: ReactNode }) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (ref.current !== null) ref.current.style.height = `${px}px`;
  }, [px]);
  return (
    <div ref={ref} role="rowgroup" className="relative">
      {children}
    </div>
  );
}

type RowProps = { tracks: string; index: number; top?: number; onOpen?: (() => void) | undefined; children: ReactNode };

function Row({ tracks, index, top, onOpen, children }: RowProps) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const style = ref.current?.style;
    if (style === undefined) return;
    style.gridTemplateColumns = tracks;
    if (top !== undefined) style.transform = `translateY(${top}px)`;
  }, [tracks, top]);
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- Each row has a link or a button for the keyboard.
    <div
      ref={ref}
      role="row"
      aria-rowindex={index}
      onClick={onOpen}
      className={classes("grid h-9 items-center", top !== undefined && "absolute inset-x-0 top-0 border-b border-line hover:bg-hover/60", onOpen !== undefined && "cursor-pointer")}
    >
      {children}
    </div>
  );
}
