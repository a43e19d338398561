import { Tooltip as Primitive } from "radix-ui";
import type { ReactNode } from "react";

/**
 * A short word on what the pointer or the focus is on. The word is an addition: nothing that must be known is only
 * here, since a thumb cannot bring it up. It is not moved to the end of the page, so that it also shows above a dialog.
 */
export function Tooltip({ text, children }: { text: ReactNode; children: ReactNode }) {
  return (
    <Primitive.Provider delayDuration={200}>
      <Primitive.Root>
        <Primitive.Trigger asChild>{children}</Primitive.Trigger>
        <Primitive.Content
          sideOffset={6}
          collisionPadding={8}
          className="z-50 max-w-72 rounded-control bg-ink px-2.5 py-1.5 text-start text-xs font-normal whitespace-normal text-surface shadow-lg"
        >
          {text}
        </Primitive.Content>
      </Primitive.Root>
    </Primitive.Provider>
  );
}
