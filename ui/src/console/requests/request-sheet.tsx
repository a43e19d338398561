import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";

import { take } from "@/api/client";
import { CallSheet } from "@/features/calls/call-sheet";
import { useApi } from "@/features/services";
import { shortId } from "@/features/short-id";

import { paths } from "../paths";

/** One call of anybody. Closing it leads back to the list as it was. */
export function RequestSheet() {
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const api = useApi();
  const navigate = useNavigate();
  const query = useQuery({ queryKey: ["all-requests", "one", id], queryFn: () => take(api.GET("/api/admin/requests/{id}", { params: { path: { id } } })) });
  const close = () => void navigate({ to: paths.requests, search: ((before: object) => before) as never });
  return (
    <CallSheet
      key={id}
      id={id}
      query={query}
      onClose={close}
      keyName={(keyId) => (
        <code className="font-mono text-[0.8125rem]" title={keyId}>
          {shortId(keyId)}
        </code>
      )}
      userName={(userId, email) => (
        <Link to={paths.person(userId)} className="rounded-sm text-accent underline underline-offset-2">
          {email}
        </Link>
      )}
    />
  );
}
