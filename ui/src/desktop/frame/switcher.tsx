import { useNavigate } from "@tanstack/react-router";
import { ChevronsUpDown, Settings2 } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Mark } from "@/kit/mark";
import { Menu, MenuItem, MenuSeparator } from "@/kit/menu";

import { ColourMark, EnvironmentBadge } from "../connection-marks";
import { useConnections } from "../desk";
import { paths } from "../paths";
import type { Connection } from "../shell-types";
import { ConditionDot } from "./condition-dot";
import { digitKeys, SWITCHED_BY_DIGIT } from "./digit-keys";

type SwitcherProps = { connection: Connection | undefined; onChoose: (id: string) => void };

/** Which site one is at, and the way to every other. */
export function Switcher({ connection, onChoose }: SwitcherProps) {
  const { t } = useTranslation("panel");
  const navigate = useNavigate();
  const { data } = useConnections();
  const connections = data?.connections ?? [];
  // Before it is known which there are, nothing is said of them.
  const nothing = data === undefined ? t("product", { ns: "shared" }) : t("switcher.none");
  const trigger = (
    <button
      type="button"
      className="-mx-2 flex min-w-0 flex-1 items-center gap-2 rounded-control px-2 py-1 text-start hover:bg-hover data-[state=open]:bg-hover"
    >
      {connection === undefined ? <Mark size={26} /> : <ColourMark colour={connection.colour} className="h-8" />}
      <span className="sr-only">{t("switcher.label")}</span>
      <span className="grid min-w-0 flex-1 justify-items-start gap-0.5">
        <span className="flex max-w-full items-center gap-1.5 font-semibold">
          <bdi className="truncate">{connection === undefined ? nothing : connection.name}</bdi>
          {connection !== undefined && <ConditionDot condition={connection.condition} />}
          {connection !== undefined && <span className="sr-only">{t(`conditions.${connection.condition}`, { ns: "desk" })}</span>}
        </span>
        {connection !== undefined && <EnvironmentBadge environment={connection.environment} />}
      </span>
      <ChevronsUpDown size={16} aria-hidden="true" className="shrink-0 text-muted" />
    </button>
  );
  return (
    <Menu trigger={trigger} align="start">
      {connections.map((one, at) => (
        <MenuItem
          key={one.id}
          icon={<ColourMark colour={one.colour} />}
          hint={
            <span className="flex items-center gap-1.5">
              <ConditionDot condition={one.condition} />
              {t(`environments.${one.environment}`, { ns: "desk" })} · {t(`conditions.${one.condition}`, { ns: "desk" })}
            </span>
          }
          aside={at < SWITCHED_BY_DIGIT ? <kbd className="font-sans">{digitKeys(at)}</kbd> : undefined}
          isCurrent={one.id === connection?.id}
          onSelect={() => onChoose(one.id)}
        >
          <bdi>{one.name}</bdi>
        </MenuItem>
      ))}
      {connections.length > 0 && <MenuSeparator />}
      <MenuItem icon={<Settings2 size={16} />} onSelect={() => void navigate({ to: paths.connections })}>
        {t("switcher.manage")}
      </MenuItem>
    </Menu>
  );
}
