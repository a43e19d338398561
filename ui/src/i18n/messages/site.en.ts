export default {
  places: {
    more: "More",
    overview: "Overview",
    traffic: "Traffic",
    supply: "Supply",
    customers: "Customers",
    money: "Money",
    system: "System",
    channels: "Channels",
    models: "Models & prices",
    requests: "Requests",
    errors: "Errors",
    revenue: "Revenue",
  },
};
