import console from "../console/words.zh-CN";

import connections from "@/i18n/messages/connections.zh-CN";
import desk from "@/i18n/messages/desk.zh-CN";
import local from "@/i18n/messages/local.zh-CN";
import machine from "@/i18n/messages/machine.zh-CN";
import panel from "@/i18n/messages/panel.zh-CN";

/** Every word of the desktop panel in one language, those of the console's screens among them. */
export default { ...console, connections, desk, local, machine, panel };
