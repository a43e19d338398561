import { Spinner } from "@/kit/spinner";
import { useKitText } from "@/kit/kit-text";

/** Stands in for a page whose code or person is on its way. */
export function PagePending() {
  const text = useKitText();
  return (
    <div role="status" aria-label={text.loading} className="grid min-h-60 place-items-center text-muted appear-late">
      <Spinner className="size-5" />
    </div>
  );
}
