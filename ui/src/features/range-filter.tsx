import { useTranslation } from "react-i18next";

import { DateRange } from "@/kit/date-range";

import { localZone, PRESETS, type useRange } from "./range";

/** The span of time that a page shows, kept in its address. */
export function RangeFilter({ range }: { range: ReturnType<typeof useRange> }) {
  const { t, i18n } = useTranslation("lists");
  return (
    <DateRange
      label={t("range.label")}
      presets={PRESETS.map((value) => ({ value, label: t(`range.presets.${value}`) }))}
      value={range.value}
      onChange={range.change}
      from={range.from}
      until={range.until}
      lastDay={range.today}
      fromLabel={t("range.from")}
      untilLabel={t("range.until")}
      zone={t("range.zone", { zone: localZone(i18n.language).shown })}
    />
  );
}
