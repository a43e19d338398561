import "i18next";

import type console from "./messages/console.en";
import type portal from "./messages/portal.en";
import type shared from "./messages/shared.en";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "shared";
    resources: { shared: typeof shared; portal: typeof portal; console: typeof console };
  }
}
