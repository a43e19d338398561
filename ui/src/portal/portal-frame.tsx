import { useMatches } from "@tanstack/react-router";
import { BookOpen, Boxes, ChartLine, CircleUser, FlaskConical, House, KeyRound, ListTree, MonitorSmartphone, Palette, ScrollText, ShieldCheck, SlidersHorizontal } from "lucide-react";
import { useTranslation } from "react-i18next";

import { toProblem } from "@/api/problem";
import { FailurePage } from "@/features/failure-page";
import { FramePending } from "@/features/first-paint";
import type { Place } from "@/features/frame";
import { useMe } from "@/features/session";
import { SiteFrame } from "@/features/site-frame";

import { FirstKeyDue } from "./first-key";
import { useLeave } from "./leave";
import { paths } from "./paths";

export function PortalFrame() {
  return (
    <>
      <Pages />
      <FirstKeyDue />
    </>
  );
}

function Pages() {
  const { t } = useTranslation("portal");
  const me = useMe();
  // The page that is shown, not the one on its way.
  const pathname = useMatches({ select: (matches) => matches.at(-1)?.pathname });
  const code = me.isError ? toProblem(me.error).code : null;
  // The server answers nothing else before the second factor is there.
  const isHeld = me.data?.must_set_up_second_factor === true;
  const elsewhereFirst = code === "setup_required" ? paths.setup : isHeld && pathname !== paths.security ? paths.security : null;
  useLeave(elsewhereFirst);
  if (elsewhereFirst !== null) return <FramePending />;
  if (me.data === undefined) {
    // Whoever is signed out is on the way to the sign-in page. A page that is there stays until then.
    return me.isError && code !== "invalid_token" ? <FailurePage error={me.error} onRetry={() => void me.refetch()} /> : <FramePending />;
  }
  const icon = (Icon: typeof House) => <Icon size={18} aria-hidden="true" />;
  const places: Place[] = [
    { to: paths.overview, label: t("places.overview"), icon: icon(House), exact: true, inBar: true },
    { to: paths.keys, label: t("keys", { ns: "places" }), icon: icon(KeyRound), inBar: true },
    { to: paths.usage, label: t("usage", { ns: "places" }), icon: icon(ChartLine), inBar: true },
    { to: paths.requests, label: t("requests", { ns: "places" }), icon: icon(ListTree), inBar: true },
    { to: paths.ledger, label: t("ledger", { ns: "places" }), icon: icon(BookOpen) },
    { to: paths.playground, label: t("playground", { ns: "places" }), icon: icon(FlaskConical), heading: t("build", { ns: "places" }) },
    { to: paths.models, label: t("models", { ns: "places" }), icon: icon(Boxes) },
    { to: paths.docs, label: t("docs", { ns: "places" }), icon: icon(ScrollText) },
    { to: paths.profile, label: t("places.profile"), icon: icon(CircleUser), heading: t("account", { ns: "places" }) },
    { to: paths.security, label: t("places.security"), icon: icon(ShieldCheck) },
    { to: paths.sessions, label: t("places.sessions"), icon: icon(MonitorSmartphone) },
    { to: paths.settings, label: t("settings", { ns: "places" }), icon: icon(Palette) },
  ];
  const elsewhere =
    isHeld || me.data.permissions.length === 0
      ? undefined
      : { href: paths.console, label: t("places.console"), icon: <SlidersHorizontal size={18} aria-hidden="true" /> };
  const shown = isHeld ? places.filter(({ to }) => to === paths.security) : places;
  return <SiteFrame me={me.data} places={shown} more={t("more", { ns: "places" })} elsewhere={elsewhere} />;
}
