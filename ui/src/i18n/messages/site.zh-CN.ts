export default {
  places: {
    more: "更多",
    traffic: "流量",
    supply: "供给",
    customers: "用户",
    money: "资金",
    system: "系统",
    channels: "渠道",
  },
};
