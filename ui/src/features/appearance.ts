import { useEffect, useState } from "react";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORED_AS = "waystation.theme";

/**
 * The theme that was chosen, and how to choose another. While it is the system's, `public/appearance.js` follows that on
 * every page.
 */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(readTheme);
  useEffect(() => {
    document.documentElement.classList.toggle("dark", theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches));
  }, [theme]);
  const choose = (chosen: Theme) => {
    try {
      localStorage.setItem(STORED_AS, chosen);
    } catch {
      // A browser that keeps nothing shows the system's theme the next time.
    }
    setTheme(chosen);
  };
  return [theme, choose];
}

function readTheme(): Theme {
  try {
    const stored = localStorage.getItem(STORED_AS);
    return THEMES.find((theme) => theme === stored) ?? "system";
  } catch {
    return "system";
  }
}
