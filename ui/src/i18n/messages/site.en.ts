export default {
  places: {
    more: "More",
    traffic: "Traffic",
    supply: "Supply",
    customers: "Customers",
    money: "Money",
    system: "System",
    channels: "Channels",
  },
};
