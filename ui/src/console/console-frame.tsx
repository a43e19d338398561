import { Boxes, ChartLine, Gauge, House, Layers, ListTree, MailPlus, Megaphone, Radio, ScrollText, ShieldCheck, SlidersHorizontal, TriangleAlert, Users, Wallet } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { toProblem } from "@/api/problem";
import type { Permission } from "@/api/schema";
import { FailurePage } from "@/features/failure-page";
import { FramePending } from "@/features/first-paint";
import { Frame, type Place } from "@/features/frame";
import { usePageTitle } from "@/features/page-title";
import { useMe } from "@/features/session";
import { EmptyState } from "@/kit/empty-state";
import { Mark } from "@/kit/mark";
import { buttonLook } from "@/kit/button";

import { PaletteButton } from "./palette/palette-button";
import { Shortcuts, type Overlay } from "./palette/shortcuts";
import { paths } from "./paths";

export function ConsoleFrame() {
  const { t } = useTranslation("console");
  const me = useMe();
  const [overlay, setOverlay] = useState<Overlay>(null);
  if (me.data === undefined) {
    // Whoever is signed out is on the way to the sign-in page. A page that is there stays until then.
    const isOnTheWay = !me.isError || toProblem(me.error).code === "invalid_token";
    return isOnTheWay ? <FramePending part={t("part")} /> : <FailurePage error={me.error} onRetry={() => void me.refetch()} />;
  }
  const portal = { href: paths.portal, label: t("places.portal"), icon: <House size={18} aria-hidden="true" /> };
  if (me.data.must_set_up_second_factor === true) {
    return <Elsewhere title={t("places.factorFirst")} why={t("places.factorFirstWhy")} href={paths.security} label={t("places.setUpFactor")} />;
  }
  if (me.data.permissions.length === 0) {
    return <Elsewhere title={t("places.notForYou")} why={t("places.notForYouWhy")} href={portal.href} label={portal.label} />;
  }
  const icon = (Icon: typeof House) => <Icon size={18} aria-hidden="true" />;
  const groups: { heading?: string; places: (Place & { needs: Permission })[] }[] = [
    { places: [{ to: paths.overview, label: t("places.overview", { ns: "site" }), icon: icon(Gauge), needs: "stats.read", exact: true, inBar: true }] },
    {
      heading: t("places.traffic", { ns: "site" }),
      places: [
        { to: paths.requests, label: t("places.requests", { ns: "site" }), icon: icon(ListTree), needs: "requests.read", inBar: true },
        { to: paths.errors, label: t("places.errors", { ns: "site" }), icon: icon(TriangleAlert), needs: "requests.read" },
      ],
    },
    {
      heading: t("places.supply", { ns: "site" }),
      places: [
        { to: paths.channels, label: t("places.channels", { ns: "site" }), icon: icon(Radio), needs: "channels.read", inBar: true },
        { to: paths.models, label: t("places.models", { ns: "site" }), icon: icon(Boxes), needs: "models.read" },
        { to: paths.modelGroups, label: t("groups.title", { ns: "catalog" }), icon: icon(Layers), needs: "models.read" },
      ],
    },
    {
      heading: t("places.customers", { ns: "site" }),
      places: [
        { to: paths.people, label: t("places.people"), icon: icon(Users), needs: "users.read", inBar: true },
        { to: paths.invitations, label: t("places.invitations"), icon: icon(MailPlus), needs: "users.write" },
      ],
    },
    {
      heading: t("places.money", { ns: "site" }),
      places: [
        { to: paths.revenue, label: t("places.revenue", { ns: "site" }), icon: icon(ChartLine), needs: "revenue.read" },
        { to: paths.billing, label: t("places.billing", { ns: "site" }), icon: icon(Wallet), needs: "revenue.read" },
      ],
    },
    {
      heading: t("places.system", { ns: "site" }),
      places: [
        { to: paths.notices, label: t("places.notices", { ns: "site" }), icon: icon(Megaphone), needs: "settings.read" },
        { to: paths.settings, label: t("places.settings", { ns: "site" }), icon: icon(SlidersHorizontal), needs: "settings.read" },
        { to: paths.roles, label: t("places.roles", { ns: "site" }), icon: icon(ShieldCheck), needs: "users.read" },
        { to: paths.auditLog, label: t("places.auditLog"), icon: icon(ScrollText), needs: "audit.read" },
      ],
    },
  ];
  const permissions: readonly string[] = me.data.permissions;
  // What somebody may not see is not offered; a heading stands over the first that is left of its group.
  const places = groups.flatMap(({ heading, places: all }) =>
    all.filter(({ needs }) => permissions.includes(needs)).map((place, at): Place => (at === 0 && heading !== undefined ? { ...place, heading } : place)),
  );
  const openPalette = () => setOverlay("palette");
  return (
    <>
      <Frame
        me={me.data}
        part={t("part")}
        places={places}
        more={t("places.more", { ns: "site" })}
        elsewhere={portal}
        above={<PaletteButton onClick={openPalette} />}
        aboveCompact={<PaletteButton compact onClick={openPalette} />}
      />
      <Shortcuts places={places} open={overlay} onOpen={setOverlay} />
    </>
  );
}

/** Says why there is nothing to see here, and where to go instead. */
function Elsewhere({ title, why, href, label }: { title: string; why: string; href: string; label: string }) {
  usePageTitle(title);
  return (
    <main className="grid min-h-dvh place-content-center">
      <EmptyState
        isPage
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
