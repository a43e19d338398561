import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { ChannelPreset, ChannelTestOutcome, ModelsFetched } from "@/api/schema";
import { toProblem } from "@/api/problem";
import { writeMilliseconds } from "@/features/calls/milliseconds";
import { useApi } from "@/features/services";
import { useOfferedModels } from "@/features/site";
import { ProblemAlert } from "@/features/problem-alert";
import { useRefusals } from "@/features/refusals";
import { Alert } from "@/kit/alert";
import { Button } from "@/kit/button";
import { Dialog } from "@/kit/dialog";
import { Field } from "@/kit/field";
import { PasswordInput } from "@/kit/password-input";
import { Skeleton } from "@/kit/skeleton";
import { Spinner } from "@/kit/spinner";
import { SuggestionInput } from "@/kit/suggestion-input";
import { TextInput } from "@/kit/text-input";
import { TokenList } from "@/kit/token-list";
import { useToast } from "@/kit/toast";

import { ChannelFields, isWhole, USUAL, type ChannelSettings } from "./channel-fields";
import { MODELS } from "../models/models";
import { paths } from "../paths";
import { CHANNELS, useOutcomeWords } from "./channels";

/** As many models are taken by themselves where the site knows none of them. */
const TAKEN_MAX = 30;
const FIELDS = ["name", "models", "credentials", "base_url", "priority", "weight", "on_disconnect", "allow_private_network"];

