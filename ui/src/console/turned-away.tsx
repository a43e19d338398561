import { useTranslation } from "react-i18next";

import type { Me } from "@/api/schema";
import { usePageTitle } from "@/features/page-title";
import { useSurroundings } from "@/features/surroundings";
import { buttonLook } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";
import { Mark } from "@/kit/mark";

import { paths } from "./paths";

/** Whether the console has nothing for whoever is signed in, or not yet. */
export function isTurnedAway(me: Me): boolean {
  return me.must_set_up_second_factor === true || me.permissions.length === 0;
}

/** Says why there is nothing to see here, and where to go instead. */
export function TurnedAway({ me }: { me: Me }) {
  const { t } = useTranslation("console");
  const { linkTo } = useSurroundings();
  const isHeld = me.must_set_up_second_factor === true;
  const title = isHeld ? t("places.factorFirst") : t("places.notForYou");
  usePageTitle(title);
  return (
    <EmptyState
      isPage
      icon={<Mark />}
      title={title}
      action={
        <a {...linkTo(isHeld ? paths.security : paths.portal)} className={buttonLook({ variant: "primary" })}>
          {isHeld ? t("places.setUpFactor") : t("places.portal")}
        </a>
      }
    >
      {isHeld ? t("places.factorFirstWhy") : t("places.notForYouWhy")}
    </EmptyState>
  );
}
