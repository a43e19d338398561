import { LogOut } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { toProblem } from "@/api/problem";
import type { Me } from "@/api/schema";
import { Mark } from "@/kit/mark";
import { Menu, MenuItem, MenuSeparator } from "@/kit/menu";
import { useToast } from "@/kit/toast";

import { LanguageChoice, ThemeChoice } from "./appearance-menu";
import { Frame, type Place } from "./frame";
import { PersonButton } from "./person-button";
import { useProblemWords } from "./problem-alert";
import { useSignOut } from "./session";
import { useSiteName } from "./site";

type Elsewhere = { href: string; label: string; icon: ReactNode };

type SiteFrameProps = {
  me: Me;
  /** What this part of the product is called, beside its name. */
  part?: string;
  places: Place[];
  more: string;
  /** A way to the other part, for whoever may go there. */
  elsewhere?: Elsewhere | undefined;
  above?: ReactNode;
  /** The same for narrow screens, where there is room for a sign only. */
  aboveCompact?: ReactNode;
};

/** The frame of pages that come from the site: what it is called, and who is signed in. */
export function SiteFrame({ me, part, places, more, elsewhere, above, aboveCompact }: SiteFrameProps) {
  const name = useSiteName();
  const brand = (
    <span className="flex min-w-0 items-center gap-2.5 font-semibold">
      <Mark size={26} />
      <bdi className="truncate">{name}</bdi>
      {part !== undefined && <span className="truncate font-normal text-muted">{part}</span>}
    </span>
  );
  return (
    <Frame
      head={brand}
      headAside={
        <>
          {aboveCompact}
          <PersonMenu me={me} elsewhere={elsewhere} compact />
        </>
      }
      places={places}
      more={more}
      above={above}
      foot={
        <>
          {elsewhere !== undefined && (
            <a href={elsewhere.href} className="flex h-9 items-center gap-2.5 rounded-control px-2.5 text-muted hover:bg-hover hover:text-ink">
              {elsewhere.icon}
              {elsewhere.label}
            </a>
          )}
          <PersonMenu me={me} elsewhere={undefined} />
        </>
      }
    />
  );
}

function PersonMenu({ me, elsewhere, compact = false }: { me: Me; elsewhere: Elsewhere | undefined; compact?: boolean }) {
  const { t } = useTranslation();
  const toast = useToast();
  const say = useProblemWords();
  const signOut = useSignOut();
  const leave = () => signOut().catch((thrown: unknown) => toast({ tone: "danger", text: say(toProblem(thrown)) }));
  return (
    <Menu trigger={<PersonButton me={me} compact={compact} />} align={compact ? "end" : "start"}>
      {compact && (
        <>
          <div className="grid px-2.5 py-1.5">
            <span className="truncate font-medium">{me.display_name}</span>
            <span className="truncate text-xs text-muted">{me.email}</span>
          </div>
          <MenuSeparator />
        </>
      )}
      {elsewhere !== undefined && (
        <>
          <MenuItem icon={elsewhere.icon} onSelect={() => location.assign(elsewhere.href)}>
            {elsewhere.label}
          </MenuItem>
          <MenuSeparator />
        </>
      )}
      <LanguageChoice />
      <MenuSeparator />
      <ThemeChoice />
      <MenuSeparator />
      <MenuItem icon={<LogOut size={16} />} onSelect={() => void leave()}>
        {t("frame.signOut")}
      </MenuItem>
    </Menu>
  );
}
