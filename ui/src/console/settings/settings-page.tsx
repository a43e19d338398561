import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { SlidersHorizontal } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Setting, SettingOrigin } from "@/api/schema";
import { useMay } from "@/features/session";
import { useApi } from "@/features/services";
import { Listing } from "@/features/listing";
import { usePageTitle } from "@/features/page-title";
import { ProblemAlert } from "@/features/problem-alert";
import { useRefusals } from "@/features/refusals";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { Select } from "@/kit/select";
import { TextInput } from "@/kit/text-input";
import { useToast } from "@/kit/toast";

import { SearchBox } from "../search-box";
import { groupSettings } from "./sections";

const SETTINGS = ["settings"] as const;

type Describe = (setting: Setting) => string;

/** Every setting with where its value comes from, and what stands in the way of changing it. */
export function SettingsPage() {
  const { t, i18n } = useTranslation("site");
  const api = useApi();
  const isChinese = i18n.language === "zh-CN";
  const chinese = useQuery({
    queryKey: [...SETTINGS, "descriptions"],
    queryFn: async () => (await import("./descriptions.zh-CN")).describeSetting,
    enabled: isChinese,
    staleTime: Infinity,
  });
  // The server speaks English; what is not known here is said as it says it.
  const describe: Describe = ({ name, description }) => (isChinese ? chinese.data?.(name) : undefined) ?? description;
  const [sought, setSought] = useState<string | undefined>(undefined);
  usePageTitle(t("places.settings"));
  const list = useQuery({ queryKey: [...SETTINGS, "list"], queryFn: () => take(api.GET("/api/admin/settings")) });
  const matching = (settings: Setting[]) => settings.filter((setting) => `${setting.name} ${describe(setting)}`.toLowerCase().includes((sought ?? "").toLowerCase()));
  return (
    <>
      <PageHeader title={t("places.settings")} description={t("settings.why")} />
      <div className="grid grid-cols-1 gap-5">
        <SearchBox label={t("settings.search")} value={sought} onSearch={setSought} />
        <Listing
          query={list}
          isEmpty={({ items }) => matching(items).length === 0}
          empty={<EmptyState icon={<SlidersHorizontal size={18} />} title={t("settings.noneFound")} action={sought !== undefined && <Button onClick={() => setSought(undefined)}>{t("filters.clear", { ns: "console" })}</Button>} />}
        >
          {({ items }) =>
            groupSettings(matching(items)).map(([section, settings]) => (
              <Panel key={section} title={t(`settings.sections.${section}`)} description={section === "live" ? t("settings.live") : t("settings.restart")} flush>
                <ul className="divide-y divide-line border-t border-line">
                  {settings.map((setting) => (
                    <OneSetting key={`${setting.name} ${setting.value}`} of={setting} description={describe(setting)} />
                  ))}
                </ul>
              </Panel>
            ))
          }
        </Listing>
      </div>
    </>
  );
}

/** A description as the server writes it: what stands between backticks is typed as it is. */
function Described({ text }: { text: string }) {
  return (
    <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
      {text.split("`").map((part, at) => (at % 2 === 0 ? part : <code key={`${at} ${part}`} className="font-mono">{part}</code>))}
    </p>
  );
}

function OneSetting({ of: setting, description }: { of: Setting; description: string }) {
  const { t } = useTranslation("site");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const mayWrite = useMay("settings.write");
  const [value, setValue] = useState(setting.value ?? "");
  const save = useMutation({
    mutationFn: (to: string | null) => take(api.PATCH("/api/admin/settings", { body: { values: { [setting.name]: to } } })),
    onSuccess: async (settings) => {
      queries.setQueryData([...SETTINGS, "list"], settings);
      await queries.invalidateQueries({ queryKey: ["site"] });
      toast({ text: t("settings.saved", { name: setting.name }) });
    },
  });
  const { refusalOf, isOnlyOf } = useRefusals(save.error);
  const field = `values.${setting.name}`;
  const isChanged = value !== (setting.value ?? "");
  const canEdit = setting.is_editable && mayWrite;
  const choices = setting.kind === "boolean" ? ["true", "false"] : (setting.choices ?? []);
  const error = refusalOf(field);
  const write = (text: string) => (setting.kind === "boolean" && (text === "true" || text === "false") ? t(`settings.${text === "true" ? "yes" : "no"}`) : text);
  return (
    <li className="grid grid-cols-1 gap-3 px-4 py-3.5 sm:px-5 lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)] lg:gap-6">
      <div className="grid min-w-0 content-start gap-1">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <code className="font-mono text-[0.8125rem] font-medium [overflow-wrap:anywhere]">{setting.name}</code>
          <Badge tone={setting.origin === "default" ? "neutral" : "accent"}>{t(`settings.origins.${setting.origin}`)}</Badge>
        </p>
        <Described text={description} />
        {given(setting.origin_detail) && (
          <p className="text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
            {t("settings.from")} <code className="font-mono">{setting.origin_detail}</code>
          </p>
        )}
      </div>
      <div className="grid min-w-0 grid-cols-1 content-start gap-2">
        {canEdit ? (
          <form
            className="flex min-w-0 gap-2"
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              if (isChanged) save.mutate(value);
            }}
          >
            {choices.length > 0 ? (
              <Select className="flex-1" aria-label={setting.name} value={value} onChange={(event) => setValue(event.target.value)}>
                {choices.map((choice) => (
                  <option key={choice} value={choice}>
                    {write(choice)}
                  </option>
                ))}
              </Select>
            ) : (
              <TextInput className="flex-1" aria-label={setting.name} aria-invalid={error !== undefined || undefined} value={value} placeholder={setting.default ?? ""} onChange={(event) => setValue(event.target.value)} />
            )}
            <Button type="submit" pending={save.isPending} blockedBy={isChanged ? undefined : t("unchanged", { ns: "catalog" })} aria-label={t("settings.saveNamed", { name: setting.name })}>
              {t("settings.save")}
            </Button>
          </form>
        ) : (
          <p className="font-mono text-[0.8125rem] [overflow-wrap:anywhere]">{setting.is_secret ? (setting.is_set ? t("settings.secretSet") : t("settings.notSet")) : (setting.value ?? t("settings.notSet"))}</p>
        )}
        {error !== undefined && <p role="alert" className="text-[0.8125rem] text-danger">{error}</p>}
        {save.isError && !isOnlyOf([field]) && <ProblemAlert problem={save.error} />}
        {canEdit && setting.origin === "database" && (
          <Button size="small" variant="quiet" className="justify-self-start" pending={save.isPending} onClick={() => save.mutate(null)}>
            {t("settings.reset", { value: given(setting.default) ? write(setting.default) : t("settings.notSet") })}
          </Button>
        )}
        {!setting.is_editable && isLock(setting.locked_by) && <p className="text-[0.8125rem] text-muted">{t(`settings.locks.${setting.locked_by}`)}</p>}
        {setting.is_editable && !mayWrite && <p className="text-[0.8125rem] text-muted">{t("settings.mayNotWrite")}</p>}
      </div>
    </li>
  );
}

function given(text: string | null | undefined): text is string {
  return text !== null && text !== undefined && text !== "";
}

/** Whether it is a place outside of the site that a setting is held by. */
function isLock(origin: SettingOrigin | null | undefined): origin is "file" | "environment" | "flag" {
  return origin === "file" || origin === "environment" || origin === "flag";
}
