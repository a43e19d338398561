import appearance from "@/i18n/messages/appearance.zh-CN";
import docs from "@/i18n/messages/docs.zh-CN";
import home from "@/i18n/messages/home.zh-CN";
import keys from "@/i18n/messages/keys.zh-CN";
import ledger from "@/i18n/messages/ledger.zh-CN";
import lists from "@/i18n/messages/lists.zh-CN";
import models from "@/i18n/messages/models.zh-CN";
import overview from "@/i18n/messages/overview.zh-CN";
import places from "@/i18n/messages/places.zh-CN";
import playground from "@/i18n/messages/playground.zh-CN";
import portal from "@/i18n/messages/portal.zh-CN";
import relay from "@/i18n/messages/relay.zh-CN";
import requests from "@/i18n/messages/requests.zh-CN";
import shared from "@/i18n/messages/shared.zh-CN";
import usage from "@/i18n/messages/usage.zh-CN";

/** Every word of the portal in one language, to be fetched in one go. */
export default { shared, portal, places, lists, overview, home, models, docs, keys, usage, requests, ledger, relay, playground, appearance };
