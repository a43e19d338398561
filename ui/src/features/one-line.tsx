/** A name that may be long, on one line; the whole of it is in the title. */
export function OneLine({ text }: { text: string }) {
  return (
    <span title={text} className="block truncate sm:max-w-36">
      <bdi>{text}</bdi>
    </span>
  );
}
