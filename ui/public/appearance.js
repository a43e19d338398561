// Runs before the first paint, so that neither the colours nor the language nor the shape of the page change before the
// eyes.
(function () {
  var root = document.documentElement;
  var stored = function (name) {
    try {
      return localStorage.getItem(name);
      // oxlint-disable-next-line no-unused-vars -- Browsers that are told below to be updated cannot read a catch without a name.
    } catch (refused) {
      return null;
    }
  };
  var system = matchMedia("(prefers-color-scheme: dark)");
  var show = function () {
    var theme = stored("waystation.theme");
    root.classList.toggle("dark", theme === "dark" || (theme !== "light" && system.matches));
  };
  show();
  // Older browsers know no such event here, and show the new colours on the next page.
  if (system.addEventListener) system.addEventListener("change", show);
  var language = stored("waystation.language") || navigator.language || "en";
  root.lang = /^zh/i.test(language) ? "zh-CN" : "en";

  // Which of the shapes in the page is shown until its script is there.
  var path = location.pathname;
  var isFramed = /^\/(app|console)(\/|$)|\/desktop\.html$/.test(path);
  root.setAttribute("data-first", isFramed ? "frame" : path === "/sign-in" && location.hash === "" ? "sign-in" : "stranger");

  // Whoever has typed and pressed before the script was there is signed in by it.
  var press = function (event) {
    var pressed = event.target && event.target.id;
    var isEnter = event.key === "Enter" && !event.isComposing && (pressed === "first-login" || pressed === "first-password");
    if ((event.type === "click" && pressed === "first-submit") || isEnter) root.setAttribute("data-first-pressed", "");
  };
  document.addEventListener("click", press);
  document.addEventListener("keydown", press);

  // What the page needs did not come. There are no words to be fetched for saying so.
  var tellUnloaded = function () {
    if (!document.body || document.body.hasAttribute("data-unloaded")) return;
    document.body.setAttribute("data-unloaded", "");
    var isChinese = root.lang === "zh-CN";
    var main = document.createElement("main");
    var text = document.createElement("p");
    text.textContent = isChinese ? "页面未能加载完整，请检查网络后重试。" : "This page could not be loaded in full. Check your connection and try again.";
    var again = document.createElement("button");
    again.type = "button";
    again.textContent = isChinese ? "重试" : "Try again";
    again.addEventListener("click", function () {
      location.reload();
    });
    main.className = "unloaded";
    main.append(text, again);
    document.body.replaceChildren(main);
  };
  window.addEventListener("waystation:unloaded", tellUnloaded);
  // The page's own script; what is fetched later is looked after by it.
  window.addEventListener(
    "error",
    function (event) {
      if (event.target && event.target.tagName === "SCRIPT") tellUnloaded();
    },
    true,
  );

  // Older browsers would show a broken page. They are told so in words that they can show.
  var supports = window.CSS && CSS.supports;
  if (!supports || !CSS.supports("selector(:has(a))") || !CSS.supports("color", "color-mix(in srgb, red, blue)")) {
    document.addEventListener("DOMContentLoaded", function () {
      document.body.textContent =
        root.lang === "zh-CN" ? "当前浏览器版本过旧，请更新浏览器后访问驿站。" : "This browser is too old for Waystation. Please update it.";
    });
  }
})();
