export default {
  title: "Catalog",
};
