import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

/**
 * Leaves for another page of the portal, once, as soon as there is a reason to. The router's own way goes again each
 * time that it is rendered, and whoever hears of the address is rendered each time that it goes.
 */
export function useLeave(to: string | null) {
  const router = useRouter();
  useEffect(() => {
    if (to !== null) void router.navigate({ to, replace: true });
  }, [router, to]);
}
