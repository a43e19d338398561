import { useEffect, useState } from "react";

/**
 * What stands behind the # of the address, by name. It carries what no server log should see, and so it is read once
 * and taken out of the address.
 */
export function useHashOnce(): URLSearchParams {
  const [values] = useState(() => new URLSearchParams(location.hash.slice(1)));
  useEffect(() => {
    if (location.hash !== "") history.replaceState(history.state, "", location.pathname + location.search);
  }, []);
  return values;
}
