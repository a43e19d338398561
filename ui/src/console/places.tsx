import { Boxes, ChartLine, Gauge, Layers, ListTree, MailPlus, Megaphone, Radio, ScrollText, ShieldCheck, SlidersHorizontal, TriangleAlert, Users, Wallet, type LucideIcon } from "lucide-react";
import { useTranslation } from "react-i18next";

import type { Me, Permission } from "@/api/schema";
import type { Place } from "@/features/frame";

import { paths } from "./paths";

export type GuardedPlace = Place & { needs: Permission };

/** Where whoever is signed in can go in the console. The desktop panel has a page more about money. */
export function usePlaces(me: Me | undefined, moreOfMoney: readonly GuardedPlace[] = []): Place[] {
  const { t } = useTranslation("console");
  if (me === undefined) return [];
  const icon = (Icon: LucideIcon) => <Icon size={18} aria-hidden="true" />;
  const groups: { heading?: string; places: GuardedPlace[] }[] = [
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
        ...moreOfMoney,
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
  const permissions: readonly string[] = me.permissions;
  // What somebody may not see is not offered; a heading stands over the first that is left of its group.
  return groups.flatMap(({ heading, places: all }) =>
    all.filter(({ needs }) => permissions.includes(needs)).map((place, at): Place => (at === 0 && heading !== undefined ? { ...place, heading } : place)),
  );
}
