export default {
  places: {
    more: "更多",
    overview: "概览",
    traffic: "流量",
    supply: "供给",
    customers: "用户",
    money: "资金",
    system: "系统",
    channels: "渠道",
    models: "模型与价格",
    requests: "请求",
    errors: "错误",
    revenue: "收入",
  },
};
