import { House, MailPlus, ScrollText, Users } from "lucide-react";
import { useTranslation } from "react-i18next";

import { toProblem } from "@/api/problem";
import type { Permission } from "@/api/schema";
import { FailurePage } from "@/features/failure-page";
import { FramePending } from "@/features/first-paint";
import { Frame } from "@/features/frame";
import { usePageTitle } from "@/features/page-title";
import { useMe } from "@/features/session";
import { EmptyState } from "@/kit/empty-state";
import { Mark } from "@/kit/mark";
import { buttonLook } from "@/kit/button";

import { paths } from "./paths";

export function ConsoleFrame() {
  const { t } = useTranslation("console");
  const me = useMe();
  if (me.isPending || (me.isError && toProblem(me.error).code === "invalid_token")) return <FramePending part={t("part")} />;
  if (me.isError) return <FailurePage error={me.error} />;
  const portal = { href: paths.portal, label: t("places.portal"), icon: <House size={18} aria-hidden="true" /> };
  if (me.data.must_set_up_second_factor === true) {
    return <Elsewhere title={t("places.factorFirst")} why={t("places.factorFirstWhy")} href={paths.security} label={t("places.setUpFactor")} />;
  }
  if (me.data.permissions.length === 0) {
    return <Elsewhere title={t("places.notForYou")} why={t("places.notForYouWhy")} href={portal.href} label={portal.label} />;
  }
  const all: { to: string; label: string; icon: React.ReactNode; needs: Permission }[] = [
    { to: paths.people, label: t("places.people"), icon: <Users size={18} aria-hidden="true" />, needs: "users.read" },
    { to: paths.invitations, label: t("places.invitations"), icon: <MailPlus size={18} aria-hidden="true" />, needs: "users.write" },
    { to: paths.auditLog, label: t("places.auditLog"), icon: <ScrollText size={18} aria-hidden="true" />, needs: "audit.read" },
  ];
  const places = all.filter(({ needs }) => me.data.permissions.includes(needs));
  return <Frame me={me.data} part={t("part")} places={places} elsewhere={portal} />;
}

/** Says why there is nothing to see here, and where to go instead. */
function Elsewhere({ title, why, href, label }: { title: string; why: string; href: string; label: string }) {
  usePageTitle(title);
  return (
    <main className="grid min-h-dvh place-content-center">
      <EmptyState
        icon={<Mark />}
        title={title}
        action={
          <a href={href} className={buttonLook({ variant: "primary" })}>
            {label}
          </a>
        }
      >
        {why}
      </EmptyState>
    </main>
  );
}
