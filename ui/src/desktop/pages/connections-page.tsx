import { useNavigate } from "@tanstack/react-router";
import { ArrowDown, ArrowUp, Download, Ellipsis, KeyRound, LogOut, Pencil, Plus, ShieldCheck, Trash2, Upload } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "@/kit/button";
import { IconButton } from "@/kit/icon-button";
import { Menu, MenuItem, MenuSeparator } from "@/kit/menu";
import { PageHeader } from "@/kit/page-header";
import { Panel } from "@/kit/panel";
import { SkeletonRows } from "@/kit/skeleton";
import { useToast } from "@/kit/toast";

import { ColourMark, ConditionBadge, EnvironmentBadge } from "../connection-marks";
import { EditDialog } from "../connections/edit-dialog";
import { ImportDialog } from "../connections/import-dialog";
import { RemoveDialog, SignOutDialog } from "../connections/leave-dialogs";
import { NoConnections } from "../connections/no-connections";
import { TrustDialog } from "../connections/trust-dialog";
import { useTlsWords } from "../connections/tls-words";
import { useConnections, useDeed } from "../desk";
import { useOpenSite } from "../open-site";
import { paths } from "../paths";
import { ShellAlert } from "../shell-alert";
import type { Connection, ImportPreview } from "../shell-types";
import { useWindowTitle } from "../window-title";
import { PairingDialog } from "./pairing-dialog";

type Opened = { deed: "edit" | "pair" | "trust" | "signOut" | "remove"; connection: Connection } | { deed: "add" } | { deed: "import"; preview: ImportPreview };

/** The sites this computer works with. */
export function ConnectionsPage() {
  const { t } = useTranslation("connections");
  const toast = useToast();
  const navigate = useNavigate();
  const connections = useConnections();
  const [opened, setOpened] = useState<Opened | null>(null);
  useWindowTitle(t("title"));
  const close = () => setOpened(null);
  const exported = useDeed({
    act: (shell) => shell.exportConnections(),
    onDone: (path: string | null) => path !== null && toast({ text: t("export.done", { path }) }),
  });
  const preview = useDeed({
    act: (shell) => shell.previewImport(),
    onDone: (found: ImportPreview | null) => found !== null && setOpened({ deed: "import", preview: found }),
  });
  const failure = exported.error ?? preview.error;
  const list = connections.data?.connections;
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t("why")}
        actions={
          <>
            <Menu trigger={<IconButton className="size-9 border border-edge/60 bg-surface" label={t("more")} icon={<Ellipsis size={18} />} />}>
              <MenuItem icon={<Upload size={16} />} onSelect={() => preview.mutate()}>
                {t("deeds.import")}
              </MenuItem>
              <MenuItem icon={<Download size={16} />} disabled={list?.some(({ place }) => place.kind === "site") !== true} onSelect={() => exported.mutate()}>
                {t("deeds.export")}
              </MenuItem>
            </Menu>
            <Button variant="primary" icon={<Plus size={16} />} onClick={() => setOpened({ deed: "add" })}>
              {t("add")}
            </Button>
          </>
        }
      />
      <div className="grid grid-cols-1 gap-5">
        {failure !== null && <ShellAlert failure={failure} />}
        <Panel>
          {connections.isError && <ShellAlert failure={connections.error} onRetry={() => void connections.refetch()} />}
          {connections.isPending && <SkeletonRows rows={3} />}
          {list?.length === 0 && <NoConnections onAdd={() => setOpened({ deed: "add" })} />}
          {list !== undefined && list.length > 0 && (
            <ul aria-label={t("list")} className="-my-4 divide-y divide-line">
              {list.map((connection, place) => (
                <Row key={connection.id} connection={connection} place={place} last={list.length - 1} onOpen={setOpened} />
              ))}
            </ul>
          )}
        </Panel>
      </div>
      {opened?.deed === "add" && <PairingDialog onClose={close} onPaired={() => void navigate({ to: paths.site })} />}
      {opened?.deed === "pair" && <PairingDialog again={opened.connection} onClose={close} onPaired={() => void navigate({ to: paths.site })} />}
      {opened?.deed === "edit" && <EditDialog connection={opened.connection} onClose={close} />}
      {opened?.deed === "trust" && <TrustDialog connection={opened.connection} onClose={close} />}
      {opened?.deed === "signOut" && <SignOutDialog connection={opened.connection} onClose={close} />}
      {opened?.deed === "remove" && <RemoveDialog connection={opened.connection} onClose={close} />}
      {opened?.deed === "import" && <ImportDialog preview={opened.preview} onClose={close} />}
    </>
  );
}

