export default {
  title: "One address for many models",
  why: "{{site}} is an AI relay. Swap the address and the key in the tools you already have, and see what each call cost and why.",
  base: "Base URL",
  start: "Create an account",
  signIn: "Sign in",
  enter: "Open your overview",
  command: "A call as a command",
  models: "Models & prices",
  allModels: "All models & prices",
  more_one: "and {{count}} more",
  more_other: "and {{count}} more",
  facts: {
    works: { title: "Works with what you have", text: "Anything that speaks to OpenAI’s chat completions, streaming included." },
    clear: { title: "Every call explained", text: "Price lines, a timeline, and a plain reason for each that failed." },
    yours: { title: "You set the limits", text: "A key for each program, with a budget, an expiry, models and addresses." },
  },
};
