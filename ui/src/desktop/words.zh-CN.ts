import console from "../console/words.zh-CN";

import connections from "@/i18n/messages/connections.zh-CN";
import desk from "@/i18n/messages/desk.zh-CN";
import panel from "@/i18n/messages/panel.zh-CN";

/** Every word of the desktop panel in one language, those of the console's screens among them. */
export default { ...console, desk, panel, connections };
