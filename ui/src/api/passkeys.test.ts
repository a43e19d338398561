import { expect, it } from "vitest";

import { bytesOf, textOf } from "./passkeys";

it("bytes go to base64url without padding and come back", () => {
  for (const bytes of [[], [0], [255, 254, 253], [251, 239, 190, 0, 62, 63]]) {
    const text = textOf(Uint8Array.from(bytes));
    expect(text).toMatch(/^[\w-]*$/);
    expect([...bytesOf(text)]).toEqual(bytes);
  }
});
