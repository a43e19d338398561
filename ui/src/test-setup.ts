import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(() => {
  cleanup();
  localStorage.clear();
});

// A busy machine takes its time; what never comes is found out all the same.
configure({ asyncUtilTimeout: 10_000 });