type RowProps = { connection: Connection; place: number; last: number; onOpen: (opened: Opened) => void };

function Row({ connection, place, last, onOpen }: RowProps) {
  const { t } = useTranslation("connections");
  const desk = useTranslation("desk").t;
  const tlsWords = useTlsWords();
  const { id, name, colour, environment, condition, address, write_guard } = connection;
  const isSite = connection.place.kind === "site";
  const open = useOpenSite();
  const move = useDeed({ act: (shell, to: number) => shell.moveConnection(id, to), changes: ["connections"] });
  const failure = open.error ?? move.error;
  return (
    <li className="grid gap-2 py-3.5">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="grid min-w-0 flex-1 basis-64 gap-0.5">
          <div className="flex flex-wrap items-center gap-2">
            <ColourMark colour={colour} />
            <bdi className="min-w-0 font-medium [overflow-wrap:anywhere]">{name}</bdi>
            <EnvironmentBadge environment={environment} />
            <ConditionBadge condition={condition} />
          </div>
          <p className="ps-3.5 text-[0.8125rem] text-muted [overflow-wrap:anywhere]">{address ?? desk("thisAppStopped")}</p>
          <p className="ps-3.5 text-[0.8125rem] text-muted [overflow-wrap:anywhere]">
            {tlsWords(connection)} · {t("guardIs", { guard: desk(`guards.${write_guard}`) })}
          </p>
        </div>
        <div className="flex items-center gap-1.5">
          <Button size="small" aria-label={t("openNamed", { name })} pending={open.isPending} onClick={() => open.mutate(id)}>
            {t("open")}
          </Button>
          <Menu trigger={<IconButton label={t("moreOf", { name })} icon={<Ellipsis size={16} />} />}>
            <MenuItem icon={<Pencil size={16} />} onSelect={() => onOpen({ deed: "edit", connection })}>
              {t("deeds.edit")}
            </MenuItem>
            {isSite && (
              <MenuItem icon={<KeyRound size={16} />} onSelect={() => onOpen({ deed: "pair", connection })}>
                {t("deeds.pair")}
              </MenuItem>
            )}
            {isSite && address?.startsWith("https:") === true && (
              <MenuItem icon={<ShieldCheck size={16} />} onSelect={() => onOpen({ deed: "trust", connection })}>
                {t("deeds.trust")}
              </MenuItem>
            )}
            <MenuItem icon={<ArrowUp size={16} />} disabled={place === 0} onSelect={() => move.mutate(place - 1)}>
              {t("deeds.up")}
            </MenuItem>
            <MenuItem icon={<ArrowDown size={16} />} disabled={place === last} onSelect={() => move.mutate(place + 1)}>
              {t("deeds.down")}
            </MenuItem>
            <MenuSeparator />
            {(condition === "online" || condition === "troubled") && (
              <MenuItem icon={<LogOut size={16} />} onSelect={() => onOpen({ deed: "signOut", connection })}>
                {t("deeds.signOut")}
              </MenuItem>
            )}
            <MenuItem icon={<Trash2 size={16} />} tone="danger" onSelect={() => onOpen({ deed: "remove", connection })}>
              {t("deeds.remove")}
            </MenuItem>
          </Menu>
        </div>
      </div>
      {failure !== null && <ShellAlert failure={failure} />}
    </li>
  );
}
