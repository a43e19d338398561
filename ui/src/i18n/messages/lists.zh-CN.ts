export default {
  range: {
    label: "时间范围",
    presets: { "1h": "1 小时", "24h": "24 小时", "7d": "7 天", "30d": "30 天", month: "本月" },
    from: "从",
    until: "到",
    zone: "时区：{{zone}}",
  },
  filters: {
    label: "筛选条件",
    remove: "移除筛选条件“{{name}}”",
    clear: "全部清除",
    clearLong: "清除筛选条件",
    none: "没有匹配项",
  },
  export: {
    csv: "CSV",
    json: "JSON",
    label: "导出为 {{format}}",
    underWay: "正在准备文件…",
    saved: "已保存为 {{name}}",
  },
  chart: { table: "以表格显示" },
  copyId: "复制 ID",
  copyRequestId: "复制请求 ID",
  refresh: "刷新",
};
