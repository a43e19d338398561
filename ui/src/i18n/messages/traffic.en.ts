export default {
  title: "Traffic",
};
