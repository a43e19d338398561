import { expect, it } from "vitest";

import { readInvitation } from "./invitation";

it("an invitation is pasted as its link or as its code", () => {
  for (const text of ["https://ai.example.com/register#invite=Xq7Z-t3", " Xq7Z-t3\n", "invited: https://ai.example.com/register#a=b&invite=Xq7Z-t3 thanks"]) {
    expect(readInvitation(text)).toBe("Xq7Z-t3");
  }
});
