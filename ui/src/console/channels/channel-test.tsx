import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Channel, ChannelTestResult } from "@/api/schema";
import { writeMilliseconds } from "@/features/calls/milliseconds";
import { useApi } from "@/features/services";
import { ProblemAlert } from "@/features/problem-alert";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { Fact, Facts } from "@/kit/facts";
import { Field } from "@/kit/field";
import { Panel } from "@/kit/panel";
import { Select } from "@/kit/select";
import { SuggestionInput } from "@/kit/suggestion-input";

import { CHANNELS, useOutcomeWords } from "./channels";
import { LastTest } from "./channels-page";
import { Busy, Said } from "./new-channel-dialog";

/** Tries a channel: one model, with one key or with each. */
export function ChannelTestPanel({ channel, blockedBy }: { channel: Channel; blockedBy: string | undefined }) {
  const { t } = useTranslation("channels");
  const api = useApi();
  const queries = useQueryClient();
  const [model, setModel] = useState("");
  const [credential, setCredential] = useState("");
  const test = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/admin/channels/{id}/test", {
          params: { path: { id: channel.id } },
          body: { ...(model === "" ? {} : { model }), ...(credential === "" ? {} : { credential_id: credential }) },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: CHANNELS }),
  });
  return (
    <Panel title={t("tests.title")} description={t("tests.why")}>
      <div className="grid grid-cols-1 gap-4">
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label={t("tests.model")}>
            <SuggestionInput
              value={model}
              options={channel.models.map(({ name }) => name)}
              placeholder={channel.models[0]?.name ?? t("tests.first")}
              noneText={t("filters.none", { ns: "lists" })}
              onChange={setModel}
            />
          </Field>
          {channel.credentials.length > 1 && (
            <Field label={t("tests.key")}>
              <Select value={credential} onChange={(event) => setCredential(event.target.value)}>
                <option value="">{t("tests.everyKey")}</option>
                {channel.credentials.map(({ id, preview }) => (
                  <option key={id} value={id}>
                    {preview}
                  </option>
                ))}
              </Select>
            </Field>
          )}
        </div>
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <Button pending={test.isPending} blockedBy={blockedBy ?? (channel.models.length === 0 ? t("sync.none") : undefined)} onClick={() => test.mutate()}>
            {t("tests.run")}
          </Button>
          <span className="text-[0.8125rem]">
            <LastTest of={channel} />
          </span>
        </div>
        <div aria-live="polite" className="grid gap-3 empty:hidden">
          {test.isPending && <Busy>{t("tests.running")}</Busy>}
          {test.isError && <ProblemAlert problem={test.error} />}
          {!test.isPending && test.data?.results.map((result) => <Result key={result.credential_id ?? ""} of={result} channel={channel} />)}
        </div>
      </div>
    </Panel>
  );
}

function Result({ of: result, channel }: { of: ChannelTestResult; channel: Channel }) {
  const { t, i18n } = useTranslation("channels");
  const say = useOutcomeWords();
  const time = (ms: number | null | undefined) => (ms === null || ms === undefined ? "–" : writeMilliseconds(ms, i18n.language));
  const key = channel.credentials.find(({ id }) => id === result.credential_id)?.preview;
  return (
    <div className="rounded-panel border border-line px-3.5 py-2">
      <p className="flex flex-wrap items-center justify-between gap-2 py-1">
        <span className="font-medium [overflow-wrap:anywhere]">
          <bdi>{result.model}</bdi> · <code className="font-mono text-[0.8125rem]">{key ?? t("tests.noKey")}</code>
        </span>
        <Badge tone={result.ok ? "success" : "danger"}>{result.ok ? t("tests.works") : say(result.code)}</Badge>
      </p>
      <Said text={result.message} />
      <Facts>
        <Fact name={t("tests.status")}>{result.status ?? "–"}</Fact>
        <Fact name={t("tests.firstByte")}>{time(result.first_byte_ms)}</Fact>
        <Fact name={t("tests.total")}>{time(result.latency_ms)}</Fact>
      </Facts>
    </div>
  );
}
