const HEAD = 3;
const TAIL = 6;

/** An id by its kind and its last characters, as people compare them: `usr_…t20003`. The whole of it is in the title. */
export function shortId(id: string): string {
  const [kind = "", rest = ""] = id.split("_", 2);
  return rest.length > HEAD + TAIL ? `${kind}_…${rest.slice(-TAIL)}` : id;
}
