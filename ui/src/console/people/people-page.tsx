import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { UserPlus, Users } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import type { Role, User, UserStatus } from "@/api/schema";
import { useFilter, useKeyset } from "@/features/keyset";
import { Listing } from "@/features/listing";
import { Money } from "@/features/money";
import { usePageTitle } from "@/features/page-title";
import { ROLES } from "@/features/roles";
import { useApi } from "@/features/services";
import { useMay } from "@/features/session";
import { useFormats } from "@/i18n/formats";
import { Avatar } from "@/kit/avatar";
import { Badge } from "@/kit/badge";
import { Button } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { PageHeader } from "@/kit/page-header";
import { Pager } from "@/kit/pager";
import { Panel } from "@/kit/panel";
import { Select } from "@/kit/select";
import { Table, type Column } from "@/kit/table";

import { paths } from "../paths";
import { SearchBox } from "../search-box";
import { NewPersonDialog } from "./new-person-dialog";
import { PEOPLE } from "./people";

type Filters = { q?: string; role?: Role; status?: UserStatus };

export function PeoplePage() {
  const { t } = useTranslation("console");
  const api = useApi();
  const { q, role, status } = useSearch({ strict: false }) as Filters;
  const { cursor, page, previous, next } = useKeyset();
  const filter = useFilter();
  const mayWrite = useMay("users.write");
  const [isAdding, setIsAdding] = useState(false);
  usePageTitle(t("places.people"));

  const query = { q, role, status, cursor };
  const list = useQuery({
    queryKey: [...PEOPLE, "list", query],
    queryFn: () => take(api.GET("/api/admin/users", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const isFiltered = q !== undefined || role !== undefined || status !== undefined;
  const add = (
    <Button variant="primary" icon={<UserPlus size={16} />} blockedBy={mayWrite ? undefined : t("people.mayNotAdd")} onClick={() => setIsAdding(true)}>
      {t("people.add")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("places.people")} actions={add} />
      <Panel flush>
        <div className="grid gap-2 border-b border-line p-3 sm:grid-cols-2 lg:grid-cols-[minmax(0,1fr)_11rem_9rem] sm:max-lg:[&>:first-child]:col-span-2">
          <SearchBox label={t("people.search")} value={q} onSearch={(text) => filter({ q: text })} />
          <Select aria-label={t("people.role")} value={role ?? ""} onChange={(event) => filter({ role: event.target.value })}>
            <option value="">{t("people.everyRole")}</option>
            {ROLES.map((value) => (
              <option key={value} value={value}>
                {t(`roles.${value}`, { ns: "shared" })}
              </option>
            ))}
          </Select>
          <Select aria-label={t("people.status")} value={status ?? ""} onChange={(event) => filter({ status: event.target.value })}>
            <option value="">{t("people.everyStatus")}</option>
            <option value="active">{t("people.active")}</option>
            <option value="disabled">{t("people.disabled")}</option>
          </Select>
        </div>
        <Listing
          query={list}
          isEmpty={({ items }) => items.length === 0}
          empty={
            isFiltered ? (
              <EmptyState
                icon={<Users size={18} />}
                title={t("people.noneFound")}
                action={<Button onClick={() => filter({ q: undefined, role: undefined, status: undefined })}>{t("filters.clear")}</Button>}
              />
            ) : (
              <EmptyState icon={<Users size={18} />} title={t("people.none")} action={add} />
            )
          }
        >
          {({ items }) => <PeopleTable people={items} />}
        </Listing>
        <Pager label={t("places.people")} page={page} onPrevious={previous} onNext={next(list.data?.next_cursor)} />
      </Panel>
      {isAdding && <NewPersonDialog onClose={() => setIsAdding(false)} />}
    </>
  );
}

function PeopleTable({ people }: { people: User[] }) {
  const { t } = useTranslation("console");
  const formats = useFormats();
  const columns: Column<User>[] = [
    {
      id: "person",
      header: t("people.person"),
      lead: true,
      cell: (user) => (
        <Link to={paths.person(user.id)} className="flex min-w-0 items-center gap-3 rounded-control sm:max-w-80">
          <Avatar name={user.display_name} size="small" />
          <span className="grid min-w-0">
            <span className="truncate font-medium hover:underline">{user.display_name}</span>
            <span className="truncate text-[0.8125rem] text-muted">{user.email}</span>
          </span>
        </Link>
      ),
    },
    { id: "role", header: t("people.role"), cell: (user) => <RoleBadge role={user.role} /> },
    { id: "status", header: t("people.status"), cell: (user) => <StatusBadge user={user} /> },
    {
      id: "balance",
      header: t("people.balance"),
      align: "end",
      cell: (user) => <Money amount={user.balance.available} currency={user.balance.currency} />,
    },
    { id: "since", header: t("people.since"), align: "end", className: "whitespace-nowrap text-muted max-sm:hidden!", cell: (user) => formats.date(user.created_at) },
  ];
  return <Table caption={t("places.people")} columns={columns} rows={people} rowKey={(user) => user.id} />;
}

export function RoleBadge({ role }: { role: Role }) {
  const { t } = useTranslation();
  return <Badge tone={role === "user" ? "neutral" : "accent"}>{t(`roles.${role}`)}</Badge>;
}

export function StatusBadge({ user }: { user: User }) {
  const { t } = useTranslation("console");
  if (user.status === "disabled") return <Badge tone="danger">{t("people.disabled")}</Badge>;
  if (!user.email_verified_at) return <Badge tone="warning">{t("people.unverified")}</Badge>;
  return <Badge tone="success">{t("people.active")}</Badge>;
}
