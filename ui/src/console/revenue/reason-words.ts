import { useTranslation } from "react-i18next";

const REASONS = ["goodwill", "correction", "refund", "offline_payment", "promotion", "test", "other", "grant", "forfeit", "sign_up_gift"] as const;

/** Why a balance was changed other than by calls; a reason that came later keeps the server's name. */
export function useReasonWords(): (code: string) => string {
  const { t } = useTranslation("books");
  return (code) => {
    const known = REASONS.find((reason) => reason === code);
    return known === undefined ? code : t(`reasons.${known}`);
  };
}