/** Makes a channel: a provider, its key, and the models that it offers with that key. It is tried before it is saved. */
export function NewChannelDialog({ onClose }: { onClose: () => void }) {
  const { t, i18n } = useTranslation("channels");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const navigate = useNavigate();
  const offered = useOfferedModels();
  const say = useOutcomeWords();
  const presets = useQuery({ queryKey: [...CHANNELS, "presets"], queryFn: () => take(api.GET("/api/admin/channel-presets")), staleTime: Infinity });
  const [preset, setPreset] = useState<ChannelPreset | null>(null);
  // The key is kept here for as long as the dialog is open, and nowhere else.
  const [secret, setSecret] = useState("");
  const [name, setName] = useState("");
  const [models, setModels] = useState<string[]>([]);
  const [settings, setSettings] = useState<ChannelSettings>(USUAL);
  const [usual, setUsual] = useState<ChannelSettings>(USUAL);
  const [wasSent, setWasSent] = useState(false);
  const tried = useRef("");

  const titleOf = (one: ChannelPreset) => (i18n.language === "zh-CN" ? one.title_zh : one.title);
  const draftOf = (one: ChannelPreset, key: string, base_url: string, allow_private_network: boolean) => ({
    format: one.format, base_url: base_url.trim() === "" ? null : base_url.trim(), allow_private_network, ...(key.trim() === "" ? {} : { credential: key.trim() }),
  });
  const test = useMutation({
    mutationFn: ({ draft, model }: { draft: ReturnType<typeof draftOf>; model: string }) =>
      take(api.POST("/api/admin/channels/test", { body: { ...draft, model } })).then((outcome): ChannelTestOutcome & { model: string } => ({ ...outcome, model })),
  });
  const fetched = useMutation({
    mutationFn: (draft: ReturnType<typeof draftOf>) => take(api.POST("/api/admin/channels/fetch-models", { body: draft })),
    onSuccess: (answer, draft) => {
      const chosen = answer.ok ? choiceOf(answer) : [];
      if (chosen.length > 0) setModels(chosen);
      const first = chosen[0] ?? models[0] ?? preset?.models[0];
      if (first !== undefined) test.mutate({ draft, model: first });
    },
  });
  /** Asks the provider as soon as everything is there that it needs; what was asked already is not asked again. */
  const ask = (one: ChannelPreset, key: string, value: ChannelSettings) => {
    if (one.format === "demo") return;
    const draft = draftOf(one, key, value.base_url, value.allow_private_network);
    const asked = JSON.stringify(draft);
    if (draft.base_url === null || (one.needs_credential && key.trim() === "") || asked === tried.current) return;
    tried.current = asked;
    test.reset();
    fetched.mutate(draft);
  };
  const choose = (one: ChannelPreset) => {
    const usualOfIt = { ...USUAL, base_url: one.base_url ?? "", allow_private_network: one.allow_private_network };
    setPreset(one);
    setName(titleOf(one));
    setModels(one.format === "demo" ? one.models : []);
    setUsual(usualOfIt);
    setSettings(usualOfIt);
    tried.current = "";
    fetched.reset();
    test.reset();
    ask(one, secret, usualOfIt);
  };
  const allowPrivate = () => {
    const allowing = { ...settings, allow_private_network: true };
    setSettings(allowing);
    if (preset !== null) ask(preset, secret, allowing);
  };
  const save = useMutation({
    mutationFn: (one: ChannelPreset) =>
      take(
        api.POST("/api/admin/channels", {
          body: {
            name: name.trim(),
            format: one.format,
            base_url: settings.base_url.trim() === "" ? null : settings.base_url.trim(),
            models,
            credentials: secret.trim() === "" ? [] : [secret.trim()],
            active: true,
            allow_private_network: settings.allow_private_network,
            on_disconnect: settings.on_disconnect,
            priority: Number(settings.priority),
            weight: Number(settings.weight),
          },
        }),
      ),
    onSuccess: async (channel) => {
      await queries.invalidateQueries({ queryKey: CHANNELS });
      // What the site has no price for can't be called yet, so that comes next.
      const knows = new Set(offered.data?.items.map((model) => model.name));
      const isPriced = offered.data === undefined || channel.models.every((model) => knows.has(model.name));
      const setPrices = { label: t("new.setPrices"), run: () => void navigate({ to: paths.models, search: { unpriced: "1" } as never }) };
      toast({ text: t(isPriced ? "new.saved" : "new.savedUnpriced", { name: channel.name }), ...(isPriced ? {} : { action: setPrices }) });
      await queries.invalidateQueries({ queryKey: MODELS });
      onClose();
    },
  });
  const { refusalOf, isOnlyOf } = useRefusals(save.error);
  const send = (event: FormEvent) => {
    event.preventDefault();
    setWasSent(true);
    if (preset !== null && models.length > 0 && name.trim() !== "" && isWhole(settings.priority) && isWhole(settings.weight)) save.mutate(preset);
  };
  const isHeld = save.isError && toProblem(save.error).code === "withheld";
  const footer = (
    <>
      <Button onClick={onClose}>{t("cancel", { ns: "shared" })}</Button>
      <Button type="submit" form="channel" variant="primary" pending={save.isPending} blockedBy={preset === null ? t("new.choosePreset") : undefined}>
        {t("new.save")}
      </Button>
    </>
  );
  return (
    <Dialog open size="large" onClose={onClose} title={t("new.title")} footer={footer}>
      <form id="channel" className="grid grid-cols-1 gap-4" noValidate onSubmit={send}>
        {save.isError && !isHeld && !isOnlyOf(FIELDS) && <ProblemAlert problem={save.error} />}
        {presets.isError && <ProblemAlert problem={presets.error} onRetry={() => presets.refetch()} />}
        {presets.isPending && <Skeleton className="h-28" />}
        {presets.data !== undefined && (
          <fieldset className="min-w-0">
            <legend className="pb-1.5 text-[0.8125rem] font-medium">{t("new.preset")}</legend>
            <div className="grid grid-cols-2 gap-1.5 sm:grid-cols-4">
              {presets.data.items.map((one) => (
                <label
                  key={one.name}
                  className="flex min-h-9 cursor-pointer items-center rounded-control border border-line px-2.5 py-1.5 text-[0.8125rem] hover:bg-hover has-checked:border-accent has-checked:bg-accent-soft has-checked:font-medium has-checked:text-accent has-focus-visible:outline-2 has-focus-visible:outline-accent pointer-coarse:min-h-11"
                >
                  <input type="radio" name="preset" className="sr-only" checked={preset?.name === one.name} onChange={() => choose(one)} />
                  <span className="min-w-0 [overflow-wrap:anywhere]">{titleOf(one)}</span>
                </label>
              ))}
            </div>
          </fieldset>
        )}
        {preset !== null && (
          <>
            {preset.format !== "demo" && (
              <Field
                label={t("new.key")}
                hint={t("new.keyHint")}
                optional={!preset.needs_credential}
                error={refusalOf("credentials") ?? (wasSent && preset.needs_credential && secret.trim() === "" ? t("invalid.required", { ns: "shared" }) : undefined)}
                aside={given(preset.keys_url) && <Outside href={preset.keys_url}>{t("new.keyFrom")}</Outside>}
              >
                <PasswordInput
                  name="credential"
                  autoComplete="off"
                  autoFocus
                  value={secret}
                  onChange={(event) => setSecret(event.target.value)}
                  onBlur={() => ask(preset, secret, settings)}
                  onPaste={(event) => {
                    const text = event.clipboardData.getData("text").trim();
                    if (secret === "" && text !== "") ask(preset, text, settings);
                  }}
                />
              </Field>
            )}
            {usual.base_url === "" && preset.format !== "demo" && (
              <Field label={t("fields.baseUrl")} hint={t("fields.baseUrlHint")} error={refusalOf("base_url")}>
                <TextInput type="url" value={settings.base_url} onChange={(event) => setSettings({ ...settings, base_url: event.target.value })} onBlur={() => ask(preset, secret, settings)} />
              </Field>
            )}
            <Field label={t("name")} error={refusalOf("name") ?? (wasSent && name.trim() === "" ? t("invalid.required", { ns: "shared" }) : undefined)}>
              <TextInput autoComplete="off" maxLength={128} value={name} onChange={(event) => setName(event.target.value)} />
            </Field>
            <Models
              chosen={models}
              fetched={fetched.data}
              hints={preset.models}
              error={refusalOf("models") ?? (wasSent && models.length === 0 ? t("new.noModel") : undefined)}
              onChange={setModels}
            />
            <div aria-live="polite" className="grid gap-2 empty:hidden">
              {fetched.isPending && <Busy>{t("new.fetching")}</Busy>}
              {fetched.isError && <ProblemAlert problem={fetched.error} />}
              {fetched.data?.ok === false && (
                <Alert tone="warning" title={t("new.fetchFailed", { why: say(fetched.data.code) })}>
                  <p>{t("new.typeModels")}</p>
                  <Said text={fetched.data.message} />
                  {fetched.data.code === "address_refused" && !settings.allow_private_network && (
                    <Button size="small" className="mt-2" onClick={allowPrivate}>
                      {t("new.allowPrivate")}
                    </Button>
                  )}
                </Alert>
              )}
              {test.isPending && <Busy>{t("new.testing")}</Busy>}
              {test.isError && <ProblemAlert problem={test.error} />}
              {test.data?.ok === true && <Alert tone="success">{t("new.works", { model: test.data.model, time: writeMilliseconds(test.data.latency_ms, i18n.language) })}</Alert>}
              {test.data?.ok === false && fetched.data?.ok !== false && (
                <Alert tone="danger" title={say(test.data.code)}>
                  <Said text={test.data.message} />
                </Alert>
              )}
              {(test.isSuccess || test.isError || fetched.isError) && models[0] !== undefined && (
                <Button
                  size="small"
                  className="justify-self-start"
                  pending={test.isPending}
                  onClick={() => test.mutate({ draft: draftOf(preset, secret, settings.base_url, settings.allow_private_network), model: models[0] ?? "" })}
                >
                  {t("new.testAgain")}
                </Button>
              )}
            </div>
            {preset.format !== "demo" && <ChannelFields value={settings} usual={usual} refusalOf={refusalOf} onChange={(change) => setSettings({ ...settings, ...change })} />}
          </>
        )}
      </form>
    </Dialog>
  );
}

