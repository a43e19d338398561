import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { MessageSquare, Send, Square } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

import { askChat, listKeyModels, type ChatMessage } from "@/api/relay";
import { useFilter } from "@/features/keyset";
import { usePageTitle } from "@/features/page-title";
import { useRelayFetch } from "@/features/relay-fetch";
import { RelayProblemAlert } from "@/features/relay-problem";
import { useMe } from "@/features/session";
import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { Facts } from "@/kit/facts";
import { Field } from "@/kit/field";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Select } from "@/kit/select";
import { Skeleton } from "@/kit/skeleton";
import { Spinner } from "@/kit/spinner";
import { Switch } from "@/kit/switch";
import { TextArea } from "@/kit/text-area";
import { TextInput } from "@/kit/text-input";

import { Booked } from "../keys/test-call";
import { useHeldKey } from "./held-key";
import { KeyChoice } from "./key-choice";

type Turn = {
  id: number;
  asked: string;
  answer: string;
  model: string;
  requestId: string | null;
  state: "waiting" | "answering" | "done" | "stopped" | "cut" | "failed";
  problem?: unknown;
};

const USUAL_LENGTH = "1024";

/** A talk with a model, by a real key, with what each answer cost. */
export function PlaygroundPage() {
  const { t } = useTranslation("playground");
  const me = useMe().data;
  const filter = useFilter();
  const fetch = useRelayFetch();
  const held = useHeldKey(me?.id);
  const secret = held?.secret;
  const { model: wished } = useSearch({ strict: false }) as { model?: string };
  const [turns, setTurns] = useState<Turn[]>([]);
  const [system, setSystem] = useState("");
  const [longest, setLongest] = useState(USUAL_LENGTH);
  const [isStreamed, setIsStreamed] = useState(true);
  const [text, setText] = useState("");
  const running = useRef<AbortController | null>(null);
  usePageTitle(t("title"));
  // Whoever leaves the page does not wait for the answer, nor pay for the rest of it.
  useEffect(() => () => running.current?.abort(), []);

  const models = useQuery({
    queryKey: ["key-models", "playground", held?.madeId ?? secret?.slice(-4)],
    queryFn: () => listKeyModels(fetch, secret ?? ""),
    enabled: secret !== undefined,
    gcTime: 0,
    retry: false,
  });
  const model = models.data?.find((name) => name === wished) ?? models.data?.[0];
  const last = turns.at(-1);
  const isRunning = last?.state === "waiting" || last?.state === "answering";
  const change = (id: number, update: (turn: Turn) => Partial<Turn>) => setTurns((all) => all.map((turn) => (turn.id === id ? { ...turn, ...update(turn) } : turn)));

  const send = async () => {
    if (secret === undefined || model === undefined || text.trim() === "" || isRunning) return;
    const id = turns.length;
    const asked = text.trim();
    const before: ChatMessage[] = turns.flatMap((turn) => (turn.answer === "" ? [] : [{ role: "user" as const, content: turn.asked }, { role: "assistant" as const, content: turn.answer }]));
    const messages: ChatMessage[] = [...(system.trim() === "" ? [] : [{ role: "system" as const, content: system.trim() }]), ...before, { role: "user", content: asked }];
    const controller = new AbortController();
    running.current = controller;
    setTurns([...turns, { id, asked, answer: "", model, requestId: null, state: "waiting" }]);
    setText("");
    const cap = Number(longest);
    try {
      const answer = await askChat(
        fetch,
        secret,
        { model, messages, stream: isStreamed, ...(Number.isInteger(cap) && cap > 0 ? { max_completion_tokens: cap } : {}) },
        {
          onOpen: (requestId) => change(id, () => ({ requestId })),
          onText: (piece) => change(id, (turn) => ({ answer: turn.answer + piece, state: "answering" })),
        },
        controller.signal,
      );
      change(id, () => ({ state: answer.finishReason === "length" ? "cut" : "done" }));
    } catch (problem) {
      change(id, () => (controller.signal.aborted ? { state: "stopped" } : { state: "failed", problem }));
    }
    running.current = null;
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  if (me === undefined) return null;
  return (
    <>
      <PageHeader title={t("title")} description={t("why")} />
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_20rem] lg:grid-rows-[auto_1fr]">
        <div className="min-w-0 lg:col-start-2 lg:row-start-1">
          <Panel title={t("key")}>
            <KeyChoice userId={me.id} held={held} />
          </Panel>
        </div>
        <div className="min-w-0 lg:col-start-1 lg:row-span-2 lg:row-start-1">
          <Panel>
            <div className="grid gap-4">
              {turns.length === 0 && <EmptyState icon={<MessageSquare size={18} />} title={secret === undefined ? t("startNoKey") : t("start")} />}
              <ol aria-label={t("conversation")} className="grid gap-5 empty:hidden">
                {turns.map((turn) => (
                  <TurnShown key={turn.id} turn={turn} />
                ))}
              </ol>
              <p role="status" className="sr-only">
                {last === undefined ? "" : last.state === "waiting" ? t("thinking") : last.state === "done" ? t("done") : last.state === "stopped" ? t("stopped") : ""}
              </p>
              <Field label={t("message")} hint={t("messageHint")}>
                <TextArea value={text} onChange={(event) => setText(event.target.value)} onKeyDown={press} autoCapitalize="sentences" />
              </Field>
              <div className="flex flex-wrap justify-between gap-2">
                <Button variant="quiet" blockedBy={turns.length === 0 || isRunning ? t("needMessage") : undefined} onClick={() => setTurns([])}>
                  {t("clear")}
                </Button>
                {isRunning ? (
                  <Button icon={<Square size={16} />} onClick={() => running.current?.abort()}>
                    {t("stop")}
                  </Button>
                ) : (
                  <Button
                    variant="primary"
                    icon={<Send size={16} />}
                    blockedBy={secret === undefined || model === undefined ? t("needKey") : text.trim() === "" ? t("needMessage") : undefined}
                    onClick={() => void send()}
                  >
                    {t("send")}
                  </Button>
                )}
              </div>
            </div>
          </Panel>
        </div>
        <div className="min-w-0 lg:col-start-2 lg:row-start-2">
          <Panel title={t("settings")}>
            <div className="grid gap-4">
              {models.isError && <RelayProblemAlert problem={models.error} />}
              {secret !== undefined && models.isPending && <Skeleton className="h-9" />}
              {models.data?.length === 0 && <Alert tone="warning">{t("noModels")}</Alert>}
              {model !== undefined && (
                <Field label={t("model")}>
                  <Select value={model} onChange={(event) => filter({ model: event.target.value })}>
                    {models.data?.map((name) => (
                      <option key={name}>{name}</option>
                    ))}
                  </Select>
                </Field>
              )}
              <Field label={t("system")} hint={t("systemHint")}>
                <TextArea rows={2} value={system} onChange={(event) => setSystem(event.target.value)} />
              </Field>
              <Field label={t("longest")} hint={t("longestHint")}>
                <TextInput inputMode="numeric" autoComplete="off" value={longest} onChange={(event) => setLongest(event.target.value)} />
              </Field>
              <Switch label={t("stream")} checked={isStreamed} onChange={(event) => setIsStreamed(event.target.checked)} />
            </div>
          </Panel>
        </div>
      </div>
    </>
  );
}

