import { useQuery } from "@tanstack/react-query";

import { take } from "@/api/client";
import { useApi } from "@/features/services";
import { useMay } from "@/features/session";
import { shortId } from "@/features/short-id";

import { PEOPLE } from "./people";

/** What the person of an id is called; the id itself where that cannot be learned, as of somebody who was removed. */
export function PersonName({ id }: { id: string }) {
  const api = useApi();
  const mayRead = useMay("users.read");
  const person = useQuery({
    queryKey: [...PEOPLE, "one", id],
    queryFn: () => take(api.GET("/api/admin/users/{id}", { params: { path: { id } } })),
    enabled: mayRead,
    staleTime: 300_000,
  });
  if (person.data === undefined) {
    return (
      <span className="font-mono text-xs" title={id}>
        {shortId(id)}
      </span>
    );
  }
  return (
    <span className="[overflow-wrap:anywhere]" title={`${person.data.email}\n${id}`}>
      {person.data.display_name}
    </span>
  );
}
