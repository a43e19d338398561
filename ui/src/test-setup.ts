import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeEach } from "vitest";

// A browser that somebody was signed in with, so that no test has to answer whether somebody is.
beforeEach(() => localStorage.setItem("waystation.was-here", "1"));
afterEach(() => {
  cleanup();
  localStorage.clear();
});

// A busy machine takes its time; what never comes is found out all the same.
configure({ asyncUtilTimeout: 10_000 });
