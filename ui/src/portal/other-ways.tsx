import { useMutation } from "@tanstack/react-query";
import { Fingerprint } from "lucide-react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { canUsePasskeys, PasskeyCancelled, requestPasskey } from "@/api/passkeys";
import { toProblem } from "@/api/problem";
import type { OauthProvider, SignInOptions, SignInReply } from "@/api/schema";
import { localPath } from "@/features/local-path";
import { ProblemAlert } from "@/features/problem-alert";
import { ProviderBadge } from "@/features/provider-badge";
import { useApi } from "@/features/services";
import { Button } from "@/kit/button";

import { paths } from "./paths";

type OtherWaysProps = { options: SignInOptions; returnPath: string | undefined; onReply: (reply: SignInReply) => void };

/** The icons of buttons that stand below each other stand below each other, too. */
const WITH_ICON = "relative px-12 [&>:first-child]:absolute [&>:first-child]:start-3";

/** The ways to sign in that take no password: a passkey, or an account elsewhere. */
export function OtherWays({ options, returnPath, onReply }: OtherWaysProps) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const byPasskey = useMutation({
    mutationFn: async () => {
      const { challenge, options } = await take(api.POST("/api/auth/passkeys/start"));
      const credential = await requestPasskey(options);
      return take(api.POST("/api/auth/passkeys/finish", { body: { challenge, credential } }));
    },
    onSuccess: onReply,
  });
  const hasPasskeys = options.has_passkeys && canUsePasskeys();
  if (options.providers.length === 0 && !hasPasskeys) return null;
  return (
    <div className="grid gap-3">
      <Or />
      {byPasskey.isError && <ProblemAlert problem={byPasskey.error} words={passkeyWords(byPasskey.error)} />}
      {hasPasskeys && (
        <Button size="large" wide className={WITH_ICON} pending={byPasskey.isPending} icon={<Fingerprint size={18} />} onClick={() => byPasskey.mutate()}>
          <span className="truncate">{t("signIn.passkey")}</span>
        </Button>
      )}
      <ProviderButtons providers={options.providers} returnPath={returnPath} />
    </div>
  );

  function passkeyWords(problem: Error): string | undefined {
    if (problem instanceof PasskeyCancelled) return t("signIn.passkeyCancelled");
    const { code } = toProblem(problem);
    if (code === "invalid_credentials") return t("signIn.passkeyWrong");
    return code === "invalid_link" ? t("passkeys.over") : undefined;
  }
}

/** The line between one way to go on and the others. */
export function Or() {
  const { t } = useTranslation("portal");
  return (
    <div className="flex items-center gap-3 text-xs text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
      {t("signIn.or")}
    </div>
  );
}

type ProviderButtonsProps = {
  providers: OauthProvider[];
  returnPath?: string | undefined;
  /** The invitation by which somebody comes. */
  invite?: string | null;
  /** Why none of them can be used yet. */
  blockedBy?: string | undefined;
};

/** One button for each identity provider. The browser leaves for the provider's page. */
export function ProviderButtons({ providers, returnPath, invite, blockedBy }: ProviderButtonsProps) {
  const { t } = useTranslation("portal");
  const api = useApi();
  const start = useMutation({
    mutationFn: async (provider: string) => {
      const body = { purpose: "sign_in" as const, return_path: localPath(returnPath) ?? paths.overview, ...(invite ? { invite } : {}) };
      const { authorize_url } = await take(api.POST("/api/auth/oauth/{provider}/start", { params: { path: { provider } }, body }));
      location.assign(authorize_url);
    },
  });
  return (
    <>
      {start.isError && <ProblemAlert problem={start.error} />}
      {providers.map((provider) => (
        <Button
          key={provider.name}
          size="large"
          wide
          className={WITH_ICON}
          // Once the provider's page is on its way, a second press would begin anew.
          pending={(start.isPending || start.isSuccess) && start.variables === provider.name}
          blockedBy={blockedBy}
          icon={<ProviderBadge provider={provider} />}
          onClick={() => start.mutate(provider.name)}
        >
          <span className="truncate">{t("signIn.with", { provider: provider.title })}</span>
        </Button>
      ))}
    </>
  );
}
