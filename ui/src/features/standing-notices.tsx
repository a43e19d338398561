import { ConnectionNotice } from "./connection-notice";
import { useSurroundings } from "./surroundings";
import { VersionNotice } from "./version-notice";

/** What concerns the page as a whole and stays until it is over. */
export function StandingNotices() {
  const { screensAreOfSite } = useSurroundings();
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 bottom-0 z-40 grid justify-items-center gap-2 p-4 max-md:pb-20 print:hidden">
      <ConnectionNotice />
      {screensAreOfSite && <VersionNotice />}
    </div>
  );
}
