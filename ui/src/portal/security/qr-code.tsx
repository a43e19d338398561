import { generate } from "lean-qr";
import { useMemo } from "react";

/** The white edge that readers need, in modules. */
const EDGE = 4;

/** A QR code. It is black on white in every theme: many cameras read nothing else. */
export default function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => drawCode(text), [text]);
  return (
    <svg role="img" aria-label={label} viewBox={`${-EDGE} ${-EDGE} ${size + 2 * EDGE} ${size + 2 * EDGE}`} shapeRendering="crispEdges" className="size-44 rounded-panel border border-line bg-white">
      <path d={path} fill="#000" />
    </svg>
  );
}

function drawCode(text: string): { size: number; path: string } {
  const code = generate(text);
  const parts: string[] = [];
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) {
      if (code.get(x, y)) parts.push(`M${x} ${y}h1v1h-1z`);
    }
  }
  return { size: code.size, path: parts.join("") };
}
