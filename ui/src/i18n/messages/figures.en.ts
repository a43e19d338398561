export default {
  title: "Figures",
};
