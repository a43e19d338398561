import { Navigate } from "@tanstack/react-router";

import { useMay } from "@/features/session";

import { paths } from "../paths";
import { OverviewPage } from "./overview-page";

/** Where the console begins: at the figures, or at the people for whoever may not see figures. */
export function HomePage() {
  return useMay("stats.read") ? <OverviewPage /> : <Navigate to={paths.people} replace />;
}
