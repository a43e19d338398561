import { useLocation } from "@tanstack/react-router";
import { CircleUser, House, MonitorSmartphone, ShieldCheck, SlidersHorizontal } from "lucide-react";
import { useTranslation } from "react-i18next";

import { toProblem } from "@/api/problem";
import { FailurePage } from "@/features/failure-page";
import { FramePending } from "@/features/first-paint";
import { Frame } from "@/features/frame";
import { useMe } from "@/features/session";

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
  const { pathname } = useLocation();
  const code = me.isError ? toProblem(me.error).code : null;
  // The server answers nothing else before the second factor is there.
  const isHeld = me.data?.must_set_up_second_factor === true;
  const elsewhereFirst = code === "setup_required" ? paths.setup : isHeld && pathname !== paths.security ? paths.security : null;
  useLeave(elsewhereFirst);
  // Whoever is signed out is on the way to the sign-in page.
  if (me.isPending || code === "invalid_token" || elsewhereFirst !== null) return <FramePending />;
  if (me.isError) return <FailurePage error={me.error} />;
  const places = [
    { to: paths.overview, label: t("places.overview"), icon: <House size={18} aria-hidden="true" />, exact: true },
    { to: paths.profile, label: t("places.profile"), icon: <CircleUser size={18} aria-hidden="true" /> },
    { to: paths.security, label: t("places.security"), icon: <ShieldCheck size={18} aria-hidden="true" /> },
    { to: paths.sessions, label: t("places.sessions"), icon: <MonitorSmartphone size={18} aria-hidden="true" /> },
  ];
  const elsewhere =
    isHeld || me.data.permissions.length === 0
      ? undefined
      : { href: paths.console, label: t("places.console"), icon: <SlidersHorizontal size={18} aria-hidden="true" /> };
  return <Frame me={me.data} places={isHeld ? places.filter(({ to }) => to === paths.security) : places} elsewhere={elsewhere} />;
}
