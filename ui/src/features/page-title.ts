import { useEffect } from "react";

import { useSiteName } from "./site";

/** Names the page and the site in the browser's tab. */
export function usePageTitle(title: string) {
  const name = useSiteName();
  useEffect(() => {
    document.title = `${title} · ${name}`;
  }, [title, name]);
}
