export default {
  range: {
    label: "Period",
    presets: { "1h": "1 h", "24h": "24 h", "7d": "7 days", "30d": "30 days", month: "This month" },
    from: "From",
    until: "Until",
    zone: "Times in {{zone}}",
  },
  filters: {
    label: "Filters",
    remove: "Remove filter {{name}}",
    clear: "Clear all",
    clearLong: "Clear filters",
    none: "No matches",
  },
  export: {
    csv: "CSV",
    json: "JSON",
    label: "Export as {{format}}",
    underWay: "Preparing the file…",
    saved: "Saved as {{name}}",
  },
  chart: { table: "Show as table" },
  copyId: "Copy ID",
  copyRequestId: "Copy request ID",
  refresh: "Refresh",
};
