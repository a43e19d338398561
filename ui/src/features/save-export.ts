import type { ExportedFile } from "./exports";
import { useApi } from "./services";
import { useSurroundings } from "./surroundings";

/** Gives the function that has a file saved. It gives what the file is called then, or null where the reader gave it up. */
export function useSaveExport(): (file: ExportedFile) => Promise<string | null> {
  const api = useApi();
  const { saveExport } = useSurroundings();
  return (file) => saveExport(api, file);
}
