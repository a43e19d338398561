import appearance from "@/i18n/messages/appearance.en";
import docs from "@/i18n/messages/docs.en";
import home from "@/i18n/messages/home.en";
import keys from "@/i18n/messages/keys.en";
import ledger from "@/i18n/messages/ledger.en";
import lists from "@/i18n/messages/lists.en";
import models from "@/i18n/messages/models.en";
import overview from "@/i18n/messages/overview.en";
import places from "@/i18n/messages/places.en";
import playground from "@/i18n/messages/playground.en";
import portal from "@/i18n/messages/portal.en";
import relay from "@/i18n/messages/relay.en";
import requests from "@/i18n/messages/requests.en";
import shared from "@/i18n/messages/shared.en";
import usage from "@/i18n/messages/usage.en";

/** Every word of the portal in one language, to be fetched in one go. */
export default { shared, portal, places, lists, overview, home, models, docs, keys, usage, requests, ledger, relay, playground, appearance };
