import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { ApiProblem, toProblem } from "@/api/problem";
import { askChat, listKeyModels, type ChatAnswer } from "@/api/relay";
import { writeMilliseconds } from "@/features/calls/milliseconds";
import { useApi } from "@/features/services";
import { Money } from "@/features/money";
import { useRelayFetch } from "@/features/relay-fetch";
import { RelayProblemAlert } from "@/features/relay-problem";
import { shortId } from "@/features/short-id";
import { useOfferedModels } from "@/features/site";
import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { CopyId } from "@/kit/copy-id";
import { Fact, Facts } from "@/kit/facts";
import { Select } from "@/kit/select";
import { Skeleton } from "@/kit/skeleton";

import { paths } from "../paths";

const ANSWER_TOKENS_MAX = 64;
const BOOKED_TRIES_MAX = 20;
const BOOKED_WAIT_MS = 400;

type TestCallProps = { secret: string; model: string | undefined; onModel: (model: string) => void };

/** One short call with a key, to see that it works and what a call costs. */
export function TestCall({ secret, model, onModel }: TestCallProps) {
  const { t, i18n } = useTranslation("keys");
  const fetch = useRelayFetch();
  const models = useKeyModels(secret);
  const [state, setState] = useState<{ at: "idle" | "running" } | { at: "done"; answer: ChatAnswer; ms: number } | { at: "failed"; problem: unknown }>({ at: "idle" });
  const asked = model ?? models.data?.[0];
  const run = async () => {
    if (asked === undefined) return;
    setState({ at: "running" });
    const start = performance.now();
    try {
      const body = { model: asked, messages: [{ role: "user" as const, content: t("test.prompt") }], stream: false, max_completion_tokens: ANSWER_TOKENS_MAX };
      const answer = await askChat(fetch, secret, body);
      setState({ at: "done", answer, ms: performance.now() - start });
    } catch (problem) {
      setState({ at: "failed", problem });
    }
  };
  if (models.isPending) return <Skeleton className="h-9 w-full" />;
  if (models.isError) return <RelayProblemAlert problem={models.error} />;
  if (asked === undefined) return <Alert tone="warning">{t("test.noModels")}</Alert>;
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Select aria-label={t("test.model")} className="flex-1 basis-40" value={asked} onChange={(event) => onModel(event.target.value)}>
          {models.data.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
        <Button icon={<Play size={16} />} pending={state.at === "running"} onClick={() => void run()}>
          {state.at === "done" ? t("test.again") : t("test.run")}
        </Button>
      </div>
      {state.at === "idle" && <p className="text-[0.8125rem] text-muted">{t("test.why")}</p>}
      {state.at === "running" && (
        <p role="status" className="text-[0.8125rem] text-muted">
          {t("test.underWay", { model: asked })}
        </p>
      )}
      {state.at === "failed" && <RelayProblemAlert problem={state.problem} />}
      {state.at === "done" && (
        <Alert tone="success" title={t("test.ok")} live>
          <p className="[overflow-wrap:anywhere]">{state.answer.text}</p>
          <Facts>
            <Fact name={t("test.status")}>{state.answer.status}</Fact>
            <Fact name={t("test.model")}>{state.answer.model ?? asked}</Fact>
            <Fact name={t("test.time")}>{writeMilliseconds(state.ms, i18n.language)}</Fact>
            {state.answer.requestId !== null && <Booked id={state.answer.requestId} staysHere />}
          </Facts>
        </Alert>
      )}
    </div>
  );
}

/**
 * What a call was booked at, and its number. The books are written right after the answer, so the first look may come
 * too early. Beside a secret nothing leads away: it would be lost with its dialog.
 */
export function Booked({ id, staysHere = false }: { id: string; staysHere?: boolean }) {
  const { t } = useTranslation("keys");
  const booked = useBooked(id);
  return (
    <>
      <Fact name={t("test.cost")}>
        {booked.data !== undefined ? (
          <Money amount={booked.data.charged} currency="USD" />
        ) : booked.isError ? (
          "–"
        ) : (
          <span className="text-muted">{t("test.costUnderWay")}</span>
        )}
      </Fact>
      <Fact name={t("test.requestId")}>
        {staysHere ? (
          <CopyId id={id} shown={shortId(id)} label={t("copyRequestId", { ns: "lists" })} />
        ) : (
          <Link to={paths.request(id)} title={id} className="rounded-sm font-mono text-[0.8125rem] text-accent underline underline-offset-2">
            {shortId(id)}
          </Link>
        )}
      </Fact>
    </>
  );
}

function useBooked(id: string) {
  const api = useApi();
  return useQuery({
    queryKey: ["requests", "booked", id],
    queryFn: async () => {
      // A list without it is no refusal, as asking for the call itself would be.
      const { items } = await take(api.GET("/api/me/requests", { params: { query: { id } } }));
      if (items[0] === undefined) throw new ApiProblem("not_found", "It is not booked yet.");
      return items[0];
    },
    retry: (failures, problem) => failures < BOOKED_TRIES_MAX && toProblem(problem).code === "not_found",
    retryDelay: BOOKED_WAIT_MS,
  });
}

/** The models that a key may ask for, those that somebody serves at the moment first. */
function useKeyModels(secret: string) {
  const fetch = useRelayFetch();
  const offered = useOfferedModels();
  const isServed = new Map(offered.data?.items.map((model) => [model.name, model.is_served]));
  return useQuery({
    // The secret is no part of the name under which the answer is kept.
    queryKey: ["key-models", secret.slice(-4), offered.isPending],
    queryFn: async () => (await listKeyModels(fetch, secret)).sort((one, other) => Number(isServed.get(other) ?? true) - Number(isServed.get(one) ?? true)),
    enabled: !offered.isPending,
    gcTime: 0,
    retry: false,
  });
}
