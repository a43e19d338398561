import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check, Minus } from "lucide-react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Permission, RoleList } from "@/api/schema";
import { useApi } from "@/features/services";
import { Listing } from "@/features/listing";
import { usePageTitle } from "@/features/page-title";
import { useFormats } from "@/i18n/formats";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";

import { paths } from "../paths";
import { PEOPLE } from "./people";

/** What each role may do. Roles are the site's own and cannot be changed; who has which is changed at the person. */
export function RolesPage() {
  const { t } = useTranslation("roles");
  const api = useApi();
  usePageTitle(t("title"));
  const roles = useQuery({ queryKey: [...PEOPLE, "roles"], queryFn: () => take(api.GET("/api/admin/roles")) });
  return (
    <>
      <PageHeader title={t("title")} description={t("why")} />
      <Panel flush>
        <Listing query={roles} rows={12} isEmpty={({ items }) => items.length === 0} empty={null}>
          {(data) => <Matrix of={data} />}
        </Listing>
      </Panel>
    </>
  );
}

const HEAD = "sticky start-0 z-10 bg-surface px-4 text-start font-normal sm:px-5";

function Matrix({ of: { items, permissions } }: { of: RoleList }) {
  const { t } = useTranslation("roles");
  const formats = useFormats();
  const wordsOf = usePermissionWords();
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- What scrolls must be reachable by keyboard.
    <div tabIndex={0} role="region" aria-label={t("title")} className="overflow-x-auto">
      <table className="w-full border-collapse">
        <caption className="sr-only">{t("title")}</caption>
        <thead>
          <tr className="border-b border-line align-top">
            <th scope="col" className={`${HEAD} min-w-36 py-3 text-xs font-medium text-muted sm:min-w-56`}>
              {t("permission")}
            </th>
            {items.map(({ role, people }) => (
              <th key={role} scope="col" className="min-w-20 px-2 py-3 text-center font-normal">
                <span className="block font-medium">{t(`roles.${role}`, { ns: "shared" })}</span>
                <Link to={paths.peopleOf(role)} className="inline-block rounded-sm py-1 text-[0.8125rem] text-accent underline-offset-2 hover:underline">
                  {t("people", { count: people, shown: formats.number(people) })}
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {permissions.map((permission) => {
            const words = wordsOf(permission);
            return (
              <tr key={permission} className="hover:bg-hover/60">
                <th scope="row" className={`${HEAD} py-2`}>
                  <span className="block">{words ?? permission}</span>
                  <code className="block font-mono text-xs text-muted">{permission}</code>
                </th>
                {items.map(({ role, permissions: held }) => (
                  <td key={role} className="px-2 py-2 text-center">
                    {held.includes(permission) ? (
                      <Check size={18} role="img" aria-label={t("may")} className="mx-auto text-success" />
                    ) : (
                      <Minus size={16} role="img" aria-label={t("mayNot")} className="mx-auto text-muted/60" />
                    )}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
        <tfoot>
          <tr className="border-t border-line align-top">
            <th scope="row" className={`${HEAD} py-3 text-[0.8125rem] text-muted`}>
              {t("meaning")}
            </th>
            {items.map(({ role }) => (
              <td key={role} className="px-2 py-3 text-center text-xs text-muted">
                {t(`roleMeanings.${role}`, { ns: "console" })}
              </td>
            ))}
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

/** What a permission allows, in plain words; one that came later has none. */
function usePermissionWords(): (permission: Permission) => string | undefined {
  const { t, i18n } = useTranslation("roles");
  return (permission) => {
    const key = permission.replace(".", "_") as "users_read";
    return i18n.exists(`roles:permissions.${key}`) ? t(`permissions.${key}`) : undefined;
  };
}
