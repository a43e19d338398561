import { useTranslation } from "react-i18next";

import type { Channel } from "@/api/schema";

/** Under which everything is kept that was fetched about channels. */
export const CHANNELS = ["channels"] as const;

const OUTCOMES = [
  "address_refused", "connect_failed", "timeout", "redirected", "credential_refused", "no_credit", "rate_limited", "model_not_found", "request_rejected",
  "server_error", "not_an_answer",
] as const;

/** Why an upstream did not answer as it should; a code that came later is a refusal. */
export function useOutcomeWords(): (code: string | null | undefined) => string {
  const { t } = useTranslation("channels");
  return (code) => t(`outcomes.${OUTCOMES.find((known) => known === code) ?? "request_rejected"}`);
}

export type ChannelState = "failing" | "untested" | "works" | "off";

export function stateOf(channel: Pick<Channel, "active" | "last_test">): ChannelState {
  if (!channel.active) return "off";
  if (channel.last_test === null || channel.last_test === undefined) return "untested";
  return channel.last_test.ok ? "works" : "failing";
}

const ORDER: readonly ChannelState[] = ["failing", "untested", "works", "off"];

/** Failing channels first, then the rest by their state; those of one state stay in their order. */
export function byUrgency(channels: readonly Channel[]): Channel[] {
  return [...channels].sort((one, other) => ORDER.indexOf(stateOf(one)) - ORDER.indexOf(stateOf(other)));
}
