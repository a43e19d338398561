const LENGTH = 2;

/** Up to two letters that stand for a name: those of its words, or of the humps of a single word. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/[\s._-]+/).filter((word) => word !== "");
  const parts = words.length > 1 ? words : (words[0] ?? "").split(/(?<=\p{Ll})(?=\p{Lu})/u);
  const letters = parts.map((part) => [...part][0] ?? "").slice(0, LENGTH).join("");
  return letters.toLocaleUpperCase() || "?";
}
