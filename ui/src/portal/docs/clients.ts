import { quote } from "@/features/calls/curl";

/** What the examples are written for. */
export type Place = { root: string; base: string; model: string; site: string };

/** One thing that speaks to the relay: what to do, in words of `docs.clients`, and what to put where. */
export type Client = {
  id: string;
  name: string;
  /** How many sentences its words have. */
  steps: readonly string[];
  snippets: readonly { id: string; label: string; text: (place: Place) => string }[];
  facts?: readonly { id: "baseUrl" | "host" | "key" | "model"; text: (place: Place) => string }[];
};

const KEY = "$WAYSTATION_API_KEY";

const TRANSLATOR_NOTE = "where your translator listens";

/** A text as Python, JavaScript, JSON and TOML write it. */
const quoted = (value: string) => JSON.stringify(value);
const json = (value: unknown) => JSON.stringify(value, null, 2);

/** The clients of the docs. Only what the relay answers is told: chat completions, the list of models, and usage. */
export const CLIENTS: readonly Client[] = [
  {
    id: "curl",
    name: "curl",
    steps: ["key"],
    snippets: [
      { id: "export", label: "shell", text: () => `export WAYSTATION_API_KEY="sk-…"` },
      {
        id: "chat",
        label: "chat completions",
        text: ({ base, model }) =>
          [
            `curl ${base}/chat/completions \\`,
            `  -H "Authorization: Bearer ${KEY}" \\`,
            `  -H "Content-Type: application/json" \\`,
            `  -d ${quote(JSON.stringify({ model, messages: [{ role: "user", content: "Hello!" }] }))}`,
          ].join("\n"),
      },
      {
        id: "stream",
        label: "streaming",
        text: ({ base, model }) =>
          [
            `curl -N ${base}/chat/completions \\`,
            `  -H "Authorization: Bearer ${KEY}" \\`,
            `  -H "Content-Type: application/json" \\`,
            `  -d ${quote(JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "Count to five." }] }))}`,
          ].join("\n"),
      },
      { id: "models", label: "models", text: ({ base }) => `curl ${base}/models -H "Authorization: Bearer ${KEY}"` },
      { id: "usage", label: "usage", text: ({ base }) => `curl "${base}/usage?group_by=day" -H "Authorization: Bearer ${KEY}"` },
    ],
  },
  {
    id: "python",
    name: "Python",
    steps: ["install"],
    snippets: [
      { id: "install", label: "shell", text: () => "pip install openai" },
      {
        id: "chat",
        label: "chat.py",
        text: ({ base, model }) => `import os

from openai import OpenAI

client = OpenAI(base_url="${base}", api_key=os.environ["WAYSTATION_API_KEY"])

stream = client.chat.completions.create(
    model=${quoted(model)},
    messages=[{"role": "user", "content": "Hello!"}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)`,
      },
    ],
  },
  {
    id: "node",
    name: "Node.js",
    steps: ["install"],
    snippets: [
      { id: "install", label: "shell", text: () => "npm install openai" },
      {
        id: "chat",
        label: "chat.mjs",
        text: ({ base, model }) => `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${base}", apiKey: process.env.WAYSTATION_API_KEY });

const stream = await client.chat.completions.create({
  model: ${quoted(model)},
  messages: [{ role: "user", content: "Hello!" }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");`,
      },
    ],
  },
  {
    id: "claudeCode",
    name: "Claude Code",
    steps: ["dialect", "router", "run"],
    snippets: [
      { id: "install", label: "shell", text: () => "npm install -g @anthropic-ai/claude-code @musistudio/claude-code-router" },
      {
        id: "config",
        label: "~/.claude-code-router/config.json",
        text: ({ base, model }) =>
          json({
            Providers: [{ name: "waystation", api_base_url: `${base}/chat/completions`, api_key: KEY, models: [model] }],
            Router: { default: `waystation,${model}` },
          }),
      },
      { id: "run", label: "shell", text: () => "ccr code" },
    ],
  },
  {
    id: "codex",
    name: "Codex",
    steps: ["dialect", "bridge", "config"],
    snippets: [
      {
        id: "config",
        label: "~/.codex/config.toml",
        text: ({ model, site }) =>
          [
            `model = ${quoted(model)}`,
            `model_provider = "waystation"`,
            "",
            "[model_providers.waystation]",
            `name = ${quoted(site)}`,
            `# ${TRANSLATOR_NOTE}`,
            `base_url = "http://127.0.0.1:4000/v1"`,
            `wire_api = "responses"`,
          ].join("\n"),
      },
    ],
    facts: [
      { id: "baseUrl", text: ({ base }) => base },
      { id: "key", text: () => "sk-…" },
      { id: "model", text: ({ model }) => model },
    ],
  },
  {
    id: "cherryStudio",
    name: "Cherry Studio",
    steps: ["add", "fill", "models"],
    snippets: [],
    facts: [
      { id: "host", text: ({ root }) => root },
      { id: "key", text: () => "sk-…" },
      { id: "model", text: ({ model }) => model },
    ],
  },
  {
    id: "ccSwitch",
    name: "CC Switch",
    steps: ["import", "format"],
    snippets: [],
  },
  {
    id: "openCode",
    name: "OpenCode",
    steps: ["config"],
    snippets: [
      {
        id: "config",
        label: "opencode.json",
        text: ({ base, model, site }) =>
          json({
            $schema: "https://opencode.ai/config.json",
            provider: {
              waystation: { npm: "@ai-sdk/openai-compatible", name: site, options: { baseURL: base, apiKey: "{env:WAYSTATION_API_KEY}" }, models: { [model]: {} } },
            },
          }),
      },
    ],
  },
  {
    id: "others",
    name: "",
    steps: ["general"],
    snippets: [
      { id: "env", label: "shell", text: ({ base }) => [`export OPENAI_BASE_URL="${base}"`, `export OPENAI_API_BASE="${base}"`, `export OPENAI_API_KEY="sk-…"`].join("\n") },
      {
        id: "langchain",
        label: "LangChain",
        text: ({ base, model }) => `from langchain_openai import ChatOpenAI

llm = ChatOpenAI(base_url="${base}", api_key="sk-…", model=${quoted(model)})`,
      },
    ],
    facts: [
      { id: "baseUrl", text: ({ base }) => base },
      { id: "key", text: () => "sk-…" },
      { id: "model", text: ({ model }) => model },
    ],
  },
];