/** What is taken by itself: what the site knows, or everything where that is little. */
function choiceOf({ models }: ModelsFetched): string[] {
  const known = models.filter(({ is_known }) => is_known);
  const chosen = known.length > 0 ? known : models.length <= TAKEN_MAX ? models : [];
  return chosen.map(({ upstream }) => upstream);
}

type ModelsProps = { chosen: string[]; fetched: ModelsFetched | undefined; hints: string[]; error: string | undefined; onChange: (models: string[]) => void };

function Models({ chosen, fetched, hints, error, onChange }: ModelsProps) {
  const { t } = useTranslation("channels");
  const offered = fetched?.ok === true ? fetched.models : [];
  const known = offered.filter(({ is_known }) => is_known).map(({ upstream }) => upstream);
  const names = offered.length > 0 ? offered.map(({ upstream }) => upstream) : hints;
  const isShort = chosen.length <= TAKEN_MAX;
  return (
    <div className="grid gap-2">
      <Field
        label={t("models")}
        error={error}
        hint={fetched?.is_truncated === true ? t("new.truncated") : undefined}
        aside={
          <span className="text-[0.8125rem] text-muted">
            {t("new.modelCount", { count: chosen.length })}
            {offered.length > 0 && ` · ${t("new.offered", { count: offered.length })}`}
          </span>
        }
      >
        <SuggestionInput
          value=""
          options={names.filter((name) => !chosen.includes(name))}
          placeholder={t("new.addModel")}
          noneText={t("new.noMatch")}
          free
          clears
          onChange={(name) => name !== "" && !chosen.includes(name) && onChange([...chosen, name])}
        />
      </Field>
      <TokenList
        label={t("models")}
        values={isShort ? chosen : chosen.slice(0, TAKEN_MAX)}
        removeLabel={(name) => t("new.removeModel", { name })}
        onRemove={(name) => onChange(chosen.filter((one) => one !== name))}
      />
      {!isShort && <p className="text-[0.8125rem] text-muted">{t("more", { count: chosen.length - TAKEN_MAX })}</p>}
      {offered.length > 0 && (
        <div className="flex flex-wrap gap-2">
          <Button size="small" onClick={() => onChange(offered.map(({ upstream }) => upstream))}>
            {t("new.takeAll", { count: offered.length })}
          </Button>
          {known.length > 0 && known.length < offered.length && (
            <Button size="small" onClick={() => onChange(known)}>
              {t("new.takeKnown")}
            </Button>
          )}
          {chosen.length > 0 && (
            <Button size="small" variant="quiet" onClick={() => onChange([])}>
              {t("new.takeNone")}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

function Outside({ href, children }: { href: string; children: string }) {
  return (
    <a href={href} target="_blank" rel="noreferrer" className="rounded-sm text-[0.8125rem] font-medium text-accent underline underline-offset-2">
      {children}
    </a>
  );
}

export function Busy({ children }: { children: string }) {
  return (
    <p className="flex items-center gap-2 text-muted">
      <Spinner />
      {children}
    </p>
  );
}

/** What the upstream said, as it said it. */
export function Said({ text }: { text: string | null | undefined }) {
  return given(text) ? <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">{text}</p> : null;
}

function given(text: string | null | undefined): text is string {
  return text !== null && text !== undefined && text !== "";
}
