export default {
  title: "外观",
  why: "本站在此浏览器中的显示方式。",
  language: "语言",
  languageWhy: "邮件使用你在“个人资料”中选择的语言。",
  theme: "主题",
  themeWhy: "“跟随系统”会随设备设置自动切换。",
  zone: "时区",
  zoneWhy: "时间按你设备的时区显示。预算按站点时区 {{zone}} 计算。",
  shown: "显示时区",
};
