import { ExternalLink, LogOut, SunMoon } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { toProblem } from "@/api/problem";
import { LanguageChoice, ThemeChoice } from "@/features/appearance-menu";
import { PersonButton } from "@/features/person-button";
import { useProblemWords } from "@/features/problem-alert";
import { Button } from "@/kit/button";
import { ConfirmDialog } from "@/kit/confirm-dialog";
import { IconButton } from "@/kit/icon-button";
import { Menu, MenuItem, MenuSeparator } from "@/kit/menu";
import { useToast } from "@/kit/toast";

import type { Room } from "../room";
import type { Connection } from "../shell-types";
import { useOpenWebLink } from "../web-links";
import { usePerson } from "../window";

type AccountMenuProps = { room: Room | null; connection: Connection | undefined; compact?: boolean };

/** Who this device acts for at the site, and how the panel looks. */
export function AccountMenu({ room, connection, compact = false }: AccountMenuProps) {
  const { t } = useTranslation("panel");
  const person = usePerson(room);
  const openWebLink = useOpenWebLink();
  const [isLeaving, setIsLeaving] = useState(false);
  const trigger = triggerOf();
  function triggerOf() {
    if (person !== undefined) return <PersonButton me={person} compact={compact} />;
    if (compact) return <IconButton label={t("account.open")} icon={<SunMoon size={20} />} />;
    return (
      <Button variant="quiet" icon={<SunMoon size={18} />} className="w-full justify-start">
        {t("account.open")}
      </Button>
    );
  }
  return (
    <>
      <Menu trigger={trigger} align={compact ? "end" : "start"}>
        {room !== null && connection?.place.kind === "site" && (
          <>
            <MenuItem icon={<ExternalLink size={16} />} onSelect={() => openWebLink(room.surroundings.linkTo("/").href)}>
              {t("account.site")}
            </MenuItem>
            <MenuSeparator />
          </>
        )}
        <LanguageChoice />
        <MenuSeparator />
        <ThemeChoice />
        {person !== undefined && (
          <>
            <MenuSeparator />
            <MenuItem icon={<LogOut size={16} />} onSelect={() => setIsLeaving(true)}>
              {t("account.signOut")}
            </MenuItem>
          </>
        )}
      </Menu>
      {isLeaving && room !== null && connection !== undefined && <SignOutDialog room={room} connection={connection} onClose={() => setIsLeaving(false)} />}
    </>
  );
}

function SignOutDialog({ room, connection, onClose }: { room: Room; connection: Connection; onClose: () => void }) {
  const { t } = useTranslation("panel");
  const toast = useToast();
  const say = useProblemWords();
  const [isPending, setIsPending] = useState(false);
  const signOut = async () => {
    setIsPending(true);
    try {
      await room.surroundings.signOut(room.services.api);
    } catch (thrown) {
      toast({ tone: "danger", text: say(toProblem(thrown)) });
    }
    onClose();
  };
  return (
    <ConfirmDialog
      open
      title={t("account.signOutTitle", { name: connection.name })}
      consequence={t("account.signOutWhy")}
      action={t("account.signOut")}
      cancel={t("cancel", { ns: "shared" })}
      pending={isPending}
      onConfirm={() => void signOut()}
      onCancel={onClose}
    />
  );
}
