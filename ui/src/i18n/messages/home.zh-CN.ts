export default {
  title: "一个地址，调用多种模型",
  why: "{{site}} 是一个 AI 中转站。只需在现有工具中更换地址和密钥，即可查看每次调用的费用与原因。",
  base: "接口地址",
  start: "注册账户",
  signIn: "登录",
  enter: "进入概览",
  command: "命令行示例",
  models: "模型与价格",
  allModels: "查看全部模型与价格",
  more_other: "还有 {{count}} 个",
  facts: {
    works: { title: "兼容现有工具", text: "支持一切使用 OpenAI 对话补全接口的工具，包括流式输出。" },
    clear: { title: "每次调用都有说明", text: "费用构成、时间线，以及失败时的原因。" },
    yours: { title: "限额由你设定", text: "每个程序一个密钥，可设预算、有效期、模型与来源地址。" },
  },
};
