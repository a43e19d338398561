import console from "../console/words.en";

import connections from "@/i18n/messages/connections.en";
import desk from "@/i18n/messages/desk.en";
import local from "@/i18n/messages/local.en";
import machine from "@/i18n/messages/machine.en";
import panel from "@/i18n/messages/panel.en";

/** Every word of the desktop panel in one language, those of the console's screens among them. */
export default { ...console, connections, desk, local, machine, panel };
