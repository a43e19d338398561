import { useTranslation } from "react-i18next";

import { usePageTitle } from "@/features/page-title";
import { useMe } from "@/features/session";
import { Alert } from "@/kit/alert";
import { PageHeader } from "@/kit/page-header";
import { Skeleton } from "@/kit/skeleton";

import { usePasskeys, useTotp } from "./factors";
import { IdentitiesSection } from "./identities-section";
import { PasskeysSection } from "./passkeys-section";
import { PasswordSection } from "./password-section";
import { RecoveryCodesSection } from "./recovery-codes-section";
import { TotpSection } from "./totp-section";

export function SecurityPage() {
  const { t } = useTranslation("portal");
  const me = useMe().data;
  usePageTitle(t("places.security"));
  // Until there is a second factor, the server answers only what sets one up.
  const isHeld = me?.must_set_up_second_factor === true;
  const totp = useTotp();
  const passkeys = usePasskeys();
  if (me === undefined) return null;
  // What has no fixed height comes at once: nothing below is pushed down by what is above it. A list that failed is asked
  // for again by its own section, which must stay for that.
  if ([totp, passkeys].some((query) => query.isPending && query.errorUpdateCount === 0)) {
    return (
      <>
        <PageHeader title={t("security.title")} description={t("security.why")} />
        <Skeleton className="h-96" />
      </>
    );
  }
  return (
    <>
      <PageHeader title={t("security.title")} description={t("security.why")} />
      <div className="grid gap-5">
        {isHeld ? (
          <Alert tone="warning" title={t("security.requiredTitle")}>
            {t("security.required")}
          </Alert>
        ) : (
          <PasswordSection email={me.email} />
        )}
        <TotpSection />
        <PasskeysSection />
        {!isHeld && (
          <>
            <RecoveryCodesSection />
            <IdentitiesSection />
          </>
        )}
      </div>
    </>
  );
}