function TurnShown({ turn }: { turn: Turn }) {
  const { t } = useTranslation("playground");
  const isOver = turn.state !== "waiting" && turn.state !== "answering";
  return (
    <li className="grid gap-3">
      <div className="grid gap-1">
        <p className="text-[0.8125rem] font-medium text-muted">{t("you")}</p>
        <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{turn.asked}</p>
      </div>
      <div className="grid gap-1 rounded-panel bg-sunken px-4 py-3">
        <p className="flex items-center gap-2 text-[0.8125rem] font-medium text-muted">
          <span className="[overflow-wrap:anywhere]">{turn.model}</span>
          {!isOver && <Spinner className="size-3.5" />}
        </p>
        {turn.answer === "" && turn.state === "waiting" ? (
          <p className="text-muted">{t("thinking")}</p>
        ) : (
          <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{turn.answer}</p>
        )}
        {turn.state === "stopped" && <p className="text-[0.8125rem] text-muted">{t("stopped")}</p>}
        {turn.state === "cut" && <p className="text-[0.8125rem] text-muted">{t("cut")}</p>}
        {turn.state === "failed" && <RelayProblemAlert problem={turn.problem} />}
        {isOver && turn.requestId !== null && (
          <div className="mt-2 border-t border-line text-[0.8125rem]">
            <Facts>
              <Booked id={turn.requestId} />
            </Facts>
          </div>
        )}
      </div>
    </li>
  );
}
