import { createContext, useContext } from "react";

import { take, type Api } from "@/api/client";

import { saveInBrowser, type ExportedFile } from "./exports";
import { rememberSignedIn, wasSignedIn } from "./visitor";

/** Where a link leads, and how. */
export type LinkTarget = { href: string; target?: "_blank"; rel?: string };

/** What is around the screens: a browser that shows pages of the site, or the window of an app that is elsewhere. */
export type Surroundings = {
  /** Where the site is, as far as can be known from here. */
  origin: string;
  /** A link to a page of the site that is not among these screens. */
  linkTo: (path: string) => LinkTarget;
  /** Begins the screens anew. */
  reload: () => void;
  /** Whether a newer site has newer screens. */
  screensAreOfSite: boolean;
  /** Whether passkeys can be used here. */
  hasPasskeys: boolean;
  /** Whether nobody is signed in for certain, so that asking who it is would be refused. */
  isNobodyHere: (api: Api) => Promise<boolean>;
  /** Called with whether somebody turned out to be signed in. */
  noteSignedIn: (isSignedIn: boolean) => void;
  /** Where somebody can sign in while this page stays; null: that takes more than a page. */
  signIn: LinkTarget | null;
  /** Ends the session and leaves the screens, and with them everything that was fetched. */
  signOut: (api: Api) => Promise<void>;
  /** Has a file saved that the server makes. Gives what it is called now, or null where the reader gave it up. */
  saveExport: (api: Api, file: ExportedFile) => Promise<string | null>;
};

/** A browser that shows pages of the site itself. */
export const BROWSER: Surroundings = {
  origin: location.origin,
  linkTo: (path) => ({ href: path }),
  reload: () => location.reload(),
  screensAreOfSite: true,
  hasPasskeys: true,
  // It is no refusal to be nobody, and browsers write every refusal down as a fault of the page.
  isNobodyHere: async (api) => !wasSignedIn() && !(await take(api.GET("/api/auth/options"))).is_signed_in,
  noteSignedIn: rememberSignedIn,
  signIn: { href: "/sign-in", target: "_blank", rel: "noopener" },
  signOut: async (api) => {
    await take(api.POST("/api/auth/logout"));
    rememberSignedIn(false);
    // A browser may keep the page for the way back to it. It is not to be seen again.
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
    location.assign("/sign-in");
  },
  saveExport: saveInBrowser,
};

const Context = createContext(BROWSER);

export const SurroundingsProvider = Context.Provider;

export function useSurroundings(): Surroundings {
  return useContext(Context);
}
