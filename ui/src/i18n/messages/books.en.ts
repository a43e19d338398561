export default {
  title: "Books",
};
