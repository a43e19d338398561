import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { toProblem } from "@/api/problem";
import type { Identity, OauthProvider } from "@/api/schema";
import { Listing } from "@/features/listing";
import { ProblemAlert } from "@/features/problem-alert";
import { ProviderBadge } from "@/features/provider-badge";
import { useApi } from "@/features/services";
import { useSignInOptions } from "@/features/sign-in-options";
import { useFormats } from "@/i18n/formats";
import { Button } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { EmptyState } from "@/kit/empty-state";
import { Panel } from "@/kit/panel";
import { useToast } from "@/kit/toast";

import { paths } from "../paths";

const IDENTITIES = ["identities"] as const;

/** The accounts elsewhere by which one can sign in here. Absent on a site that has no providers. */
export function IdentitiesSection() {
  const { t } = useTranslation("portal");
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const [removing, setRemoving] = useState<Identity | null>(null);
  const offered = useSignInOptions().data?.providers ?? [];
  const list = useQuery({ queryKey: IDENTITIES, queryFn: () => take(api.GET("/api/me/identities")) });
  const link = useMutation({
    mutationFn: async (provider: string) => {
      const body = { purpose: "link" as const, return_path: paths.security };
      const { authorize_url } = await take(api.POST("/api/auth/oauth/{provider}/start", { params: { path: { provider } }, body }));
      location.assign(authorize_url);
    },
  });
  const remove = useMutation({
    mutationFn: (identity: Identity) => take(api.DELETE("/api/me/identities/{identity}", { params: { path: { identity: identity.id } } })),
    onSuccess: async () => {
      setRemoving(null);
      await queries.invalidateQueries({ queryKey: IDENTITIES });
      toast({ text: t("identities.removed") });
    },
    onError: (thrown) => toProblem(thrown).code === "withheld" && setRemoving(null),
  });
  if (offered.length === 0 && (list.data?.items.length ?? 0) === 0) return null;
  const nameOf = (provider: string) => offered.find(({ name }) => name === provider)?.title ?? provider;
  return (
    <Panel title={t("identities.title")} description={t("identities.why")} flush>
      <div className="border-t border-line">
        <Listing query={list} rows={2} isEmpty={({ items }) => items.length === 0} empty={<EmptyState icon={<Link2 size={18} />} title={t("identities.none")} />}>
          {({ items }) => <IdentityList identities={items} nameOf={nameOf} onRemove={setRemoving} />}
        </Listing>
        <LinkRow providers={offered.filter(({ name }) => !(list.data?.items ?? []).some(({ provider }) => provider === name))} pending={link.isPending ? link.variables : undefined} onLink={(name) => link.mutate(name)} />
        {link.isError && (
          <div className="p-4">
            <ProblemAlert problem={link.error} />
          </div>
        )}
      </div>
      <ConfirmDialog
        open={removing !== null}
        title={t("identities.removeTitle", { provider: nameOf(removing?.provider ?? "") })}
        consequence={t("identities.removeWhat", { provider: nameOf(removing?.provider ?? "") })}
        action={t("identities.remove")}
        cancel={t("cancel", { ns: "shared" })}
        pending={remove.isPending}
        onConfirm={() => removing !== null && remove.mutate(removing)}
        onCancel={() => {
          setRemoving(null);
          remove.reset();
        }}
      >
        {remove.isError && <ProblemAlert problem={remove.error} words={toProblem(remove.error).code === "conflict" ? t("identities.last") : undefined} />}
      </ConfirmDialog>
    </Panel>
  );
}

function IdentityList({ identities, nameOf, onRemove }: { identities: Identity[]; nameOf: (provider: string) => string; onRemove: (identity: Identity) => void }) {
  const { t } = useTranslation("portal");
  const formats = useFormats();
  return (
    <ul className="divide-y divide-line">
      {identities.map((identity) => (
        <li key={identity.id} className="flex items-center gap-3.5 px-4 py-3 sm:px-5">
          <ProviderBadge provider={{ title: nameOf(identity.provider) }} />
          <div className="grid min-w-0 flex-1 gap-0.5">
            <p className="font-medium">{nameOf(identity.provider)}</p>
            <p className="flex flex-wrap gap-x-3 text-[0.8125rem] [overflow-wrap:anywhere] text-muted">
              {identity.email && <span className="[overflow-wrap:anywhere]">{identity.email}</span>}
              <span>{t("identities.linked", { date: formats.date(identity.created_at) })}</span>
            </p>
          </div>
          <Button size="small" aria-label={t("identities.removeNamed", { provider: nameOf(identity.provider) })} onClick={() => onRemove(identity)}>
            {t("identities.remove")}
          </Button>
        </li>
      ))}
    </ul>
  );
}

function LinkRow({ providers, pending, onLink }: { providers: OauthProvider[]; pending: string | undefined; onLink: (name: string) => void }) {
  const { t } = useTranslation("portal");
  if (providers.length === 0) return null;
  // It asserts no verified address to anybody, and without one the server links nothing.
  const unlinkable = providers.filter(({ preset }) => preset === "linuxdo");
  const linkable = providers.filter(({ preset }) => preset !== "linuxdo");
  return (
    <div className="flex flex-wrap items-center gap-2 border-t border-line px-4 py-3.5 sm:px-5">
      {linkable.map((provider) => (
        <Button key={provider.name} size="small" pending={pending === provider.name} icon={<ProviderBadge provider={provider} />} onClick={() => onLink(provider.name)}>
          {t("identities.link", { provider: provider.title })}
        </Button>
      ))}
      {unlinkable.map((provider) => (
        <p key={provider.name} className="w-full text-[0.8125rem] text-muted">
          {t("identities.noLink", { provider: provider.title })}
        </p>
      ))}
    </div>
  );
}
