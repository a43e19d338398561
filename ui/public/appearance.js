// Runs before the first paint, so that neither the colours nor the language change before the eyes.
(function () {
  var root = document.documentElement;
  var stored = function (name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  var theme = stored("waystation.theme");
  var dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.classList.toggle("dark", dark);
  var language = stored("waystation.language") || navigator.language || "en";
  root.lang = /^zh/i.test(language) ? "zh-CN" : "en";
})();
