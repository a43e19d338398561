import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { take } from "@/api/client";
import { CallSheet } from "@/features/calls/call-sheet";
import { useApi } from "@/features/services";
import { useKeyNames } from "@/features/own-keys";

import { paths } from "../paths";

/** One of one's own calls. Closing it leads back to the list as it was. */
export function RequestSheet() {
  const { t } = useTranslation("requests");
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const api = useApi();
  const navigate = useNavigate();
  const { nameOf } = useKeyNames();
  const query = useQuery({ queryKey: ["requests", "one", id], queryFn: () => take(api.GET("/api/me/requests/{id}", { params: { path: { id } } })) });
  const close = () => void navigate({ to: paths.requests, search: ((before: object) => before) as never });
  const keyName = (keyId: string) => (
    <Link to={paths.requests} search={{ key: keyId } as never} className="rounded-sm text-accent underline underline-offset-2">
      {nameOf(keyId) ?? t("unknownKey")}
    </Link>
  );
  return <CallSheet key={id} id={id} query={query} onClose={close} keyName={keyName} />;
}
