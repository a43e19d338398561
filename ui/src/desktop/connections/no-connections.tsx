import { Link } from "@tanstack/react-router";
import { Cable } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Button, buttonLook } from "@/kit/button";
import { EmptyState } from "@/kit/empty-state";

import { paths } from "../paths";

/** The two ways to a first connection. */
export function NoConnections({ onAdd }: { onAdd: () => void }) {
  const { t } = useTranslation("connections");
  return (
    <EmptyState
      icon={<Cable size={18} />}
      title={t("none")}
      action={
        <span className="flex flex-wrap justify-center gap-2">
          <Button variant="primary" onClick={onAdd}>
            {t("addFirst")}
          </Button>
          <Link to={paths.localServer} className={buttonLook()}>
            {t("startHere")}
          </Link>
        </span>
      }
    >
      {t("noneWhy")}
    </EmptyState>
  );
}
