import { House } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { toProblem } from "@/api/problem";
import { FailurePage } from "@/features/failure-page";
import { FramePending } from "@/features/first-paint";
import { useMe } from "@/features/session";
import { SiteFrame } from "@/features/site-frame";

import { PaletteButton } from "./palette/palette-button";
import { Shortcuts, type Overlay } from "./palette/shortcuts";
import { paths } from "./paths";
import { usePlaces } from "./places";
import { isTurnedAway, TurnedAway } from "./turned-away";

export function ConsoleFrame() {
  const { t } = useTranslation("console");
  const me = useMe();
  const places = usePlaces(me.data);
  const [overlay, setOverlay] = useState<Overlay>(null);
  if (me.data === undefined) {
    // Whoever is signed out is on the way to the sign-in page. A page that is there stays until then.
    const isOnTheWay = !me.isError || toProblem(me.error).code === "invalid_token";
    return isOnTheWay ? <FramePending part={t("part")} /> : <FailurePage error={me.error} onRetry={() => void me.refetch()} />;
  }
  if (isTurnedAway(me.data)) {
    return (
      <main className="grid min-h-dvh place-content-center">
        <TurnedAway me={me.data} />
      </main>
    );
  }
  const openPalette = () => setOverlay("palette");
  return (
    <>
      <SiteFrame
        me={me.data}
        part={t("part")}
        places={places}
        more={t("places.more", { ns: "site" })}
        elsewhere={{ href: paths.portal, label: t("places.portal"), icon: <House size={18} aria-hidden="true" /> }}
        above={<PaletteButton onClick={openPalette} />}
        aboveCompact={<PaletteButton compact onClick={openPalette} />}
      />
      <Shortcuts places={places} open={overlay} onOpen={setOverlay} />
    </>
  );
}
