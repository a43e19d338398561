import { useEffect } from "react";
import { useTranslation } from "react-i18next";

/** Names a page of the panel's own. It belongs to no site, so it bears the product's name. */
export function useWindowTitle(title: string) {
  const { t } = useTranslation("shared");
  const product = t("product");
  useEffect(() => {
    document.title = `${title} · ${product}`;
  }, [title, product]);
}
