/** What stands around every page of the desktop panel. */
export default {
  places: { overview: "全部站点", connections: "连接", localServer: "本地服务器", app: "应用设置", charts: "图表" },
  kinds: { page: "页面", connection: "连接" },
  switcher: {
    label: "切换连接",
    none: "暂无连接",
    manage: "管理连接",
    switched: "已切换到 {{name}}",
  },
  account: {
    open: "语言与主题",
    site: "在浏览器中打开",
    signOut: "退出此站点",
    signOutTitle: "退出 {{name}}？",
    signOutWhy: "此设备将不再保存该站点的登录凭据，再次使用前需要重新配对。",
  },
  bar: {
    production: "生产环境",
    locked: "更改已锁定",
    unlock: "解锁更改",
    open: "更改已解锁，剩余 {{left}}",
    lock: "立即锁定",
    readOnly: "只读：此连接不允许任何更改",
  },
  unlock: {
    title: "解锁 {{name}} 的更改？",
    why: "在那里所做的更改会立即生效。五分钟后会自动重新锁定。",
    type: "输入“{{name}}”以继续",
    wrong: "名称不一致。",
  },
  held: {
    title: "切换到 {{name}}？",
    why: "当前页面上输入的内容尚未保存，切换后会丢失。",
    go: "切换",
    stay: "留在这里",
  },
  none: {
    title: "还没有连接",
    why: "将此应用与站点配对，或在本机启动服务器。",
    connections: "前往连接",
  },
};
